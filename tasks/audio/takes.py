"""Which clips are one and the same take, though one is louder, cut wider, or was written in another format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
_LOW_HZ, _HIGH_HZ = 150, 3300
_EDGES_HZ = np.arange(_LOW_HZ, _HIGH_HZ, 4)
_BROAD = 25  # steps over which a spectrum's shape is the voice's and the microphone's, not the take's
_LONGEST_STEP = 1 << 14  # samples, from which a spectrum has more than one line in each step
_ALIKE = 0.85  # of two spectra: between formats 0.96 at least, between takes 0.65 at most
_SAME = 0.8  # of two waveforms in step: between formats 0.93 at least, between takes 0.50 at most

Wave = NDArray[np.float32]
"""Samples at ``RATE_HZ``, of the frequencies that every format keeps."""


class Takes:
    """Takes that are known, each by a name."""

    def __init__(self) -> None:
        self._spectra = np.zeros((64, len(_EDGES_HZ) - 1), np.float32)
        self._names: list[tuple[str, Path]] = []

    def meet(self, path: Path, name: str) -> str:
        """Return the name of the take that a clip is; a new one is known by ``name`` from now on, and gives no text."""
        wave = read_wave(path)
        spectrum = _spectrum(wave)
        for number in np.flatnonzero(self._spectra[: len(self._names)] @ spectrum > _ALIKE):
            known, other = self._names[number]
            if likeness(wave, read_wave(other)) > _SAME:
                return known
        self._add(spectrum, path, name)
        return ""

    def _add(self, spectrum: Wave, path: Path, name: str) -> None:
        count = len(self._names)
        if count == len(self._spectra):
            self._spectra = np.concatenate([self._spectra, np.zeros_like(self._spectra)])
        self._spectra[count] = spectrum
        self._names.append((name, path))


def read_wave(path: Path) -> Wave:
    """Return a clip's wave, of its channels together, made up with silence to whole seconds."""
    import soundfile

    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    seconds = max(1, -(-len(samples) // rate_hz))  # whole ones, of which the transform is quick
    lines = np.fft.rfft(samples.mean(axis=1), seconds * rate_hz)
    kept = np.zeros(seconds * RATE_HZ // 2 + 1, lines.dtype)
    band = slice(_LOW_HZ * seconds, min(_HIGH_HZ, rate_hz // 2) * seconds)
    kept[band] = lines[band]
    return np.fft.irfft(kept).astype(np.float32)


def likeness(one: Wave, other: Wave) -> float:
    """Return how alike two waves are where they fit best, 0 to 1: the peak of their normalised cross-correlation."""
    power = float(np.sqrt(float(one @ one) * float(other @ other)))
    size = 1 << (len(one) + len(other)).bit_length()
    products = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    return float(np.abs(products).max()) / power if power else 0.0


def _spectrum(wave: Wave) -> Wave:
    """Return a clip's fine spectrum, the same wherever in the clip the take is; of length one, or zero for silence."""
    size = max(len(wave), _LONGEST_STEP)
    power = np.abs(np.fft.rfft(wave, size)) ** 2
    levels = np.add.reduceat(power, _EDGES_HZ * size // RATE_HZ)[:-1] ** 0.25
    levels -= np.convolve(levels, np.full(_BROAD, 1 / _BROAD), "same")
    return (levels / max(float(np.linalg.norm(levels)), 1e-12)).astype(np.float32)
