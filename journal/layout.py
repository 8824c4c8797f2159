"""Where things lie: the names of entries, and of what is kept beside them. No other module knows these names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

REPORT = "report.json"
LAST_DAY = 999_999
_ENTRY = re.compile(r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})-day-(?P<day>[0-9]{1,6})")


@dataclass(frozen=True)
class EntryName:
    """What an entry's file name tells: its day, and its date as it is written there."""

    day: int
    date: str


def entry_files(entries: Path) -> list[Path]:
    """Return the Markdown files in the folder of entries, by name, which is by date."""
    return sorted(path for path in entries.glob("*.md") if path.is_file())


def entry_file(entries: Path, day: int, when: date) -> Path:
    """Return where the entry of a day belongs."""
    return entries / f"{when.isoformat()}-day-{day}.md"


def parse_entry_name(path: Path) -> EntryName | None:
    """Return what a file's name tells of a day; None where it isn't an entry's name."""
    match = _ENTRY.fullmatch(path.stem)
    return EntryName(int(match["day"]), match["date"]) if match else None


def artifacts_of(entry: Path) -> Path:
    """Return the folder beside an entry that holds a folder for each step."""
    return entry.with_suffix("")


def media_of(entry: Path) -> Path:
    """Return the folder of the author's own files beside an entry: no step's id begins so."""
    return artifacts_of(entry) / "_files"


def verdicts_of(entry: Path) -> Path:
    """Return where the verdicts on an entry's pictures are kept: beside the entry, whose own folder may be cleared."""
    return entry.with_suffix(".verdicts.yml")


def report_in(step_folder: Path) -> Path:
    """Return the file that holds a step's report as data."""
    return step_folder / REPORT


def has_report(step_folder: Path) -> bool:
    """Return whether a step has left a result there."""
    return report_in(step_folder).is_file()


def steps_of(entry: Path) -> list[Path]:
    """Return the folders beside an entry in which a step has left its report, by name."""
    return sorted(report.parent for report in artifacts_of(entry).glob(f"*/{REPORT}"))


def all_steps(entries: Path) -> Iterator[Path]:
    """Yield every step's folder beside any entry, also where the entry itself is gone."""
    yield from sorted(report.parent for report in entries.glob(f"*/*/{REPORT}"))


def day_of_step(step_folder: Path) -> int | None:
    """Return the day of a step's folder by the name of the folder that it lies in."""
    name = parse_entry_name(step_folder.parent)
    return name.day if name else None


def shown_step(step_folder: Path) -> str:
    """Return a step's report as messages name it: ``entries/2024-05-13-day-133/clips/report.json``."""
    return f"entries/{step_folder.parent.name}/{step_folder.name}/{REPORT}"


def artifacts_in(step_folder: Path) -> list[Path]:
    """Return the files that a step made, without its report."""
    return sorted(path for path in step_folder.rglob("*") if path.is_file() and path != report_in(step_folder))
