"""Memory of the process that cuts one recording of 1 hour and one of 10, at 16 kHz: ``python bench/audio_memory.py``.

The recordings are the sample recordings one after another, so about 1,530 clips an hour are cut and saved.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
RATE_HZ = 16000


def main() -> None:
    for hours in (1, 10):
        with tempfile.TemporaryDirectory() as folder:
            recording = Path(folder) / "hours.wav"
            write_hours(hours, recording)
            start = time.perf_counter()
            told = subprocess.run([sys.executable, __file__, recording], capture_output=True, text=True, check=True)
            clips, memory_kb = told.stdout.split()
            duration_s = time.perf_counter() - start
            print(f"{hours} h: {int(memory_kb) / 1024:.0f} MB, {duration_s:.1f} s, {clips} clips", flush=True)


def write_hours(hours: int, path: Path) -> None:
    import soundfile

    parts = []
    for recording in sorted((ROOT / "data" / "scottish-phrases").glob("*.opus")):
        samples, rate_hz = soundfile.read(recording, dtype="float32")
        count = round(len(samples) * RATE_HZ / rate_hz)
        low = np.fft.irfft(np.fft.rfft(samples)[: count // 2 + 1], count) * count / len(samples)
        parts.append(np.round(np.clip(low, -1, 1) * 32767).astype(np.int16))
    once = np.concatenate(parts)
    left = hours * 3600 * RATE_HZ
    with soundfile.SoundFile(path, "w", RATE_HZ, 1, "PCM_16") as sound:
        while left > 0:
            sound.write(once[:left])
            left -= len(once[:left])


def cut(recording: Path) -> int:
    from journal_tasks.audio.clip import clip

    from journal import Context

    with tempfile.TemporaryDirectory() as folder:
        out, cache = Path(folder) / "out", Path(folder) / "cache"
        out.mkdir()
        cache.mkdir()
        report = clip(recordings=[recording], ctx=Context(out=out, jobs=2, cache_dir=cache))
        return len(report.outputs["clips"])


def peak_kb() -> str:
    """Return the most memory that this process had; what ``wait4`` says counts the process that started it, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(cut(Path(sys.argv[1])), peak_kb())
    else:
        main()
