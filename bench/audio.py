"""Time and memory for an hour of speech: audio.clip beside pydub, ffmpeg and auditok.

``python bench/audio.py``; auditok is measured where it is installed (``pip install auditok``). The hour is the sample
recordings one after another, 43 times, so that it is known how many utterances there are: 1,548.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
TIMES = 43
UTTERANCES = 36 * TIMES
PYDUB_SHARE = 12  # pydub's detector gets a twelfth of the hour, and its time and count are multiplied
RATE_HZ = 24000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        hour = Path(folder) / "hour.wav"
        length_s = write_hour(hour)
        print(f"{length_s:.0f} s of sound, {UTTERANCES} utterances; one run each, on {os.cpu_count()} cores")
        print(f"{'':38} seconds   ratio     MB   found")
        first = 0.0
        for name in TOOLS:
            duration_s, memory_mb, found = measure(name, hour)
            first = first or duration_s
            print(f"{name:38} {duration_s:7.1f} {duration_s / first:7.2f} {memory_mb:6.0f} {found:>7}", flush=True)
    print(f"pydub's figures: measured on 1/{PYDUB_SHARE} of the hour, time and number found times {PYDUB_SHARE}")


def write_hour(path: Path) -> float:
    import soundfile

    recordings = sorted((ROOT / "data" / "scottish-phrases").glob("*.opus"))
    once = np.concatenate([soundfile.read(recording, dtype="int16")[0] for recording in recordings])
    soundfile.write(path, np.tile(once, TIMES), RATE_HZ, subtype="PCM_16")
    return len(once) * TIMES / RATE_HZ


def measure(name: str, path: Path) -> tuple[float, float, str]:
    """Run one tool in a process of its own; return seconds, peak memory in MB, and what it found."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([sys.executable, __file__, name, str(path)], stdout=output, cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        duration_s = time.perf_counter() - start
        output.seek(0)
        found = output.read().decode().split()
    if process.returncode or not found:
        return float("nan"), float("nan"), "failed"
    scale = PYDUB_SHARE if name.startswith("pydub") else 1
    return duration_s * scale, usage.ru_maxrss / 1024, str(int(found[-1]) * scale)


def clip_task(path: Path) -> int:
    """Cut and save, with waveform and metadata."""
    from journal_tasks.audio.clip import clip

    from journal import Context

    with tempfile.TemporaryDirectory() as folder:
        report = clip(recordings=[path], ctx=Context(out=Path(folder), jobs=2))
        return len(report.outputs["clips"])


def clip_detection(path: Path) -> int:
    from journal_tasks.audio.listening import Source, listen
    from journal_tasks.audio.speech import Segmentation

    from journal import Context

    with tempfile.TemporaryDirectory() as folder:
        source = Source(path, path.name, "recording")
        return len(listen(source, Segmentation(), Context(out=Path(folder)), 2, lambda part: None).spans_s)


def pydub_detection(path: Path) -> int:
    from journal_tasks.audio.sound import load_libraries

    load_libraries()
    from pydub import AudioSegment
    from pydub.silence import detect_nonsilent

    sound = AudioSegment.from_wav(path)
    part = sound[: len(sound) // PYDUB_SHARE]
    return len(detect_nonsilent(part, min_silence_len=350, silence_thresh=-50))


def ffmpeg_detection(path: Path) -> int:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-i", str(path)]
    command += ["-af", "silencedetect=noise=-50dB:d=0.35", "-f", "null", "-"]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return len(re.findall("silence_end", log)) - 1  # the hour begins and ends in quiet


def auditok_detection(path: Path) -> int:
    return len(list(_auditok_regions(path)))


def auditok_saving(path: Path) -> int:
    with tempfile.TemporaryDirectory() as folder:
        saved = [region.save(f"{folder}/{n}.wav") for n, region in enumerate(_auditok_regions(path))]
    return len(saved)


def _auditok_regions(path: Path):
    import auditok

    return auditok.split(str(path), min_dur=0.2, max_dur=20, max_silence=0.35, energy_threshold=40)


TOOLS: dict[str, Callable[[Path], int]] = {
    "audio.clip, where utterances are": clip_detection,
    "audio.clip, whole, clips saved": clip_task,
    "pydub detect_nonsilent (scaled)": pydub_detection,
    "ffmpeg silencedetect": ffmpeg_detection,
    "auditok split": auditok_detection,
    "auditok split, clips saved": auditok_saving,
}

if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(TOOLS[sys.argv[1]](Path(sys.argv[2])))
    else:
        main()
