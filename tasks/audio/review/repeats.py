"""Which clips of a recording say the same, told by their sound alone, so that the best of them can be chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..likeness import Features, distance, features_of
from .track import Track

_ALIKE_DB = 4.2  # between repeats (3.5 at most) and different phrases (5.2 at least)
_LONGER = 1.7  # by how much a repeat may be longer
_LOOKED_AT = 6  # of each clip's nearest, compared with time stretched to fit
_SHORTEST_S = 0.1


def find_repeats(track: Track, spans_s: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Return groups of two or more clips that sound alike, by their numbers in ``spans_s``, in order."""
    long = [number for number, (start_s, end_s) in enumerate(spans_s) if end_s - start_s >= _SHORTEST_S]
    sounds = {number: features_of(track.samples(*spans_s[number]), track.rate_hz) for number in long}
    lengths = {number: spans_s[number][1] - spans_s[number][0] for number in long}
    groups = {number: {number} for number in long}
    for one, other in _candidates(sounds, lengths):
        if groups[one] is not groups[other] and distance(sounds[one], sounds[other]) < _ALIKE_DB:
            joined = groups[one] | groups[other]
            groups.update(dict.fromkeys(joined, joined))
    return sorted(
        sorted(group) for group in {min(group): group for group in groups.values()}.values() if len(group) > 1
    )


def _candidates(sounds: dict[int, Features], lengths: dict[int, float]) -> list[tuple[int, int]]:
    """Return the pairs worth a comparison: each clip with those nearest to it, moment by moment."""
    numbers = list(sounds)
    if len(numbers) < 2:
        return []
    coarse = np.stack([_smooth(sounds[number]) for number in numbers])
    length = np.array([lengths[number] for number in numbers])
    pairs = set[tuple[int, int]]()
    for place, number in enumerate(numbers):
        off = np.abs(coarse - coarse[place]).mean(axis=1)
        ratio = np.maximum(length, length[place]) / np.minimum(length, length[place])
        off[(ratio > _LONGER) | (np.arange(len(numbers)) == place)] = np.inf
        near = [one for one in np.argsort(off)[:_LOOKED_AT] if np.isfinite(off[one])]
        pairs |= {(min(number, numbers[one]), max(number, numbers[one])) for one in near}
    return sorted(pairs)


def _smooth(features: Features) -> NDArray[np.float32]:
    """Return a clip's spectrum at a quarter of its moments, so that a small difference in pace matters little."""
    moments, bands = features.shape
    mean: NDArray[np.float32] = features.reshape(moments // 4, 4, bands).mean(axis=1).ravel()
    return mean
