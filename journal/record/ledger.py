"""Ledgers: totals over days, computed from the reports beside the entries and never typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from journal.api.numbers import format_number
from journal.errors import EntryError, StoreError
from journal.layout import shown_step
from journal.record import Record
from journal.text.workspace import FILE_NAME, Amount


@dataclass(frozen=True)
class Ledger:
    """An amount that grows day by day, and its goal."""

    name: str
    unit: str
    by_day: Mapping[int, float]
    goal: float | None = None
    drafts: Mapping[int, float] = field(default_factory=dict)
    """What days add that are still drafts, which counts on their own pages alone."""
    start: float = 0.0
    """What there was before the first day."""

    @property
    def total(self) -> float:
        return sum(self.by_day.values(), start=self.start)

    def until(self, day: int) -> float:
        """Return the total up to and including a day."""
        own = self.start + self.drafts.get(day, 0.0)
        return sum((value for when, value in self.by_day.items() if when <= day), start=own)

    def sentence(self, day: int) -> str:
        """Return a sentence with the total on a day: "glaswegian: 4.75 of 120 min (4.0 %)"."""
        reached = self.until(day)
        if self.goal is None:
            return f"{self.name}: {format_number(reached, 2)} {self.unit}".rstrip()
        share = f" ({100 * reached / self.goal:.1f} %)" if self.goal else ""
        return f"{self.name}: {format_number(reached, 2)} of {format_number(self.goal)} {self.unit}".rstrip() + share


@dataclass(frozen=True)
class _Counted:
    """What one step of one day adds to a ledger."""

    day: int
    ledger: str
    amount: Amount
    folder: Path
    """The folder of its report."""


@dataclass
class Ledgers:
    """All ledgers of a workspace; ``put`` adds a report that is not beside its entry yet."""

    record: Record
    counted: dict[tuple[int, str], list[_Counted]] = field(default_factory=dict)
    broken: dict[tuple[int, str], EntryError] = field(default_factory=dict)
    drafts: set[int] = field(default_factory=set)
    _added_up: dict[str, Ledger] = field(default_factory=dict)

    def put(self, day: int, step: str, folder: Path) -> None:
        """Count a step's report, replacing what that step counted before.

        A report that can't be read is an error only once totals are asked for, since a good one may replace it first.
        """
        self.broken.pop((day, step), None)
        self._added_up.clear()
        try:
            self.counted[(day, step)] = list(self._totals_of(day, folder))
        except EntryError as error:
            self.broken[(day, step)] = error

    def put_all(self, day: int, entry: Path) -> None:
        """Count the reports of all steps that are still in an entry; a draft counts for itself alone."""
        folders = self.record.folders(entry)
        if folders and self.record.read(entry).draft:
            self.drafts.add(day)
        for folder in folders:
            self.put(day, folder.name, folder)

    def count(self, day: int, folder: Path, amounts: Iterable[tuple[str, Amount]]) -> None:
        """Count what a step's report, which was read before, adds to each ledger."""
        self.counted[(day, folder.name)] = [_Counted(day, name, amount, folder) for name, amount in amounts]

    def names(self) -> list[str]:
        self._check()
        return sorted({*self.record.workspace.goals, *(one.ledger for many in self.counted.values() for one in many)})

    def ledger(self, name: str) -> Ledger:
        """Return a ledger, in the unit of its goal. Raises ``EntryError`` where units can't be added."""
        self._check()
        if name not in self._added_up:
            self._added_up[name] = self._add_up(name)
        return self._added_up[name]

    def _add_up(self, name: str) -> Ledger:
        found = [one for many in self.counted.values() for one in many if one.ledger == name]
        goal = self.record.workspace.goals.get(name)
        unit = goal.unit if goal else _common_unit(found)
        sums: tuple[dict[int, float], dict[int, float]] = ({}, {})
        for one in sorted(found, key=lambda one: one.day):
            days = sums[one.day in self.drafts]
            days[one.day] = days.get(one.day, 0.0) + _convert(one, name, unit)
        return Ledger(name, unit, sums[0], goal.value if goal else None, sums[1], self._start(name, unit))

    def _start(self, name: str, unit: str) -> float:
        """Return what a ledger holds before its first day. Raises ``EntryError`` where its unit is another."""
        start = self.record.workspace.starts.get(name)
        try:
            return start.to(unit) if start else 0.0
        except ValueError as error:
            raise EntryError(f"{FILE_NAME}: start '{name}': {error}; use the unit of its goal") from error

    def _totals_of(self, day: int, folder: Path) -> Iterator[_Counted]:
        """Yield a report's totals. Raises ``EntryError`` where it can't be read, since the sum would be too small."""
        try:
            totals = self.record.step(folder).totals
        except StoreError as error:
            place = f"{shown_step(folder)}:1"
            raise EntryError(f"{place}: can't be read; recreate it with: journal day {day}") from error
        yield from (_Counted(day, one.ledger, Amount(one.value, one.unit), folder) for one in totals)

    def _check(self) -> None:
        for error in self.broken.values():
            raise error


def read_ledgers(record: Record) -> Ledgers:
    """Read the totals of all steps that are still in an entry."""
    ledgers = Ledgers(record)
    for day, path in record.days().items():
        ledgers.put_all(day, path)
    return ledgers


def _common_unit(found: list[_Counted]) -> str:
    units = list(dict.fromkeys(one.amount.unit for one in found))
    return "min" if len(units) > 1 and set(units) <= {"s", "min", "h"} else units[0] if units else ""


def _convert(one: _Counted, name: str, unit: str) -> float:
    try:
        return one.amount.to(unit)
    except ValueError as error:
        place = shown_step(one.folder)
        raise EntryError(f"{place}: ledger '{name}': {error}; use the same unit for the goal in journal.yml") from error
