"""What is said in the recordings: a CSV file of phrases in, the text of each clip and metadata.csv out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from journal import TaskError, nearest

Phrase = dict[str, str]
"""The text under ``text``, and whatever else the file says of it, such as ``english``."""

_KNOWN = ("recording", "text", "repeats")
_DELIMITERS = ",;\t"


@dataclass
class Transcripts:
    """The phrases of each recording in the order they are said, and what was odd about their file."""

    phrases: dict[str, list[Phrase]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_transcripts(path: Path, name: str) -> Transcripts:
    """Return the phrases of each recording in the order they are said, repeats written out.

    The file has the columns ``recording`` (a file's name, with or without its suffix) and ``text``; ``repeats`` says
    how often a phrase is said in a row. Commas, semicolons or tabs part the columns.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(text.splitlines(keepends=True), restval="", delimiter=_delimiter(text))
        notes = _mend_columns(reader, name)
        return Transcripts(_collect(reader, name), notes)
    except FileNotFoundError:
        raise TaskError(f"{name}: there is no such file; mend 'transcripts'") from None
    except (UnicodeDecodeError, csv.Error):
        raise TaskError(f"{name}: this is no CSV file in UTF-8; save it as one") from None


def phrases_by_recording(transcripts: Transcripts, recordings: Mapping[str, Path]) -> dict[str, list[Phrase]]:
    """Return the phrases of each recording, by the name of its clips; what fits none is added to the notes."""
    by_file = {key.casefold(): name for name, path in recordings.items() for key in (path.stem, path.name)}
    exact = {key for path in recordings.values() for key in (path.stem, path.name)}
    found: dict[str, list[Phrase]] = {name: [] for name in recordings}
    for given, phrases in transcripts.phrases.items():
        name = by_file.get(given.casefold())
        if name is None:
            count = f"{len(phrases)} {'expression' if len(phrases) == 1 else 'expressions'}"
            known = nearest(given, [path.stem for path in recordings.values()])
            transcripts.notes.append(f"the transcripts' recording '{given}' ({count}) fits none here{known}.")
            continue
        if given not in exact:
            transcripts.notes.append(f"the transcripts' recording '{given}' was taken for {recordings[name].name}.")
        found[name] += phrases
    return found


def write_metadata(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write one line for each clip, in the layout of Hugging Face's AudioFolder."""
    given = list(rows)
    columns = list(dict.fromkeys(name for row in given for name in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(given)


def beside_ours(given: Phrase, ours: Sequence[str]) -> dict[str, str]:
    """Return an author's columns; one that is called like one of ours becomes ``given_NAME``."""
    taken, beside = {*ours, *given}, {}
    for column, value in given.items():
        name = column
        while name in ours or (name != column and name in taken):
            name = f"given_{name}"
        beside[name] = value
    return beside


def _delimiter(text: str) -> str:
    """Return what parts the columns: the candidate that the first line has most of."""
    first = text.split("\n", 1)[0]
    return max(_DELIMITERS, key=first.count)


def _mend_columns(reader: csv.DictReader[str], name: str) -> list[str]:
    """Give the columns that are known their own spelling; returns a sentence on each that had another."""
    given = [column.strip() for column in reader.fieldnames or []]
    columns = [column.casefold() if column.casefold() in _KNOWN else column for column in given]
    for needed in ("recording", "text"):
        if needed not in columns:
            like = nearest(needed, given)
            raise TaskError(
                f"{name}:1: there is no column '{needed}'{like}; the first line is 'recording,text,repeats'"
            )
    for column in columns:
        if columns.count(column) > 1:
            raise TaskError(f"{name}:1: there are two columns '{column}'; rename one of them")
    reader.fieldnames = columns
    pairs = zip(given, columns, strict=True)
    return [f"the transcripts' column '{was}' was taken for '{now}'." for was, now in pairs if was != now]


def _collect(reader: csv.DictReader[str], name: str) -> dict[str, list[Phrase]]:
    phrases: dict[str, list[Phrase]] = {}
    for row in reader:
        if None in row:
            raise TaskError(f"{name}:{reader.line_num}: there are too many commas; put quotes around the text")
        phrase = {key: value.strip() for key, value in row.items()}
        times = _repeats(phrase.pop("repeats", "") or "1", f"{name}:{reader.line_num}")
        phrases.setdefault(phrase.pop("recording"), []).extend([phrase] * times)
    return phrases


def _repeats(text: str, place: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise TaskError(f"{place}: repeats is '{text}'; give a whole number from 1")
    return int(text)
