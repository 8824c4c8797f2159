"""The run loop: settle what is up to date, start what has to run, record each step as it ends."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.api.models import model_path
from journal.api.report_file import Limits, ReportHeader, read_headline
from journal.api.task import brief
from journal.errors import JournalError, StoreError, TaskError, UsageError, one_line
from journal.files import file_stat
from journal.layout import has_report
from journal.plan import PlannedStep
from journal.plan.fingerprint import read_inputs, take_fingerprint
from journal.plan.inputs import paths_in
from journal.plan.parts import PartKind, Parts, dump_parts, load_parts
from journal.plan.references import references_in
from journal.plan.registry import TaskSource
from journal.plan.seen import result_name, undeclared
from journal.plan.task_cache import digest_of
from journal.run.messages import Ended, Event, Failed, Finished, Progress
from journal.run.moved import moved_numbers
from journal.run.ready_queue import Order, ReadyQueue, Waiting
from journal.run.resources import ResourcePool
from journal.run.result import Observer, StepResult
from journal.run.steps import Ready, Run
from journal.store import StepRun
from journal.store.history import Outcome
from journal.text.workspace import Workspace
from journal.trust import HOW, is_trusted

if TYPE_CHECKING:
    from journal.run.executor import Executor
    from journal.run.job import Job

LOG_LINES = 12
_MOST_CHANGES, _MOST_NAMED = 3, 4
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
    stats: Mapping[str, str]
    """The stat of each file that it was given, from when its digest was taken."""
    times_changed: int = 0
    """How often what it had read changed while it ran."""

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
        job = self._job(waiting, threads=max(1, int(waiting.claims["cpu"])))
        stats, changed = self._stats_of(job.inputs, waiting.ready), self.changed[planned.id]
        self.in_hand[planned.id] = _InHand(waiting, job, time.time(), planned.step.retries, stats, changed)
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
        source = self._source_of(planned)
        parts = ready.fingerprint.parts
        header = ReportHeader(
            task=source.name,
            parameters=_display_parameters(planned, ready.inputs.values, run.workspace),
            fingerprint=ready.fingerprint.digest,
            depends_on=dump_parts(parts),
            made=self._made(source),
        )
        cache, code = run.cache, run.cache.code(source)
        name, root = f"day-{run.entry.day}-{planned.id}", run.workspace.root
        return Job(
            source=source,
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
            code=tuple(path for path in code.files if path.is_relative_to(root)),
            cache_dir=None if run.options.force else run.store.folder / "kept",
            cache_key=digest_of(code.digest, header.made),
            code_digest=code.digest,
            known_code={str(path): (file_stat(path), cache.code_digest(path)) for path in code.files},
            libraries=code.libraries,
            is_versioned=cache.signature(source).version is not None,
            inputs=(*paths_in(dict(ready.inputs.values)), *self._model_paths(parts)),
            limits=Limits(run.workspace.largest_artifact, run.workspace.largest_text),
            guarded=(run.store.results, run.workspace.entries),
        )

    def _made(self, source: TaskSource) -> dict[str, Any]:
        """Return the versions of Python and of the libraries that a task declares or its code imports."""
        installed, cache = self.run.cache.installed, self.run.cache
        names = {*cache.signature(source).libraries, *installed.distributions(cache.code(source).libraries)}
        return {
            "python": platform.python_version(),
            "libraries": {name: installed.version(name) for name in sorted(names)},
        }

    def _model_paths(self, parts: Parts) -> list[Path]:
        """Return where the models are that a step names, but for those that are fetched."""
        models, root = self.run.workspace.models, self.run.workspace.root
        paths = (model_path(part.name, models, root) for part in parts if part.kind == PartKind.MODEL)
        return [path for path in paths if path]

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
        ended = event.message
        if isinstance(ended, Finished) and (changed := self._changed(in_hand, ended)):
            if self._runs_once_more(in_hand, changed):
                return None
            ended = Failed(_why_not_kept(changed, self.run))
        result = self._result(in_hand, ended)
        step_run = self._step_run(in_hand, result, ended.peak_gb)
        if result.failed and in_hand.tries_left > 0:
            self.run.store.record(step_run)
            self._try_again(in_hand, result)
            return None
        del self.in_hand[event.key]
        self.resources.release(in_hand.waiting.claims, in_hand.waiting.gpus)
        return step_run, result

    def _stats_of(self, inputs: Iterable[Path], ready: Ready) -> dict[str, str]:
        """Return the stat of each file given to a step, of the author's as it was when the digest was taken."""
        made = set(paths_in(list(ready.inputs.outputs.values())))
        known = self.run.store.digests.stats
        files = ((path, file) for path in inputs for file in (path.rglob("*") if path.is_dir() else [path]))
        return {str(file): (None if path in made else known.get(str(file))) or file_stat(file) for path, file in files}

    def _changed(self, in_hand: _InHand, finished: Finished) -> list[str]:
        """Return what is no longer as the step read it, so that its result would be kept under another's name."""
        changed = [name for name, stat in in_hand.stats.items() if _stat_or_none(name) != stat]
        changed += finished.changed
        if not changed and in_hand.stats and self._fingerprint_of(in_hand) != in_hand.waiting.ready.fingerprint.digest:
            changed.append("what it reads")
        return changed

    def _fingerprint_of(self, in_hand: _InHand) -> str:
        planned, ready = in_hand.planned, in_hand.waiting.ready
        try:
            inputs = read_inputs(planned, self._source_of(planned), ready.inputs.outputs, self.run.cache)
            return take_fingerprint(planned, self._source_of(planned), inputs, self.run.cache).digest
        except JournalError:
            return ""

    def _runs_once_more(self, in_hand: _InHand, changed: list[str]) -> bool:
        """Run a step again with what it reads now, unless it has changed too often, or the step itself changed it."""
        planned = in_hand.planned
        self.changed[planned.id] += 1
        if self.changed[planned.id] >= _MOST_CHANGES or any(self._is_result(name) for name in changed):
            return False
        self.observer.retried(planned, f"changed while it ran: {_shown(changed, self.run)}", 1)
        del self.in_hand[planned.id]
        self.resources.release(in_hand.waiting.claims, in_hand.waiting.gpus)
        self.order.released.append(planned)
        return True

    def _is_result(self, name: str) -> bool:
        return any(Path(name).is_relative_to(folder) for folder in (self.run.store.results, self.run.workspace.entries))

    def _source_of(self, planned: PlannedStep) -> TaskSource:
        if planned.source is None:
            raise TaskError("the step has no task")
        return planned.source

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
            for name, path in ended.outside.items():
                self.run.store.note("outside", name, path)
            folder = self.run.store.keep(in_hand.job.out, result_name(ready.fingerprint.digest, ended.seen))
            before = self.run.last_good(planned)
            notes = (*_notes(load_parts(ended.seen)), *moved_numbers(before, folder, self.run.record))
            headline = read_headline(folder) or ""
            return StepResult(planned, Outcome.DONE, folder, ready.reasons, "", headline, seconds, notes=notes)
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
            fingerprint=result.folder.name if result.outcome == Outcome.DONE and result.folder else fingerprint.digest,
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


def _why_not_kept(changed: list[str], run: Run) -> str:
    names = _shown(changed, run)
    results = (run.store.results, run.workspace.entries)
    if any(Path(name).is_relative_to(folder) for name in changed for folder in results):
        return f"it changed {names}, which it may only read; copy it to ctx.out first"
    return f"{names} keeps changing while it runs; run it again when that is over"


def _shown(changed: list[str], run: Run) -> str:
    return ", ".join(run.workspace.display_path(Path(name)) if os.path.isabs(name) else name for name in changed[:3])  # noqa: PTH117


def _stat_or_none(name: str) -> str | None:
    try:
        return file_stat(name)
    except OSError:
        return None


def _notes(seen: Parts) -> tuple[str, ...]:
    """Return a line on what the step read without declaring it."""
    names = undeclared(seen)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    said = f"it read {', '.join(names[:_MOST_NAMED])}{more}, which it does not declare; it counts from now on"
    return (said,) if names else ()


def _display_parameters(planned: PlannedStep, values: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Return the parameters for the report: references as written, files relative to the workspace."""
    written = planned.step.parameters
    shown = {
        name: written[name] if references_in(written.get(name)) else _with_display_paths(value, workspace)
        for name, value in values.items()
    }
    return json.loads(json.dumps(shown, default=str))  # type: ignore[no-any-return]


def _with_display_paths(value: Any, workspace: Workspace) -> Any:
    if isinstance(value, Path):
        return workspace.display_path(value)
    if isinstance(value, Mapping):
        return {name: _with_display_paths(part, workspace) for name, part in value.items()}
    return [_with_display_paths(part, workspace) for part in value] if isinstance(value, list | tuple) else value


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
