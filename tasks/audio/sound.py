"""Sound from files and into files: the one place that knows pydub, soundfile and ffmpeg."""

from __future__ import annotations

import struct
import subprocess
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journal import TaskError

Samples = NDArray[np.int16]
FULL_SCALE = 32767
_BLOCK = 1 << 16


def load_libraries() -> None:
    """Import pydub without its warnings about a system ffmpeg; once, before any threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydub
    import imageio_ffmpeg

    pydub.AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()


def read_sound(path: Path, name: str, rate_hz: int | None = None) -> Any:
    """Read any recording as a 16-bit mono AudioSegment, at ``rate_hz`` or its own rate.

    Raises TaskError, with ``name`` for the file, where it can't be read or holds no sound.
    """
    if not path.is_file():
        raise TaskError(f"{name}: there is no such recording; mend 'recordings'")
    rate, data = _read_by_soundfile(path, rate_hz) or _read_by_ffmpeg(path, name, rate_hz)
    if not data:
        raise TaskError(f"{name}: the recording is empty; record it again or leave it out")
    return make_sound(data, rate)


def make_sound(data: bytes, rate_hz: int) -> Any:
    """Return 16-bit mono samples as an AudioSegment."""
    from pydub import AudioSegment

    return AudioSegment(data=data, sample_width=2, frame_rate=rate_hz, channels=1)


def samples_of(sound: Any) -> Samples:
    """Return a sound's samples without copying them."""
    return np.frombuffer(sound.raw_data, dtype="<i2")


def write_sound(sound: Any, path: Path) -> None:
    """Write a sound as its suffix says (.flac, .wav or .ogg); the same sound gives the same bytes."""
    if path.suffix == ".flac":  # libsndfile is ten times as quick as a process for each file
        import soundfile

        soundfile.write(path, samples_of(sound), sound.frame_rate, subtype="PCM_16")
        return
    ogg = {"codec": "libvorbis", "parameters": ["-bitexact", "-map_metadata", "-1"]}
    sound.export(str(path), format=path.suffix[1:], **(ogg if path.suffix == ".ogg" else {})).close()


def _read_by_soundfile(path: Path, rate_hz: int | None) -> tuple[int, bytes] | None:
    """Return the rate and the samples, or None where soundfile can't read the file at that rate."""
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            if rate_hz not in (None, file.samplerate):
                return None
            blocks = file.blocks(_BLOCK, dtype="float32", always_2d=True)
            return file.samplerate, b"".join(_to_mono(block).tobytes() for block in blocks)
    except soundfile.LibsndfileError:
        return None


def _to_mono(block: NDArray[np.float32]) -> Samples:
    scaled: NDArray[np.float32] = np.round(block.mean(axis=1) * 32768)
    return np.clip(scaled, -32768, FULL_SCALE).astype("<i2")


def _read_by_ffmpeg(path: Path, name: str, rate_hz: int | None) -> tuple[int, bytes]:
    """Decode the first audio stream of a file as WAV through a pipe; nothing but the file itself is opened."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-protocol_whitelist", "file"]
    command += ["-i", f"file:{path}", "-map", "0:a:0", "-ac", "1", *(["-ar", str(rate_hz)] if rate_hz else [])]
    command += ["-c:a", "pcm_s16le", "-bitexact", "-f", "wav", "pipe:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        header = process.stdout.read(44)
        data = process.stdout.read()
    if len(header) < 44 or (process.returncode and not data):
        raise TaskError(f"{name}: this can't be read as sound; mend or replace the file, or leave it out")
    return struct.unpack_from("<I", header, 24)[0], data
