"""Sound as pydub's AudioSegment, and into files: the one place that knows pydub and soundfile."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journal import TaskError

from .decoding import Recording
from .speech import mono_blocks

Samples = NDArray[np.int16]
FULL_SCALE = 32767


def load_libraries() -> None:
    """Import pydub without its warnings about a system ffmpeg; once, before any threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydub
    import imageio_ffmpeg

    pydub.AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()


def read_sound(path: Path, name: str, rate_hz: int | None = None, channel: int | None = None) -> Any:
    """Read a whole recording as a 16-bit mono AudioSegment, at ``rate_hz`` or its own rate, to be edited.

    Raises TaskError, with ``name`` for the file, where it can't be read or holds no sound.
    """
    with Recording(path, name, rate_hz) as decoding:
        data = b"".join(block.tobytes() for block in mono_blocks(decoding.blocks(), channel))
        if not data:
            raise TaskError(f"{name}: the recording is empty; record it again or leave it out")
        return make_sound(data, decoding.rate_hz)


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
