"""The history of runs: what ran, when, how long, why and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COLUMNS = "day, step, task, fingerprint, parts, reason, outcome, message, started, seconds, place, run, peak_gb"
INSERT = f"INSERT INTO attempt ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
LAST = f"SELECT {_COLUMNS} FROM attempt WHERE id IN (SELECT max(id) FROM attempt WHERE day = ? GROUP BY step)"
LAST_DONE = (
    f"SELECT {_COLUMNS} FROM attempt WHERE id IN"
    " (SELECT max(id) FROM attempt WHERE day = ? AND outcome = 'done' GROUP BY step)"
)
LATEST = f"SELECT {_COLUMNS} FROM attempt ORDER BY id DESC LIMIT ?"
LATEST_OF_DAY = f"SELECT {_COLUMNS} FROM attempt WHERE day = ? ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True)
class Attempt:
    """One run of a step, as history keeps it."""

    day: int
    step: str
    task: str
    fingerprint: str
    parts: Mapping[str, str]
    reason: str
    outcome: str
    """ "done" or "failed"."""
    message: str = ""
    started: float = 0.0
    """Seconds since the epoch."""
    seconds: float = 0.0
    place: str = "local"
    run: int = 0
    peak_gb: float | None = None
    """The most memory that its process had; None where nobody knows."""

    def row(self) -> tuple[Any, ...]:
        """Return the values as the database keeps them."""
        parts = json.dumps(dict(self.parts), ensure_ascii=False)
        return (
            self.day, self.step, self.task, self.fingerprint, parts, self.reason,
            self.outcome, self.message, self.started, self.seconds, self.place, self.run, self.peak_gb,
        )  # fmt: skip


def attempt_of(row: tuple[Any, ...]) -> Attempt:
    """Make an attempt of its row."""
    day, step, task, fingerprint, parts, *rest = row
    return Attempt(day, step, task, fingerprint, json.loads(parts), *rest)


def attempts_on_disk(entries: Path) -> Iterator[Attempt]:
    """Find out from the reports beside the entries what was run last, for a history that was lost."""
    for report in sorted(entries.glob("*/*/report.json")):
        day = re.search(r"day-(\d+)$", report.parent.parent.name)
        if day and (attempt := _read_attempt(report, int(day[1]))):
            yield attempt


def _read_attempt(report: Path, day: int) -> Attempt | None:
    try:
        data = json.loads(report.read_text(encoding="utf-8"))
        fingerprint, parts = data["fingerprint"], dict(data["depends_on"])
        when = report.stat().st_mtime
        return Attempt(day, report.parent.name, data["task"], fingerprint, parts, "found on disk", "done", "", when)
    except (OSError, ValueError, KeyError, TypeError):
        return None
