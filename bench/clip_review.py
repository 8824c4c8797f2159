"""How smoothly the review page scrolls through an hour with its 868 clips, in Chromium.

``python bench/clip_review.py``: the hour is the sample recordings, one after another with pauses between them. Told
are the seconds until it can be cut, the times between two frames in milliseconds, and how long an edit takes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
RATE_HZ = 24000
PAUSE_S = 14.4
ENTRY = "day: 1\ntitle: An hour\ntasks:\n  clips:\n    uses: audio.clip\n    recordings: hour.flac\n"
SCROLLS = {"waveform": ("wave", 30), "waveform, nine seconds a frame": ("wave", 900), "list": ("list", 100)}
SCROLL = """async ([which, step]) => {
  const place = which === "list" ? document.querySelector("#list")
    : document.querySelector("#waveform > div").shadowRoot.querySelector(".scroll");
  const frames = [];
  let last = await new Promise(requestAnimationFrame);
  while (frames.length < 400) {
    place[which === "list" ? "scrollTop" : "scrollLeft"] += step;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""
EDIT = """async () => {
  const times = [];
  for (let number = 0; number < 20; number++) {
    const start = performance.now();
    document.querySelector(number % 2 ? "#undo" : "#drop").click();
    times.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return times;
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_workspace(root)
        print(journal(root, "day", "1").stdout.splitlines()[-2])
        with page(root) as (shown, opened_s):
            print(f"ready to be cut after {opened_s:.1f} s")
            print(f"{'':34} median   99 %    most   over 50 ms")
            for name, how in SCROLLS.items():
                print_times(name, shown.evaluate(SCROLL, how))
            print_times("an edit", shown.evaluate(EDIT))


def write_workspace(root: Path) -> None:
    import soundfile

    once = [soundfile.read(path, dtype="int16")[0] for path in sorted((ROOT / "data/scottish-phrases").glob("*.opus"))]
    noise = np.random.default_rng(1)
    with soundfile.SoundFile(root / "hour.flac", "w", RATE_HZ, 1, subtype="PCM_16") as hour:
        length_s = sum(len(one) for one in once) / RATE_HZ + PAUSE_S * len(once)
        for one in once * round(3600 / length_s):
            hour.write(one)
            hour.write((noise.standard_normal(round(PAUSE_S * RATE_HZ)) * 6).astype(np.int16))
    (root / "journal.yml").write_text("name: An hour\nday-1: 2024-01-02\n")
    (root / "entries").mkdir()
    (root / "entries/2024-01-02-day-1.md").write_text(f"---\n{ENTRY}---\n")


def journal(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "journal", *arguments], cwd=root, capture_output=True, text=True)


@contextmanager
def page(root: Path) -> Iterator[tuple[Any, float]]:
    """Yield the page in a browser, and after how many seconds it could be worked in."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-u", "-m", "journal", "clips", "1", "--no-open"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split("review the clips at ")[1].split()[0]
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
            shown = browser.new_page(viewport={"width": 1440, "height": 900})
            start = time.perf_counter()
            shown.goto(address)
            shown.wait_for_selector("#waiting", state="hidden", timeout=120_000)
            opened_s = time.perf_counter() - start
            shown.wait_for_selector("#repeats h2", timeout=120_000)
            yield shown, opened_s
            browser.close()
        process.send_signal(signal.SIGINT)
        process.communicate()


def print_times(name: str, times_ms: list[float]) -> None:
    median, late, most = (float(np.percentile(times_ms, share)) for share in (50, 99, 100))
    over = sum(one > 50.1 for one in times_ms)  # clocks in browsers are coarse
    print(f"{name:34} {median:6.1f} {late:6.1f} {most:7.1f}   {over}", flush=True)


if __name__ == "__main__":
    main()
