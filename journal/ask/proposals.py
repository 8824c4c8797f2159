"""Changes to an entry's prose that its author may accept: where each stands, and what it would be instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from journal.files import write_atomically
from journal.text.entry import Entry


@dataclass(frozen=True)
class Proposal:
    """Words of an entry that could be something else; offsets are into the entry's text."""

    line: int
    start: int
    end: int
    typed: str
    instead: str

    def sentence(self, shown: str) -> str:
        return f"{shown}:{self.line}: {self.typed} → {self.instead}"


def write_proposals(entry: Entry, chosen: Iterable[Proposal]) -> None:
    """Write what proposals have instead into an entry. Raises ``StoreError`` where it can't be written."""
    text, position = "", 0
    for one in sorted(chosen, key=lambda one: one.start):
        text += entry.text[position : one.start] + one.instead
        position = one.end
    write_atomically(entry.path, (text + entry.text[position:]).encode("utf-8", "surrogateescape"))
