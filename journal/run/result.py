"""The options of a run, the results of its steps, and the observer of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from journal.plan import PlannedStep
from journal.run.messages import Progress
from journal.store.history import Outcome


@dataclass(frozen=True)
class RunOptions:
    """The options of a run."""

    only: tuple[str, ...] = ()
    force: bool = False
    upgrade: bool = False
    """Whether to run steps again whose libraries have other versions now."""
    accept: Mapping[str, str] = field(default_factory=dict)
    """Steps whose last result stands, each with the reason that its author gives."""
    jobs: int | None = None
    command: str = ""
    on: str = ""
    """An executor's name or address; empty means the one in journal.yml."""

    @property
    def asks_for_nothing_else(self) -> bool:
        """Whether it is all steps that run, and only where they are out of date."""
        return not (self.only or self.force or self.upgrade or self.accept)


@dataclass(frozen=True)
class StepResult:
    """How a step ended; a failure is a value, not an exception."""

    planned: PlannedStep
    outcome: Outcome
    folder: Path | None = None
    """The folder of the result, or of the last good one if the step failed."""
    reasons: tuple[str, ...] = ()
    message: str = ""
    headline: str = ""
    seconds: float = 0.0
    log: tuple[str, ...] = ()
    """The last lines of a failed step's log."""
    log_path: str = ""
    """The path of the full log."""

    asides: tuple[str, ...] = ()
    """What is worth a word only to somebody who asks how things stand."""
    notes: tuple[str, ...] = ()
    """What is worth a word beside how it ended."""
    is_as_written: bool = False
    """Whether it was settled before anything ran, by what the entry says: an unknown task, a wrong parameter."""

    @property
    def failed(self) -> bool:
        return self.outcome in (Outcome.FAILED, Outcome.SKIPPED)


class Observer(Protocol):
    """Is notified of events in a run as they happen."""

    def started(self, step: PlannedStep, reasons: tuple[str, ...]) -> None: ...
    def progressed(self, step: PlannedStep, progress: Progress) -> None: ...
    def retried(self, step: PlannedStep, message: str, tries_left: int) -> None: ...
    def finished(self, result: StepResult) -> None: ...
