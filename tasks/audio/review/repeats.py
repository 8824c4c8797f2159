"""Which clips of a recording say the same, told by their sound alone, so that the best of them can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..likeness import Features, distance, features_of
from .track import Track

_ALIKE_DB = 4.2  # between repeats (3.5 at most) and different phrases (5.2 at least)
_LONGER = 1.7  # by how much a repeat may be longer
_NEAREST = 6  # of all clips, compared with time stretched to fit
_AFTER = 3  # clips, since people say a phrase again at once
_SHORTEST_S = 0.1

Span = tuple[float, float]
"""Start and end of a clip, in seconds."""


@dataclass
class Repeats:
    """Finds what is said again in a recording; what it has listened to is kept, so that an edit costs one clip."""

    track: Track
    _sounds: dict[Span, Features] = field(default_factory=dict)
    _distances: dict[tuple[Span, Span], float] = field(default_factory=dict)

    def find(self, spans: Sequence[Span]) -> list[list[int]]:
        """Return groups of two or more clips that sound alike, by their numbers in ``spans``, in order."""
        long = [number for number, (start_s, end_s) in enumerate(spans) if end_s - start_s >= _SHORTEST_S]
        groups = {number: {number} for number in long}
        sounds = [self._sound(spans[number]) for number in long]
        for one, other in _candidates(sounds, [spans[number] for number in long]):
            first, second = long[one], long[other]
            if groups[first] is not groups[second] and self._distance(spans[first], spans[second]) < _ALIKE_DB:
                joined = groups[first] | groups[second]
                groups.update(dict.fromkeys(joined, joined))
        return sorted(sorted(group) for number, group in groups.items() if number == min(group) and len(group) > 1)

    def _sound(self, span: Span) -> Features:
        if span not in self._sounds:
            self._sounds[span] = features_of(self.track.samples(*span), self.track.rate_hz)
        return self._sounds[span]

    def _distance(self, one: Span, other: Span) -> float:
        if (one, other) not in self._distances:
            self._distances[one, other] = distance(self._sounds[one], self._sounds[other])
        return self._distances[one, other]


def _candidates(sounds: Sequence[Features], spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Return the pairs worth a comparison: each clip with those after it, and with those nearest, moment by moment."""
    if len(sounds) < 2:
        return []
    coarse = np.stack([_smooth(sound) for sound in sounds])
    lengths_s = np.array([end_s - start_s for start_s, end_s in spans])
    pairs = set[tuple[int, int]]()
    for number in range(len(sounds)):
        off = np.abs(coarse - coarse[number]).mean(axis=1)
        ratio = np.maximum(lengths_s, lengths_s[number]) / np.minimum(lengths_s, lengths_s[number])
        off[(ratio > _LONGER) | (np.arange(len(sounds)) == number)] = np.inf
        after = range(number + 1, min(number + 1 + _AFTER, len(sounds)))
        near = [int(one) for one in [*np.argsort(off)[:_NEAREST], *after] if np.isfinite(off[one])]
        pairs |= {(min(number, one), max(number, one)) for one in near}
    return sorted(pairs)


def _smooth(features: Features) -> NDArray[np.float32]:
    """Return a clip's spectrum at a quarter of its moments, so that a small difference in pace matters little."""
    moments, bands = features.shape
    mean: NDArray[np.float32] = features.reshape(moments // 4, 4, bands).mean(axis=1).ravel()
    return mean
