"""The quick summary of an entry, proposed from its headings and its reports, with every number as a value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from journal.ask.binding import call_for, marked
from journal.ask.prose.names import tokens_of
from journal.ask.prose.numerals import Numeral, read_numerals
from journal.ask.prose.slips import equals
from journal.errors import StoreError
from journal.files import write_atomically
from journal.record import Record
from journal.record.facts import Fact, facts_of
from journal.record.ledger import read_ledgers
from journal.record.values import Names
from journal.text.blocks import find_blocks
from journal.text.entry import Entry

_HEADING = re.compile(r"^#{2,4} +(.+?)(?: +#+)?[ \t]*$", re.MULTILINE)
_ORDER = re.compile(r"^(?:first|second|third|fourth|fifth|last|final)(?:ly)?,? +(?:of all,? +)?", re.IGNORECASE)
_EMPTY = re.compile(r"^(?P<bullet>[-*+])[ \t]*$", re.MULTILINE)


def propose_summary(entry: Entry, record: Record) -> list[str]:
    """Return a line of a list for each section with results, and for each heading without; numbers are values.

    The heading before a block says what it is about; the block's headline says what came out.
    """
    blocks = {block.start: block.id for block in find_blocks(entry.text, entry.body_start, entry.display_path)}
    headings = {found.start(): found[1] for found in _HEADING.finditer(entry.text, entry.body_start)}
    places = sorted({**blocks, **headings})
    inside = [(block.start, block.end) for block in find_blocks(entry.text, entry.body_start, entry.display_path)]
    names = Names(entry, record, cache(lambda: read_ledgers(record)))
    found: list[tuple[str, list[str]]] = [("", [])]
    for place in places:
        if place in blocks:
            said = _headline(entry, blocks[place], record, names, is_first=not found[-1][0])
            found[-1][1].extend([said] if said else [])
        elif not any(start < place < end for start, end in inside) and not re.search(
            rf"\b{entry.day}\b", headings[place]
        ):
            found.append((_about(headings[place]), []))
    return [": ".join(filter(None, (about, "; ".join(said)))) for about, said in found if about or said]


def write_summary(entry: Entry, lines: Sequence[str]) -> bool:
    """Put the lines in the place of an empty bullet, if the entry has one; returns whether it had."""
    found = _EMPTY.search(entry.text, entry.body_start)
    if not found or not lines:
        return False
    text = "\n".join(f"{found['bullet']} {line}" for line in lines)
    whole = entry.text[: found.start()] + text + entry.text[found.end() :]
    write_atomically(entry.path, whole.encode("utf-8", "surrogateescape"))
    return True


def _about(heading: str) -> str:
    plain = _ORDER.sub("", heading.strip())
    return plain[:1].lower() + plain[1:] if plain[1:2].islower() else plain


def _headline(entry: Entry, step: str, record: Record, names: Names, *, is_first: bool) -> str:
    """Return a report's headline with a value for each number that is without doubt a fact of it.

    ``is_first``: it begins its line, which CommonMark takes for HTML if that begins with a comment.
    """
    own = entry.step(step)
    try:
        found = record.find(entry, step) if own else None
    except StoreError:
        return ""
    if found is None or not found.report.headline_text:
        return ""
    facts, text = [fact for fact in facts_of(found, entry.day) if fact.place >= 0], found.report.headline_text
    parts, position = [], 0
    for number in read_numerals(text):
        if is_first and not text[: number.start].strip():
            continue
        same = (fact for fact in facts if _is_meant(fact, number, text))
        calls = (call_for(fact, text, number.start, number.end, number.unit, names) for fact in same)
        if found_call := next((call for call in calls if call), None):
            call, reads = found_call
            parts.append(text[position : number.start] + marked(call, reads))
            position = number.start + len(reads)
    return "".join(parts) + text[position:]


def _is_meant(fact: Fact, number: Numeral, text: str) -> bool:
    """Return whether a number is a fact, by its name behind it, or by more digits than chance has."""
    if not equals(number, number.unit, fact.number):
        return False
    noun = next(iter(tokens_of(text[number.end :])), None)
    is_named = noun is not None and len(fact.names) == 1 and noun.stem in {one.stem for one in tokens_of(fact.names[0])}
    is_metric = len(fact.names) == 1 and bool(number.unit) and number.unit == fact.unit
    return (
        is_named
        or (is_metric and not number.is_whole)
        or (not number.is_whole and max(len(one.figures) for one in number.readings) >= 3)
    )
