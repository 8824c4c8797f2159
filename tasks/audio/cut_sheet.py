"""The cut sheet: a row for each clip, which its author may move, join, split, drop or give a text.

A row that was touched is its author's, wholly, and survives every later run; a detected utterance gives way where it
overlaps one. A dropped clip stays dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from journal import TaskError, nearest, write_rows

from .label_files import read_seconds
from .transcripts import Phrase

COLUMNS = ("recording", "number", "start", "end", "keep", "text", "speaker", "note")
_NO = ("no", "n", "drop", "dropped", "false", "0", "-")
_YES = ("yes", "y", "keep", "true", "1", "+", "")
_UNSURE = "check the text"
_OVERLAP = 0.3  # of the shorter of two, from which they are about the same sound


@dataclass(frozen=True)
class Row:
    """A clip, or one that was dropped; times in seconds."""

    recording: str
    start_s: float
    end_s: float
    is_kept: bool = True
    phrase: Phrase = field(default_factory=dict)
    """What its author typed."""
    is_mine: bool = False
    """Whether its author touched it."""
    number: str = ""
    text: str = ""
    note: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    """Its cells as its author wrote them."""

    def shown(self, number: str, text: str, is_unsure: bool) -> Row:
        """Return the row with what its clip got."""
        note = _UNSURE if is_unsure and not self.is_mine else self.note
        return replace(self, number=number, text=text, note=note)


@dataclass(frozen=True)
class Edits:
    """What the author changed, by recording, and sentences on what fits nothing."""

    rows: Mapping[str, list[Row]]
    strays: list[Row]
    """Those of recordings that the step doesn't have; they stay in the sheet."""
    notes: list[str]


def read_edits(rows: Sequence[Mapping[str, str]], recordings: Sequence[str]) -> Edits:
    """Return the rows of a cut sheet that its author touched. Raises TaskError where one can't be understood."""
    found: dict[str, list[Row]] = {}
    strays, notes = [], []
    for given in rows:
        row = read_row(given)
        if row.recording not in recordings:
            known = nearest(row.recording, list(recordings))
            strays.append(row)
            notes.append(f"the cut sheet's recording '{row.recording}' is none of this step's{known}.")
            continue
        found.setdefault(row.recording, []).append(row)
    return Edits(found, strays, list(dict.fromkeys(notes)))


def apply_edits(recording: str, spans_s: Iterable[tuple[float, float]], edits: Edits) -> list[Row]:
    """Return a recording's rows in order: those of its author, and what was detected where those say nothing."""
    mine = edits.rows.get(recording, [])
    detected = [Row(recording, round(start_s, 3), round(end_s, 3)) for start_s, end_s in spans_s]
    free = [row for row in detected if not any(_is_about_same(row, one) for one in mine)]
    return sorted([*mine, *free], key=lambda row: (row.start_s, row.end_s))


def write_sheet(path: Path, rows: Sequence[Row]) -> None:
    """Write a cut sheet, with what was found in its last column, by which edits are told from it."""
    write_rows(path, COLUMNS, [(_cells(row), row.is_mine) for row in rows])


def _cells(row: Row) -> dict[str, str]:
    if row.is_mine:
        return {**row.given, "number": row.number}
    return {
        "recording": row.recording,
        "number": row.number,
        "start": f"{row.start_s:.3f}",
        "end": f"{row.end_s:.3f}",
        "keep": "yes" if row.is_kept else "no",
        "text": row.text or row.phrase.get("text", ""),
        "speaker": row.phrase.get("speaker", ""),
        "note": row.note,
    }


def read_row(given: Mapping[str, str]) -> Row:
    """Return a row as its author wrote it. Raises TaskError where it can't be understood."""
    place = f"the cut sheet's row '{given.get('recording', '')} {given.get('start', '')}'"
    start_s, end_s = (_seconds(given.get(name, ""), name, place) for name in ("start", "end"))
    if not 0 <= start_s < end_s:
        raise TaskError(f"{place}: start {start_s:g} and end {end_s:g} are no stretch of time; mend them")
    keep = given.get("keep", "").strip().casefold()
    if keep not in (*_YES, *_NO):
        raise TaskError(f"{place}: keep is '{keep}'; write yes or no")
    phrase = {name: given[name].strip() for name in ("text", "speaker") if given.get(name, "").strip()}
    recording = given.get("recording", "").strip()
    note = given.get("note", "").strip()
    return Row(recording, start_s, end_s, keep in _YES, phrase, True, note=note, given=dict(given))


def _seconds(text: str, name: str, place: str) -> float:
    try:
        return round(read_seconds(text), 3)
    except ValueError:
        raise TaskError(f"{place}: {name} is '{text}'; give seconds, such as 12.345") from None


def _is_about_same(one: Row, other: Row) -> bool:
    both = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
    return both > _OVERLAP * min(one.end_s - one.start_s, other.end_s - other.start_s)
