"""Two numbers of a change, "from 17.4 to 1609.4": whether the report has them the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from journal.ask.prose.numerals import Numeral
from journal.ask.prose.slips import equals
from journal.record.facts import Fact

_FROM = re.compile(r"\bfrom\s+(?:about |a |an |the |\w+ of )?$", re.IGNORECASE)
_TO = re.compile(
    r"^\s*(?:%|percent|min|minutes|seconds|s)?\s*(?:down |up )?to\s+(?:about |a |an |the )?$", re.IGNORECASE
)
_ENDS = {"after": "before", "last": "first", "end": "start"}
"""Words by which the names of what was reached differ from those of where it began."""


def turned_round(text: str, numerals: Sequence[Numeral], facts: Sequence[Fact]) -> Iterator[tuple[Numeral, Fact, Fact]]:
    """Yield the first number of each change that is told the wrong way round, what it should be, and what it is."""
    by_name = {(fact.step, fact.names[0]): fact for fact in facts}
    for one, other in pairwise(numerals):
        if not (_FROM.search(text[: one.start]) and _TO.match(text[one.end : other.start])):
            continue
        for ended in facts:
            beginning = _beginning(ended.names[0])
            begun = by_name.get((ended.step, beginning)) if beginning != ended.names[0] else None
            if begun is None or equals(one, one.unit, begun.number):
                continue
            if equals(one, one.unit, ended.number) and equals(other, other.unit, begun.number):
                yield one, begun, ended
                break


def _beginning(name: str) -> str:
    """Return the name of where a change began, for that of where it ended; another name as it is."""
    return re.sub(rf"\b(?:{'|'.join(_ENDS)})\b", lambda found: _ENDS[found[0]], name)
