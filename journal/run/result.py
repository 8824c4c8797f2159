"""What a run is asked for and what it tells: the user's choice, how each step ended, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from journal.plan.steps import PlannedStep


@dataclass(frozen=True)
class Choice:
    """What the user asked of a run."""

    only: tuple[str, ...] = ()
    force: bool = False
    jobs: int | None = None
    command: str = ""
    on: str = ""
    """Where: "local", "dask" or a Dask scheduler's address; empty is as journal.yml says."""


@dataclass(frozen=True)
class StepResult:
    """How a step of a run ended; what fails is a value, not an exception."""

    planned: PlannedStep
    outcome: str
    """ "done", "current" (its result was at hand), "failed", "skipped" (what it needs failed) or "would run"."""
    folder: Path | None = None
    """The result: this one, or the last good one where the step failed."""
    reasons: tuple[str, ...] = ()
    message: str = ""
    headline: str = ""
    seconds: float = 0.0
    log: tuple[str, ...] = ()
    """The last lines of a failed step's log."""
    log_path: str = ""
    """Where all of it is."""

    @property
    def failed(self) -> bool:
        return self.outcome in ("failed", "skipped")


class Observer(Protocol):
    """Is told what happens, as it happens."""

    def started(self, step: PlannedStep, reasons: tuple[str, ...]) -> None: ...
    def progressed(self, step: PlannedStep, done: float, total: float, what: str) -> None: ...
    def retried(self, step: PlannedStep, message: str, tries_left: int) -> None: ...
    def finished(self, result: StepResult) -> None: ...
