"""What a run is asked for and what it tells: the user's options, how each step ended, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from journal.plan import PlannedStep
from journal.run.messages import Progress
from journal.store.history import Outcome


@dataclass(frozen=True)
class RunOptions:
    """What the user asked of a run."""

    only: tuple[str, ...] = ()
    force: bool = False
    jobs: int | None = None
    command: str = ""
    on: str = ""
    """Where: an executor's name, or an address; empty is as journal.yml says."""


@dataclass(frozen=True)
class StepResult:
    """How a step of a run ended; what fails is a value, not an exception."""

    planned: PlannedStep
    outcome: Outcome
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
        return self.outcome in (Outcome.FAILED, Outcome.SKIPPED)


class Observer(Protocol):
    """Is told what happens, as it happens."""

    def started(self, step: PlannedStep, reasons: tuple[str, ...]) -> None: ...
    def progressed(self, step: PlannedStep, progress: Progress) -> None: ...
    def retried(self, step: PlannedStep, message: str, tries_left: int) -> None: ...
    def finished(self, result: StepResult) -> None: ...
