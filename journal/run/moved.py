"""Which numbers a new result shows otherwise than the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from journal.api.report import Report
from journal.errors import StoreError
from journal.record import Record

_MOST = 5


def moved_numbers(old: Path | None, new: Path, record: Record) -> list[str]:
    """Return "words 3 → 4" for the numbers that moved, the first few of them; nothing where a report can't be read."""
    if old is None or old == new:
        return []
    with suppress(StoreError):
        before, after = (dict(_numbers(record.step(folder).report)) for folder in (old, new))
        moved = [f"{name} {before[name]} → {now}" for name, now in after.items() if before.get(name, now) != now]
        more = len(moved) - _MOST
        return moved[:_MOST] + ([f"and {more} more {'numbers' if more > 1 else 'number'}"] if more > 0 else [])
    return []


def _numbers(report: Report) -> Iterator[tuple[str, str]]:
    for item in report.items:
        if getattr(item, "visible", True):
            for number in item.numbers():
                yield " ".join((*number.names, number.title)).strip(), str(number.number)
