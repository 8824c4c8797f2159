"""Whether sound is a voice that holds a vowel, by its pitch: the voice detector takes such vowels for no speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16000
_WINDOW, _HOP, _SIZE = 640, 320, 1536
_LAGS = 40, 230  # samples: 400 to 70 Hz, where voices are
_PERIODIC = 0.6  # of a window's energy
_FIRST = 0.85  # of the best lag's: the first lag as good as that is the pitch, not a multiple of it
_STEP = 0.06  # from window to window the pitch of a voice moves less
_LIFE = 0.003  # machines hold a tone more evenly than any voice
_RICH = 0.15  # of the energy lies outside the strongest partial, which is all that whistles and beeps have

_TAPER = np.hanning(_WINDOW).astype(np.float32)
_OWN = np.fft.irfft(np.abs(np.fft.rfft(_TAPER, _SIZE)) ** 2)


def voiced_share(samples: NDArray[np.int16]) -> float:
    """Return the share of windows in which a voice sounds that moves as voices do; 0 for tones and noise."""
    if len(samples) < 4 * _WINDOW:
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32), _WINDOW)[::_HOP] * _TAPER
    power = np.abs(np.fft.rfft(windows, _SIZE, axis=1)) ** 2
    lags, strengths = _pitch_lags(power)
    periodic = strengths > _PERIODIC
    if periodic.sum() < 4:
        return 0.0
    pitches = np.log(lags[periodic])
    is_alive = np.std(pitches) > _LIFE and _richness(power[periodic]) > _RICH
    return float(periodic.mean() * np.mean(np.abs(np.diff(pitches)) < _STEP)) if is_alive else 0.0


def _pitch_lags(power: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lag at which each window repeats itself, between samples, and how strongly."""
    low, high = _LAGS
    correlation = np.fft.irfft(power, axis=1)
    repeats = correlation[:, low:high] / np.maximum(correlation[:, :1], 1e-9) / (_OWN[low:high] / _OWN[0])
    first = (repeats >= _FIRST * repeats.max(axis=1, keepdims=True)).argmax(axis=1)
    best = np.array([lag + row[lag : lag + 8].argmax() for lag, row in zip(first, repeats, strict=True)])
    rows, inner = np.arange(len(best)), np.clip(best, 1, high - low - 2)
    before, here, after = (repeats[rows, inner + step] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    between = 0.5 * (before - after) / np.where(np.abs(bend) < 1e-9, 1.0, bend)
    return inner + low + np.clip(between, -1, 1), repeats[rows, best]


def _richness(power: NDArray[np.float32]) -> float:
    strongest = power.argmax(axis=1)
    around = [row[max(0, at - 6) : at + 7].sum() / row.sum() for row, at in zip(power, strongest, strict=True)]
    return 1 - float(np.mean(around))
