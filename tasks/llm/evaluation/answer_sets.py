"""Rounds of answers, as llm.prompt and llm.evaluate leave them for later steps, and matched by question."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journal import TaskError

from .questions import KnownQuestion
from .scores import Score, mark


@dataclass(frozen=True)
class GivenAnswer:
    """An answer to a question, with its mark where there was one."""

    prompt: str
    strategy: str
    model: str
    """The model, and its adapter if there is one; empty where it is not known."""
    answer: str
    expected: tuple[str, ...] = ()
    score: str = ""
    mark: float | None = None


@dataclass(frozen=True)
class AnswerSet:
    """A round of answers."""

    name: str
    answers: tuple[GivenAnswer, ...]

    def marked(self, questions: Sequence[KnownQuestion], score: Score) -> AnswerSet:
        """Return the answers, those without a mark marked by the questions that are known."""
        known = {question.text: question for question in questions}
        return replace(self, answers=tuple(_marked(one, known.get(one.prompt), score) for one in self.answers))

    @property
    def variants(self) -> list[tuple[str, str]]:
        """The models and strategies, as (model, strategy), in their order."""
        return list(dict.fromkeys((one.model, one.strategy) for one in self.answers))

    def of(self, variant: tuple[str, str]) -> dict[tuple[str, int], GivenAnswer]:
        """Return a variant's answers by question, and by how often that was asked before."""
        seen, found = Counter[str](), {}
        for one in self.answers:
            if (one.model, one.strategy) == variant:
                found[one.prompt, seen[one.prompt]] = one
                seen[one.prompt] += 1
        return found


@dataclass(frozen=True)
class Match:
    """The answers of two rounds to the same questions."""

    title: str
    earlier: tuple[GivenAnswer, ...]
    later: tuple[GivenAnswer, ...]
    only_earlier: int
    """Questions that the later round lacks."""
    only_later: int


def _marked(given: GivenAnswer, known: KnownQuestion | None, score: Score) -> GivenAnswer:
    if known is None or given.mark is not None:
        return given
    return replace(given, expected=known.expected, score=score, mark=mark(given.answer, known, score))


def read_answer_set(value: Any, name: str) -> AnswerSet:
    """Read answers from a list of mappings, or from a file of JSON lines. Raises ``TaskError`` where it holds none."""
    rows = _rows(value, name) if isinstance(value, str | Path) else value
    if not isinstance(rows, list) or not rows:
        raise TaskError(f"the answers called '{name}' are none; give the output answers of llm.prompt or llm.evaluate")
    return AnswerSet(name, tuple(_answer(row, name, number) for number, row in enumerate(rows, 1)))


def matched(earlier: AnswerSet, later: AnswerSet) -> list[Match]:
    """Match two rounds: of the same variants each with its like, of one in each these two, else by strategy.

    Raises ``TaskError`` where they can't be matched, or have no question in common.
    """
    found = [_match(earlier, later, one, other) for one, other in _variant_pairs(earlier, later)]
    if not any(match.earlier for match in found):
        raise TaskError(f"'{earlier.name}' and '{later.name}' have no question in common; give answers to the same")
    return [match for match in found if match.earlier]


def _variant_pairs(earlier: AnswerSet, later: AnswerSet) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    first, second = earlier.variants, later.variants
    if same := [(one, one) for one in first if one in second]:
        return same
    if len(first) == len(second) == 1:
        return [(first[0], second[0])]
    pairs = [(one, other) for one in first for other in second if one[1] == other[1]]
    if pairs and len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs):
        return pairs
    said = " and ".join(f"'{one.name}' has {_listed(one.variants)}" for one in (earlier, later))
    raise TaskError(f"{said}: it is not clear which to compare; give one model in each, or the same models")


def _match(earlier: AnswerSet, later: AnswerSet, one: tuple[str, str], other: tuple[str, str]) -> Match:
    before, now = earlier.of(one), later.of(other)
    common = [key for key in before if key in now]
    return Match(
        _label(one) if one == other else f"{_label(one)} → {_label(other)}",
        tuple(before[key] for key in common),
        tuple(now[key] for key in common),
        len(before) - len(common),
        len(now) - len(common),
    )


def _label(variant: tuple[str, str]) -> str:
    return ", ".join(part for part in variant if part)


def _listed(variants: Sequence[tuple[str, str]]) -> str:
    return "; ".join(_label(one) for one in variants[:4]) + (" and more" if len(variants) > 4 else "")


def _rows(path: str | Path, name: str) -> list[Any]:
    place = Path(path).name
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.strip()]
    except (ValueError, RecursionError) as error:
        raise TaskError(f"the answers called '{name}': {place} is not JSON lines; give an output of a step") from error
    except OSError as error:
        raise TaskError(f"the answers called '{name}': {place} can't be read: {error.strerror}; check it") from error


def _answer(row: Any, name: str, number: int) -> GivenAnswer:
    place = f"the answers called '{name}', {number}"
    if not isinstance(row, Mapping) or not all(isinstance(row.get(key), str) for key in ("prompt", "answer")):
        raise TaskError(f"{place}: it has no prompt and answer; give the output answers of llm.prompt or llm.evaluate")
    given, expected = row.get("mark"), row.get("expected")
    if given is not None and (isinstance(given, bool) or not isinstance(given, int | float)):
        raise TaskError(f"{place}: its mark is {str(given)[:40]!r}, not a number; give an output of llm.evaluate")
    model, adapter = str(row.get("model") or ""), str(row.get("adapter") or "")
    return GivenAnswer(
        row["prompt"],
        str(row.get("strategy") or ""),
        f"{model} with {adapter}" if adapter else model,
        str(row["answer"] or row.get("refusal") or ""),
        tuple(map(str, expected)) if isinstance(expected, list) else (),
        str(row.get("score") or ""),
        given,
    )
