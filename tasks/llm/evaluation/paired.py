"""Two rounds of marks on the same questions, compared question by question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb


@dataclass(frozen=True)
class PairedMarks:
    """How many questions only the one, and only the other, has right."""

    only_first: int
    only_second: int
    questions: int

    @property
    def p_value(self) -> float:
        """The two-sided p of McNemar's exact test: such an uneven split, or a more uneven one, of a fair coin."""
        split, tosses = min(self.only_first, self.only_second), self.only_first + self.only_second
        tail: float = sum(comb(tosses, k) for k in range(split + 1)) / 2**tosses
        return min(1.0, 2 * tail)

    @property
    def gain(self) -> float:
        """How much more the second has right, in points of 100."""
        return 100 * (self.only_second - self.only_first) / self.questions

    def __str__(self) -> str:
        return f"{self.gain:+.0f} points, p = {_short(self.p_value)}"


def pair_marks(first: Sequence[float], second: Sequence[float]) -> PairedMarks:
    """Return how marks of 0 and 1 on the same questions (n each) differ."""
    both = list(zip(first, second, strict=True))
    return PairedMarks(
        sum(bool(one) and not other for one, other in both),
        sum(not one and bool(other) for one, other in both),
        len(both),
    )


def _short(p_value: float) -> str:
    return "less than 0.001" if p_value < 0.001 else f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}"
