"""A recording made ready for the page: a sound file to play, its outline, and its spectrum, taken as it is decoded."""

from __future__ import annotations

import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..listening import Source, choose
from ..speech import mono_blocks

PEAKS_PER_S = 400
COLUMNS_PER_S = 100
BANDS = 96
_RATE_HZ = 24000  # at most: speech has nothing above its half, and an hour stays small
_WINDOW_S = 0.025
_TOP_HZ = 8000.0
_RANGE_DB = 80.0  # below full scale; what is softer is black
_AT_ONCE = 4096  # columns of the spectrum

Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Track:
    """What the page shows and plays of a recording; all arrays are in its folder's files."""

    folder: Path
    rate_hz: int
    count: int
    """Samples."""

    @property
    def length_s(self) -> float:
        return self.count / self.rate_hz

    @property
    def sound(self) -> Path:
        return self.folder / "sound.wav"

    @property
    def peaks(self) -> Path:
        """Highest and lowest sample of each 1/400 s, in 127ths of full scale: int8, all highest, then all lowest."""
        return self.folder / "peaks"

    @property
    def spectrum(self) -> Path:
        """Levels in each 1/100 s from low to high bands, uint8: 0 is 80 dB below full scale, 255 full scale."""
        return self.folder / "spectrum"

    def samples(self, start_s: float, end_s: float) -> NDArray[np.float32]:
        """Return a stretch of sound, between -1 and 1."""
        with wave.open(str(self.sound)) as sound:
            first = min(self.count, max(0, round(start_s * self.rate_hz)))
            sound.setpos(first)
            data = sound.readframes(max(0, round(end_s * self.rate_hz) - first))
        return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


def make_track(source: Source, folder: Path, progress: Callable[[float], None]) -> Track:
    """Decode a recording into a folder's files. Raises TaskError where it can't be read.

    Memory doesn't grow with its length but for the outline, 3 MB an hour.
    """
    channel, _ = choose(source)
    with source.open() as decoding:
        rate_hz = min(decoding.rate_hz, _RATE_HZ)
    highs, lows = list[Samples](), list[Samples]()
    with (
        source.open(rate_hz) as decoding,
        wave.open(str(folder / "sound.wav"), "wb") as sound,
        (folder / "spectrum").open("wb") as spectrum,
    ):
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        expected = max(1.0, (decoding.expected_s or 60.0) * rate_hz)
        outline, bands = _Outline(rate_hz), _Bands(rate_hz)
        for block in mono_blocks(decoding.blocks(), channel):
            sound.writeframesraw(block.astype("<i2").tobytes())
            spectrum.write(bands.add(block).tobytes())
            high, low = outline.add(block)
            highs.append(high)
            lows.append(low)
            progress(min(0.99, decoding.count / expected))
        spectrum.write(bands.add(np.zeros(bands.size, np.int16)).tobytes())
        count = decoding.count
    (folder / "peaks").write_bytes(b"".join((one // 256).astype(np.int8).tobytes() for one in [*highs, *lows]))
    return Track(folder, rate_hz, count)


class _Outline:
    """The highest and lowest samples of each 1/400 s, block by block."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.rest = np.zeros(0, np.int16)
        self.parts = 0
        self.before = 0

    def add(self, block: Samples) -> tuple[Samples, Samples]:
        samples = np.concatenate([self.rest, block])
        last = (self.before + len(samples)) * PEAKS_PER_S // self.rate_hz
        bounds = np.arange(self.parts, last + 1) * self.rate_hz // PEAKS_PER_S - self.before
        if last == self.parts:
            self.rest = samples
            return np.zeros(0, np.int16), np.zeros(0, np.int16)
        whole = samples[: bounds[-1]]
        self.rest = samples[bounds[-1] :]
        self.parts, self.before = last, self.before + int(bounds[-1])
        return np.maximum.reduceat(whole, bounds[:-1]), np.minimum.reduceat(whole, bounds[:-1])


class _Bands:
    """The spectrum in bands as wide as the ear's (mel), block by block."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.size = 1 << round(_WINDOW_S * rate_hz).bit_length()
        self.window = np.hanning(round(_WINDOW_S * rate_hz)).astype(np.float32)
        self.matrix = _mel_matrix(rate_hz, self.size)
        self.rest = np.zeros(len(self.window) // 2, np.int16)  # columns are centred on their times
        self.before = -len(self.rest)
        self.columns = 0

    def add(self, block: Samples) -> NDArray[np.uint8]:
        samples = np.concatenate([self.rest, block])
        width = len(self.window)
        end = self.before + len(samples) - width
        last = max(self.columns, (end + width // 2) * COLUMNS_PER_S // self.rate_hz + 1)
        starts = np.arange(self.columns, last) * self.rate_hz // COLUMNS_PER_S - width // 2 - self.before
        starts = starts[starts + width <= len(samples)]
        found = [self._levels(samples, starts[first : first + _AT_ONCE]) for first in range(0, len(starts), _AT_ONCE)]
        self.columns += len(starts)
        gone = max(0, self.columns * self.rate_hz // COLUMNS_PER_S - width // 2 - self.before)
        self.rest, self.before = samples[gone:], self.before + gone
        return np.concatenate(found) if found else np.zeros((0, BANDS), np.uint8)

    def _levels(self, samples: Samples, starts: NDArray[np.int64]) -> NDArray[np.uint8]:
        windows = np.lib.stride_tricks.sliding_window_view(samples, len(self.window))[starts] * self.window
        power = np.abs(np.fft.rfft(windows, self.size)).astype(np.float32) ** 2 @ self.matrix
        full = (32768.0 * float(self.window.sum()) / 2) ** 2
        levels_db = 10 * np.log10(np.maximum(power / full, 1e-12))
        levels: NDArray[np.uint8] = np.clip((levels_db + _RANGE_DB) * (255 / _RANGE_DB), 0, 255).astype(np.uint8)
        return levels


def _mel_matrix(rate_hz: int, size: int) -> NDArray[np.float32]:
    """Return how much each frequency counts in each band: triangles at even steps of mel (O'Shaughnessy 1987)."""
    top_hz = min(_TOP_HZ, rate_hz / 2)
    edges_mel = np.linspace(0, 2595 * np.log10(1 + top_hz / 700), BANDS + 2)
    edges = 700 * (10 ** (edges_mel / 2595) - 1) * size / rate_hz
    bins = np.arange(size // 2 + 1)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    narrow = np.maximum(1.0, middle - low), np.maximum(1.0, high - middle)  # low bands are finer than the bins
    weights = np.minimum(1 - (middle - bins) / narrow[0], 1 - (bins - middle) / narrow[1])
    clipped: NDArray[np.float32] = np.clip(weights, 0, 1).astype(np.float32)
    return clipped
