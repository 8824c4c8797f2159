"""The card of a data set, and the check that card, tables and files agree."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_HUB_LICENCES = re.compile(r"(cc0-1\.0|cc-by(-(sa|nc|nd|nc-sa|nc-nd))?-[234]\.\d|mit|apache-2\.0)")
_TOLERANCE_S = 0.0006  # of a length that is written with three digits


def write_card(folder: Path, name: str, rows: Sequence[Mapping[str, str]], left_out: Sequence[str], by: str) -> None:
    """Write README.md: what is in the data set, in the layout of the Hugging Face hub."""
    splits = Counter(row["split"] for row in rows)
    configs = [
        f"  - split: {split}\n    path: {split}/*\n" for split in ("train", "validation", "test") if splits[split]
    ]
    licences = sorted({row["licence"] for row in rows})
    known = licences[0].casefold() if len(licences) == 1 else "other"
    licence = known if _HUB_LICENCES.fullmatch(known) else "other"
    front = f"license: {licence}\ntask_categories: [automatic-speech-recognition]\n"
    front += "configs:\n- config_name: default\n  drop_labels: true\n  data_files:\n" + "".join(configs)
    (folder / "README.md").write_text(
        f"---\n{front}---\n" + "\n".join(_body(name, rows, left_out, by)), encoding="utf-8"
    )


def _body(name: str, rows: Sequence[Mapping[str, str]], left_out: Sequence[str], by: str) -> Iterator[str]:
    yield f"# {name}\n"
    yield f"{_amount(rows)} of speech.\n"
    yield "| split | clips | minutes |\n| :-- | --: | --: |"
    for split in ("train", "validation", "test"):
        own = [row for row in rows if row["split"] == split]
        if own:
            yield f"| {split} | {len(own)} | {_minutes(own):.3f} |"
    yield f"\nA clip's split follows from its {by} alone, and never changes as days are added.\n"
    yield "| speaker | clips | gender | accent | licence |\n| :-- | --: | :-- | :-- | :-- |"
    for speaker, count in sorted(Counter(row["speaker_id"] for row in rows).items()):
        one = next(row for row in rows if row["speaker_id"] == speaker)
        yield f"| {speaker} | {count} | {one['gender']} | {one['accent']} | {one['licence']} |"
    yield "\nEach speaker has consented to be in this data set. `all.csv` has all rows; each split's folder its own.\n"
    if left_out:
        yield "## Left out\n"
        yield from (f"- {line}" for line in left_out)
        yield ""


def _amount(rows: Sequence[Mapping[str, str]]) -> str:
    return f"{len(rows)} clips, {_minutes(rows):.3f} minutes"


def _minutes(rows: Sequence[Mapping[str, str]]) -> float:
    return sum(float(row["length_seconds"]) for row in rows) / 60


def verify(folder: Path) -> list[str]:
    """Return a line for each way in which card, tables and files of a data set differ; none if they agree."""
    try:
        rows = _read(folder / "all.csv")
        card = (folder / "README.md").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        return [f"{error.filename}: is missing; write the data set again"]
    listed = Counter(row["file_name"] for row in rows)
    there = {path.relative_to(folder).as_posix() for path in _sounds(folder)}
    problems = [f"all.csv lists {name} {count} times" for name, count in sorted(listed.items()) if count > 1]
    problems += [f"all.csv lists {name}, which is not there" for name in sorted(set(listed) - there)]
    problems += [f"{name} is there, but not in all.csv" for name in sorted(there - set(listed))]
    problems += _lengths(folder, [row for row in rows if row["file_name"] in there])
    if _amount(rows) not in card:
        problems.append(f"README.md says something else than {_amount(rows)}, which is what all.csv adds up to")
    return [*problems, *_splits(folder, rows, card)]


def _splits(folder: Path, rows: Sequence[Mapping[str, str]], card: str) -> Iterator[str]:
    """Yield how the splits' own tables, or the card's lines on them, differ from the table of all rows."""
    for split in sorted({row["split"] for row in rows}):
        own = [row for row in rows if row["split"] == split]
        path = folder / split / "metadata.csv"
        expected = [{**row, "file_name": row["file_name"].removeprefix(f"{split}/")} for row in own]
        if not path.is_file() or _without_empty(_read(path)) != _without_empty(expected):
            yield f"{split}/metadata.csv and all.csv differ"
        if f"| {split} | {len(own)} | {_minutes(own):.3f} |" not in card:
            yield f"README.md says something else of {split} than {len(own)} clips, {_minutes(own):.3f} minutes"


def _lengths(folder: Path, rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    import soundfile

    for row in rows:
        try:
            samples, rate_hz = soundfile.read(folder / row["file_name"], dtype="int16")
        except soundfile.LibsndfileError:
            yield f"{row['file_name']} can't be read as sound"
            continue
        length_s = len(samples) / rate_hz
        if abs(length_s - float(row["length_seconds"])) > _TOLERANCE_S or str(rate_hz) != row["sampling_rate"]:
            told = f"{row['length_seconds']} s at {row['sampling_rate']} Hz"
            yield f"{row['file_name']} is {length_s:.3f} s at {rate_hz} Hz, all.csv says {told}"


def _sounds(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".flac", ".wav", ".ogg", ".mp3", ".opus"):
            yield path


def _without_empty(rows: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{name: value for name, value in row.items() if value} for row in rows]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
