"""Recordings decoded block by block; how long one is, is counted from what comes out and never taken from a header."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from journal import TaskError

from .wav_header import promised_by_wav

Frames = NDArray[np.int16]
"""Samples of all channels: one row for each moment, one column for each channel."""

_BLOCK_BYTES = 1 << 20
_RAW = (".raw", ".pcm")
_TOLERANCE = 0.25, 0.01  # seconds, and share of the length: what codecs add at the ends stays below
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)(?:, start: (-?[\d.]+))?", re.MULTILINE)
_STREAM = re.compile(r"^  Stream #0:\d+.*?: (Audio|Video): (.*)$", re.MULTILINE)
_START = re.compile(r", start (-?[\d.]+)")
_ESTIMATED, _JOINED = "Estimating duration from bitrate", "invalid concatenated file detected"


@dataclass
class Decoding:
    """A recording as it is decoded: rate and channels first, then its blocks, at last how many samples there were."""

    shown: str
    rate_hz: int
    channels: int
    late_s: float
    """How much later than the picture the sound of a video starts; that much silence stands before it."""
    _stream: IO[bytes] = field(repr=False)
    _log: IO[bytes] = field(repr=False)
    _promised_s: float | None = None
    count: int = 0
    """Samples of each channel so far."""

    def blocks(self) -> Iterator[Frames]:
        """Yield all samples, silence before late sound included."""
        silence = round(self.late_s * self.rate_hz)
        while silence > 0:
            size = min(silence, _BLOCK_BYTES // (2 * self.channels))
            silence -= size
            self.count += size
            yield np.zeros((size, self.channels), np.int16)
        frame = 2 * self.channels
        while data := self._stream.read(_BLOCK_BYTES // frame * frame):
            block = np.frombuffer(data[: len(data) // frame * frame], "<i2").reshape(-1, self.channels)
            self.count += len(block)
            yield block

    @property
    def length_s(self) -> float:
        """The seconds decoded so far."""
        return self.count / self.rate_hz

    @property
    def expected_s(self) -> float | None:
        """About how long it will be, for progress only."""
        found = _DURATION.search(_read_log(self._log))
        return _seconds(found) if found else None

    def findings(self) -> list[str]:
        """Return what the file said of itself and is not so, once all of it has been decoded."""
        log = _read_log(self._log)
        if _JOINED in log:
            return [f"several files one after another in one; all {self.length_s:.1f} s of sound were read."]
        promised_s = self._promised_s if self._promised_s is not None else _promised_in(log)
        if promised_s is None or _is_about(promised_s, self.length_s):
            return []
        compared = f"its header promises {promised_s:.1f} s of sound, but there are {self.length_s:.1f} s"
        shorter = "the file is damaged or was cut off" if promised_s > self.length_s else "all of it was read"
        return [f"{compared}; {shorter}."]


class Recording:
    """A recording's file, decoded anew each time it is opened: ``with Recording(...) as decoding``."""

    def __init__(
        self,
        path: Path,
        shown: str,
        rate_hz: int | None = None,
        raw_rate_hz: int | None = None,
        filters: str = "",
    ) -> None:
        """Take a file to be decoded at ``rate_hz`` or its own rate, through ffmpeg's ``filters``.

        Files of bare samples need ``raw_rate_hz``.
        """
        self.path, self.shown, self.rate_hz, self.raw_rate_hz = path, shown, rate_hz, raw_rate_hz
        self.filters = filters

    def __enter__(self) -> Decoding:
        """Start decoding. Raises TaskError where the file can't be read or has no sound."""
        _check_file(self)
        promised = promised_by_wav(self.path)
        self._log = tempfile.TemporaryFile()
        command = _command(self, ignore_length=promised is not None and promised.is_too_short)
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, pipesize=_BLOCK_BYTES
        )
        try:
            return self._begin(promised.length_s if promised else None)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        """Stop decoding."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        if self._process.poll() is None and any(error):
            self._process.kill()
        self._process.wait()
        self._log.close()

    def _begin(self, promised_s: float | None) -> Decoding:
        assert self._process.stdout is not None
        found = _read_format(self._process.stdout)
        log = _read_log(self._log)
        if found is None:
            raise TaskError(f"{self.shown}: {_why_unreadable(log)}")
        rate_hz, channels = found
        return Decoding(self.shown, rate_hz, channels, _late_s(log), self._process.stdout, self._log, promised_s)


def _check_file(recording: Recording) -> None:
    shown = recording.shown
    if not recording.path.is_file():
        raise TaskError(f"{shown}: there is no such recording; mend 'recordings'")
    if recording.path.suffix.lower() in _RAW and recording.raw_rate_hz is None:
        example = "'raw_rate: 16000' (16-bit samples, one channel)"
        raise TaskError(f"{shown}: bare samples don't say how many a second there are; give {example}")


def _command(recording: Recording, ignore_length: bool) -> list[str]:
    """Return the command that decodes the first audio stream as WAV; nothing but the file itself is opened."""
    import imageio_ffmpeg

    is_raw = recording.path.suffix.lower() in _RAW
    given = ["-f", "s16le", "-ar", str(recording.raw_rate_hz), "-ac", "1"] if is_raw else []
    given += ["-ignore_length", "1"] if ignore_length else []
    rate_hz = recording.rate_hz or _rate_before_opus(recording.path)
    wanted = ["-vn", "-sn", "-dn", *(["-ar", str(rate_hz)] if rate_hz else [])]
    wanted += ["-af", recording.filters] if recording.filters else []
    return [
        *[imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-nostdin", "-protocol_whitelist", "file"],
        *[*given, "-i", f"file:{recording.path}", "-map", "0:a:0", *wanted],
        *["-c:a", "pcm_s16le", "-bitexact", "-f", "wav", "pipe:1"],
    ]


def _rate_before_opus(path: Path) -> int | None:
    """Return the rate that an Opus file's sound had before it was encoded; every decoder gives 48 kHz."""
    with path.open("rb") as stream:
        head = stream.read(256)
    at = head.find(b"OpusHead")
    rate_hz = struct.unpack_from("<I", head, at + 12)[0] if head[:4] == b"OggS" and 0 <= at < 200 else 0
    return rate_hz if 8000 <= rate_hz < 48000 else None


def _read_format(stream: IO[bytes]) -> tuple[int, int] | None:
    """Return rate and channels from the head of a WAV stream, which then stands before its samples."""
    if len(stream.read(12)) < 12:
        return None
    rate_hz = channels = 0
    while len(head := stream.read(8)) == 8:
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"data":
            return rate_hz, channels
        content = stream.read(size + size % 2)
        if name == b"fmt ":
            channels, rate_hz = struct.unpack_from("<HI", content, 2)
    return None


def _read_log(log: IO[bytes]) -> str:
    """Return what the decoder has said, without moving the place where it goes on writing."""
    size = os.fstat(log.fileno()).st_size
    return os.pread(log.fileno(), size, 0).decode("utf-8", "replace")


def _why_unreadable(log: str) -> str:
    if _DURATION.search(log) and "Audio:" not in log:
        return "there is no sound in it; leave it out, or name the file that has the sound"
    return "this can't be read as sound; mend or replace the file, or leave it out"


def _promised_in(log: str) -> float | None:
    """Return the length that a file's header gives, or None where it gives none."""
    found = _DURATION.search(log)
    if found is None or _ESTIMATED in log or _has_picture(log):  # a picture may be longer than its sound
        return None
    return _seconds(found)


def _seconds(found: re.Match[str]) -> float:
    return 3600 * int(found[1]) + 60 * int(found[2]) + float(found[3])


def _late_s(log: str) -> float:
    """Return how much later than its picture a video's sound starts."""
    found = _DURATION.search(log)
    if found is None or not _has_picture(log):
        return 0.0
    start = _START.search(next((text for kind, text in _streams(log) if kind == "Audio"), ""))
    return max(0.0, float(start[1]) - float(found[4] or 0)) if start else 0.0


def _has_picture(log: str) -> bool:
    return any(kind == "Video" and "attached pic" not in text for kind, text in _streams(log))


def _streams(log: str) -> list[tuple[str, str]]:
    return _STREAM.findall(log.partition("Stream mapping:")[0])


def _is_about(one_s: float, other_s: float) -> bool:
    absolute_s, share = _TOLERANCE
    return abs(one_s - other_s) <= max(absolute_s, share * max(one_s, other_s))
