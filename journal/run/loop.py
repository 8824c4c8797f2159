"""The run loop: settle what is up to date, start what has to run, record each step as it ends."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from journal.errors import JournalError, StoreError, TaskError, UsageError
from journal.plan import PlannedStep
from journal.run.messages import Event, Failed, Finished, Progress
from journal.run.ready_queue import Order, ReadyQueue, Waiting
from journal.run.resources import ResourcePool
from journal.run.result import Observer, StepResult
from journal.run.steps import Ready, Run
from journal.store import StepRun
from journal.store.history import Outcome
from journal.text.secrets import Redactor
from journal.trust import HOW, is_trusted

if TYPE_CHECKING:
    from journal.run.executor import Executor
    from journal.run.in_hand import InHand

_MOST_CHANGES = 3


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


class _Loop:
    """Starts steps as soon as they can run and resources are free, and records each as it ends."""

    def __init__(self, run: Run, observer: Observer, chosen: list[PlannedStep]) -> None:
        self.run, self.observer = run, observer
        workspace = run.workspace
        self.resources = ResourcePool(run.options.jobs or workspace.jobs, workspace.gpus, workspace.memory_gb)
        self.order, self.queue = Order(chosen), ReadyQueue(self.resources)
        self.in_hand: dict[str, InHand] = {}
        self.executor: Executor | None = None
        self.number = 0
        self.redactor: Redactor | None = None
        self.changed = Counter[str]()
        """How often what a step had read changed while it ran."""
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
        if ready.absent:
            self._make_again(ready.absent, planned)
        elif ready.result:
            folder = self._keep(planned, ready) if ready.keeps else ready.result
            self._settle(
                StepResult(
                    planned, Outcome.CURRENT, folder, headline=ready.headline, notes=ready.notes, asides=ready.asides
                )
            )
        elif planned.source:
            if not self.executor:
                self._begin()
            last = run.last_done.get(planned.id)
            claims = self.resources.claims(
                run.cache.signature(planned.source).resources, last.peak_gb if last else None
            )
            self.queue.add(planned, ready, claims)

    def _make_again(self, steps: tuple[str, ...], waiting: PlannedStep) -> None:
        """Run steps again of whose results a step needs files that are not here."""
        self.run.again.update(steps)
        self.order.repeat(steps, waiting)

    def _keep(self, planned: PlannedStep, ready: Ready) -> Path:
        """Keep a result of before under the fingerprint of now, and record that."""
        from journal.run.keeping import keep_as  # seldom

        self.number = self.number or self.run.store.begin_run(self.run.options.command)
        folder = keep_as(self.run, planned, ready, self.work / f"kept-{planned.id}")
        reason = "; ".join([*ready.notes, *ready.reasons])
        kept = self._record_of(planned, ready, folder.name, reason)
        self.run.store.record(kept)
        self.run.last[planned.id] = self.run.last_done[planned.id] = kept
        return folder

    def _record_of(self, planned: PlannedStep, ready: Ready, name: str, reason: str) -> StepRun:
        parts = ready.fingerprint.parts
        return StepRun(
            self.run.entry.day, planned.id, planned.step.uses, name, parts, reason, Outcome.DONE,
            started=time.time(), executor="", run=self.number,
        )  # fmt: skip

    def _start(self, waiting: Waiting) -> None:
        planned = waiting.planned
        from journal.run.in_hand import InHand, watched_stats  # most days have nothing to run
        from journal.run.job_builder import build_job

        job = build_job(self.run, waiting, self.work)
        stats = watched_stats(job, waiting, self.run)
        self.in_hand[planned.id] = InHand(waiting, job, time.time(), planned.step.retries, stats)
        self.observer.started(planned, waiting.ready.reasons)
        self._hand_over(self.in_hand[planned.id])

    def _begin(self) -> None:
        """Record the run in the history and open its executor, once there is something to run."""
        run = self.run
        shutil.rmtree(run.store.work, ignore_errors=True)  # left by killed runs; no other run is using it
        self.number = self.number or run.store.begin_run(run.options.command)
        from journal.run.executor import open_executor  # most days have nothing to run

        where = run.options.on or run.workspace.on
        if "://" in where and not run.options.on and not is_trusted(run.workspace.root):
            raise UsageError(f"journal.yml sends steps to {where}, and this workspace is not trusted; {HOW}")
        self.executor = open_executor(where, self.resources, run.store.work, run.cache.installed)

    def _hand_over(self, in_hand: InHand) -> None:
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
            self.observer.progressed(in_hand.planned, replace(event.message, what=self._clean(event.message.what)))
            return None
        from journal.run.in_hand import why_not_kept
        from journal.run.step_end import settle_result, step_run_of

        ended = event.message
        if isinstance(ended, Finished) and (changed := in_hand.changed(ended, self.run)):
            if self._runs_once_more(in_hand, changed):
                return None
            ended = Failed(why_not_kept(changed, self.run))
        result = settle_result(in_hand, ended, self.run)
        executor = self.executor.name if self.executor else ""
        step_run = replace(step_run_of(in_hand, result, self.run, executor, self.number), peak_gb=ended.peak_gb)
        if result.failed and in_hand.tries_left > 0:
            self.run.store.record(step_run)
            self._try_again(in_hand, result)
            return None
        del self.in_hand[event.key]
        self.resources.release(in_hand.waiting.claims, in_hand.waiting.gpus)
        return step_run, result

    def _clean(self, words: str) -> str:
        """Return words of a step's progress without keys."""
        if self.redactor is None:
            self.redactor = Redactor.of(os.environ)
        return self.redactor.clean(words)

    def _runs_once_more(self, in_hand: InHand, changed: list[str]) -> bool:
        """Run a step again with what it reads now, unless it has changed too often, or the step itself changed it."""
        from journal.run.in_hand import display_names, is_of_results

        planned = in_hand.planned
        self.changed[planned.id] += 1
        if self.changed[planned.id] >= _MOST_CHANGES or is_of_results(changed, self.run):
            return False
        self.observer.retried(planned, f"changed while it ran: {display_names(changed, self.run)}", 1)
        del self.in_hand[planned.id]
        self.resources.release(in_hand.waiting.claims, in_hand.waiting.gpus)
        self.order.released.append(planned)
        return True

    def _try_again(self, in_hand: InHand, result: StepResult) -> None:
        again = replace(in_hand, tries_left=in_hand.tries_left - 1, started=time.time())
        self.in_hand[in_hand.planned.id] = again
        self.observer.retried(in_hand.planned, result.message, again.tries_left)
        self._hand_over(again)

    def _settle(self, result: StepResult) -> None:
        self.run.results[result.planned.id] = result
        self.order.end(result.planned.id)
        self.observer.finished(result)


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
