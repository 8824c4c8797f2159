"""The history of runs: what ran, when, for how long, why and where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from journal.api.report_file import StepReport
from journal.layout import day_of_step, report_in
from journal.plan.parts import Parts, dump_parts, load_parts
from journal.plan.seen import result_name
from journal.record import reports_below

_COLUMNS = "day, step, task, fingerprint, parts, reason, outcome, message, started, seconds, executor, run, peak_gb"
INSERT = f"INSERT INTO step_run ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
LAST = f"SELECT {_COLUMNS} FROM step_run WHERE id IN (SELECT max(id) FROM step_run WHERE day = ? GROUP BY step)"
LAST_DONE = (
    f"SELECT {_COLUMNS} FROM step_run WHERE id IN"
    " (SELECT max(id) FROM step_run WHERE day = ? AND outcome = 'done' GROUP BY step)"
)
LATEST = f"SELECT {_COLUMNS} FROM step_run ORDER BY id DESC LIMIT ?"
LATEST_OF_DAY = f"SELECT {_COLUMNS} FROM step_run WHERE day = ? ORDER BY id DESC LIMIT ?"


class Outcome(StrEnum):
    """How a step ended, or would end."""

    DONE = "done"
    CURRENT = "current"
    """It already had a result."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not run because a step it needs failed."""
    WOULD_RUN = "would run"


@dataclass(frozen=True)
class StepRun:
    """One run of a step, as recorded in the history."""

    day: int
    step: str
    task: str
    fingerprint: str
    """The name of its result; of a failed run, the fingerprint alone."""
    parts: Parts
    reason: str
    outcome: Outcome
    message: str = ""
    started: float = 0.0
    """Seconds since the epoch."""
    seconds: float = 0.0
    executor: str = "local"
    run: int = 0
    peak_gb: float | None = None
    """The peak memory of its process; None if unknown."""

    def row(self) -> tuple[Any, ...]:
        """Return the values as a database row."""
        parts = json.dumps(dump_parts(self.parts), ensure_ascii=False)
        return (
            self.day, self.step, self.task, self.fingerprint, parts, self.reason,
            self.outcome, self.message, self.started, self.seconds, self.executor, self.run, self.peak_gb,
        )  # fmt: skip


_LATEST = 1e11
"""Seconds since the epoch; later than any calendar goes."""
_TYPES = (int, str, str, str, str, str, str, str, float, float, str, int)


def step_run_of(row: tuple[Any, ...]) -> StepRun | None:
    """Return a step run from its database row, or None if the row is damaged."""
    day, step, task, fingerprint, parts, reason, outcome, *rest = row
    peak = rest[-1]
    are_right = all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=False))
    started = row[8]
    if not are_right or not 0 <= started < _LATEST or not (peak is None or isinstance(peak, float)):
        return None
    known = Outcome(outcome) if outcome in list(Outcome) else Outcome.FAILED  # of a newer version
    try:
        loaded = load_parts({str(name): str(value) for name, value in json.loads(parts).items()})
    except (ValueError, AttributeError):
        return None
    return StepRun(day, step, task, fingerprint, loaded, reason, known, *rest)


def step_runs_on_disk(entries: Path) -> Iterator[StepRun]:
    """Yield the last run of each step as found in the reports beside the entries, to rebuild a lost history."""
    for step in reports_below(entries):
        day = day_of_step(step.folder)
        if day is not None and step.fingerprint and step.depends_on:
            yield _found(step, day)


def _found(step: StepReport, day: int) -> StepRun:
    when, parts = report_in(step.folder).stat().st_mtime, load_parts(step.depends_on)
    name = result_name(step.fingerprint, step.seen)
    return StepRun(day, step.step, step.task, name, parts, "found on disk", Outcome.DONE, "", when)
