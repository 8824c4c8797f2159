"""The cut sheet out to other programs, and what they make of it in again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journal import Record, UsageError, nearest

from .cut_sheet import COLUMNS
from .label_files import Label, dump_labels, read_labels

_NEAR_S = 0.0015  # programs round times to the millisecond
Row = dict[str, str]


def find_step(record: Record, day: int, step: str) -> tuple[Path, str]:
    """Return the entry of a day and its step with a cut sheet. Raises UsageError where that isn't one step."""
    entry = record.entry(day)
    known = [one for one in (step.id for step in entry.steps) if record.sheet(entry.path, one, "cuts")]
    if step and step not in known:
        raise UsageError(f"day {day} has no step '{step}' with a cut sheet{nearest(step, known)}")
    if not step and len(known) != 1:
        has = f"has several cut sheets; write {day}.{known[0]}" if known else "has no cut sheet; run it first"
        raise UsageError(f"day {day} {has}")
    return entry.path, step or known[0]


def describe_sheet(rows: Sequence[Row]) -> list[str]:
    """Return a line for each recording: how many clips it has, and how many of them want a look."""
    lines = []
    for recording in dict.fromkeys(row["recording"] for row in rows):
        own = [row for row in rows if row["recording"] == recording]
        kept = [row for row in own if _is_kept(row)]
        seconds = sum(float(row["end"].replace(",", ".")) - float(row["start"].replace(",", ".")) for row in kept)
        noted = sum(bool(row.get("note")) for row in kept)
        lines.append(f"{recording}: {len(kept)} clips, {seconds:.1f} s; {len(own) - len(kept)} dropped, {noted} noted")
    return lines


def export_sheet(rows: Sequence[Row], target: Path, recording: str) -> list[Path]:
    """Write the clips as labels, in one file for each recording but for CSV, which holds all; returns the files."""
    names = list(dict.fromkeys(row["recording"] for row in rows))
    if recording and recording not in names:
        raise UsageError(f"there is no recording '{recording}' in the cut sheet{nearest(recording, names)}")
    chosen = [recording] if recording else names
    labels = {name: _labels(rows, name) for name in chosen}
    if target.suffix.lower() == ".csv":
        texts = {target: dump_labels([label for name in chosen for label in labels[name]], ".csv", 0.0)}
    elif len(chosen) == 1:
        texts = {target: dump_labels(labels[chosen[0]], target.suffix, 0.0)}
    else:
        files = {name: target.with_stem(f"{target.stem}-{name}") for name in chosen}
        texts = {files[name]: dump_labels(labels[name], target.suffix, 0.0) for name in chosen}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return list(texts)


def import_labels(rows: Sequence[Row], source: Path, recording: str) -> list[Row]:
    """Return the sheet's rows with those of the labels' recordings replaced; labels that say the same change nothing.

    A clip without a label is dropped; a label without a text keeps the text that its clip has.
    """
    names = list(dict.fromkeys(row["recording"] for row in rows))
    labels = [label._replace(recording=_recording_of(label, source, recording, names)) for label in read_labels(source)]
    replaced = {label.recording for label in labels} | ({recording} if recording else set())
    others = [row for row in rows if row["recording"] not in replaced or not _is_kept(row)]
    kept = [row for row in rows if row["recording"] in replaced and _is_kept(row)]
    imported = [_row(label, kept) for label in labels]
    gone = [{**row, "keep": "no", "found": ""} for row in kept if not any(_overlap_s(row, one) > 0 for one in imported)]
    order = {name: number for number, name in enumerate([*names, *replaced])}
    return sorted([*others, *gone, *imported], key=lambda row: (order[row["recording"]], _times(row)))


def _recording_of(label: Label, source: Path, recording: str, names: Sequence[str]) -> str:
    """Return which recording a label is of: as it says, as asked for, as the file's name says, or the only one."""
    if label.recording:
        return label.recording
    named = [name for name in names if source.stem == name or source.stem.endswith(f"-{name}")]
    found = [recording] if recording else named or names
    if len(found) != 1:
        raise UsageError(f"{source}: which recording is this? give --recording, one of {', '.join(names)}")
    return found[0]


def _row(label: Label, kept: Sequence[Row]) -> Row:
    """Return a label as a row: one of before if it says the same, else the author's own."""
    own = [row for row in kept if row["recording"] == label.recording]
    text = "" if label.text == "-" else label.text
    for row in own:
        start_s, end_s = _times(row)
        is_there = abs(start_s - label.start_s) < _NEAR_S and abs(end_s - label.end_s) < _NEAR_S
        if is_there and text in ("", row.get("text", "")):
            return row
    here = Label(label.start_s, label.end_s, text, label.recording)
    best = max(own, key=lambda row: _overlap_s(row, _as_row(here, {})), default=None)
    return _as_row(here, best if best and _overlap_s(best, _as_row(here, {})) > 0 else {})


def _as_row(label: Label, before: Row) -> Row:
    given = {**dict.fromkeys(COLUMNS, ""), "recording": label.recording, "keep": "yes", "found": ""}
    given |= {"start": f"{label.start_s:.3f}", "end": f"{label.end_s:.3f}"}
    return {**given, "text": label.text or before.get("text", ""), "speaker": before.get("speaker", "")}


def _labels(rows: Sequence[Row], recording: str) -> list[Label]:
    kept = [row for row in rows if row["recording"] == recording and _is_kept(row)]
    return [Label(*_times(row), row.get("text", ""), recording) for row in kept]


def _is_kept(row: Row) -> bool:
    return row.get("keep", "").strip().casefold() in ("", "yes", "y", "keep", "true", "1", "+")


def _times(row: Row) -> tuple[float, float]:
    return float(row["start"].replace(",", ".")), float(row["end"].replace(",", "."))


def _overlap_s(one: Row, other: Row) -> float:
    if one["recording"] != other["recording"]:
        return 0.0
    (start, end), (first, last) = _times(one), _times(other)
    return min(end, last) - max(start, first)
