"""A day from its entry to its entry: read, plan, run, and put the results between the author's sentences."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from journal.entry import Entry, entry_days, find_entry, read_entry
from journal.ledger import Ledgers, read_ledgers
from journal.plan import Plan, make_plan
from journal.registry import Registry
from journal.render import render_failure, render_report
from journal.report import read_report
from journal.run import Choice, Observer, Run, StepResult, run_plan
from journal.splice import checksum, find_blocks, is_edited, splice
from journal.store import Store, write_atomically
from journal.workspace import Workspace


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


def open_day(workspace: Workspace, registry: Registry, store: Store, day: int, choice: Choice) -> Run:
    """Read and plan a day's entry; raises JournalError where it can't be."""
    plan = make_plan(read_entry(find_entry(workspace, day), workspace), workspace, registry)
    earlier = {} if not _refers_back(plan) else entry_days(workspace)
    return Run(plan, workspace, store, choice, earlier)


def run_day(run: Run, observer: Observer, edits: str = "merge") -> DayOutcome:
    """Run a day's plan and put what came out into its entry, also where the run is interrupted."""
    try:
        results = run_plan(run, observer)
    except KeyboardInterrupt:
        write_results(run, list(run.results.values()), edits)
        raise
    return DayOutcome(run.plan, results, write_results(run, results, edits))


def write_results(run: Run, results: list[StepResult], edits: str = "merge") -> bool:
    """Put artifacts beside the entry and blocks into it; returns whether the entry changed.

    The entry is read again first: its author may have written on while the steps ran.
    """
    for result in results:
        if result.folder:
            _place_artifacts(result.folder, run.entry.artifacts / result.planned.id, run.store)
    entry = read_entry(run.entry.path, run.workspace)
    shown = [result for result in results if result.folder or result.message]
    blocks = _generate(entry, shown, run.workspace)
    text = splice(entry.text, entry.body_start, blocks, entry.shown, run.store.block, edits)
    for generated in blocks.values():
        run.store.keep_block(checksum(generated), generated)
    if text == entry.text:
        return False
    write_atomically(entry.path, text.encode("utf-8", "surrogateescape"))
    return True


def edited_blocks(entry: Entry) -> list[str]:
    """Return the steps whose blocks somebody changed by hand."""
    return [b.id for b in find_blocks(entry.text, entry.body_start, entry.shown) if is_edited(b, entry.text)]


def _generate(entry: Entry, results: list[StepResult], workspace: Workspace) -> dict[str, str]:
    """Return the text of each step's block."""
    folders = {result.planned.id: result.folder for result in results if result.folder}
    ledgers = _ledgers(entry, folders, workspace)
    blocks: dict[str, str] = {}
    for result in results:
        step, text = result.planned.id, None
        if result.folder:
            text = render_report(read_report(result.folder), f"{entry.artifacts.name}/{step}", entry.day, ledgers)
        blocks[step] = render_failure(_unplaced(result.message), text) if result.failed else text or ""
    return blocks


def _ledgers(entry: Entry, folders: Mapping[str, Path], workspace: Workspace) -> Ledgers:
    """Read the ledgers, where a report of this entry counts in one; the reading takes every entry of the year."""
    counting = [step for step, folder in folders.items() if read_report(folder).totals]
    return read_ledgers(workspace) if counting else Ledgers(workspace.goals)


def _unplaced(message: str) -> str:
    """Take ``file:line:`` off: in the entry itself it would be wrong with the next line that its author adds."""
    place, _, rest = message.partition(": ")
    return rest if place.startswith("entries/") and rest else message


def _place_artifacts(result: Path, target: Path, store: Store) -> None:
    """Copy a result's files beside the entry, unless they are there."""
    if target.is_dir() and _listing(target, store) == _listing(result, store):
        return
    target.parent.mkdir(exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(result, partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _listing(folder: Path, store: Store) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): store.digest(path) for path in files}


def _refers_back(plan: Plan) -> bool:
    return any(reference.day is not None for step in plan.steps for reference in step.references)


def summary(outcome: DayOutcome) -> str:
    """Return a day's outcome as JSON, for other programs."""
    steps = [
        {
            "step": result.planned.id,
            "task": result.planned.step.uses,
            "outcome": result.outcome,
            "reasons": list(result.reasons),
            "headline": result.headline,
            "message": result.message,
            "seconds": round(result.seconds, 3),
        }
        for result in outcome.results
    ]
    return json.dumps({"day": outcome.plan.entry.day, "steps": steps, "exit_code": outcome.exit_code}, indent=1)
