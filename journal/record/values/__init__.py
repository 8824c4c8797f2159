"""Values in sentences: what they name, computed from reports and ledgers, and which of them are out of date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from journal.api.numbers import Number
from journal.api.report_file import StepReport
from journal.errors import EntryError, JournalError, TaskError, nearest
from journal.record import Record
from journal.record.facts import Facts, facts_of
from journal.record.ledger import Ledgers
from journal.record.values.expressions import Named, compute, parse_call
from journal.record.values.formats import write_number
from journal.text.edits import checksum
from journal.text.entry import Entry
from journal.text.values import Value, find_values, may_have_values, written

_MOST_NAMES = 12


@dataclass
class Names:
    """All that values of an entry can name: facts and outputs of its steps and of other days', and ledgers."""

    entry: Entry
    record: Record
    ledgers: Callable[[], Ledgers]
    lacking: frozenset[str] = frozenset()
    """Steps of this entry that failed, whose values stay as they are."""
    _facts: dict[tuple[int, str], Facts] = field(default_factory=dict)

    def text(self, call: str) -> str:
        """Return what a value reads. Raises ``EntryError``, without a place, where its name or format is not valid."""
        expression, how = parse_call(call, self.knows)
        found = compute(expression, self.find)
        return written(found if isinstance(found, str) else write_number(found, how))

    def knows(self, name: str) -> bool:
        """Return whether something has a name."""
        try:
            self.find(name)
        except JournalError:
            return False
        return True

    def find(self, name: str) -> Named:
        """Return what a name stands for. Raises ``EntryError`` where nothing has it, with the nearest that does."""
        plain, _, when = name.partition("@")
        if plain.startswith("ledger."):
            return self._of_ledger(plain.removeprefix("ledger."), when)
        if when:
            raise EntryError(f"'{name}': only a ledger is asked for as of a day")
        day, step, rest = _split(plain)
        facts = self._facts_of(day, step, name)
        if fact := facts.find(f"{step}.{rest}"):
            return fact.number
        output = self._output(day, step, rest)
        if output is not None:
            return output
        shown = name.removesuffix(f"{step}.{rest}")
        known = [f"{shown}{address}" for address in dict.fromkeys(one.address for one in facts)]
        raise EntryError(f"nothing is named '{name}'{_nearest(name, known)}")

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield every name of this entry's own results and of the ledgers, with what it reads now."""
        for step in self.entry.steps:
            if self._report(self.entry.day, step.id) is not None:
                for fact in self._facts_of(self.entry.day, step.id, step.id):
                    if fact.place >= 0:  # what a table or a metric shows, not what a text only counts
                        yield fact.address, write_number(fact.number, "")
        for name in self.ledgers().names():
            yield f"ledger.{name}", write_number(self._of_ledger(name, ""), "")

    def _of_ledger(self, name: str, when: str) -> Number:
        name, _, what = name.partition(".")
        known = self.ledgers().names()
        if name not in known:
            raise EntryError(f"there is no ledger '{name}'{nearest(name, known)}")
        ledger = self.ledgers().ledger(name)
        if when and not when.isdecimal():
            raise EntryError(f"'{when}' is no day; write ledger.{name}@{self.entry.day}")
        if what == "goal" and ledger.goal is not None:
            return Number(ledger.goal, ledger.unit)
        if what:
            raise EntryError(f"ledger '{name}' has no '{what}'{nearest(what, ['goal'] if ledger.goal else [])}")
        return Number(ledger.until(int(when) if when else self.entry.day), ledger.unit, digits=2)

    def _facts_of(self, day: int | None, step: str, name: str) -> Facts:
        day = self.entry.day if day is None else day
        if (day, step) not in self._facts:
            report = self._report(day, step)
            if report is None:
                raise EntryError(self._why_none(day, step, name))
            self._facts[day, step] = facts_of(report, day)
        return self._facts[day, step]

    def _report(self, day: int, step: str) -> StepReport | None:
        other = self.entry if day == self.entry.day else self._other(day)
        return self.record.find(other, step) if other else None

    def _other(self, day: int) -> Entry | None:
        return self.record.entry(day) if day in self.record.days() else None

    def _output(self, day: int | None, step: str, name: str) -> Named | None:
        report = self._report(self.entry.day if day is None else day, step)
        value = report.report.outputs.get(name) if report else None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        return value if isinstance(value, str) else Number(float(value), digits=0 if isinstance(value, int) else None)

    def _why_none(self, day: int, step: str, name: str) -> str:
        if day != self.entry.day and day not in self.record.days():
            return f"'{name}': there is no day {day}"
        entry = self.entry if day == self.entry.day else self.record.entry(day)
        known = [one.id for one in entry.steps]
        if step in known:
            return f"'{name}': step '{step}' has no result yet; run: journal day {day} --only {step}"
        return f"'{name}': day {day} has no step '{step}'{nearest(step, [*known, 'ledger'])}"


@dataclass(frozen=True)
class Looked:
    """The values of an entry, what each should read, and what is wrong with some; by their place in the entry."""

    values: list[Value] = field(default_factory=list)
    now: dict[int, str] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)
    """Lines, with their places."""
    waiting: dict[int, str] = field(default_factory=dict)
    """Values whose step failed or did not run: they keep what they read."""

    def outdated(self) -> dict[int, str]:
        """Return what is to be written: text by place. Values edited by hand are left out."""
        return {
            number: text
            for number, text in self.now.items()
            if not self.values[number].is_edited
            and (self.values[number].text, self.values[number].checksum) != (text, checksum(text))
        }

    def written(self, edits: str) -> dict[int, str]:
        """Return what is to be written where ``edits`` says what becomes of edits by hand: "merge", "keep", "drop"."""
        edited = self.edited if edits == "drop" else [n for n, one in enumerate(self.values) if n not in self.edited]
        more = {n: self.now[n] for n in edited if n in self.now and self.values[n].is_edited}
        return self.outdated() | more

    def conflicts(self, shown: str, edits: str) -> list[str]:
        """Return a line for each value that was edited by hand while what it should read has changed as well."""
        return [
            f"{shown}:{value.line}: value '{value.call}' was edited by hand, {value.text}, and is {self.now[n]} now; "
            "it is unchanged. Rerun with --edits keep for your text, or --edits drop for the new one"
            for n, value in enumerate(self.values)
            if edits == "merge" and n in self.edited and n in self.now and checksum(self.now[n]) != value.checksum
        ]

    @cached_property
    def edited(self) -> list[int]:
        """The values edited by hand, unless the hand wrote what they should read."""
        return [n for n, value in enumerate(self.values) if value.is_edited and self.now.get(n) != value.text]


def look_at_values(entry: Entry, names: Names) -> Looked:
    """Return how an entry's values stand. Raises ``EntryError`` where their markers are out of order."""
    if not may_have_values(entry.text):
        return Looked()
    looked = Looked(find_values(entry.text, entry.body_start, entry.display_path))
    for number, value in enumerate(looked.values):
        try:
            looked.now[number] = names.text(value.call)
            if _steps_in(value.call) & names.lacking:
                looked.waiting[number] = looked.now.pop(number)
        except (EntryError, TaskError, ValueError) as error:
            kind = looked.waiting if _steps_in(value.call) & names.lacking else looked.problems
            kind[number] = f"{entry.display_path}:{value.line}: {error}"
    return looked


def value_lines(entry: Entry, looked: Looked) -> Iterator[str]:
    """Yield a line for each value that does not read what it should, or that a person should look at."""
    place = entry.display_path
    for number, text in looked.outdated().items():
        value = looked.values[number]
        was = f"{value.text} → {text}" if value.checksum else f"not written yet, {text}"
        yield f"{place}:{value.line}: value '{value.call}' is out of date, {was}"
    for number in looked.edited:
        value = looked.values[number]
        now = f"; it should read {looked.now[number]}" if number in looked.now else ""
        yield f"{place}:{value.line}: value '{value.call}' was edited by hand, {value.text}{now}"
    yield from looked.problems.values()
    for number in looked.waiting:
        value = looked.values[number]
        yield f"{place}:{value.line}: value '{value.call}' keeps {value.text or 'nothing'}, since its step failed"


def first_on_line(entry: Entry, looked: Looked) -> Iterator[str]:
    """Yield a line for each value that begins its line: the blog shows it well, and others take the line for HTML."""
    for value in looked.values:
        if value.is_first:
            yield (
                f"{entry.display_path}:{value.line}: value '{value.call}' begins its line, which GitHub then takes for "
                "HTML; put a word before it"
            )


def _split(name: str) -> tuple[int | None, str, str]:
    """Split ``day-132.clips.minutes`` into day, step and the rest."""
    first, _, rest = name.partition(".")
    number = first.removeprefix("day-")
    if first != number and number.isdecimal():
        step, _, rest = rest.partition(".")
        return int(number), step, rest
    return None, first, rest


def _steps_in(call: str) -> set[str]:
    return {word.partition(".")[0].lstrip("(") for word in call.split() if "." in word}


def _nearest(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f"; choose from {', '.join(known[:_MOST_NAMES])}{more}" if known else ""
