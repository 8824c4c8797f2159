"""Typed numbers that could be values: which marker each would get, so that nothing of the text would change."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from journal.ask.check import meant_facts
from journal.ask.proposals import Proposal
from journal.ask.prose.numerals import Numeral
from journal.errors import EntryError, TaskError
from journal.record import Record
from journal.record.facts import Fact
from journal.record.ledger import read_ledgers
from journal.record.values import Names
from journal.text.edits import checksum
from journal.text.entry import Entry


def propose_values(entry: Entry, record: Record) -> list[Proposal]:
    """Return a marker for each typed number that speaks without doubt of one fact, and reads as its value would.

    A number that begins its line is left out, since CommonMark takes a line that begins with a comment for HTML.
    """
    names = Names(entry, record, cache(lambda: read_ledgers(record)))
    return [found for one in meant_facts(entry, record) if (found := _proposal(*one, entry, names)) is not None]


def _proposal(offset: int, number: Numeral, fact: Fact, entry: Entry, names: Names) -> Proposal | None:
    start = offset + number.start
    before = entry.text[max(entry.text.rfind("\n", 0, start), entry.text.rfind("\r", 0, start)) + 1 : start]
    if not before.strip(" \t-*+>0123456789.)"):
        return None
    line = entry.text.count("\n", 0, start) + 1
    found = call_for(fact, entry.text, start, offset + number.end, number.unit, names)
    if not found:
        return None
    call, reads = found
    return Proposal(line, start, start + len(reads), reads, marked(call, reads))


def marked(call: str, reads: str) -> str:
    """Return a value as an entry has it, with its marker and its checksum."""
    return f"<!--= {call} -->{reads}<!--/= {checksum(reads)}-->"


def call_for(fact: Fact, text: str, start: int, end: int, unit: str, names: Names) -> tuple[str, str] | None:
    """Return what a value has to say to read as a text does from ``start`` to ``end`` at least, and how it reads."""
    for call in _calls(fact, text[start:end], unit):
        try:
            reads = names.text(call)
        except (EntryError, TaskError, ValueError):
            continue
        if text.startswith(reads, start) and start + len(reads) >= end:
            return call, reads
    return None


def _calls(fact: Fact, typed: str, unit: str) -> Iterator[str]:
    """Yield what a value could say, the plainest first."""
    decimals = len(typed.rpartition(".")[2]) if "." in typed else 0
    specs = ("", f" .{decimals}f", f" ,.{decimals}f", f" .{decimals}e")
    units = ("", f" {unit}") if unit and unit != fact.unit else ("",)
    for spec in specs:
        yield from (f"{fact.address}{one}{spec}" for one in units)
