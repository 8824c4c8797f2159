"""Values of references: the outputs of steps in this entry and on earlier days."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journal.errors import TaskError
from journal.layout import artifacts_of, has_report
from journal.plan.references import Reference
from journal.record import Record
from journal.run.result import StepResult


def output_of(reference: Reference, results: Mapping[str, StepResult], record: Record) -> Any:
    """Return a reference's value: plain data, a path, or paths. Raises ``TaskError`` where there is no such output."""
    folder = _folder(reference, results) if reference.day is None else _earlier_folder(reference, reference.day, record)
    outputs = record.step(folder).report.outputs
    if reference.output not in outputs:
        known = ", ".join(sorted(outputs)) or "none"
        raise TaskError(f"{reference}: step '{reference.step}' has no output '{reference.output}'; it has {known}")
    return outputs[reference.output]


def _folder(reference: Reference, results: Mapping[str, StepResult]) -> Path:
    folder = results[reference.step].folder
    if folder is None:
        raise TaskError(f"{reference}: step '{reference.step}' has no result; run it first")
    return folder


def _earlier_folder(reference: Reference, day: int, record: Record) -> Path:
    days = record.days()
    if day not in days:
        raise TaskError(f"{reference}: there is no entry for day {day}; create one with: journal new {day}")
    folder = artifacts_of(days[day]) / reference.step
    if not has_report(folder):
        raise TaskError(f"{reference}: it has no result yet; run: journal day {day}")
    return folder
