"""Three-way merging, line by line.

Each side's change is a list of hunks, which replace lines ``start`` to ``end`` of the base. The hunks of both sides
are applied in the order of the base. Two hunks conflict only if they change the same lines, or add lines at the same
place; identical hunks are applied once. Lines added right above or below what the other side changed don't conflict,
since no line is changed by both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class _Hunk:
    start: int
    end: int
    lines: tuple[str, ...]

    def hinders(self, other: _Hunk) -> bool:
        """Return whether the two hunks conflict; ``other`` begins at the same line or below."""
        same_place = self.start == other.start and self.end == other.end
        both_add = same_place and self.start == self.end
        return both_add or (self.start < other.end and other.start < self.end)


def merge_lines(base: str, ours: str, theirs: str) -> str | None:
    """Merge two changes of a text; return None if they conflict."""
    lines = base.splitlines(keepends=True)
    pieces: list[str] = []
    position = 0
    for hunk in _in_order(_hunks(lines, ours), _hunks(lines, theirs)):
        if hunk is None:
            return None
        pieces += [*lines[position : hunk.start], *hunk.lines]
        position = hunk.end
    return "".join([*pieces, *lines[position:]])


def _hunks(base: Sequence[str], changed: str) -> list[_Hunk]:
    from difflib import SequenceMatcher  # few runs have anything to merge

    lines = changed.splitlines(keepends=True)
    opcodes = SequenceMatcher(None, base, lines, autojunk=False).get_opcodes()
    return [_Hunk(i, j, tuple(lines[k:n])) for tag, i, j, k, n in opcodes if tag != "equal"]


def _in_order(ours: list[_Hunk], theirs: list[_Hunk]) -> Iterator[_Hunk | None]:
    """Yield the hunks of both sides from the top, or None once two conflict."""
    while ours and theirs:
        if ours[0] == theirs[0]:
            yield ours.pop(0)
            theirs.pop(0)
        elif ours[0].hinders(theirs[0]):
            yield None
            return
        else:
            yield (ours if _comes_first(ours[0], theirs[0]) else theirs).pop(0)
    yield from ours or theirs


def _comes_first(one: _Hunk, other: _Hunk) -> bool:
    """Return whether a hunk comes before another; one that adds lines right above a changed line comes before it."""
    return (one.start, one.end) < (other.start, other.end)
