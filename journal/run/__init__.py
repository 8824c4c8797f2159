"""Run a plan: each step in a worker process, as soon as what it needs is there, unless its result is at hand."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from journal.entry import Entry
from journal.errors import JournalError, TaskError
from journal.fingerprint import Fingerprint, explain_change, take_fingerprint
from journal.fingerprint.code import Code, read_code
from journal.plan import Plan, PlannedStep, Reference, references_in, resolve_inputs, substitute
from journal.registry import TaskSource
from journal.report import read_report
from journal.run.pool import Event, Pool
from journal.run.worker import Job
from journal.store import Attempt, Store
from journal.workspace import Workspace

LOG_LINES = 12


@dataclass(frozen=True)
class StepResult:
    """How a step of a run ended; what fails is a value, not an exception."""

    planned: PlannedStep
    outcome: str
    """ "done", "current" (its result was at hand), "failed", "skipped" (what it needs failed) or "manual"."""
    folder: Path | None = None
    """The result: this one, or the last good one where the step failed."""
    reasons: tuple[str, ...] = ()
    message: str = ""
    headline: str = ""
    seconds: float = 0.0
    log: tuple[str, ...] = ()
    """The last lines of a failed step's log."""

    @property
    def failed(self) -> bool:
        return self.outcome in ("failed", "skipped")


class Observer(Protocol):
    """Is told what happens, as it happens."""

    def started(self, step: PlannedStep, reasons: tuple[str, ...]) -> None: ...
    def progressed(self, step: PlannedStep, done: float, total: float, what: str) -> None: ...
    def finished(self, result: StepResult) -> None: ...


@dataclass(frozen=True)
class Choice:
    """What the user asked of a run."""

    only: tuple[str, ...] = ()
    force: bool = False
    jobs: int | None = None
    command: str = ""


@dataclass
class _Ready:
    """A step whose needs are there: its fingerprint, its values, and the result if there is one."""

    fingerprint: Fingerprint
    values: dict[str, Any]
    result: Path | None
    reasons: tuple[str, ...]


@dataclass
class Run:
    """One plan being run."""

    plan: Plan
    workspace: Workspace
    store: Store
    choice: Choice
    earlier: Mapping[int, Path] = field(default_factory=dict)
    """The entry file of each other day, for references to them."""
    results: dict[str, StepResult] = field(default_factory=dict)
    codes: dict[TaskSource, Code] = field(default_factory=dict)

    @property
    def entry(self) -> Entry:
        return self.plan.entry

    def preview(self) -> Iterator[StepResult]:
        """Say of each step, without running any, whether it would run and why."""
        for planned in self.chosen():
            self.results[planned.id] = self._preview(planned)
            yield self.results[planned.id]

    def chosen(self) -> list[PlannedStep]:
        """Return the steps to see to: all but the manual ones, or those that ``only`` names and what they need."""
        wanted = set(self.choice.only) or {step.id for step in self.plan.steps if step.step.when == "auto"}
        for planned in reversed(self.plan.steps):
            if planned.id in wanted:
                wanted |= set(planned.needs)
        return [planned for planned in self.plan.steps if planned.id in wanted]

    def make_ready(self, planned: PlannedStep) -> _Ready:
        """Resolve a step's references and take its fingerprint; raises JournalError where that can't be done."""
        task, source = planned.task, planned.source
        if planned.problem or task is None or source is None:
            raise planned.problem or TaskError("the step has no task")
        outputs = {reference: self._output(reference) for reference in planned.references}
        values = resolve_inputs(task, substitute(dict(planned.step.parameters), outputs), self.workspace.root)
        checked = task.validate(values)
        if source not in self.codes:
            self.codes[source] = read_code(source, self.workspace.root)
        code, day, digest = self.codes[source], self.entry.day, self.store.digest
        fingerprint = take_fingerprint(planned, checked, outputs, code, self.workspace, day, digest)
        return _Ready(fingerprint, values, *self._look_up(planned, fingerprint))

    def _look_up(self, planned: PlannedStep, fingerprint: Fingerprint) -> tuple[Path | None, tuple[str, ...]]:
        result = self.store.result(fingerprint.digest)
        if self.choice.force and (not self.choice.only or planned.id in self.choice.only):
            return None, ("forced",)
        if result:
            return result, ()
        last = self.store.last_attempt(self.entry.day, planned.id, "done")
        return None, tuple(explain_change(last.parts if last else None, fingerprint.parts)) or ("its result is gone",)

    def _preview(self, planned: PlannedStep) -> StepResult:
        waiting = [need for need in planned.needs if self.results[need].outcome != "current"]
        if waiting and not planned.problem:
            return StepResult(planned, "would run", reasons=tuple(f"{need} runs first" for need in waiting))
        try:
            ready = self.make_ready(planned)
        except JournalError as error:
            return StepResult(planned, "failed", self.last_good(planned), message=str(error))
        if ready.result:
            return self._current(planned, ready.result)
        return StepResult(planned, "would run", self.last_good(planned), ready.reasons)

    def last_good(self, planned: PlannedStep) -> Path | None:
        """Return the folder of the step's last result, or None."""
        last = self.store.last_attempt(self.entry.day, planned.id, "done")
        return self.store.result(last.fingerprint) if last else None

    def _current(self, planned: PlannedStep, folder: Path) -> StepResult:
        headline = json.loads((folder / "report.json").read_text(encoding="utf-8"))["headline"]
        return StepResult(planned, "current", folder, headline=headline)

    def _output(self, reference: Reference) -> Any:
        """Return what a reference stands for: plain data, a path, or paths."""
        folder = self._folder_of(reference)
        outputs = read_report(folder).outputs
        if reference.output not in outputs:
            known = ", ".join(sorted(outputs)) or "none"
            raise TaskError(f"{reference}: step '{reference.step}' has no output '{reference.output}'; it has {known}")
        return outputs[reference.output]

    def _folder_of(self, reference: Reference) -> Path:
        if reference.day is None:
            folder = self.results[reference.step].folder
            if folder is None:
                raise TaskError(f"{reference}: step '{reference.step}' has no result")
            return folder
        if reference.day not in self.earlier:
            raise TaskError(f"{reference}: there is no entry of day {reference.day}")
        folder = self.earlier[reference.day].with_suffix("") / reference.step
        if not (folder / "report.json").is_file():
            raise TaskError(f"{reference}: it has no result yet; run: journal day {reference.day}")
        return folder


def run_plan(run: Run, observer: Observer) -> list[StepResult]:
    """Run the steps of a plan that have no result yet; returns how each ended, in the plan's order.

    On KeyboardInterrupt the workers are ended; what was finished is kept.
    """
    shutil.rmtree(run.store.work, ignore_errors=True)
    run.store.work.mkdir(parents=True, exist_ok=True)
    loop = _Loop(run, observer, run.store.begin_run(run.choice.command))
    try:
        loop.run_all()
    finally:
        loop.pool.close()
    return [run.results[planned.id] for planned in run.chosen() if planned.id in run.results]


@dataclass
class _InHand:
    """A step that a worker runs."""

    planned: PlannedStep
    ready: _Ready
    job: Job
    started: float
    claims: Mapping[str, float]
    tries_left: int


class _Loop:
    """Starts steps as soon as they can run and there is room, and records each as it ends."""

    def __init__(self, run: Run, observer: Observer, number: int) -> None:
        self.run, self.observer, self.number = run, observer, number
        self.pool = Pool()
        self.in_hand: dict[str, _InHand] = {}
        cores = run.choice.jobs or run.workspace.jobs or os.cpu_count() or 1
        self.room: dict[str, float] = {"cpu": cores, "gpu": max(1, len(list(Path("/dev").glob("nvidia[0-9]*"))))}

    def run_all(self) -> None:
        waiting = {planned.id: planned for planned in self.run.chosen()}
        while waiting or self.in_hand:
            for planned in list(waiting.values()):
                if self._advance(planned):
                    del waiting[planned.id]
            if self.in_hand:
                for event in self.pool.wait():
                    self._take(event)

    def _advance(self, planned: PlannedStep) -> bool:
        """Start a step, or settle it without running; False where it has to wait."""
        if any(need not in self.run.results for need in planned.needs if self._is_step(need)):
            return False
        bad = [need for need in planned.needs if need not in self.run.results or self.run.results[need].failed]
        claims = self._claims(planned)
        if bad and not planned.problem:
            message = f"not run, since {' and '.join(bad)} failed"
            self._settle(StepResult(planned, "skipped", self.run.last_good(planned), message=message))
            return True
        if any(self.room[name] < amount for name, amount in claims.items()):
            return False
        self._start(planned, claims)
        return True

    def _is_step(self, name: str) -> bool:
        return any(planned.id == name for planned in self.run.plan.steps)

    def _claims(self, planned: PlannedStep) -> dict[str, float]:
        claims = {"cpu": 1.0, **(planned.task.resources if planned.task else {})}
        cores = self.run.choice.jobs or self.run.workspace.jobs or os.cpu_count() or 1
        return {name: min(amount, cores) if name == "cpu" else amount for name, amount in claims.items()}

    def _start(self, planned: PlannedStep, claims: Mapping[str, float]) -> None:
        try:
            ready = self.run.make_ready(planned)
        except JournalError as error:
            self._settle(StepResult(planned, "failed", self.run.last_good(planned), message=self._said(error)))
            return
        if ready.result:
            self._settle(self.run._current(planned, ready.result))
            return
        job = self._job(planned, ready, int(claims["cpu"]))
        in_hand = _InHand(planned, ready, job, time.time(), claims, planned.step.retries)
        for name, amount in claims.items():
            self.room[name] -= amount
        self.in_hand[planned.id] = in_hand
        self.observer.started(planned, ready.reasons)
        self._hand_over(in_hand)

    def _said(self, error: JournalError) -> str:
        return str(error).replace(f"{self.run.workspace.root}{os.sep}", "")

    def _hand_over(self, in_hand: _InHand) -> None:
        shutil.rmtree(in_hand.job.out, ignore_errors=True)
        in_hand.job.out.mkdir(parents=True)
        in_hand.job.log.write_bytes(b"")
        self.pool.start(in_hand.planned.id, in_hand.job, in_hand.planned.step.timeout_s)

    def _job(self, planned: PlannedStep, ready: _Ready, threads: int) -> Job:
        run, entry = self.run, self.run.entry
        if planned.source is None or planned.task is None:
            raise TaskError("the step has no task")
        header = {
            "task": planned.task.name,
            "parameters": _shown_parameters(planned, ready.values, run.workspace),
            "fingerprint": ready.fingerprint.digest,
            "depends_on": dict(sorted(ready.fingerprint.parts.items())),
        }
        name = f"day-{entry.day}-{planned.id}"
        out, log = run.store.work / name, run.store.logs / f"{name}.log"
        root, models = run.workspace.root, dict(run.workspace.models)
        memory = None if run.choice.force else run.store.folder / "kept"
        return Job(planned.source, ready.values, header, out, log, root, entry.day, entry.date, models, threads, memory)

    def _take(self, event: Event) -> None:
        in_hand = self.in_hand[event.key]
        if event.kind == "progress":
            self.observer.progressed(in_hand.planned, *_progress(event.values))
            return
        if event.kind == "failed" and in_hand.tries_left > 0:
            self.in_hand[event.key] = replace(in_hand, tries_left=in_hand.tries_left - 1)
            self._hand_over(self.in_hand[event.key])
            return
        del self.in_hand[event.key]
        for name, amount in in_hand.claims.items():
            self.room[name] += amount
        self._finish(in_hand, event)

    def _finish(self, in_hand: _InHand, event: Event) -> None:
        planned, ready = in_hand.planned, in_hand.ready
        seconds = time.time() - in_hand.started
        if event.kind == "done":
            folder = self.run.store.keep(in_hand.job.out, ready.fingerprint.digest)
            result = replace(self.run._current(planned, folder), outcome="done", reasons=ready.reasons, seconds=seconds)
        else:
            log = _last_lines(in_hand.job.log)
            last = self.run.last_good(planned)
            result = StepResult(planned, "failed", last, ready.reasons, str(event.values[0]), "", seconds, log)
        self.run.store.record(self.number, self._attempt(in_hand, result))
        self._settle(result)

    def _attempt(self, in_hand: _InHand, result: StepResult) -> Attempt:
        return Attempt(
            day=self.run.entry.day,
            step=in_hand.planned.id,
            task=in_hand.planned.step.uses,
            fingerprint=in_hand.ready.fingerprint.digest,
            parts=in_hand.ready.fingerprint.parts,
            reason="; ".join(in_hand.ready.reasons),
            outcome=result.outcome,
            message=result.message,
            started=in_hand.started,
            seconds=result.seconds,
        )

    def _settle(self, result: StepResult) -> None:
        self.run.results[result.planned.id] = result
        self.observer.finished(result)


def _progress(values: tuple[Any, ...]) -> tuple[float, float, str]:
    done, total, *what = values
    return float(done), float(total), str(what[0]) if what else ""


def _shown_parameters(planned: PlannedStep, values: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Return the parameters as the report tells them: references as written, files relative to the workspace."""
    shown: dict[str, Any] = {}
    for name, value in values.items():
        written = planned.step.parameters.get(name)
        if references_in(written):
            shown[name] = written
        elif isinstance(value, list):
            shown[name] = [workspace.shown(one) if isinstance(one, Path) else one for one in value]
        else:
            shown[name] = workspace.shown(value) if isinstance(value, Path) else value
    return json.loads(json.dumps(shown, default=str))  # type: ignore[no-any-return]


def _last_lines(log: Path) -> tuple[str, ...]:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return tuple(line for line in text.replace("\r", "\n").splitlines() if line.strip())[-LOG_LINES:]
