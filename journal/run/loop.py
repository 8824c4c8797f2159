"""The run loop: settle what is up to date, start what has to run, record each step as it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.api.report_file import ReportHeader, read_headline
from journal.api.task import brief
from journal.errors import JournalError, StoreError, TaskError, one_line
from journal.layout import has_report
from journal.plan import PlannedStep
from journal.plan.parts import PartKind, dump_parts
from journal.plan.references import references_in
from journal.run.messages import Ended, Event, Failed, Finished, Progress
from journal.run.ready_queue import Order, ReadyQueue, Waiting
from journal.run.resources import ResourcePool
from journal.run.result import Observer, StepResult
from journal.run.steps import Run
from journal.store import StepRun
from journal.store.history import Outcome
from journal.text.workspace import Workspace

if TYPE_CHECKING:
    from journal.run.executor import Executor
    from journal.run.job import Job

LOG_LINES = 12
_LINE, _TAIL_BYTES = 300, 100_000


def run_plan(run: Run, observer: Observer) -> list[StepResult]:
    """Run the steps of a plan that have no result yet, and return how each ended, in the plan's order.

    On ``KeyboardInterrupt`` (or SIGTERM) the workers are stopped, and finished steps are kept. Raises ``StoreError``
    where the store can't be written; finished steps are kept then, too.
    """
    chosen = run.chosen()
    loop = _Loop(run, observer, chosen)
    with _terminated_as_interrupted():
        try:
            loop.run_all()
        finally:
            loop.close()
    run.store.flush()
    return [run.results[planned.id] for planned in chosen if planned.id in run.results]


@dataclass
class _InHand:
    """A step that is running."""

    waiting: Waiting
    job: Job
    started: float
    tries_left: int

    @property
    def planned(self) -> PlannedStep:
        return self.waiting.planned


class _Loop:
    """Starts steps as soon as they can run and resources are free, and records each as it ends."""

    def __init__(self, run: Run, observer: Observer, chosen: list[PlannedStep]) -> None:
        self.run, self.observer = run, observer
        workspace = run.workspace
        self.resources = ResourcePool(run.options.jobs or workspace.jobs, workspace.gpus, workspace.memory_gb)
        self.order, self.queue = Order(chosen), ReadyQueue(self.resources)
        self.in_hand: dict[str, _InHand] = {}
        self.executor: Executor | None = None
        self.number = 0
        self.work = run.store.work / str(os.getpid())

    def run_all(self) -> None:
        while self.order.released or self.queue or self.in_hand:
            while self.order.released:
                self._look_at(self.order.released.popleft())
            for waiting in self.queue.pop_fitting():
                self._start(waiting)
            if self.in_hand and self.executor:
                self._wait(self.executor)

    def close(self) -> None:
        if self.executor:
            with self.executor.named_faults():
                self.executor.close()
            shutil.rmtree(self.work, ignore_errors=True)

    def _wait(self, executor: Executor) -> None:
        """Take what happens; what had ended before an executor failed is kept."""
        events: list[Event] = []
        try:
            with executor.named_faults():
                for event in executor.wait():
                    if not isinstance(event, Event):
                        raise TypeError(f"wait() yields {type(event).__name__}; yield an Event")
                    events.append(event)
        finally:
            self._take_all(events)

    def _look_at(self, planned: PlannedStep) -> None:
        """Settle a step without running it, or queue it."""
        run = self.run
        bad = [need for need in planned.needs if need not in run.results or run.results[need].failed]
        if bad and not planned.problem:
            message = f"not run because {' and '.join(bad)} failed"
            as_written = any(need in run.results and run.results[need].is_as_written for need in bad)
            last_good = run.last_good(planned)
            skipped = StepResult(planned, Outcome.SKIPPED, last_good, message=message, is_as_written=as_written)
            self._settle(skipped)
            return
        try:
            ready = run.make_ready(planned)
        except StoreError:
            raise
        except (JournalError, OSError) as error:
            said = run.one_line(error if isinstance(error, JournalError) else TaskError(str(error)))
            last_good, as_written = run.last_good(planned), planned.problem is not None
            self._settle(StepResult(planned, Outcome.FAILED, last_good, message=said, is_as_written=as_written))
            return
        if ready.result:
            self._settle(StepResult(planned, Outcome.CURRENT, ready.result, headline=ready.headline))
        elif planned.source:
            if not self.executor:
                self._begin()
            last = run.last_done.get(planned.id)
            claims = self.resources.claims(
                run.cache.signature(planned.source).resources, last.peak_gb if last else None
            )
            self.queue.add(planned, ready, claims)

    def _start(self, waiting: Waiting) -> None:
        planned = waiting.planned
        job = self._job(waiting, threads=max(1, int(waiting.claims["cpu"])))
        self.in_hand[planned.id] = _InHand(waiting, job, time.time(), planned.step.retries)
        self.observer.started(planned, waiting.ready.reasons)
        self._hand_over(self.in_hand[planned.id])

    def _begin(self) -> None:
        """Record the run in the history and open its executor, once there is something to run."""
        run = self.run
        shutil.rmtree(run.store.work, ignore_errors=True)  # left by killed runs; no other run is using it
        self.number = run.store.begin_run(run.options.command)
        from journal.run.executor import open_executor  # most days have nothing to run

        where = run.options.on or run.workspace.on
        self.executor = open_executor(where, self.resources, run.store.work, run.cache.installed)

    def _hand_over(self, in_hand: _InHand) -> None:
        try:
            shutil.rmtree(in_hand.job.out, ignore_errors=True)
            in_hand.job.out.mkdir(parents=True)
            in_hand.job.log.write_bytes(b"")
        except OSError as error:
            raise StoreError(
                f".journal/work: {in_hand.planned.id} can't be started: {error.strerror}; then run again"
            ) from error
        if self.executor:
            claims, timeout_s = in_hand.waiting.claims, in_hand.planned.step.timeout_s
            with self.executor.named_faults():
                self.executor.start(in_hand.planned.id, in_hand.job, timeout_s, claims)

    def _job(self, waiting: Waiting, threads: int) -> Job:
        from journal.run.job import Job

        run, planned, ready = self.run, waiting.planned, waiting.ready
        if planned.source is None:
            raise TaskError("the step has no task")
        parts = ready.fingerprint.parts
        header = ReportHeader(
            task=planned.source.name,
            parameters=_display_parameters(planned, ready.inputs.values, run.workspace),
            fingerprint=ready.fingerprint.digest,
            depends_on=dump_parts(parts),
        )
        name, root = f"day-{run.entry.day}-{planned.id}", run.workspace.root
        return Job(
            source=planned.source,
            values=ready.inputs.values,
            header=header,
            out=self.work / name,
            log=run.store.logs / f"{name}.log",
            root=root,
            day=run.entry.day,
            date=run.entry.date,
            models=dict(run.workspace.models),
            threads=threads,
            gpus=waiting.gpus,
            code=tuple(path for path in run.cache.code(planned.source).files if path.is_relative_to(root)),
            cache_dir=None if run.options.force else run.store.folder / "kept",
            uses_models=tuple(part.name for part in parts if part.kind == PartKind.MODEL),
        )

    def _take_all(self, events: list[Event]) -> None:
        """Handle events: put results into the store, then into the history, and then tell the observer."""
        ended = [taken for event in events if (taken := self._take(event))]
        if not ended:
            return
        self.run.store.record(*(step_run for step_run, _ in ended))
        for step_run, result in ended:
            self.run.last[step_run.step] = step_run
            if result.outcome == Outcome.DONE:
                self.run.last_done[step_run.step] = step_run
            self._settle(result)

    def _take(self, event: Event) -> tuple[StepRun, StepResult] | None:
        in_hand = self.in_hand.get(event.key)
        if in_hand is None:
            return None
        if isinstance(event.message, Progress):
            self.observer.progressed(in_hand.planned, event.message)
            return None
        result = self._result(in_hand, event.message)
        step_run = self._step_run(in_hand, result, event.message.peak_gb)
        if result.failed and in_hand.tries_left > 0:
            self.run.store.record(step_run)
            self._try_again(in_hand, result)
            return None
        del self.in_hand[event.key]
        self.resources.release(in_hand.waiting.claims, in_hand.waiting.gpus)
        return step_run, result

    def _try_again(self, in_hand: _InHand, result: StepResult) -> None:
        again = replace(in_hand, tries_left=in_hand.tries_left - 1, started=time.time())
        self.in_hand[in_hand.planned.id] = again
        self.observer.retried(in_hand.planned, result.message, again.tries_left)
        self._hand_over(again)

    def _result(self, in_hand: _InHand, ended: Ended) -> StepResult:
        planned, ready = in_hand.planned, in_hand.waiting.ready
        seconds = time.time() - in_hand.started
        if isinstance(ended, Finished) and not has_report(in_hand.job.out):
            ended = Failed("its executor called it finished, but there is no result; run it again, or with --on local")
        if isinstance(ended, Finished):
            folder = self.run.store.keep(in_hand.job.out, ready.fingerprint.digest)
            return StepResult(planned, Outcome.DONE, folder, ready.reasons, "", read_headline(folder) or "", seconds)
        last, log = self.run.last_good(planned), in_hand.job.log
        shown = self.run.workspace.display_path(log)
        return StepResult(
            planned, Outcome.FAILED, last, ready.reasons, one_line(ended.message), "", seconds, _tail(log), shown
        )

    def _step_run(self, in_hand: _InHand, result: StepResult, peak_gb: float | None) -> StepRun:
        fingerprint = in_hand.waiting.ready.fingerprint
        return StepRun(
            day=self.run.entry.day,
            step=in_hand.planned.id,
            task=in_hand.planned.step.uses,
            fingerprint=fingerprint.digest,
            parts=fingerprint.parts,
            reason="; ".join(in_hand.waiting.ready.reasons),
            outcome=result.outcome,
            message=result.message,
            started=in_hand.started,
            seconds=result.seconds,
            executor=self.executor.name if self.executor else "",
            run=self.number,
            peak_gb=peak_gb,
        )

    def _settle(self, result: StepResult) -> None:
        self.run.results[result.planned.id] = result
        self.order.end(result.planned.id)
        self.observer.finished(result)


def _display_parameters(planned: PlannedStep, values: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Return the parameters for the report: references as written, files relative to the workspace."""
    shown: dict[str, Any] = {}
    for name, value in values.items():
        written = planned.step.parameters.get(name)
        if references_in(written):
            shown[name] = written
        elif isinstance(value, list):
            shown[name] = [workspace.display_path(one) if isinstance(one, Path) else one for one in value]
        else:
            shown[name] = workspace.display_path(value) if isinstance(value, Path) else value
    return json.loads(json.dumps(shown, default=str))  # type: ignore[no-any-return]


def _tail(log: Path) -> tuple[str, ...]:
    """Return the last lines of a log, each as long as a terminal wants it; the log itself may be of any size."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ()
    lines = (line for line in text.replace("\r", "\n").splitlines() if line.strip())
    return tuple(brief(line, _LINE) for line in lines)[-LOG_LINES:]


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Make SIGTERM, which batch systems send before a kill, end a run as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {one: signal.signal(one, signal.default_int_handler) for one in ending}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
