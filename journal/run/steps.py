"""The steps of a run: which are chosen, what each would be run with, and whether it already has a result."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from journal.api.report_file import read_headline
from journal.errors import JournalError, TaskError, UsageError, nearest
from journal.plan.change import explain_change
from journal.plan.fingerprint import Fingerprint, Inputs, read_inputs, take_fingerprint
from journal.plan.steps import Plan, PlannedStep
from journal.plan.task_cache import TaskCache
from journal.record import Record
from journal.run.outputs import output_of
from journal.run.result import RunOptions, StepResult
from journal.store import StepRun, Store
from journal.store.history import Outcome
from journal.text.entry import Entry
from journal.text.workspace import Workspace


@dataclass(frozen=True)
class Ready:
    """A step whose needs are met: its fingerprint, its inputs, and its result if there is one."""

    fingerprint: Fingerprint
    inputs: Inputs
    result: Path | None = None
    headline: str = ""
    reasons: tuple[str, ...] = ()


@dataclass
class Run:
    """A plan being run."""

    plan: Plan
    workspace: Workspace
    store: Store
    options: RunOptions
    cache: TaskCache
    record: Record
    stale: Collection[tuple[int, str]] = ()
    """Steps of earlier days that would run, so that steps referring to them would, too."""
    results: dict[str, StepResult] = field(default_factory=dict)

    @property
    def entry(self) -> Entry:
        return self.plan.entry

    @cached_property
    def last_done(self) -> dict[str, StepRun]:
        """The last successful run of each step."""
        return self.store.last_runs(self.entry.day, done=True)

    @cached_property
    def last(self) -> dict[str, StepRun]:
        """The last run of each step, successful or not."""
        return self.store.last_runs(self.entry.day)

    def chosen(self) -> list[PlannedStep]:
        """Return the steps to run: all but the manual ones, or those named by ``only`` and the steps they need.

        Raises ``UsageError`` where ``only`` names an unknown step.
        """
        known = {step.id for step in self.plan.steps}
        for name in self.options.only:
            if name not in known:
                raise UsageError(f"day {self.entry.day} has no step '{name}'{nearest(name, sorted(known))}")
        wanted = set(self.options.only) or {step.id for step in self.plan.steps if step.step.when == "auto"}
        for planned in reversed(self.plan.steps):
            if planned.id in wanted:
                wanted |= set(planned.needs)
        return [planned for planned in self.plan.steps if planned.id in wanted]

    def preview(self) -> Iterator[StepResult]:
        """Yield for each step whether it would run and why, without running any."""
        for planned in self.chosen():
            self.results[planned.id] = self._preview(planned)
            yield self.results[planned.id]
        self.store.flush()

    def make_ready(self, planned: PlannedStep) -> Ready:
        """Resolve a step's references and compute its fingerprint. Raises ``JournalError`` where that fails."""
        if planned.problem or planned.source is None:
            raise planned.problem or TaskError("the step has no task")
        outputs = {ref: output_of(ref, self.results, self.record) for ref in planned.references}
        inputs = read_inputs(planned, planned.source, outputs, self.cache)
        fingerprint = take_fingerprint(planned, planned.source, inputs, self.entry, self.cache)
        if self.options.force and (not self.options.only or planned.id in self.options.only):
            return Ready(fingerprint, inputs, reasons=("forced",))
        folder = self.store.result(fingerprint.digest)
        headline = read_headline(folder) if folder else None
        if folder and headline is not None:
            return Ready(fingerprint, inputs, folder, headline)
        return Ready(fingerprint, inputs, reasons=self._reasons(planned.id, fingerprint))

    def last_good(self, planned: PlannedStep) -> Path | None:
        """Return the folder of the step's last good result, or None."""
        last = self.last_done.get(planned.id)
        return self.store.result(last.fingerprint) if last else None

    def one_line(self, error: JournalError) -> str:
        """Return an error's message, with paths relative to the workspace."""
        return str(error).replace(f"{self.workspace.root}/", "")

    def _reasons(self, step: str, fingerprint: Fingerprint) -> tuple[str, ...]:
        last, done = self.last.get(step), self.last_done.get(step)
        if last and last.outcome == Outcome.FAILED and last.fingerprint == fingerprint.digest:
            return ("failed last time",)
        return tuple(explain_change(done.parts if done else None, fingerprint.parts)) or ("its result is gone",)

    def _preview(self, planned: PlannedStep) -> StepResult:
        bad = [need for need in planned.needs if self.results[need].failed] if not planned.problem else []
        if bad:
            message = f"not run because {' and '.join(bad)} can't run"
            return StepResult(planned, Outcome.SKIPPED, self.last_good(planned), message=message)
        if again := self._runs_again(planned):
            return StepResult(planned, Outcome.WOULD_RUN, self.last_good(planned), again)
        try:
            ready = self.make_ready(planned)
        except JournalError as error:
            return StepResult(planned, Outcome.FAILED, self.last_good(planned), message=self.one_line(error))
        if ready.result:
            return StepResult(planned, Outcome.CURRENT, ready.result, headline=ready.headline)
        return StepResult(planned, Outcome.WOULD_RUN, self.last_good(planned), ready.reasons)

    def _runs_again(self, planned: PlannedStep) -> tuple[str, ...]:
        """Return why a step may run although it is unchanged itself: steps it refers to run before it."""
        said = {}
        for reference in planned.references if not planned.problem else ():
            if reference.day is None and self.results[reference.step].outcome == Outcome.WOULD_RUN:
                said[
                    f"{reference.step} runs again"
                    if reference.step in self.last_done
                    else f"{reference.step} runs first"
                ] = 1
            elif reference.day is not None and (reference.day, reference.step) in self.stale:
                said[f"{reference.step} of day {reference.day} runs again"] = 1
        return tuple(said)
