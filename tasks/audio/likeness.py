"""How alike clips sound: the same phrase said again by the same person is recognised without any transcript."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_BANDS, _LOW_HZ, _HIGH_HZ = 20, 100.0, 4000.0
_STEPS = 40  # a clip's features are brought to that many moments
_FLOOR_DB = -45.0  # below a clip's loudest; what is softer is the room's

Features = NDArray[np.float32]


def read_features(path: Path) -> Features:
    """Return a clip's spectrum in time, (moments, bands), without its loudness."""
    import soundfile

    return features_of(*soundfile.read(path, dtype="float32"))


def features_of(samples: NDArray[np.float32], rate_hz: int) -> Features:
    """Return the spectrum in time of sound between -1 and 1, (moments, bands), without its loudness."""
    size = 1 << (rate_hz // 40).bit_length()
    hop = rate_hz // 100
    padded = np.pad(samples, (0, max(0, size + hop - len(samples))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size).astype(np.float32)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    edges = np.unique(np.geomspace(_LOW_HZ, _HIGH_HZ, _BANDS + 1) * size / rate_hz).round().astype(np.int64)
    bands = np.add.reduceat(power, np.unique(edges), axis=1)[:, :-1]
    levels = 10 * np.log10(np.maximum(bands, 1e-10))
    floored = np.maximum(levels, levels.max() + _FLOOR_DB)
    loud = np.flatnonzero(floored.max(axis=1) > floored.max() - 30)
    return _evenly(floored[loud[0] : loud[-1] + 1])


def distance(one: Features, other: Features) -> float:
    """Return how unlike two clips are, in dB for each moment and band, after stretching time to fit."""
    costs = np.abs(one[:, None, :] - other[None, :, :]).mean(axis=2)
    best = np.full((_STEPS + 1, _STEPS + 1), np.inf)
    best[0, 0] = 0.0
    for total in range(2, 2 * _STEPS + 1):  # all cells of a diagonal at once
        rows = np.arange(max(1, total - _STEPS), min(_STEPS, total - 1) + 1)
        columns = total - rows
        before = np.minimum(best[rows - 1, columns - 1], np.minimum(best[rows - 1, columns], best[rows, columns - 1]))
        best[rows, columns] = before + costs[rows - 1, columns - 1]
    return float(best[_STEPS, _STEPS]) / _STEPS


def _evenly(levels: NDArray[np.float32]) -> Features:
    at = np.linspace(0, len(levels) - 1, _STEPS)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, len(levels) - 1)
    part = (at - low)[:, None]
    moments: Features = (levels[low] * (1 - part) + levels[high] * part).astype(np.float32)
    moments -= moments.mean()
    return moments
