"""What references stand for: the outputs of steps of this entry, and of earlier days."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journal.api.report import read_report
from journal.errors import TaskError
from journal.plan.steps import Reference
from journal.run.result import StepResult


def output_of(reference: Reference, results: Mapping[str, StepResult], earlier: Mapping[int, Path]) -> Any:
    """Return plain data, a path, or paths; raises TaskError where there is no such output.

    ``earlier`` holds the entry file of each day.
    """
    folder = (
        _folder(reference, results) if reference.day is None else _earlier_folder(reference, reference.day, earlier)
    )
    outputs = read_report(folder).outputs
    if reference.output not in outputs:
        known = ", ".join(sorted(outputs)) or "none"
        raise TaskError(f"{reference}: step '{reference.step}' has no output '{reference.output}'; it has {known}")
    return outputs[reference.output]


def _folder(reference: Reference, results: Mapping[str, StepResult]) -> Path:
    folder = results[reference.step].folder
    if folder is None:
        raise TaskError(f"{reference}: step '{reference.step}' has no result")
    return folder


def _earlier_folder(reference: Reference, day: int, earlier: Mapping[int, Path]) -> Path:
    if day not in earlier:
        raise TaskError(f"{reference}: there is no entry of day {day}")
    folder = earlier[day].with_suffix("") / reference.step
    if not (folder / "report.json").is_file():
        raise TaskError(f"{reference}: it has no result yet; run: journal day {day}")
    return folder
