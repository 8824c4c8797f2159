"""A day's run: read the entry, plan and run its steps, and put the results between the author's sentences."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from journal.api.plugin_files import add_own_folders
from journal.day.rendered import is_rendered
from journal.errors import nearest
from journal.layout import verdicts_of
from journal.plan import Plan, make_plan
from journal.plan.registry import Registry
from journal.plan.task_cache import TaskCache
from journal.record import Record
from journal.run import Observer, Run, RunOptions, StepResult, run_plan
from journal.store import Store
from journal.store.history import Outcome
from journal.text.edits import Edits, may_be_edited
from journal.text.entry import Entry, parse_entry
from journal.text.values import find_values, may_have_values
from journal.text.workspace import Workspace

if TYPE_CHECKING:
    from journal.day.standing import StandingDay, StandingDays


@dataclass(frozen=True)
class OpenWorkspace:
    """A workspace with its tasks, its results, and the record of what is beside its entries."""

    workspace: Workspace
    registry: Registry
    store: Store
    record: Record

    @cached_property
    def standing(self) -> StandingDays:
        """The days of which all steps are known to be up to date."""
        from journal.day.standing import StandingDays

        return StandingDays(self)


@dataclass(frozen=True)
class DayOutcome:
    """How a day's run ended."""

    plan: Plan
    results: list[StepResult]
    wrote: bool
    """Whether the entry's text changed."""

    @property
    def exit_code(self) -> int:
        if self.plan.problems:
            return 3
        return 1 if any(result.failed for result in self.results) else 0


def open_day(
    opened: OpenWorkspace,
    day: int,
    options: RunOptions,
    stale: Collection[tuple[int, str]] = (),
    cache: TaskCache | None = None,
) -> Run:
    """Read and plan a day's entry. Raises ``JournalError`` where that fails.

    ``stale`` holds the steps of earlier days that would run; a ``cache`` serves a look at many days at once.
    """
    entry = opened.record.entry(day)
    _check_verdicts(entry, opened.workspace)
    if may_have_values(entry.text):
        find_values(entry.text, entry.body_start, entry.display_path)  # markers out of order are said before steps run
    return open_entry(opened, entry, options, stale, cache)


def open_entry(
    opened: OpenWorkspace,
    entry: Entry,
    options: RunOptions,
    stale: Collection[tuple[int, str]] = (),
    cache: TaskCache | None = None,
) -> Run:
    """Plan an entry. Raises ``EntryError`` where its steps can't be put in order."""
    workspace, store = opened.workspace, opened.store
    add_own_folders(workspace.root)
    cache = cache or TaskCache(workspace, store, opened.record.reported_digest)
    plan = make_plan(entry, workspace, opened.registry, cache.is_checked)
    for planned in plan.steps:
        if not planned.problem:
            cache.note_checked(planned)
    return Run(plan, workspace, store, options, cache, opened.record, stale)


def _check_verdicts(entry: Entry, workspace: Workspace) -> None:
    """Raise ``EntryError`` where the verdicts beside an entry can't be read, before any step runs."""
    if verdicts_of(entry.path).exists():
        from journal.record.verdicts import read_verdicts  # few days have any

        read_verdicts(entry.path, workspace)


def run_day(run: Run, observer: Observer, edits: Edits = Edits()) -> DayOutcome:  # noqa: B008  # a frozen value
    """Run a day's plan and put the results into its entry, even if the run is interrupted."""
    try:
        results = run_plan(run, observer)
    except BaseException:
        write_results(run, _in_place(run), edits)
        raise
    return DayOutcome(run.plan, results, write_results(run, results, edits))


def write_results(run: Run, results: list[StepResult], edits: Edits = Edits()) -> bool:  # noqa: B008
    """Put artifacts beside the entry and blocks into it, and return whether the entry changed.

    The entry is first read again, since its author may have edited it while the steps ran.
    """
    entry = _read_again(run.entry, run.workspace)
    if edits == Edits() and not may_have_values(entry.text) and is_rendered(run, entry, results):
        return False
    from journal.day.writing import write_blocks  # it brings the Markdown, which most runs need not write

    return write_blocks(run, entry, results, edits)


def _in_place(run: Run) -> list[StepResult]:
    """Return the results that an interrupted run can show without breaking the plan's order of appended blocks."""
    from journal.text.blocks import find_blocks

    marked = {block.id for block in find_blocks(run.entry.text, run.entry.body_start, run.entry.display_path)}
    found, whole = [], True
    for planned in run.chosen():
        result = run.results.get(planned.id)
        whole = whole and (result is not None or planned.id in marked)
        if result and (whole or planned.id in marked):
            found.append(result)
    return found


def edited_lines(entry: Entry) -> list[str]:
    """Return a line for each block that was edited by hand."""
    if not may_be_edited(entry.text):
        return []
    from journal.text.blocks import find_blocks, is_edited

    blocks = find_blocks(entry.text, entry.body_start, entry.display_path)
    edited = [block for block in blocks if is_edited(block, entry.text)]
    return [f"{entry.display_path}:{block.line}: block '{block.id}' was edited by hand" for block in edited]


def stray_markers(run: Run) -> list[str]:
    """Return a line for each bare marker that names no step of the entry, such as a mistyped one."""
    from journal.text.blocks import find_blocks, unread_markers

    entry = _read_again(run.entry, run.workspace)
    known = [step.id for step in entry.steps]
    unread = [
        f"{entry.display_path}:{line}: this is no marker, so nothing is written here; write <!-- journal:{name} -->"
        for line, name in unread_markers(entry.text, entry.body_start)
        if name in known
    ]
    return unread + [
        f"{entry.display_path}:{block.line}: marker '{block.id}' names no step{nearest(block.id, known)}"
        for block in find_blocks(entry.text, entry.body_start, entry.display_path)
        if block.id not in known and block.checksum is None and not entry.text[block.inside : block.outside].strip()
    ]


def _read_again(entry: Entry, workspace: Workspace) -> Entry:
    text = entry.path.read_bytes().decode("utf-8", "surrogateescape")
    return entry if text == entry.text else parse_entry(text, entry.path, workspace)


def describe_results(results: list[StepResult]) -> list[dict[str, Any]]:
    """Return how steps ended, or would end, as plain data for other programs."""
    return [
        _describe(
            one.planned.id, one.planned.step.uses, one.outcome, one.reasons, one.headline, one.message, one.seconds
        )
        for one in results
    ]


def describe_standing(standing: StandingDay) -> list[dict[str, Any]]:
    """Return the same of a day that stands."""
    return [_describe(step.id, step.uses, Outcome.CURRENT, (), step.headline, "", 0.0) for step in standing.steps]


def _describe(
    step: str, task: str, outcome: Outcome, reasons: Sequence[str], headline: str, message: str, seconds: float
) -> dict[str, Any]:
    return {
        "step": step,
        "task": task,
        "outcome": outcome,
        "reasons": list(reasons),
        "headline": headline,
        "message": message,
        "seconds": round(seconds, 3),
    }


def summary(outcome: DayOutcome) -> str:
    """Return a day's outcome as JSON, for other programs."""
    steps = describe_results(outcome.results)
    return json.dumps({"day": outcome.plan.entry.day, "steps": steps, "exit_code": outcome.exit_code}, indent=1)
