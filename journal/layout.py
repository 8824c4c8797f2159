"""The names of entries and of the files beside them; no other module knows these names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

REPORT = "report.json"
ANSWERS = "answers.jsonl"
LAST_DAY = 999_999
_ENTRY = re.compile(r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})-day-(?P<day>[0-9]{1,6})")


@dataclass(frozen=True)
class EntryName:
    """The day and the date in an entry's file name, the date as written."""

    day: int
    date: str


def entry_files(entries: Path) -> list[Path]:
    """Return the Markdown files in the entries folder, sorted by name and so by date."""
    return sorted(path for path in entries.glob("*.md") if path.is_file())


def entry_file(entries: Path, day: int, when: date) -> Path:
    """Return the path for the entry of a day."""
    return entries / f"{when.isoformat()}-day-{day}.md"


def parse_entry_name(path: Path) -> EntryName | None:
    """Return the day and date in a file name, or None if it isn't an entry's name."""
    match = _ENTRY.fullmatch(path.stem)
    return EntryName(int(match["day"]), match["date"]) if match else None


def artifacts_of(entry: Path) -> Path:
    """Return the folder beside an entry that holds a folder for each step."""
    return entry.with_suffix("")


def media_of(entry: Path) -> Path:
    """Return the folder for the author's own files beside an entry; no step id starts with an underscore."""
    return artifacts_of(entry) / "_files"


def verdicts_of(entry: Path) -> Path:
    """Return the file of verdicts on an entry's pictures, outside the entry's folder, which may be cleared."""
    return entry.with_suffix(".verdicts.yml")


def replays_of(entry: Path) -> Path:
    """Return the file of an entry's replays."""
    return entry.with_suffix(".replays.json")


def bundle_of(root: Path, day: int) -> Path:
    """Return the zip of a day's bundle, in the workspace's build folder."""
    return root / "build" / "bundles" / f"day-{day}.zip"


def sheet_of(entry: Path, step: str, name: str) -> Path:
    """Return the sheet of a step that a run and its author both write, outside the entry's folder."""
    return entry.with_suffix(f".{step}.{name}.csv")


def proposed_sheet(entry: Path, step: str, name: str) -> Path:
    """Return the sheet as the last run proposed it."""
    return artifacts_of(entry) / step / f"{name}.csv"


def sheets_of(entry: Path) -> list[Path]:
    """Return the sheets beside an entry."""
    return sorted(entry.parent.glob(f"{entry.stem}.*.csv"))


def report_in(step_folder: Path) -> Path:
    """Return the file with a step's report as data."""
    return step_folder / REPORT


def answers_in(step_folder: Path) -> Path:
    """Return the file with the answers that a step was given, to which every run adds."""
    return step_folder / ANSWERS


def answer_files(entry: Path) -> list[Path]:
    """Return the files of answers beside an entry, of steps without a result too, sorted by name."""
    return sorted(artifacts_of(entry).glob(f"*/{ANSWERS}"))


def has_report(step_folder: Path) -> bool:
    """Return whether the folder holds a step's result."""
    return report_in(step_folder).is_file()


def steps_of(entry: Path) -> list[Path]:
    """Return the folders beside an entry that hold a step's report, sorted by name."""
    return sorted(report.parent for report in artifacts_of(entry).glob(f"*/{REPORT}"))


def all_steps(entries: Path) -> Iterator[Path]:
    """Yield every step folder beside any entry, even if the entry itself is gone."""
    yield from sorted(report.parent for report in entries.glob(f"*/*/{REPORT}"))


def day_of_step(step_folder: Path) -> int | None:
    """Return the day of a step folder, taken from the name of its parent folder."""
    name = parse_entry_name(step_folder.parent)
    return name.day if name else None


def shown_step(step_folder: Path) -> str:
    """Return the path of a step's report for messages: ``entries/2024-05-13-day-133/clips/report.json``."""
    return f"entries/{step_folder.parent.name}/{step_folder.name}/{REPORT}"


def artifacts_in(step_folder: Path) -> list[Path]:
    """Return the files a step made, without its report and the answers that it was given."""
    found = (Path(where, name) for where, _, names in os.walk(step_folder) for name in names)
    return sorted(
        path for path in found if path.is_file() and path not in (report_in(step_folder), answers_in(step_folder))
    )
