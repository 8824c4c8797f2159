"""The history and the waste of a store, as people read them and as programs do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from journal.store.gc import Waste
from journal.store.history import Attempt
from journal.text.entry import LAST_DAY


def run_lines(attempts: Sequence[tuple[Attempt, str]]) -> list[str]:
    """Return a line an attempt: when, what came of it, how long, with how much memory, where and why it ran."""
    return [_attempt_line(attempt) for attempt, _ in attempts] or ["nothing has run yet"]


def describe_attempts(attempts: Sequence[tuple[Attempt, str]]) -> list[dict[str, Any]]:
    """Return attempts as plain data."""
    return [
        {
            "run": attempt.run,
            "command": command,
            "started": _when(attempt).isoformat(timespec="seconds"),
            "day": attempt.day,
            "step": attempt.step,
            "task": attempt.task,
            "outcome": attempt.outcome,
            "seconds": round(attempt.seconds, 3),
            "peak_gb": None if attempt.peak_gb is None else round(attempt.peak_gb, 3),
            "place": attempt.place,
            "reason": attempt.reason,
            "message": attempt.message,
            "fingerprint": attempt.fingerprint,
        }
        for attempt, command in attempts
    ]


def waste_lines(waste: Sequence[Waste], folder: Path, *, removed: bool) -> list[str]:
    """Return a line a thing that can go or went, and their sum."""
    lines = [f"{_size(one.bytes):>9}  {one.path.relative_to(folder.parent).as_posix()}: {one.why}" for one in waste]
    total, verb = _size(sum(one.bytes for one in waste)), "freed" if removed else "can be freed"
    return [*lines, f"{total:>9}  {verb}, {len(waste)} in all" if waste else "nothing to remove"]


def describe_waste(waste: Sequence[Waste], folder: Path) -> list[dict[str, Any]]:
    """Return what can go as plain data."""
    return [
        {"path": one.path.relative_to(folder.parent).as_posix(), "bytes": one.bytes, "why": one.why} for one in waste
    ]


def _day(attempt: Attempt) -> str:
    return f"day {attempt.day}" if attempt.day != LAST_DAY else "no day"  # what was tried without an entry


def _attempt_line(attempt: Attempt) -> str:
    when = f"{_when(attempt):%Y-%m-%d %H:%M:%S}"
    why = attempt.message if attempt.outcome == "failed" else attempt.reason
    what = f"{_day(attempt):<8} {attempt.step:<14} {attempt.task:<18} {attempt.outcome:<7}"
    took = f"{attempt.seconds:8.1f} s {'-' if attempt.peak_gb is None else _size(attempt.peak_gb * 1e9):>9}"
    return f"{when}  run {attempt.run:<4} {what} {took}  {attempt.place or '-':<8} {why}".rstrip()


def _when(attempt: Attempt) -> datetime:
    return datetime.fromtimestamp(attempt.started).astimezone()


def _size(count: float) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
