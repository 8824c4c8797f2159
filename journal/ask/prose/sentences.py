"""An entry's own sentences: without blocks, code, links, headings and dates, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from journal.text.blocks import find_blocks
from journal.text.entry import Entry

SETTLED = re.compile(r"<!--\s*check:\s*ok\s*-->")
"""An author's word that a sentence's numbers are as they are meant."""
_ABBREVIATED = r"(?<!\bi\.e\.)(?<!\be\.g\.)(?<!\bvs\.)(?<!\bfig\.)(?<!\bca\.)(?<!\bapprox\.)"
_END = re.compile(rf"(?<=[.!?])(?<!\s\d\.){_ABBREVIATED}[)\"”]*\s+|\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.)\s)")
_NOT_PROSE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[^\n]*$|`[^`\n]+`|<!--=.*?<!--/=[^>]*-->|<!--(?!\s*check:).*?-->"
    r"|<[^>!\n]+>|!?\[[^\]\n]*\]\([^)\s]*\)|https?://\S+|^#+ [^\n]*$|^>[^\n]*$|\d{4}-\d{2}-\d{2}",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence as typed, the one before it in its paragraph, and the line where it begins."""

    text: str
    line: int
    before: str = ""
    offset: int = 0
    """Where it begins in the entry's text."""

    def line_of(self, position: int) -> int:
        """Return the line of a position in the sentence."""
        return self.line + self.text.count("\n", 0, position)


def sentences_of(entry: Entry) -> Iterator[Sentence]:
    """Yield an entry's sentences, leaving out those that their author has settled with ``<!-- check: ok -->``."""
    prose = _blank_out(entry)
    position, before = 0, ""
    for end in _ends(prose):
        text = prose[position:end]
        if text.strip() and not SETTLED.search(text):
            yield Sentence(text, prose.count("\n", 0, position) + 1, before, position)
        before = "" if "\n\n" in text or not text.strip() else text
        position = end


def _ends(prose: str) -> Iterator[int]:
    """Yield where sentences end; a settling comment right after one belongs to it."""
    for match in _END.finditer(prose):
        settled = re.match(rf"[ \t]*{SETTLED.pattern}\s*", prose[match.end() :]) if "\n" not in match[0] else None
        yield match.end() + (settled.end() if settled else 0)
    yield len(prose)


def _blank_out(entry: Entry) -> str:
    """Return the entry's text with everything but prose blanked out, so that lines keep their numbers."""
    text = _blank(entry.text[: entry.body_start]) + entry.body
    for block in find_blocks(entry.text, entry.body_start, entry.display_path):
        text = text[: block.start] + _blank(text[block.start : block.end]) + text[block.end :]
    return _NOT_PROSE.sub(lambda match: _blank(match[0]), text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
