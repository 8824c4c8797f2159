"""What the header of a WAV file promises; recorders that crash leave headers which are not true."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_UNKNOWN = 0xFFFFFFFF  # what programs write that can't go back to the header


@dataclass(frozen=True)
class PromisedSound:
    """The length that a header gives, None where it leaves it open, and whether more samples follow."""

    length_s: float | None
    is_too_short: bool


def promised_by_wav(path: Path) -> PromisedSound | None:
    """Return what a RIFF file's header promises, or None for any other file."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        head = stream.read(12)
        if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
            return None
        found = _find_samples(stream)
    if found is None:
        return None
    first, declared, bytes_per_s = found
    if declared == _UNKNOWN or not bytes_per_s:
        return PromisedSound(None, False)
    return PromisedSound(declared / bytes_per_s, _is_sound_after(path, first + declared, size))


def _find_samples(stream: IO[bytes]) -> tuple[int, int, int] | None:
    """Return where the samples begin, how many bytes they are said to be, and how many make a second."""
    bytes_per_s = 0
    while len(head := stream.read(8)) == 8:
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            return stream.tell(), size, bytes_per_s
        if name == b"fmt ":
            bytes_per_s = struct.unpack_from("<I", stream.read(16), 8)[0]
            size -= 16
        stream.seek(size + size % 2, os.SEEK_CUR)
    return None


def _is_sound_after(path: Path, end: int, size: int) -> bool:
    """Return whether what follows the samples' declared end is no chunk, and so more samples."""
    if end + 8 >= size:
        return False
    with path.open("rb") as stream:
        stream.seek(end + end % 2)
        head = stream.read(8)
    is_name = all(32 <= byte < 127 for byte in head[:4])
    return not (is_name and end + 8 + struct.unpack("<I", head[4:])[0] <= size + 1)
