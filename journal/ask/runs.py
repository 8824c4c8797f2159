"""A store's runs and waste, as lines for people and as data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from journal.layout import LAST_DAY
from journal.store.gc import Waste
from journal.store.history import StepRun


def run_lines(runs: Sequence[tuple[StepRun, str]]) -> list[str]:
    """Return a line for each run: when, what, with which outcome, how long, with how much memory, where and why."""
    return [_run_line(run) for run, _ in runs] or ["nothing has run yet"]


def describe_runs(runs: Sequence[tuple[StepRun, str]]) -> list[dict[str, Any]]:
    """Return runs as plain data."""
    return [
        {
            "run": run.run,
            "command": command,
            "started": _when(run).isoformat(timespec="seconds"),
            "day": run.day,
            "step": run.step,
            "task": run.task,
            "outcome": run.outcome,
            "seconds": round(run.seconds, 3),
            "peak_gb": None if run.peak_gb is None else round(run.peak_gb, 3),
            "place": run.executor,
            "reason": run.reason,
            "message": run.message,
            "fingerprint": run.fingerprint,
        }
        for run, command in runs
    ]


def waste_lines(waste: Sequence[Waste], folder: Path, *, removed: bool) -> list[str]:
    """Return a line for each thing that is removable or was removed, and a total."""
    lines = [f"{_size(one.bytes):>9}  {one.path.relative_to(folder.parent).as_posix()}: {one.why}" for one in waste]
    total, verb = _size(sum(one.bytes for one in waste)), "freed" if removed else "can be freed"
    return [*lines, f"{total:>9}  {verb}, {len(waste)} in all" if waste else "nothing to remove"]


def describe_waste(waste: Sequence[Waste], folder: Path) -> list[dict[str, Any]]:
    """Return what is removable, as plain data."""
    return [
        {"path": one.path.relative_to(folder.parent).as_posix(), "bytes": one.bytes, "why": one.why} for one in waste
    ]


def _day(run: StepRun) -> str:
    return f"day {run.day}" if run.day != LAST_DAY else "no day"  # run without an entry


def _run_line(run: StepRun) -> str:
    when = f"{_when(run):%Y-%m-%d %H:%M:%S}"
    why = run.message if run.outcome == "failed" else run.reason
    what = f"{_day(run):<8} {run.step:<14} {run.task:<18} {run.outcome:<7}"
    took = f"{run.seconds:8.1f} s {'-' if run.peak_gb is None else _size(run.peak_gb * 1e9):>9}"
    return f"{when}  run {run.run:<4} {what} {took}  {run.executor or '-':<8} {why}".rstrip()


def _when(run: StepRun) -> datetime:
    return datetime.fromtimestamp(run.started).astimezone()


def _size(count: float) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
