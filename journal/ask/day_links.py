"""Days that an author's sentences name without leading there: which link each would get."""

from __future__ import annotations

import re
from collections.abc import Iterator

from journal.ask.proposals import Proposal
from journal.ask.prose.sentences import sentences_of
from journal.record import Record
from journal.text.entry import Entry

_DAY = re.compile(r"\bday (\d{1,5})\b(?!['’-]\w)", re.IGNORECASE)


def propose_links(entry: Entry, record: Record) -> Iterator[Proposal]:
    """Yield a link for each other day that a sentence names, if it has an entry."""
    days = record.days()
    for sentence in sentences_of(entry):
        for found in _DAY.finditer(sentence.text):
            day = int(found[1])
            if day != entry.day and day in days:
                start, end = (sentence.offset + place for place in found.span())
                line = entry.text.count("\n", 0, start) + 1
                yield Proposal(line, start, end, found[0], f"[{found[0]}]({days[day].name})")
