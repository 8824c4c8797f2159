"""The steps of a run: which are chosen, what each would be run with, and whether it already has a result."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from journal.api.models import model_digest
from journal.api.report_file import StepReport
from journal.errors import JournalError, ModelError, StoreError, TaskError, UsageError, nearest
from journal.layout import has_report
from journal.plan.change import ABSENT, explain_change
from journal.plan.fingerprint import Fingerprint, Inputs, read_inputs, take_fingerprint, with_defaults, without_defaults
from journal.plan.inputs import paths_in
from journal.plan.parts import PartKind, load_parts
from journal.plan.references import Reference
from journal.plan.registry import TaskSource
from journal.plan.seen import Surroundings, changes
from journal.plan.steps import Plan, PlannedStep
from journal.plan.task_cache import TaskCache
from journal.record import Record
from journal.run.outputs import output_of
from journal.run.result import RunOptions, StepResult
from journal.store import Found, StepRun, Store
from journal.store.history import Outcome
from journal.text.entry import Entry
from journal.text.workspace import Workspace

_OF_FORMER_RULE = (PartKind.LIBRARY, PartKind.DAY, PartKind.DATE)


@dataclass(frozen=True)
class Ready:
    """A step whose needs are met: its fingerprint, its inputs, and its result if there is one."""

    fingerprint: Fingerprint
    inputs: Inputs
    result: Path | None = None
    headline: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What is worth a word although the result stands."""
    asides: tuple[str, ...] = ()
    """What is worth a word only to somebody who asks how things stand."""
    absent: tuple[str, ...] = ()
    """Steps that have a result, but not the files of it that this step needs."""
    keeps: Path | None = None
    """A result that stands, but has to be kept under this fingerprint first."""


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
    again: set[str] = field(default_factory=set)
    """Steps that run although their result stands, since files of it are missing that another step needs."""

    @property
    def entry(self) -> Entry:
        return self.plan.entry

    @cached_property
    def surroundings(self) -> Surroundings:
        """The state of everything that a step could read."""
        return surroundings_of(self.cache, self.store, self.entry.day, self.entry.date)

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
        for name in (*self.options.only, *self.options.accept):
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
        """Resolve a step's references and find its result. Raises ``JournalError`` where that fails."""
        if planned.problem or planned.source is None:
            raise planned.problem or TaskError("the step has no task")
        outputs = {ref: output_of(ref, self.results, self.record) for ref in planned.references}
        inputs = read_inputs(planned, planned.source, outputs, self.cache, self.sheet_reader(planned))
        fingerprint = take_fingerprint(planned, planned.source, inputs, self.cache)
        if planned.id in self.options.accept:
            return self._accepted(planned, Ready(fingerprint, inputs))
        if planned.id in self.again:
            return Ready(fingerprint, inputs, reasons=("a step needs files of it that are not here",))
        if self.is_forced(planned):
            return Ready(fingerprint, inputs, reasons=("forced",))
        ready = self._with_result(planned, planned.source, Ready(fingerprint, inputs))
        return ready if ready.result else replace(ready, absent=tuple(self._absent(outputs)))

    def is_forced(self, planned: PlannedStep) -> bool:
        """Return whether a step is to run whether or not it has a result."""
        return self.options.force and (not self.options.only or planned.id in self.options.only)

    def sheet_reader(self, planned: PlannedStep) -> Callable[[str], list[dict[str, str]]]:
        """Return a function that reads the author's rows of a step's sheet."""

        def read(name: str) -> list[dict[str, str]]:
            from journal.record.sheets import authors_rows  # few days have any

            return authors_rows(self.entry.path, planned.id, name, self.workspace)

        return read

    def _with_result(self, planned: PlannedStep, source: TaskSource, ready: Ready) -> Ready:
        """Find the result with this fingerprint whose surroundings are as they were, or say why the step runs."""
        changed: tuple[str, ...] = ()
        for found in self._candidates(planned, ready.fingerprint):
            seen = load_parts(found.seen)
            now = changes(seen, self.surroundings)
            if not now:
                return self._judged(ready, found)
            changed = changed or tuple(explain_change(seen, {**seen, **now}))
        former = None if changed else self._former(planned, source, ready.fingerprint)
        if former:
            note = "taken over from an earlier version of journal, by whose rule it is up to date"
            return replace(ready, result=former.folder, headline=former.headline, notes=(note,), keeps=former.folder)
        return replace(ready, reasons=changed or self._reasons(planned.id, source, ready.fingerprint))

    def _candidates(self, planned: PlannedStep, fingerprint: Fingerprint) -> Iterator[Found]:
        """Yield whole results with this fingerprint: in the store, and beside the entry, where a clone has them."""
        beside = self.entry.artifacts / planned.id
        stored = self.store.results_of(fingerprint.digest)
        for folder in stored:
            if found := self.store.find(folder, beside):
                yield found
        found = self.store.find_beside(beside)
        if found and found.fingerprint == fingerprint.digest and not (stored and found.missing):
            yield found

    def _judged(self, ready: Ready, found: Found) -> Ready:
        """Return a result that stands; other versions of libraries are worth a word, and a reason if asked for."""
        installed = {name: self.cache.installed.version(name) for name in found.libraries}
        other = {name: version for name, version in found.libraries.items() if installed[name] != version}
        if other and self.options.upgrade:
            reasons = tuple(f"{name} {version} → {installed[name]}" for name, version in other.items())
            return replace(ready, reasons=reasons)
        asides = [
            f"made with {name} {version}, and {installed[name]} is here; --upgrade runs it again"
            for name, version in other.items()
        ]
        asides += [f"{name} is not here; it is made again when a step needs it" for name in found.missing]
        return replace(ready, result=found.folder, headline=found.headline, asides=tuple(asides))

    def _former(self, planned: PlannedStep, source: TaskSource, fingerprint: Fingerprint) -> StepReport | None:
        """Return a result of the former rule that is up to date by it, from beside the entry or from the store."""
        from journal.plan.former import is_of_former_rule, was_current

        for found in self.earlier(planned):
            recorded = load_parts(found.depends_on)
            parts = without_defaults(recorded, fingerprint.parts, source, self.cache)
            if is_of_former_rule(parts):
                if was_current(parts, fingerprint.parts, source, self.cache, self.surroundings):
                    return found
            elif parts not in (recorded, {}) and parts == fingerprint.parts and self._still_holds(found):
                return found
        return None

    def _still_holds(self, found: StepReport) -> bool:
        """Return whether a result is as it was made, and so is all that it was seen to read."""
        is_stored = found.folder.is_relative_to(self.store.results)
        is_whole = self.store.find(found.folder) if is_stored else self.store.find_beside(found.folder)
        return is_whole is not None and not changes(load_parts(found.seen), self.surroundings)

    def earlier(self, planned: PlannedStep) -> Iterator[StepReport]:
        """Yield the step's last good results: in the store, and beside the entry."""
        last = self.last_good(planned)
        for folder in filter(None, (last, self.entry.artifacts / planned.id)):
            if has_report(folder):
                with suppress(StoreError):
                    yield self.record.step(folder)

    def _accepted(self, planned: PlannedStep, ready: Ready) -> Ready:
        """Return the step's last result, which its author says stands. Raises ``TaskError`` where there is none."""
        found = next(self.earlier(planned), None)
        if found is None:
            raise TaskError(f"step '{planned.id}' has no result that could be accepted; run it first")
        current = self._with_result(planned, planned.source, ready) if planned.source else ready
        if current.result and not current.keeps:
            return current
        return replace(
            ready, result=found.folder, headline=found.headline, notes=("accepted",), keeps=found.folder,
            reasons=current.reasons,
        )  # fmt: skip

    def _absent(self, outputs: Mapping[Reference, Any]) -> Iterator[str]:
        """Yield the steps whose outputs are files that are not there. Raises ``TaskError`` for those of other days."""
        for reference, value in outputs.items():
            if missing := [path for path in paths_in(value) if self.record.lacks(path)]:
                if reference.day is not None:
                    again = f"journal day {reference.day} --only {reference.step} --force"
                    raise TaskError(f"{reference}: {missing[0].name} is not here; make it again with: {again}")
                yield reference.step

    def last_good(self, planned: PlannedStep) -> Path | None:
        """Return the folder of the step's last good result, or None."""
        last = self.last_done.get(planned.id)
        return self.store.result(last.fingerprint) if last else None

    def one_line(self, error: JournalError) -> str:
        """Return an error's message, with paths relative to the workspace."""
        return str(error).replace(f"{self.workspace.root}/", "")

    def _reasons(self, step: str, source: TaskSource, fingerprint: Fingerprint) -> tuple[str, ...]:
        last, done = self.last.get(step), self.last_done.get(step)
        if last and last.outcome == Outcome.FAILED and last.fingerprint == fingerprint.digest:
            return ("failed last time",)
        if done is None:
            return ("never run",)
        former = any(part.kind == PartKind.CODE for part in done.parts)
        before = with_defaults(done.parts, fingerprint.parts, source, self.cache)
        now = with_defaults(fingerprint.parts, done.parts, source, self.cache)
        compared = {part: state for part, state in before.items() if part.kind not in _OF_FORMER_RULE}
        parts = {part: state for part, state in now.items() if not (former and part.kind == PartKind.VERSION)}
        return tuple(explain_change(compared, parts)) or ("its result is gone",)

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
            return StepResult(
                planned, Outcome.CURRENT, ready.result, headline=ready.headline, notes=ready.notes, asides=ready.asides
            )
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


def surroundings_of(cache: TaskCache, store: Store, day: int, when: date) -> Surroundings:
    """Return the state of everything that a step of a day could read."""
    workspace = cache.workspace

    def digest_of_model(name: str) -> str:
        try:
            return model_digest(name, workspace.models, workspace.root, store.digest, workspace.servers)
        except ModelError:
            return ABSENT

    return Surroundings(
        workspace.root, day, when, store.digest, cache.code_digest, cache.outside, digest_of_model, os.environ,
        cache.find_module,
    )  # fmt: skip
