"""Facts: every number that a report shows, with the names by which sentences and values speak of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from journal.api.item import numbers_of
from journal.api.items import Metric, Table
from journal.api.numbers import NamedNumber, Number
from journal.api.report import Report
from journal.api.report_file import StepReport
from journal.record import Record
from journal.record.ledger import read_ledgers
from journal.text.entry import Entry

_ASIDE = re.compile(r"\s*\([^)]*\)")
_COUNTED = re.compile(
    r"(?<![\w.,])(?P<number>\d[\d,]*(?:\.\d+)?)(?P<percent> %)?"
    r" (?:(?:of the|of) )?(?P<noun>[^\W\d_]{3,}(?:-[^\W\d_]+)*)"
)
_UNITS = frozenset(("min", "minutes", "seconds", "hours"))
EARLIER = 7
"""How many earlier days are looked through for a step's former results."""
_TOTALLED = ("altogether", "all told", "all in all", "so far")
_SILENT = ("value",)
"""Columns whose name says nothing."""


@dataclass(frozen=True)
class Fact:
    """A number of a report, and what names it.

    ``address`` is how a value in a sentence calls it: ``factors.KMO`` for a metric, ``factors.eigenvalue[F1]`` for a
    table's cell by column and row, ``factors.share[Finance, F1]`` where the table has a name.
    """

    step: str
    names: tuple[str, ...]
    """A metric's name; or a row's and a column's; and after them the number's own name in its cell."""
    number: Number
    title: str = ""
    """The title of its table."""
    table: str = ""
    """The name of its table."""
    place: int = -1
    """Which item of the report it is in; -1 for what a text says."""
    alone: bool = False
    """Whether its column is the only one with numbers, and so need not be named."""
    day: int = 0

    @property
    def value(self) -> float:
        return float(self.number.value)

    @property
    def unit(self) -> str:
        return self.number.unit

    @property
    def address(self) -> str:
        """Return the name for values in sentences."""
        first, *others = (_ASIDE.sub("", name) for name in self.names)
        if not others:
            return f"{self.step}.{first}"
        column, inner = others[0], others[1:]
        if self.table:
            return f"{self.step}.{self.table}[{', '.join((first, *others))}]"
        if column in _SILENT or self.place < 0:
            return f"{self.step}.{first}" + (f"[{inner[0]}]" if inner and inner[0] != first else "")
        return f"{self.step}.{column}[{', '.join((first, *inner))}]"

    @property
    def called(self) -> str:
        """Return its names and where it stands, for people."""
        return ", ".join(name for name in self.names if name not in _SILENT) + (
            f" in “{self.title}”" if self.title else ""
        )


@dataclass(frozen=True)
class Facts:
    """The facts of one or more reports, and what else their names are called."""

    facts: tuple[Fact, ...] = ()
    synonyms: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.facts)

    def find(self, address: str) -> Fact | None:
        """Return the fact with an address such as ``factors.share[Finance, F1]``, or None."""
        wanted = _plain(address)
        return next((fact for fact in self.facts if _plain(fact.address) == wanted), None)

    def __add__(self, other: Facts) -> Facts:
        names = {**self.synonyms}
        for name, others in other.synonyms.items():
            names[name] = [*names.get(name, ()), *others]
        return Facts((*self.facts, *other.facts), names)


def read_facts(entry: Entry, record: Record) -> Facts:
    """Return the facts of the reports beside an entry, and the totals of the ledgers that they add to."""
    ledgers, facts = read_ledgers(record), Facts()
    for step in entry.steps:
        if found := record.find(entry, step.id):
            facts += facts_of(found, entry.day)
            for name in dict.fromkeys(total.ledger for total in found.totals):
                ledger = ledgers.ledger(name)
                totals = tuple(_ledger_facts(step.id, name, ledger.until(entry.day), ledger.goal, ledger.unit))
                facts += Facts(totals, {"total": _TOTALLED})
    return facts


def former_facts(entry: Entry, record: Record) -> Facts:
    """Return what the entry's steps reported on earlier days, for numbers that were not brought up to date."""
    facts = Facts()
    steps = {step.id for step in entry.steps}
    days = [day for day in record.days() if day < entry.day][-EARLIER:]
    for day in reversed(days):
        for folder in record.folders(record.days()[day]):
            if folder.name in steps:
                facts += facts_of(record.step(folder), day)
    return facts


def facts_of(found: StepReport, day: int = 0) -> Facts:
    """Return the facts of a step's report: its metrics and tables, its parameters, and the counts its texts state."""
    report = found.report
    shown = [*_shown(found.step, report, day)]
    given = [*_parameters(found, day)]
    known = {fact.value for fact in shown}
    told = [fact for fact in _told(found.step, report, day) if fact.value not in known]
    return Facts((*shown, *given, *told), report.synonyms)


def _shown(step: str, report: Report, day: int) -> Iterator[Fact]:
    for place, item in enumerate(report.items):
        numbers = numbers_of(item)
        table = item.name if isinstance(item, Table) else ""
        alone = isinstance(item, Table) and len({one.names[1] for one in numbers if len(one.names) > 1}) == 1
        for one in numbers:
            yield Fact(step, _names(one), one.number, one.title, table, place, alone, day)


def _names(found: NamedNumber) -> tuple[str, ...]:
    return tuple(name for name in found.names if name.strip()) or ("number",)


def _parameters(found: StepReport, day: int) -> Iterator[Fact]:
    for name, value in dict(found.data.get("parameters") or {}).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Fact(found.step, (name,), Number(value), place=-1, day=day)


def _told(step: str, report: Report, day: int) -> Iterator[Fact]:
    """Yield what headline, captions and titles count: "81 steps" is a fact named "steps"."""
    texts = [(report.headline_text, "")]
    for item in report.items:
        if item.kind == "quote":  # its title says whose words it has, and how many
            texts.append((str(getattr(item, "title", "")), str(getattr(item, "title", ""))))
        elif not isinstance(item, Metric | Table):
            texts += [(str(getattr(item, name, "")), "") for name in ("caption", "title", "text")]
    seen = set()
    for text, title in texts:
        for match in _COUNTED.finditer(text):
            number = match["number"].replace(",", "")
            digits = len(number.partition(".")[2])
            key = (match["noun"], number, title)
            if key not in seen and match["noun"] not in _UNITS:
                seen.add(key)
                shown = Number(float(number), "%" if match["percent"] else "", digits)
                yield Fact(step, (match["noun"],), shown, title, day=day)


def _ledger_facts(step: str, name: str, total: float, goal: float | None, unit: str) -> Iterator[Fact]:
    yield Fact(step, (name,), Number(total, unit, 2), f"total of {name}")
    yield Fact(step, ("total",), Number(total, unit, 2), f"total of {name}")
    if goal:
        yield Fact(step, (name,), Number(goal, unit), f"goal of {name}")
        yield Fact(step, ("goal",), Number(goal, unit), f"goal of {name}")
        yield Fact(step, (name,), Number(100 * total / goal, "%", 1), f"part of the goal of {name}")
        yield Fact(step, ("goal",), Number(100 * total / goal, "%", 1), f"part of the goal of {name}")


def _plain(address: str) -> str:
    return re.sub(r"\s+", "", address).lower()
