"""What an author's entries have in common: how the last two begin and end, which a new one takes over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from journal.errors import EntryError
from journal.record import Record
from journal.text.entry import Entry
from journal.text.template import read_template

_BULLET = re.compile(r"\s*[-*+](?:\s|$)")
_FEWEST = 2
"""How many entries make a habit."""


def entry_template(record: Record, day: int) -> str:
    """Return the text that the entry of a day begins with, its places marked as in a template.

    That is the workspace's own template.md, or the built-in one with the beginning and the end that the last two
    entries before it share. Raises ``UsageError`` where template.md can't be read.
    """
    workspace = record.workspace
    template = read_template(workspace)
    if (workspace.root / "template.md").is_file():
        return template
    last = _last_entries(record, day)
    if len(last) < _FEWEST:
        return template
    begin, end = shared_ends(*(_general(entry) for entry in last))
    front = template.partition("\n---\n")[0]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join([*begin, "", "*", "", *end]))
    return f"{front}\n---\n{body.strip()}\n" if begin or end else template


def shared_ends(one: Sequence[str], other: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the lines with which both begin, and those with which both end, bullets of lists left out."""
    begin = [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))]
    rest = min(len(one), len(other)) - len(begin)
    pairs = zip(one[::-1][:rest], other[::-1][:rest], strict=False)
    end = [a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)][::-1]
    return _without_bullets(begin), _without_bullets(end)


def _without_bullets(lines: list[str]) -> list[str]:
    return [line for line in lines if not _BULLET.match(line)]


def _general(entry: Entry) -> list[str]:
    """Return an entry's lines with its day's number as a template has it."""
    named = re.compile(rf"\b{entry.day}\b")
    return [named.sub("{{DAY}}", line) for line in entry.body.strip().splitlines()]


def _last_entries(record: Record, day: int) -> list[Entry]:
    """Return the last entries before a day that can be read and are no drafts, the latest first."""
    found: list[Entry] = []
    for path in reversed([path for number, path in sorted(record.days().items()) if number < day]):
        try:
            entry = record.read(path)
        except EntryError:
            continue
        found += [] if entry.draft else [entry]
        if len(found) == _FEWEST:
            break
    return found
