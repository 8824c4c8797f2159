"""Days that an author's sentences name without leading there: which link each would get."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from journal.ask.prose.sentences import sentences_of
from journal.record import Record
from journal.text.entry import Entry

_DAY = re.compile(r"\bday (\d{1,5})\b(?!['’-]\w)", re.IGNORECASE)


@dataclass(frozen=True)
class DayLink:
    """A day named in an entry's prose; offsets are into the entry's text."""

    line: int
    start: int
    end: int
    typed: str
    target: str
    """The file of that day's entry, beside this one."""

    @property
    def marked(self) -> str:
        return f"[{self.typed}]({self.target})"

    def sentence(self, shown: str) -> str:
        return f"{shown}:{self.line}: {self.typed} → {self.marked}"


def propose_links(entry: Entry, record: Record) -> Iterator[DayLink]:
    """Yield a link for each other day that a sentence names, if it has an entry."""
    days = record.days()
    for sentence in sentences_of(entry):
        for found in _DAY.finditer(sentence.text):
            day = int(found[1])
            if day != entry.day and day in days:
                start = sentence.offset + found.start()
                line = entry.text.count("\n", 0, start) + 1
                yield DayLink(line, start, sentence.offset + found.end(), found[0], days[day].name)
