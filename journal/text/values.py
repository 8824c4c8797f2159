"""Values in an entry's sentences: found by their markers, and brought up to date without another byte changed.

``<!--= factors.KMO .2f -->0.43<!--/= 5f0c2a9e-->`` is a value: what it names and how it is written stand in the first
comment, the text between the comments is written by a run, and the last comment holds the checksum of that text, which
tells an edit by hand. Without a checksum the value has not been written yet. In code and in generated blocks such
comments are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from journal.errors import EntryError
from journal.text.blocks import find_blocks, is_opaque, parse_body
from journal.text.edits import checksum
from journal.text.escape import escape

_MARK = re.compile(r"(?P<ticks>`+)|\\`|<!--(?P<kind>/?=)?(?P<inside>(?:[^-\n\r]|-(?!->))*)-->|<!--")
_SUM = re.compile(r"[0-9a-f]{8}")
_LIST = re.compile(r"\d{1,9}[.)]\s")


@dataclass(frozen=True)
class Value:
    """A value in an entry; offsets are into the entry's whole text."""

    call: str
    """What it names and how it is written: "factors.KMO .2f"."""
    start: int
    """Where its text begins, behind the first comment."""
    end: int
    """Where its text ends."""
    after: int
    """Where the last comment ends."""
    text: str
    checksum: str
    """Of the text as it was written; empty where it has not been written yet."""
    line: int
    is_first: bool
    """Whether it begins its line, which CommonMark then takes for HTML rather than for a sentence."""

    @property
    def is_edited(self) -> bool:
        """Whether its text was changed by hand since it was written."""
        return bool(self.checksum) and checksum(self.text) != self.checksum


def may_have_values(text: str) -> bool:
    """Return whether a text may hold values, without parsing its Markdown."""
    return "<!--=" in text or "<!--/=" in text


def find_values(text: str, body_start: int, shown: str) -> list[Value]:
    """Return the values of an entry, in order. Raises ``EntryError`` for markers that are open, nested or doubled."""
    if not may_have_values(text[body_start:]):
        return []
    found: list[Value] = []
    for start, end in _regions(text, body_start, shown):
        found += _values_in(text, start, end, shown)
    return found


def write_values(text: str, values: list[Value], texts: Mapping[int, str]) -> str:
    """Put new texts into values, by their place in the list, and leave every other byte as it is."""
    pieces: list[str] = []
    position = 0
    for number, value in enumerate(values):
        if number in texts:
            pieces += [text[position : value.start], texts[number], f"<!--/= {checksum(texts[number])}-->"]
            position = value.after
    return "".join([*pieces, text[position:]])


def without_value_markers(text: str) -> str:
    """Return an entry's text as a page shows it: values are words like others, at the beginning of a line too.

    Raises nothing: markers that are out of order stay comments, which no page shows.
    """
    if not may_have_values(text):
        return text
    try:
        values = find_values(text, 0, "")
    except EntryError:
        return text
    pieces: list[str] = []
    position = 0
    for value in values:
        pieces += [text[position : text.rfind("<!--=", position, value.start)], value.text]
        if value.is_first and _LIST.match(value.text + text[value.after : value.after + 2]):
            pieces.append("\\")  # "36. " at the beginning of a line would begin a list
        position = value.after
    return "".join([*pieces, text[position:]])


def written(text: str) -> str:
    """Return a value's text as it stands in Markdown."""
    return escape(" ".join(text.split()))


def _regions(text: str, body_start: int, shown: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of text between blank lines, outside code, raw HTML and generated blocks."""
    lines, tokens, _ = parse_body(text, body_start)
    hidden = set[int]()
    for token in tokens:
        is_code = token.type in ("fence", "code_block")
        if token.map and (is_code or (token.type == "html_block" and is_opaque(_without_values(token.content)))):
            hidden |= set(range(*token.map))
    blocks = [(block.start, block.end) for block in find_blocks(text, body_start, shown)]
    start = None
    for number, (begins, ends, line) in enumerate(lines):
        is_in_block = any(first <= begins < last for first, last in blocks)
        if number in hidden or is_in_block or not line.strip():
            if start is not None:
                yield start, begins
            start = None
        elif start is None:
            start = begins
        last = ends
    if start is not None:
        yield start, last


def _without_values(html: str) -> str:
    return re.sub(r"<!--/?=[^\n]*?-->", "x", html)


def _values_in(text: str, start: int, end: int, shown: str) -> Iterator[Value]:
    """Yield the values of a stretch of text, leaving out those in code spans."""
    opened: re.Match[str] | None = None
    position = start
    while match := _MARK.search(text, position, end):
        position = match.end()
        if match["ticks"]:
            closing = re.compile(rf"(?<!`){match['ticks']}(?!`)").search(text, position, end)
            position = closing.end() if closing else position
        elif match[0] == "<!--" and text.startswith(("<!--=", "<!--/="), match.start()):
            raise EntryError(f"{_place(text, match, shown)}: this value's comment has no end on its line; write -->")
        elif match[0] == "<!--":
            position = max(position, text.find("-->", position, end))
        elif match["kind"] == "=":
            if opened:
                message = f"a value begins inside '{opened['inside'].strip()}'; end that one with <!--/=--> first"
                raise EntryError(f"{_place(text, match, shown)}: {message}")
            opened = match
        elif match["kind"] == "/=":
            if not opened:
                raise EntryError(
                    f"{_place(text, match, shown)}: a value ends here that has not begun; remove <!--/=-->"
                )
            yield _value(text, opened, match, shown)
            opened = None
    if opened:
        message = f"the value '{opened['inside'].strip()}' is never closed; put <!--/=--> behind its text"
        raise EntryError(f"{_place(text, opened, shown)}: {message}")


def _value(text: str, opened: re.Match[str], closed: re.Match[str], shown: str) -> Value:
    call, found = opened["inside"].strip(), closed["inside"].strip()
    if not call:
        raise EntryError(f"{_place(text, opened, shown)}: this value names nothing; write <!--= STEP.NAME -->")
    if found and not _SUM.fullmatch(found):
        message = f"'{found}' is no checksum; write <!--/=--> and run the day"
        raise EntryError(f"{_place(text, closed, shown)}: {message}")
    inside = text[opened.end() : closed.start()]
    before = text[max(text.rfind("\n", 0, opened.start()), text.rfind("\r", 0, opened.start())) + 1 : opened.start()]
    is_first = not before.strip()
    return Value(call, opened.end(), closed.start(), closed.end(), inside, found, _line(text, opened), is_first)


def _place(text: str, match: re.Match[str], shown: str) -> str:
    return f"{shown}:{_line(text, match)}"


def _line(text: str, match: re.Match[str]) -> int:
    return len(re.findall(r"\r\n|\n|\r", text[: match.start()])) + 1
