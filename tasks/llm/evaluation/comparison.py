"""What changed between two rounds of answers to the same questions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from journal import TaskError

from .answer_sets import GivenAnswer, Match
from .paired import PairedMarks, pair_marks
from .scores import plain


class Change(StrEnum):
    """What became of an answer."""

    NEWLY_RIGHT = "newly right"
    NEWLY_WRONG = "newly wrong"
    BETTER = "higher mark"
    WORSE = "lower mark"
    OTHER_WORDS = "other words"
    SAME = "the same"


@dataclass(frozen=True)
class Changed:
    """A question's answer in both rounds, and what became of it."""

    change: Change
    earlier: GivenAnswer
    later: GivenAnswer


@dataclass(frozen=True)
class Comparison:
    """Two rounds of answers, question by question."""

    match: Match
    changes: tuple[Changed, ...]
    score: str
    """How both were marked; empty where they were not, or not alike."""

    @property
    def paired(self) -> PairedMarks | None:
        """The marks in pairs, where they say right or wrong."""
        if self.score in ("", "chrF"):
            return None
        return pair_marks(
            [one.earlier.mark or 0 for one in self.changes], [one.later.mark or 0 for one in self.changes]
        )

    def count(self, change: Change) -> int:
        """Return to how many questions it happened."""
        return sum(one.change == change for one in self.changes)

    def right(self) -> tuple[int, int]:
        """Return how many were right in either round."""
        return sum(bool(one.earlier.mark) for one in self.changes), sum(bool(one.later.mark) for one in self.changes)


def compare_match(match: Match) -> Comparison:
    """Compare matched answers; raises ``TaskError`` where two rounds were marked in different ways."""
    both = list(zip(match.earlier, match.later, strict=True))
    scores = {one.score for pair in both for one in pair if one.mark is not None}
    if len(scores) > 1:
        said = " and ".join(sorted(scores))
        raise TaskError(f"the answers were marked by {said}, which can't be compared; mark both by the same score")
    is_marked = bool(scores) and all(one.mark is not None for pair in both for one in pair)
    score = scores.pop() if is_marked else ""
    return Comparison(match, tuple(Changed(_change(*pair, score), *pair) for pair in both), score)


def _change(earlier: GivenAnswer, later: GivenAnswer, score: str) -> Change:
    if score and earlier.mark != later.mark:
        is_better = (later.mark or 0) > (earlier.mark or 0)
        if score == "chrF":
            return Change.BETTER if is_better else Change.WORSE
        return Change.NEWLY_RIGHT if is_better else Change.NEWLY_WRONG
    return Change.SAME if plain(earlier.answer) == plain(later.answer) else Change.OTHER_WORDS
