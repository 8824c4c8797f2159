"""Which expression is said in which clip, where there are more or fewer clips than expressions.

The best way through both in order is found by dynamic programming: an expression costs more the worse its length fits,
two clips that sound alike cost less as repeats of one expression than as two, and a cough costs one clip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .likeness import Features, distance
from .recogniser import unlike

_SKIP_CLIP, _SKIP_EXPRESSION = 3.0, 3.5
_DOUBT_S = 0.3  # by how much, as a logarithm, a length usually differs from what its text lets expect
_WORST = 4.0
_ALIKE_DB, _SPREAD_DB = 4.6, 0.6  # between repeats (3.5 at most) and different phrases (5.2 at least)
_HEARD = 6.0  # what it costs to be heard as quite another text; skipping clip and expression costs a little more
_BEFORE = 4  # clips and expressions that may be skipped at a time
_SURE = 2.0  # by how much the second best way has to cost more
_MOST_CHECKED = 150  # clips; with more, only those beside a skip are doubted


@dataclass(frozen=True)
class Alignment:
    """For each clip the number of its expression, or None; and the clips of which that isn't sure."""

    expressions: list[int | None]
    unsure: set[int]


def align(
    lengths_s: Sequence[float], sounds: Sequence[Features], texts: Sequence[str], heard: Sequence[str] = ()
) -> Alignment:
    """Give clips, by their lengths and sounds, the numbers of expressions, both in the order they are said.

    ``heard`` is what a recogniser took each clip for, where there is one.
    """
    costs = _Costs(lengths_s, sounds, texts, heard)
    total, found = _best(costs, {})
    unsure = _beside_skips(found)
    if len(lengths_s) <= _MOST_CHECKED:
        pairs = [(clip, expression) for clip, expression in enumerate(found) if expression is not None]
        unsure = {clip for clip, expression in pairs if _is_doubtful(costs, total, clip, expression)}
    return Alignment(found, unsure)


class _Costs:
    """What it costs to give a clip an expression, and to let one such pair follow another."""

    def __init__(
        self, lengths_s: Sequence[float], sounds: Sequence[Features], texts: Sequence[str], heard: Sequence[str] = ()
    ) -> None:
        self.lengths_s, self.sounds, self.texts, self.heard = lengths_s, sounds, texts, heard
        rate = float(np.median(lengths_s)) / float(np.median([_weight(text) for text in texts]))
        self.expected_s = [max(0.1, rate * _weight(text)) for text in texts]
        self._distances: dict[tuple[int, int], float] = {}

    def fit(self, clip: int, expression: int) -> float:
        off = math.log(max(self.lengths_s[clip], 0.02) / self.expected_s[expression]) / _DOUBT_S
        by_length = min(_WORST, off * off / 2)
        if not self.heard or not self.heard[clip]:
            return by_length
        return min(_WORST, by_length / 4) + _HEARD * unlike(self.heard[clip], self.texts[expression])

    def follow(self, clips: tuple[int, int], expressions: tuple[int, int]) -> float:
        alike = self._alike(clips)
        same = self.texts[expressions[0]].casefold() == self.texts[expressions[1]].casefold()
        return -math.log(max(alike if same else 1 - alike, 0.02))

    def _alike(self, clips: tuple[int, int]) -> float:
        """Return how probable it is that the same is said in two clips."""
        if clips not in self._distances:
            self._distances[clips] = distance(self.sounds[clips[0]], self.sounds[clips[1]])
        return 1 / (1 + math.exp((self._distances[clips] - _ALIKE_DB) / _SPREAD_DB))


def _weight(text: str) -> float:
    """Return about how long a text takes to say, in letters; a word takes a little more than its letters."""
    return 3 + sum(letter.isalnum() for letter in text)


def _best(costs: _Costs, without: dict[int, int]) -> tuple[float, list[int | None]]:
    """Return the cost of the best way and each clip's expression; pairs in ``without`` are not allowed."""
    clips, expressions = len(costs.lengths_s), len(costs.texts)
    width = abs(clips - expressions) + 12
    best: dict[tuple[int, int], tuple[float, tuple[int, int] | None]] = {}
    for clip in range(clips):
        middle = clip * expressions // max(clips, 1)
        for expression in range(max(0, middle - width), min(expressions, middle + width + 1)):
            if without.get(clip) != expression:
                best[(clip, expression)] = _cheapest(costs, best, clip, expression)
    ends = [
        (cost + _SKIP_CLIP * (clips - 1 - clip) + _SKIP_EXPRESSION * (expressions - 1 - expression), (clip, expression))
        for (clip, expression), (cost, _) in best.items()
    ]
    nothing = _SKIP_CLIP * clips + _SKIP_EXPRESSION * expressions
    total, last = min(ends, default=(nothing, None))
    found: list[int | None] = [None] * clips
    pair: tuple[int, int] | None = last
    while pair is not None:
        found[pair[0]] = pair[1]
        pair = best[pair][1]
    return total, found


def _cheapest(
    costs: _Costs, best: dict[tuple[int, int], tuple[float, tuple[int, int] | None]], clip: int, expression: int
) -> tuple[float, tuple[int, int] | None]:
    """Return the cheapest way that ends with this pair, and the pair before it."""
    start = _SKIP_CLIP * clip + _SKIP_EXPRESSION * expression
    found: tuple[float, tuple[int, int] | None] = (start, None)
    for clips_back in range(1, _BEFORE + 1):
        for expressions_back in range(1, _BEFORE + 1):
            before = (clip - clips_back, expression - expressions_back)
            if before not in best:
                continue
            skipped = _SKIP_CLIP * (clips_back - 1) + _SKIP_EXPRESSION * (expressions_back - 1)
            cost = best[before][0] + skipped
            if cost < found[0]:
                cost += costs.follow((before[0], clip), (before[1], expression))
                found = min(found, (cost, before), key=lambda one: one[0])
    return found[0] + costs.fit(clip, expression), found[1]


def _is_doubtful(costs: _Costs, total: float, clip: int, expression: int) -> bool:
    """Return whether a way that gives the clip another text, not only another repeat, costs hardly more."""
    cost, other = _best(costs, {clip: expression})
    given = other[clip]
    is_same = given is not None and costs.texts[given] == costs.texts[expression]
    return cost - total < _SURE and not is_same


def _beside_skips(found: Sequence[int | None]) -> set[int]:
    """Return the clips next to one without an expression, or next to an expression without a clip."""
    unsure = set[int]()
    previous: int | None = -1
    for clip, expression in enumerate(found):
        if expression is None or previous is None or expression != previous + 1:
            unsure |= {clip - 1, clip}
        previous = expression
    return {clip for clip in unsure if clip >= 0 and found[clip] is not None}
