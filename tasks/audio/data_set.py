"""The data set over all days: which clips are in it, and the folder that holds them.

Rows keep their place as days are added, and a clip's split depends on nothing but its phrase (or its speaker).
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from journal import Record, UsageError, nearest

from .data_set_card import write_card
from .file_names import no_split
from .speakers import Speaker, read_speakers
from .takes import Takes
from .transcripts import beside_ours

OURS = (
    *("file_name", "transcription", "length_seconds", "sampling_rate", "recording", "start", "end"),
    *("speaker_id", "gender", "accent", "class", "licence", "split", "day"),
)
ALL, ABOUT = "all.csv", "dataset.json"
SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}
_FROM_CLIPS = ("file_name", "transcription", "recording", "start_s", "end_s", "seconds", "speaker", "class")
_SAME = 0.5  # of the shorter of two stretches of one recording, from which they are the same sound

Row = dict[str, str]


@dataclass(frozen=True)
class Gathered:
    """A clip that could be in the data set."""

    path: Path
    row: Row
    source: str
    """The digest of its recording's file, where it is known."""


@dataclass(frozen=True)
class DataSet:
    """The rows of a data set, where each one's sound comes from, and what was left out and why."""

    rows: list[Row]
    files: Mapping[str, Path]
    left_out: list[str] = field(default_factory=list)


def build_data_set(record: Record, name: str, folder: Path, split_by: str, adopted: Path | None) -> DataSet:
    """Bring a folder to the data set of a ledger's clips, appending what is new, and write its card.

    Raises UsageError where the ledger has no clips, or no speakers are known.
    """
    before = _rows_before(folder)
    split_by = _kept_choice(folder, name, split_by)
    speakers = _speakers(record)
    gathered = list(_gather(record, name))
    if not gathered:
        known = nearest(name, sorted(record.workspace.goals))
        raise UsageError(f"no day has clips for the data set '{name}'{known}")
    gathered += _adopt(adopted) if adopted else _adopted_before(before, folder)
    found = _choose(gathered, speakers, split_by)
    ordered = _in_order(found, before)
    _write(folder, ordered)
    (folder / ABOUT).write_text(json.dumps({"name": name, "split_by": split_by}, indent=1) + "\n")
    write_card(folder, name, ordered.rows, ordered.left_out, split_by)
    return ordered


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows with our columns first, then those of the authors."""
    columns = [*OURS, *dict.fromkeys(column for row in rows for column in row if column not in OURS)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def split_of(key: str) -> str:
    """Return the split of a phrase or a speaker: always the same, whatever else is in the data set."""
    place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    for split, share in SPLITS.items():
        if place < share:
            return split
        place -= share
    return next(iter(SPLITS))


def _speakers(record: Record) -> dict[str, Speaker]:
    path = record.workspace.speakers
    if path is None:
        message = "journal.yml names no speakers, and without consent no clip may be passed on"
        raise UsageError(f"{message}; write a line 'speakers: data/speakers.yml' and the file")
    return read_speakers(path, record.workspace.display_path(path))


def _gather(record: Record, name: str) -> Iterator[Gathered]:
    """Yield the clips of all steps that add to a ledger, in the order of days."""
    for day, entry in record.days().items():
        for folder in record.folders(entry):
            step = record.step(folder)
            metadata = step.report.outputs.get("metadata")
            if not isinstance(metadata, Path) or not any(total.ledger == name for total in step.totals):
                continue
            sources = step.report.outputs.get("sources") or {}
            for row in read_rows(metadata):
                given = _row(row, f"{day:04d}_{folder.name}", str(day))
                yield Gathered(metadata.parent / row["file_name"], given, sources.get(row["recording"], ""))


def _row(clip: Row, prefix: str, day: str) -> Row:
    """Return a clip's row, without what only its sound or its speaker tells."""
    start_s = float(clip.get("start_s") or 0)
    suffix = Path(clip["file_name"]).suffix
    own = {
        "file_name": no_split(f"{prefix}_{clip['recording']}_{round(1000 * start_s):08d}") + suffix,
        "transcription": clip.get("transcription", ""),
        "recording": clip["recording"],
        "start": clip.get("start_s", ""),
        "end": clip.get("end_s", ""),
        "speaker_id": clip.get("speaker", ""),
        "class": clip.get("class", ""),
        "day": day,
    }
    return {**own, **beside_ours({name: value for name, value in clip.items() if name not in _FROM_CLIPS}, OURS)}


def _choose(gathered: Sequence[Gathered], speakers: Mapping[str, Speaker], split_by: str) -> DataSet:
    """Return the clips with consent, each sound once."""
    rows: list[Row] = []
    files: dict[str, Path] = {}
    left_out: list[str] = []
    left_out += [f"{count} clips {_why(who, speakers)}" for who, count in _without_consent(gathered, speakers).items()]
    seen = _Seen()
    for one in gathered:
        speaker = speakers.get(one.row["speaker_id"])
        if speaker is None or speaker.lacks:
            continue
        sound, length_s, rate_hz = _listen_to(one.path)
        if same := seen.same(one, sound):
            left_out.append(f"{one.row['file_name']}: the same sound as {same}, which is in the data set")
            continue
        seen.add(one, sound)
        about = {"gender": speaker.gender, "accent": speaker.accent, "licence": speaker.licence}
        counted = {"length_seconds": f"{length_s:.3f}", "sampling_rate": str(rate_hz)}
        row = {**one.row, **about, **counted, "split": split_of(_key(one.row, split_by))}
        row["file_name"] = f"{row['split']}/{Path(row['file_name']).name}"
        rows.append(row)
        files[row["file_name"]] = one.path
    return DataSet(rows, files, left_out)


class _Seen:
    """The sounds that are in the data set already."""

    def __init__(self) -> None:
        self.sounds: dict[str, str] = {}
        self.stretches: dict[str, list[tuple[float, float, str]]] = {}
        self.takes = Takes()

    def same(self, one: Gathered, sound: str) -> str:
        """Return the file that has the same samples, stretch or take, or the empty text if there is none yet."""
        start_s, end_s = _times(one)
        for first, last, name in self.stretches.get(one.source, []) if one.source else []:
            if min(end_s, last) - max(start_s, first) > _SAME * min(end_s - start_s, last - first):
                return name
        return self.sounds.get(sound, "") or self.takes.meet(one.path, one.row["file_name"])

    def add(self, one: Gathered, sound: str) -> None:
        self.sounds[sound] = one.row["file_name"]
        self.stretches.setdefault(one.source, []).append((*_times(one), one.row["file_name"]))


def _times(one: Gathered) -> tuple[float, float]:
    return float(one.row["start"] or 0), float(one.row["end"] or 0)


def _listen_to(path: Path) -> tuple[str, float, int]:
    """Return a digest of a clip's samples, its length and its rate, all from decoding it."""
    import soundfile

    samples, rate_hz = soundfile.read(path, dtype="int16")
    return hashlib.sha256(samples.tobytes()).hexdigest(), len(samples) / rate_hz, int(rate_hz)


def _key(row: Row, split_by: str) -> str:
    if split_by == "speaker":
        return row["speaker_id"]
    phrase = "".join(letter for letter in row["transcription"].casefold() if letter.isalnum())
    return phrase or row["recording"]


def _without_consent(gathered: Sequence[Gathered], speakers: Mapping[str, Speaker]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in gathered:
        name = one.row["speaker_id"]
        if name not in speakers or speakers[name].lacks:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _why(name: str, speakers: Mapping[str, Speaker]) -> str:
    if not name:
        return "have no speaker; give the step a 'speaker', or its cut sheet or transcripts such a column"
    if name not in speakers:
        return f"are by '{name}', who is not among the speakers{nearest(name, list(speakers))}"
    return f"are by '{name}', of whom there is no {speakers[name].lacks}"


def _in_order(found: DataSet, before: Sequence[Row]) -> DataSet:
    """Return the rows in their place of before, what is new after them."""
    places = {Path(row["file_name"]).name: number for number, row in enumerate(before)}
    rows = sorted(found.rows, key=lambda row: places.get(Path(row["file_name"]).name, len(places)))
    return DataSet(rows, found.files, found.left_out)


def _write(folder: Path, found: DataSet) -> None:
    """Write the clips, a metadata.csv for each split, and one file with all rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        rows = [row for row in found.rows if row["split"] == split]
        _write_split(folder / split, rows, found.files)
    write_rows(folder / ALL, found.rows)


def _write_split(folder: Path, rows: Sequence[Row], files: Mapping[str, Path]) -> None:
    names = {Path(row["file_name"]).name for row in rows}
    for path in folder.glob("*") if folder.is_dir() else ():
        if path.name not in names:
            path.unlink()
    if not rows:
        folder.rmdir() if folder.is_dir() else None
        return
    folder.mkdir(exist_ok=True)
    for row in rows:
        source, target = files[row["file_name"]], folder / Path(row["file_name"]).name
        if source.resolve() != target.resolve():
            shutil.copyfile(source, target)
    write_rows(folder / "metadata.csv", [{**row, "file_name": Path(row["file_name"]).name} for row in rows])


def _rows_before(folder: Path) -> list[Row]:
    """Return the rows of a data set that is there. Raises UsageError where something else is."""
    if not folder.exists() or not any(folder.iterdir()):
        return []
    if not (folder / ABOUT).is_file():
        raise UsageError(f"{folder}: is no data set that this command wrote; name a new folder")
    return read_rows(folder / ALL)


def _kept_choice(folder: Path, name: str, split_by: str) -> str:
    """Return what splits are made by: always what they were made by at first."""
    if not (folder / ABOUT).is_file():
        return split_by or "phrase"
    about = json.loads((folder / ABOUT).read_text())
    if about["name"] != name:
        raise UsageError(f"{folder}: is the data set '{about['name']}'; name another folder for '{name}'")
    if split_by not in ("", about["split_by"]):
        raise UsageError(f"{folder}: is split by {about['split_by']}, and splits never change; name a new folder")
    return str(about["split_by"])


def _adopt(folder: Path) -> list[Gathered]:
    """Return clips that existed before, by the metadata.csv beside them."""
    metadata = folder / "metadata.csv"
    if not metadata.is_file():
        raise UsageError(f"{folder}: there is no metadata.csv; write one with the columns file_name and transcription")
    found = []
    for row in read_rows(metadata):
        path = folder / row.get("file_name", "")
        if not path.is_file():
            raise UsageError(
                f"{metadata}: lists {row.get('file_name') or 'a row without a file_name'}, which isn't there"
            )
        text = row.get("transcription") or row.get("text", "")
        given = {name: value for name, value in row.items() if name not in ("text", "speaker_id")}
        clip = {
            **given,
            "recording": path.stem,
            "transcription": text,
            "speaker": row.get("speaker_id") or row.get("speaker", ""),
        }
        found.append(Gathered(path, _row(clip, "adopted", ""), ""))
    return found


def _adopted_before(before: Sequence[Row], folder: Path) -> list[Gathered]:
    """Return the clips that came from elsewhere and are in the data set already."""
    own = [row for row in before if not row["day"]]
    filled = [{name: value for name, value in row.items() if value or name in OURS} for row in own]
    return [
        Gathered(folder / row["file_name"], {**row, "file_name": Path(row["file_name"]).name}, "") for row in filled
    ]
