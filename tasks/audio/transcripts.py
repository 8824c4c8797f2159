"""What is said in the recordings: a CSV file of phrases in, the text of each clip and metadata.csv out."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from journal import TaskError

Phrase = dict[str, str]
"""The text under ``text``, and whatever else the file says of it, such as ``english``."""


def read_transcripts(path: Path, name: str) -> dict[str, list[Phrase]]:
    """Return the phrases of each recording in the order they are said, repeats written out.

    The file has the columns ``recording`` (a file's name, with or without its suffix) and ``text``; ``repeats`` says
    how often a phrase is said in a row.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            _check_columns(reader.fieldnames or [], name)
            return _collect(reader, name)
    except FileNotFoundError:
        raise TaskError(f"{name}: there is no such file; mend 'transcripts'") from None
    except (UnicodeDecodeError, csv.Error):
        raise TaskError(f"{name}: this is no CSV file in UTF-8; save it as one") from None


def write_metadata(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write one line for each clip, in the layout of Hugging Face's AudioFolder."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _check_columns(columns: Sequence[str], name: str) -> None:
    for needed in ("recording", "text"):
        if needed not in columns:
            raise TaskError(f"{name}:1: there is no column '{needed}'; the first line is 'recording,text,repeats'")


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
