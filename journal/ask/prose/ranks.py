"""Claims of order, "F2 explains more than F1", "moods is the shortest": whether the tables have it the other way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from journal.ask.prose.names import Mention, tokens_of
from journal.record.facts import Fact

_MORE = ("more", "larger", "bigger", "higher", "longer", "greater", "likelier", "stronger")
_LESS = ("less", "fewer", "smaller", "lower", "shorter", "weaker")
_MOST = ("most", "largest", "biggest", "highest", "longest", "greatest", "likeliest", "strongest")
_LEAST = ("least", "smallest", "lowest", "shortest", "weakest")
_COMPARED = re.compile(rf"\b({'|'.join(_MORE + _LESS)})\b[^.;:,]*?\bthan\b", re.IGNORECASE)
_EXTREME = re.compile(rf"\b(?:the|has|have|with)\b[^.;:,]{{0,20}}?\b({'|'.join(_MOST + _LEAST)})\b", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:not|never|no|nothing|isn['’]t|n['’]t|second|third|next|one of|would|could|should|if|than I|expected)\b|\?",
    re.IGNORECASE,
)
_TIMES = {"longer", "shorter", "longest", "shortest"}
_CUMULATIVE = re.compile(r"\b(?:cumulative|together|low|high)\b")


@dataclass(frozen=True)
class Misorder:
    """A word of order that no column of a table bears out: the fact that it is said of, and the one that it fits."""

    word: str
    start: int
    said: Fact
    true: Fact


def find_misorders(
    text: str, mentions: Sequence[Mention], cells: Mapping[tuple[str, int], Sequence[Fact]]
) -> Iterator[Misorder]:
    """Yield the claims of order of a sentence that are wrong in every column they may be about."""
    if _DENIED.search(text):
        return
    for found in _COMPARED.finditer(text):
        before = [one for one in mentions if one.end <= found.start() and one.part == 1]
        after = [one for one in mentions if found.end() <= one.start <= found.end() + 24 and one.part == 1]
        yield from _compare(found, before, after, text, cells)
    for found in _EXTREME.finditer(text):
        if not _COMPARED.search(text):
            yield from _extreme(found, [one for one in mentions if one.part == 1], text, cells)


def _compare(
    found: re.Match[str],
    before: list[Mention],
    after: list[Mention],
    text: str,
    cells: Mapping[tuple[str, int], Sequence[Fact]],
) -> Iterator[Misorder]:
    wants_more = found[1].lower() in _MORE
    for facts in cells.values():
        columns = _columns(facts, found[1].lower(), text)
        rows = {fact.names[0] for fact in facts}
        one = next((m.name for m in sorted(before, key=lambda m: -m.start) if m.name in rows), None)
        other = next((m.name for m in sorted(after, key=lambda m: m.start) if m.name in rows), None)
        if one is None or other is None or one == other:
            continue
        pairs = [(column[one], column[other]) for column in columns.values() if one in column and other in column]
        if pairs and all((a.value < b.value) == wants_more and a.value != b.value for a, b in pairs):
            yield Misorder(found[1], found.start(1), *pairs[0])
            return


def _extreme(
    found: re.Match[str], mentions: list[Mention], text: str, cells: Mapping[tuple[str, int], Sequence[Fact]]
) -> Iterator[Misorder]:
    pick = max if found[1].lower() in _MOST else min
    for facts in cells.values():
        columns = _columns(facts, found[1].lower(), text)
        rows = {fact.names[0] for fact in facts}
        said = {one.name for one in mentions if one.name in rows}
        if len(said) != 1 or len(rows) < 2:
            continue
        (row,) = said
        tops = [
            (column[row], pick(column.values(), key=lambda fact: fact.value))
            for column in columns.values()
            if row in column
        ]
        if tops and all(top.value != own.value for own, top in tops):
            yield Misorder(found[1], found.start(1), *tops[0])
            return


def _columns(facts: Sequence[Fact], word: str, text: str) -> dict[str, dict[str, Fact]]:
    """Return a table's columns that a word of order may be about, each with its facts by row."""
    columns: dict[str, dict[str, Fact]] = {}
    for fact in facts:
        if len(fact.names) == 2 and not _CUMULATIVE.search(fact.names[1].lower()):
            columns.setdefault(fact.names[1], {})[fact.names[0]] = fact
        elif len(fact.names) == 3 and fact.names[1].startswith(fact.names[2]):
            columns.setdefault(fact.names[2], {})[fact.names[0]] = fact
    if word in _TIMES:
        return {name: column for name, column in columns.items() if all(fact.unit == "s" for fact in column.values())}
    said = {token.stem for token in tokens_of(text)}
    named = {name: column for name, column in columns.items() if {token.stem for token in tokens_of(name)} & said}
    return named or columns
