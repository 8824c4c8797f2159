"""How an answer is marked: right or wrong, or how much of the expected text it has."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Literal

from journal import TaskError

from ..chrf import chrf
from .questions import KnownQuestion

MarkedScore = Literal["exact", "contains", "number", "regex", "chrF"]
"""How an answer is marked by its text."""
Score = MarkedScore | Literal["choice"]

_NUMBER = re.compile(r"(?<![\w.])[-−]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?")
_AROUND = "\\s\"'“”‘’«»„!?;:*`()\\[\\]"
_OUTER = re.compile(rf"^(?:[{_AROUND}]|[.,](?!\d))+|[{_AROUND}.,]+$")
"""What may stand around an answer without making it another."""


def score_for(questions: Sequence[KnownQuestion], score: Score | Literal["auto"]) -> Score:
    """Return how answers are marked: as is said, or else by choice where every question has choices.

    Raises ``TaskError`` where the questions can't be marked so.
    """
    if score == "auto":
        return "choice" if all(question.choices for question in questions) else "exact"
    for question in questions:
        if score == "choice" and not question.choices:
            raise TaskError(f"score choice: “{question.text[:60]}” has no choices; give some, or take score: exact")
        for expected in question.expected:
            _check_expected(expected, question, score)
    return score


def _check_expected(expected: str, question: KnownQuestion, score: Score) -> None:
    if score == "number" and number_in(expected) is None:
        raise TaskError(f"score number: “{question.text[:60]}” expects '{expected[:40]}', which has no number in it")
    if score == "regex":
        try:
            re.compile(expected)
        except re.error as error:
            raise TaskError(f"score regex: '{expected[:40]}' is no pattern: {error}; mend it") from error


def mark(answer: str, question: KnownQuestion, score: Score) -> float:
    """Return 1 for a right answer and 0 for a wrong one; of chrF, 0 to 100 against the nearest expected text."""
    if score == "chrF":
        return max(chrf([answer], [expected]) for expected in question.expected)
    return float(any(_is_right(answer, expected, score) for expected in question.expected))


def _is_right(answer: str, expected: str, score: Score) -> bool:
    if score == "number":
        found, wanted = number_in(answer), number_in(expected)
        return found is not None and wanted is not None and math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)
    if score == "regex":
        return re.search(expected, answer) is not None
    if score == "contains":
        return _whole_words(plain(expected)).search(plain(answer)) is not None
    return plain(answer) == plain(expected)


def vote_key(answer: str, score: Score) -> str:
    """Return what answers have in common that say the same."""
    number = number_in(answer) if score == "number" else None
    return plain(answer) if number is None else repr(number)


def plain(text: str) -> str:
    """Return a text without case, outer marks and the width of its spaces, by which answers are compared."""
    return " ".join(_OUTER.sub("", text.casefold()).split())


def number_in(text: str) -> float | None:
    """Return the last number in a text, written as 1,234.5 or 1e6: the end of a reckoning; None where there is none."""
    found = _NUMBER.findall(text)
    return float(found[-1].replace(",", "").replace("−", "-")) if found else None


@cache
def _whole_words(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
