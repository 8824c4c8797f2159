"""chrF: how much of a text's characters another has in common, by runs of one to six (Popović 2015)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ORDER, BETA = 6, 2
_SAMPLES = 1000
_TAIL = 2.5


@dataclass(frozen=True)
class Score:
    """A score of several texts, from 0 to 100, with its 95 % interval by resampling the texts."""

    value: float
    low: float
    high: float


def chrf(given: Sequence[str], expected: Sequence[str]) -> float:
    """Return chrF2 of texts (n) against one reference each, from 0 to 100, as sacrebleu computes it of a corpus."""
    return _score(_counts(given, expected).sum(axis=0))


def chrf_interval(given: Sequence[str], expected: Sequence[str], seed: int = 0) -> Score:
    """Return chrF2 with the percentile interval of ``_SAMPLES`` samples of the texts, drawn with replacement."""
    counts = _counts(given, expected)
    random = np.random.default_rng(seed)
    drawn = [_score(counts[random.integers(len(counts), size=len(counts))].sum(axis=0)) for _ in range(_SAMPLES)]
    low, high = np.percentile(drawn, [_TAIL, 100 - _TAIL])
    return Score(_score(counts.sum(axis=0)), float(low), float(high))


def chrf_differences(
    given: Sequence[str],
    other: Sequence[str],
    expected: Sequence[str],
    seed: int = 0,
    others_expected: Sequence[str] | None = None,
) -> Score:
    """Return how much better the first texts score than others on the same questions, with its paired interval.

    Where a question has several references, ``others_expected`` are those that the others are held against.
    """
    one, two = _counts(given, expected), _counts(other, expected if others_expected is None else others_expected)
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(_SAMPLES):
        rows = random.integers(len(one), size=len(one))
        drawn.append(_score(one[rows].sum(axis=0)) - _score(two[rows].sum(axis=0)))
    low, high = np.percentile(drawn, [_TAIL, 100 - _TAIL])
    return Score(_score(one.sum(axis=0)) - _score(two.sum(axis=0)), float(low), float(high))


def _counts(given: Sequence[str], expected: Sequence[str]) -> np.ndarray:
    """Return for each text (n, ORDER, 3) its runs of characters, the reference's, and those in common."""
    found = np.zeros((len(given), ORDER, 3))
    for row, (one, other) in enumerate(zip(given, expected, strict=True)):
        plain, wanted = "".join(one.split()), "".join(other.split())
        for order in range(1, ORDER + 1):
            runs = Counter(plain[start : start + order] for start in range(len(plain) - order + 1))
            its = Counter(wanted[start : start + order] for start in range(len(wanted) - order + 1))
            if its:  # a reference that is too short for an order says nothing of it
                found[row, order - 1] = runs.total(), its.total(), (runs & its).total()
    return found


def _score(counts: np.ndarray) -> float:
    """Return F of the mean precision and the mean recall over the orders that both sides have (ORDER, 3)."""
    known = counts[(counts[:, 0] > 0) & (counts[:, 1] > 0)]
    if not len(known):
        return 0.0
    precision, recall = (known[:, 2] / known[:, 0]).mean(), (known[:, 2] / known[:, 1]).mean()
    below = BETA**2 * precision + recall
    return float(100 * (1 + BETA**2) * precision * recall / below) if below else 0.0
