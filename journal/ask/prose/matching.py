"""Which facts a number in a sentence may be, by the names that the sentence says, and how well each fits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from journal.ask.prose.binding import Tie, bind
from journal.ask.prose.names import Mention, Names
from journal.ask.prose.numerals import SECONDS, UNITS, Numeral
from journal.ask.prose.runs import Runs
from journal.ask.prose.titles import Titles
from journal.record.facts import Fact, Facts


class Known:
    """The facts of an entry, arranged by the kinds of names that exclude each other."""

    def __init__(self, facts: Facts, former: Facts, runs: Runs) -> None:
        self.runs = runs
        self.facts = [fact for fact in facts if fact.value == fact.value]
        self.names = Names((name for fact in facts for name in fact.names), facts.synonyms)
        self.former = former.facts
        self.members: dict[tuple[object, ...], set[str]] = {}
        for fact in self.facts:
            for axis, name in _axes(fact):
                self.members.setdefault(axis, set()).add(name)
        self.titles = Titles(self.facts)

    @cached_property
    def cells(self) -> dict[tuple[str, int], list[Fact]]:
        """The facts of each table."""
        found: dict[tuple[str, int], list[Fact]] = {}
        for fact in self.facts:
            if len(fact.names) > 1:
                found.setdefault((fact.step, fact.place), []).append(fact)
        return found


def _axes(fact: Fact) -> list[tuple[tuple[object, ...], str]]:
    """Return the kinds of names that a fact has, each with its name: a table's rows, its columns, a step's metrics."""
    if len(fact.names) == 1:
        return [((fact.step, "metric") if fact.place >= 0 else (fact.names[0],), fact.names[0])]
    axes: list[tuple[tuple[object, ...], str]] = []
    names = fact.names
    if len(names) == 3 and re.match(rf"{re.escape(names[2])}\b", names[1]):
        names = (names[0], names[2])  # of a column "chrF, 95 % interval" the part that is called chrF
    for place, name in enumerate(names):
        silent = place == 1 and name == "value"
        same = place > 1 and name.lower() in names[0].lower()
        if not silent and not same:
            axes.append(((fact.step, fact.place, place), name))
    return axes


@dataclass(frozen=True)
class Match:
    """How well a fact fits what a number's sentence speaks of."""

    fact: Fact
    ties: tuple[Tie, ...]
    missing: int
    conflicts: int
    part: float

    @property
    def is_bound(self) -> bool:
        return not self.missing and not self.conflicts and bool(self.ties) and self.part >= 0.66

    @property
    def is_possible(self) -> bool:
        return not self.conflicts and bool(self.ties)

    @property
    def strength(self) -> int:
        return min((tie.strength for tie in self.ties), default=0)

    @property
    def distance(self) -> int:
        return min((tie.distance for tie in self.ties), default=999)

    @property
    def rank(self) -> tuple[float, ...]:
        return (self.is_bound, len(self.ties), self.part, self.strength, -self.distance)


def matches_of(
    numerals: Sequence[Numeral], index: int, mentions: Sequence[Mention], known: Known, text: str
) -> Iterator[Match]:
    """Yield each fact of which a sentence says a name, with how well it fits one of the sentence's numbers."""
    number = numerals[index]
    ties: dict[tuple[object, ...], tuple[Tie | None, dict[str, float]]] = {}
    for axis, members in known.members.items():
        said = [mention for mention in mentions if mention.name in members]
        if not said:
            continue
        ties[axis] = (bind(numerals, index, said, text), {mention.name: mention.part for mention in said})
    ruled_out = known.runs.ruled_out(text, number.start)
    others = known.titles.ruled_out(text)
    for fact in known.facts:
        axes = _axes(fact)
        if fact.step in ruled_out or (fact.step, fact.title) in others or not any(axis in ties for axis, _ in axes):
            continue
        yield _match_of(fact, number, axes, ties)


def _match_of(
    fact: Fact,
    number: Numeral,
    axes: list[tuple[tuple[object, ...], str]],
    ties: dict[tuple[object, ...], tuple[Tie | None, dict[str, float]]],
) -> Match:
    held, missing, conflicts, part = [], 0, 0, 1.0
    for axis, name in axes:
        tie, parts = ties.get(axis, (None, {}))
        if axis[-1] == 1 and ((fact.alone and tie is None) or _is_unit(name, number.unit)):
            continue  # a column that need not be named, or that the unit names
        if tie is None:
            missing += 1
        elif name in tie.names or (len(fact.names) == 1 and _is_time(fact, number)):
            held.append(tie if name in tie.names else replace(tie, strength=min(tie.strength, 2)))
            part = min(part, parts.get(name, 1.0))
        else:
            conflicts += 1
    return Match(fact, tuple(held), missing, conflicts, part)


def _is_time(fact: Fact, number: Numeral) -> bool:
    """Return whether a typed time can only be this fact of its step: "all the clips are 0.81 minutes"."""
    return fact.place >= 0 and fact.unit in SECONDS and number.unit in SECONDS


def _is_unit(column: str, unit: str) -> bool:
    """Return whether a unit says by itself which column is meant: seconds, minutes or hours."""
    return unit in SECONDS and UNITS.get(column.lower()) in SECONDS
