"""What is said in the recordings: files of phrases or of cues in, the text of each clip and metadata.csv out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from journal import TaskError, UsageError, nearest

from .label_files import Label, read_labels, read_text

Phrase = dict[str, str]
"""The text under ``text``, and whatever else the file says of it, such as ``english``."""

_KNOWN = ("recording", "text", "repeats")
_DELIMITERS = ",;\t"
_LANGUAGE = re.compile(r"\.[a-z]{2,3}([-_]\w+)?$", re.IGNORECASE)
"""What stands after a recording's name in that of its subtitles: ``talk.en.srt``."""


@dataclass
class Said:
    """What is said in a recording: phrases in their order, or cues with their times, which say more."""

    phrases: list[Phrase] = field(default_factory=list)
    cues: list[Label] = field(default_factory=list)
    shown: str = ""
    """The file that is this recording's alone, as messages name it."""

    @property
    def amount(self) -> str:
        if self.cues:
            return f"{len(self.cues)} {'cue' if len(self.cues) == 1 else 'cues'}"
        return f"{len(self.phrases)} {'expression' if len(self.phrases) == 1 else 'expressions'}"


@dataclass
class Transcripts:
    """What is said in each recording, by the name that the files give it, and what was odd about them."""

    said: dict[str, Said] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_transcripts(files: Mapping[Path, str]) -> Transcripts:
    """Return what the files say, each with the name that messages give it. Raises TaskError where one can't be read.

    A CSV file has the columns ``recording`` (a file's name, with or without its suffix) and ``text``; ``repeats`` says
    how often a phrase is said in a row. Commas, semicolons or tabs part the columns. Any other file is called like its
    recording: subtitles (.srt, .vtt), a .TextGrid, or a .txt of Audacity's labels or of a phrase a line.
    """
    transcripts = Transcripts()
    for path, shown in files.items():
        if path.suffix.lower() in (".csv", ".tsv"):
            _add_table(transcripts, path, shown)
        else:
            _add_file(transcripts, path, shown)
    return transcripts


def said_by_recording(transcripts: Transcripts, recordings: Mapping[str, Path]) -> dict[str, Said]:
    """Return what is said in each recording, by the name of its clips; what fits none is added to the notes.

    Raises TaskError where two files are for one recording.
    """
    by_file = {key.casefold(): name for name, path in recordings.items() for key in (path.stem, path.name)}
    exact = {key for path in recordings.values() for key in (path.stem, path.name)}
    found = {name: Said() for name in recordings}
    for given, said in transcripts.said.items():
        keys = [given, *([_LANGUAGE.sub("", given)] if said.shown else [])]
        key = next((key for key in keys if key.casefold() in by_file), given)
        name = by_file.get(key.casefold())
        if name is None:
            known = nearest(given, [path.stem for path in recordings.values()])
            transcripts.notes.append(f"the transcripts' recording '{given}' ({said.amount}) fits none here{known}.")
            continue
        if key not in exact:
            transcripts.notes.append(f"the transcripts' recording '{key}' was taken for {recordings[name].name}.")
        _add_said(found[name], said)
    for name, said in found.items():
        if said.cues and said.phrases:
            less = f"the {len(said.phrases)} expressions without times were left aside"
            transcripts.notes.append(f"{name}: its texts are those of {said.shown}, which has times; {less}.")
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


def _add_said(there: Said, more: Said) -> None:
    if there.shown and more.shown:
        raise TaskError(f"{there.shown} and {more.shown} are both for one recording; give one of them")
    if there.phrases and more.phrases and (there.shown or more.shown):
        both = f"{there.shown or more.shown} and a CSV file"
        raise TaskError(f"{both} both have the phrases of one recording; give one of them")
    there.phrases += more.phrases
    there.cues += more.cues
    there.shown = there.shown or more.shown


def _add_file(transcripts: Transcripts, path: Path, shown: str) -> None:
    """Add a file that is called like its recording."""
    try:
        if path.suffix.lower() == ".txt" and not _has_times(text := read_text(path, shown)):
            said = Said([Phrase(text=line.strip()) for line in text.split("\n") if line.strip()], shown=shown)
        else:
            labels = read_labels(path, shown)
            said = Said(cues=[label for label in labels if label.text not in ("", "-")], shown=shown)
    except UsageError as error:
        raise TaskError(str(error).replace("labels are", "transcripts are")) from None
    if not (said.phrases or said.cues):
        transcripts.notes.append(f"{shown}: nothing is said in it; check that it is the right file.")
    else:
        _add_said(transcripts.said.setdefault(path.stem, Said()), said)


def _has_times(text: str) -> bool:
    """Return whether a text is a track of Audacity's labels: its first line begins with two times."""
    return bool(re.match(r"\s*\d+[.,]?\d*\t\d+[.,]?\d*(\t|\n|$)", text))


def _add_table(transcripts: Transcripts, path: Path, shown: str) -> None:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.DictReader(text.splitlines(keepends=True), restval="", delimiter=_delimiter(text))
        transcripts.notes += _mend_columns(reader, shown)
        for recording, phrases in _collect(reader, shown).items():
            _add_said(transcripts.said.setdefault(recording, Said()), Said(phrases))
    except FileNotFoundError:
        raise TaskError(f"{shown}: there is no such file; mend 'transcripts'") from None
    except (UnicodeDecodeError, csv.Error):
        raise TaskError(f"{shown}: this is no CSV file in UTF-8; save it as one") from None


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
