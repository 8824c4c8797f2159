"""Blocks in an entry's text: found by their markers, replaced, and merged with edits by hand.

How ``splice`` works: a CommonMark parser says which comment lines are markers (those in code are text). Each start
marker with its end marker is a block, known by its offsets in the text. The new text is put together from slices: what
stands between the blocks as it is, and each block rewritten, where a block's own new content is the generated text, or
the merge of it with the edit that its checksum gives away. A block without an end marker ends right below its start,
one without a start marker goes to the end. At last the result is parsed again: a block that would not be found again,
since a code fence above it is open, is an error rather than a second block with each run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from journal.errors import EntryError
from journal.text.edits import Edits, checksum, unix
from journal.text.merge import merge_lines

_START = re.compile(r" {0,3}<!--\s*journal:(?P<id>[A-Za-z0-9][A-Za-z0-9_-]*)\s*-->\s*")
_END = re.compile(r" {0,3}<!--\s*/journal:(?P<id>[A-Za-z0-9][A-Za-z0-9_-]*)(?:\s+(?P<sum>[0-9a-f]{8}))?\s*-->\s*")


_LIKE_A_MARKER = re.compile(
    r" {0,3}<!--\s*/?\s*journal\s*[:=]?\s*(?P<id>[A-Za-z0-9][A-Za-z0-9_-]*)\s*-->\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class Block:
    """A start marker and the region below it, up to the end marker if there is one; offsets are into the whole text."""

    id: str
    start: int
    """Where the start marker's line begins."""
    inside: int
    """Where the line after the start marker begins."""
    outside: int
    """Where the end marker's line begins; ``inside`` where there is none."""
    end: int
    """Where the line after the end marker begins."""
    checksum: str | None
    line: int


@dataclass(frozen=True)
class Conflict:
    """A block whose edit by hand can't be merged with its new text."""

    block: str
    message: str


def find_blocks(text: str, body_start: int, shown: str) -> list[Block]:
    """Find the blocks of an entry, ignoring markers in code. Raises ``EntryError`` where markers are out of order."""
    blocks: list[Block] = []
    open_block: Block | None = None
    for start, end, line, content in _comment_lines(text, body_start):
        if opening := _START.fullmatch(content):
            if open_block:
                blocks.append(open_block)
            open_block = Block(opening["id"], start, end, end, end, None, line)
            if any(block.id == open_block.id for block in blocks):
                raise EntryError(f"{shown}:{line}: a second block '{open_block.id}'; keep one marker per step")
        elif closing := _END.fullmatch(content):
            if open_block is None or open_block.id != closing["id"]:
                raise EntryError(f"{shown}:{line}: {_why_no_end(closing['id'], blocks, open_block)}")
            blocks.append(replace(open_block, outside=start, end=end, checksum=closing["sum"]))
            open_block = None
    return [*blocks, open_block] if open_block else blocks


def _why_no_end(name: str, blocks: list[Block], open_block: Block | None) -> str:
    begun = next((block for block in blocks if block.id == name and block.inside == block.end), None)
    if begun and open_block is None:
        return f"block '{name}', which begins on line {begun.line}, contains another block; end it before that one"
    if open_block:
        return f"block '{name}' ends where block '{open_block.id}' should end; fix the markers"
    return f"block '{name}' ends here but has no beginning; remove this line"


def splice(
    text: str,
    body_start: int,
    generated: Mapping[str, str],
    shown: str,
    base_of: Callable[[str], str | None],
    edits: Edits = Edits(),  # noqa: B008  # a frozen value
) -> tuple[str, list[Conflict]]:
    """Put generated texts into their blocks, keeping everything outside the blocks byte for byte.

    A step without a marker gets its block at the end. A block edited by hand is merged with its new text; the base is
    ``base_of(checksum)``, the text generated before. If ``edits`` says "keep", such a block is left alone; if "drop",
    it is replaced. A block that can't be merged stays as it is and is returned as a conflict; all others are written.
    """
    newline = _line_end(text)
    texts = {name: _normal(content) for name, content in generated.items()}
    found = [block for block in find_blocks(text, body_start, shown) if block.id in texts]
    blocks = {block.id: _closed(block, text, texts[block.id], shown) for block in found}
    pieces: list[str] = []
    conflicts: list[Conflict] = []
    position = 0
    for block in blocks.values():
        old = text[block.inside : block.outside]
        new = _settle(block, old, texts[block.id], shown, base_of, edits.of(block.id))
        if isinstance(new, Conflict):
            conflicts.append(new)
            continue
        pieces += [text[position : block.start], _rewrite(block, text, new, texts[block.id])]
        position = block.end
    result = "".join([*pieces, text[position:]])
    for name in texts:
        if name not in blocks:
            result = _append(result, _block(name, texts[name], newline), newline)
    if result != text:
        _check(result, body_start, texts, f"{shown}:{_last_open_line(text, body_start)}")
    return result, conflicts


def without_markers(text: str, body_start: int) -> str:
    """Return an entry's body without its marker lines, as a page shows it; markers in code fences stay."""
    pieces: list[str] = []
    position = body_start
    for start, end, _, _ in _comment_lines(text, body_start):
        pieces.append(text[position:start])
        position = end
    return "".join([*pieces, text[position:]])


def is_edited(block: Block, text: str) -> bool:
    """Return whether a block was changed by hand since it was generated."""
    inside = text[block.inside : block.outside]
    return bool(inside.strip()) and block.checksum != checksum(inside)


def _settle(
    block: Block,
    old: str,
    new: str,
    shown: str,
    base_of: Callable[[str], str | None],
    edits: str,
) -> str | Conflict:
    """Return a block's new content: the new text, merged with any edits by hand."""
    if edits == "drop" or not old.strip() or block.checksum == checksum(old) or unix(old) == new:
        return new
    if edits == "keep":
        return unix(old)
    base = new if block.checksum == checksum(new) else base_of(block.checksum or "")
    merged = merge_lines(base, unix(old), new) if base is not None else None
    if merged is None:
        why = "and its new result changes the same lines" if base is not None else "and its generated text is unknown"
        return Conflict(
            block.id,
            f"{shown}:{block.line}: block '{block.id}' was edited by hand {why}; the block is unchanged. "
            f"Rerun with --edits {block.id}=keep for your text, or --edits {block.id}=drop for the new result",
        )
    return merged


def _rewrite(block: Block, text: str, content: str, generated: str) -> str:
    """Return a block with new content, or its exact bytes if nothing changed.

    The start marker's line stays as the author wrote it, and its line end is used for the whole block. The checksum is
    that of the generated text, so that an edit remains recognisable.
    """
    end = f"<!-- /journal:{block.id} {checksum(generated)} -->"
    if unix(text[block.inside : block.outside]) == content and text[block.outside : block.end].strip() == end:
        return text[block.start : block.end]
    start = text[block.start : block.inside].rstrip("\r\n")
    return start + f"\n{content}{end}\n".replace("\n", _line_end_of(block, text))


def _block(name: str, generated: str, newline: str) -> str:
    """Return the text of a block that is new to the entry."""
    text = f"<!-- journal:{name} -->\n{generated}<!-- /journal:{name} {checksum(generated)} -->\n"
    return text.replace("\n", newline)


def _closed(block: Block, text: str, generated: str, shown: str) -> Block:
    """Return a block with its end known, even if its end marker was removed below unchanged generated text.

    Raises ``EntryError`` where there is an end marker but it counts as text, so that the block's extent is unknown.
    """
    if block.inside != block.end:
        return block
    below = _lines_with_offsets(text, block.inside)
    for number, (_, _, line) in enumerate(below, block.line + 1):
        if (start := _START.fullmatch(line)) and start["id"] == block.id:
            break  # an example of a block, in a code fence
        end = _END.fullmatch(line)
        if (end and end["id"] == block.id) or re.search(rf"<!-- /journal:{block.id} [0-9a-f]{{8}} -->", line):
            raise EntryError(
                f"{shown}:{number}: the end of block '{block.id}' counts as text: it is in a code fence, comment or "
                "list begun above it, or in the middle of a line; put it on a line of its own, outside of these"
            )
    generated = generated.replace("\n", _line_end_of(block, text))
    end_at = block.inside + len(generated) if text.startswith(generated, block.inside) else block.inside
    return replace(block, outside=end_at, end=end_at)


def _check(result: str, body_start: int, names: Iterable[str], place: str) -> None:
    """Raise ``EntryError`` where a block would not be found again, so that every run would add another copy."""
    try:
        found = {block.id for block in find_blocks(result, body_start, "") if block.inside != block.end}
    except EntryError:
        found = set()
    if missing := [name for name in names if name not in found]:
        raise EntryError(
            f"{place}: the code fence or comment that begins here is never closed and would swallow the block of "
            f"step '{missing[0]}'; close it"
        )


def _append(text: str, block: str, newline: str) -> str:
    if text and not text.endswith(("\n", "\r")):
        text += newline
    if text.endswith("\r"):
        newline = "\r"  # a \n after it would make one line end of the two
    blank = "" if text.endswith(newline * 2) else newline
    return f"{text}{blank}{block}"


def unread_markers(text: str, body_start: int) -> list[tuple[int, str]]:
    """Return the lines, with the step they name, that look like markers and are none: ``<!--journal: clips-->``."""
    if "journal" not in text[body_start:].lower():
        return []
    lines, tokens, first = parse_body(text, body_start)
    numbers = [
        number for token in tokens if token.type == "html_block" and token.level == 0 for number in range(*token.map)
    ]
    found = []
    for number in numbers:
        content = lines[number][2]
        like = _LIKE_A_MARKER.fullmatch(content)
        if like and not _START.fullmatch(content) and not _END.fullmatch(content):
            found.append((first + number, like["id"]))
    return found


def _comment_lines(text: str, body_start: int) -> list[tuple[int, int, int, str]]:
    """Return (start, end, line number, content) of the lines that a CommonMark parser takes for markers."""
    if "journal:" not in text[body_start:]:
        return []
    lines, tokens, first = parse_body(text, body_start)
    found = []
    for token in tokens:
        if token.type == "html_block" and token.level == 0 and not is_opaque(token.content):
            for number in range(*token.map):
                start, end, content = lines[number]
                if _START.fullmatch(content) or _END.fullmatch(content):
                    found.append((start, end, first + number, content))
    return found


def parse_body(text: str, body_start: int) -> tuple[list[tuple[int, int, str]], list[Any], int]:
    """Return the body's lines with their offsets, its Markdown tokens, and the number of its first line."""
    from markdown_it import MarkdownIt

    lines = _lines_with_offsets(text, body_start)
    tokens = MarkdownIt("commonmark").parse("".join(_parsed(content) for _, _, content in lines))
    return lines, tokens, len(re.findall(r"\r\n|\n|\r", text[:body_start])) + 1


def _last_open_line(text: str, body_start: int) -> int:
    """Return the line where the code fence or HTML block that runs to the end of an entry begins."""
    _, tokens, first = parse_body(text, body_start)
    begins = [token.map[0] for token in tokens if token.type in ("fence", "html_block") and token.level == 0]
    return first + max(begins, default=0)


def is_opaque(html: str) -> bool:
    """Return whether an HTML block can't contain markers: a comment over several lines, or raw text."""
    start = html.lstrip().lower()
    comment = start.startswith("<!") and not re.match(r"<!--\s*/?journal:", start)
    return comment or start.startswith(("<pre", "<script", "<style", "<textarea", "<?"))


def _lines_with_offsets(text: str, body_start: int) -> list[tuple[int, int, str]]:
    lines = []
    position = body_start
    for line in re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z", text[body_start:]):
        lines.append((position, position + len(line), line))
        position += len(line)
    return lines


def _parsed(line: str) -> str:
    """Return a line such that the Markdown parser counts lines as we do."""
    return re.sub(r"[\r\n\0]", "", line) + "\n"


def _line_end(text: str, otherwise: str = "\n") -> str:
    match = re.search(r"\r\n|\n|\r", text)
    return match[0] if match else otherwise


def _line_end_of(block: Block, text: str) -> str:
    return _line_end(text[block.start : block.inside], otherwise=_line_end(text))


def _normal(generated: str) -> str:
    """Return a generated text with ``\\n`` line ends, including one at its end."""
    text = unix(generated)
    return text if not text or text.endswith("\n") else text + "\n"
