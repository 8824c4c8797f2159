"""A day from its entry to its entry: read, plan, run, and put the results between the author's sentences."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from journal.day.rendered import is_shown
from journal.errors import nearest
from journal.plan.registry import Registry
from journal.plan.steps import Plan, make_plan
from journal.plan.task_cache import Known
from journal.run import Choice, Observer, Run, StepResult, run_plan
from journal.store import Store
from journal.text.entry import Entry, entry_days, find_entry, parse_entry, read_entry, verdicts_file
from journal.text.workspace import Workspace


@dataclass(frozen=True)
class DayOutcome:
    """How a day's run ended."""

    plan: Plan
    results: list[StepResult]
    wrote: bool
    """Whether the entry's text is another than before."""

    @property
    def exit_code(self) -> int:
        if self.plan.problems:
            return 3
        return 1 if any(result.failed for result in self.results) else 0


def open_day(
    workspace: Workspace,
    registry: Registry,
    store: Store,
    day: int,
    choice: Choice,
    stale: Collection[tuple[int, str]] = (),
) -> Run:
    """Read and plan a day's entry; raises JournalError where it can't be.

    ``stale`` are the steps of earlier days that would run.
    """
    entry = read_entry(find_entry(workspace, day), workspace)
    _check_verdicts(entry, workspace)
    return open_entry(entry, workspace, registry, store, choice, stale)


def open_entry(
    entry: Entry,
    workspace: Workspace,
    registry: Registry,
    store: Store,
    choice: Choice,
    stale: Collection[tuple[int, str]] = (),
) -> Run:
    """Plan an entry; raises EntryError where no order of its steps is possible."""
    if str(workspace.root) not in sys.path:
        sys.path.append(str(workspace.root))  # plugins may import the workspace's modules, which hide no library
    known = Known(workspace, store)
    plan = make_plan(entry, workspace, registry, known.is_checked)
    for planned in plan.steps:
        if not planned.problem:
            known.note_checked(planned)
    earlier = {} if not _refers_back(plan) else entry_days(workspace)
    return Run(plan, workspace, store, choice, known, earlier, stale)


def _check_verdicts(entry: Entry, workspace: Workspace) -> None:
    """Raise EntryError where the verdicts beside an entry can't be read, before its steps take their time."""
    if verdicts_file(entry.path).exists():
        from journal.record.verdicts import read_verdicts  # few days have any

        read_verdicts(entry.path, workspace)


def run_day(run: Run, observer: Observer, edits: str = "merge") -> DayOutcome:
    """Run a day's plan and put what came out into its entry, also where the run is interrupted."""
    try:
        results = run_plan(run, observer)
    except BaseException:
        write_results(run, _in_place(run), edits)
        raise
    return DayOutcome(run.plan, results, write_results(run, results, edits))


def write_results(run: Run, results: list[StepResult], edits: str = "merge") -> bool:
    """Put artifacts beside the entry and blocks into it; returns whether the entry changed.

    The entry is read again first: its author may have written on while the steps ran.
    """
    entry = _read_again(run.entry, run.workspace)
    if edits == "merge" and is_shown(run, entry, results):
        return False
    from journal.day.writing import write_blocks  # it brings the Markdown, which most runs need not write

    return write_blocks(run, entry, results, edits)


def _in_place(run: Run) -> list[StepResult]:
    """Return what a run that was cut short can show where a whole run would: appended blocks keep the plan's order."""
    from journal.text.blocks import find_blocks

    marked = {block.id for block in find_blocks(run.entry.text, run.entry.body_start, run.entry.shown)}
    found, whole = [], True
    for planned in run.chosen():
        result = run.results.get(planned.id)
        whole = whole and (result is not None or planned.id in marked)
        if result and (whole or planned.id in marked):
            found.append(result)
    return found


def stray_markers(run: Run) -> list[str]:
    """Return a line for each bare marker that no step of the entry answers to, such as a mistyped one."""
    from journal.text.blocks import find_blocks

    entry = _read_again(run.entry, run.workspace)
    known = [step.id for step in entry.steps]
    return [
        f"{entry.shown}:{block.line}: no step '{block.id}' for this marker{nearest(block.id, known)}"
        for block in find_blocks(entry.text, entry.body_start, entry.shown)
        if block.id not in known and block.checksum is None and not entry.text[block.inside : block.outside].strip()
    ]


def _read_again(entry: Entry, workspace: Workspace) -> Entry:
    text = entry.path.read_bytes().decode("utf-8", "surrogateescape")
    return entry if text == entry.text else parse_entry(text, entry.path, workspace)


def _refers_back(plan: Plan) -> bool:
    return any(reference.day is not None for step in plan.steps for reference in step.references)


def describe_results(results: list[StepResult]) -> list[dict[str, Any]]:
    """Return how steps ended, or would, as plain data for other programs."""
    return [
        {
            "step": result.planned.id,
            "task": result.planned.step.uses,
            "outcome": result.outcome,
            "reasons": list(result.reasons),
            "headline": result.headline,
            "message": result.message,
            "seconds": round(result.seconds, 3),
        }
        for result in results
    ]


def summary(outcome: DayOutcome) -> str:
    """Return a day's outcome as JSON, for other programs."""
    steps = describe_results(outcome.results)
    return json.dumps({"day": outcome.plan.entry.day, "steps": steps, "exit_code": outcome.exit_code}, indent=1)
