"""A day from its entry to its entry: read, plan, run, and put the results between the author's sentences."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.entry import Entry, entry_days, find_entry, parse_entry, read_entry
from journal.fingerprint.known import Known, digest_of
from journal.fingerprint.stamp import stamp_of
from journal.ledger import Ledgers, read_ledgers
from journal.plan import Plan, make_plan
from journal.registry import Registry
from journal.render import render_failure, render_report
from journal.report import read_report
from journal.run import Choice, Observer, Run, StepResult, run_plan
from journal.splice import checksum, find_blocks, is_edited, splice
from journal.store import Store, replace_folder, write_atomically
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
    known = Known(workspace, store)
    plan = make_plan(read_entry(find_entry(workspace, day), workspace), workspace, registry, known.is_checked)
    for planned in plan.steps:
        if not planned.problem:
            known.note_checked(planned)
    earlier = {} if not _refers_back(plan) else entry_days(workspace)
    return Run(plan, workspace, store, choice, known, earlier, stale)


def run_day(run: Run, observer: Observer, edits: str = "merge") -> DayOutcome:
    """Run a day's plan and put what came out into its entry, also where the run is interrupted."""
    try:
        results = run_plan(run, observer)
    except BaseException:
        write_results(run, list(run.results.values()), edits)
        raise
    return DayOutcome(run.plan, results, write_results(run, results, edits))


def write_results(run: Run, results: list[StepResult], edits: str = "merge") -> bool:
    """Put artifacts beside the entry and blocks into it; returns whether the entry changed.

    The entry is read again first: its author may have written on while the steps ran.
    """
    entry = _read_again(run.entry, run.workspace)
    if edits == "merge" and _is_shown(run, entry, results):
        return False
    blocks, counts = _generate(entry, [one for one in results if one.folder or one.message], run.workspace)
    text = splice(entry.text, entry.body_start, blocks, entry.shown, _bases(run, entry), edits)
    for result in results:
        if result.folder:
            _place_artifacts(result.folder, entry.artifacts / result.planned.id, run.store)
    run.store.keep_blocks({checksum(generated): generated for generated in blocks.values()})
    if text != entry.text:
        write_atomically(entry.path, text.encode("utf-8", "surrogateescape"))
    run.store.note("shown", entry.shown, json.dumps([counts, _showing(run, entry, text, results, counts)]))
    run.store.flush()
    return text != entry.text


def edited_blocks(entry: Entry) -> list[str]:
    """Return the steps whose blocks somebody changed by hand."""
    return [b.id for b in find_blocks(entry.text, entry.body_start, entry.shown) if is_edited(b, entry.text)]


def _read_again(entry: Entry, workspace: Workspace) -> Entry:
    text = entry.path.read_bytes().decode("utf-8", "surrogateescape")
    return entry if text == entry.text else parse_entry(text, entry.path, workspace)


def _is_shown(run: Run, entry: Entry, results: list[StepResult]) -> bool:
    """Return whether the entry and its artifacts are as they were left with these very results."""
    noted = run.store.recall("shown", entry.shown)
    if noted is None:
        return False
    counts, showing = json.loads(noted)
    return bool(showing == _showing(run, entry, entry.text, results, counts))


def _showing(run: Run, entry: Entry, text: str, results: list[StepResult], counts: bool) -> str:
    """Return a digest of the entry, its artifacts, and all that these come from."""
    told = [(one.planned.id, one.failed, str(one.folder), one.message) for one in results]
    own = Path(__file__).parent
    code = [*own.glob("*.py"), *own.glob("render/*.py"), *own.glob("splice/*.py")]
    files = [*_files_below(entry.artifacts), *map(str, code)]
    if counts:  # blocks tell totals over all days
        entries = run.workspace.entries
        files += [str(path) for pattern in ("*.md", "*/*/report.json") for path in entries.glob(pattern)]
    others = sorted(file for file in files if file != str(entry.path))
    return digest_of(
        text, told, [(file, stamp_of(file)) for file in others], stamp_of(run.workspace.root / "journal.yml")
    )


def _files_below(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        yield from (os.path.join(where, name) for name in names)  # noqa: PTH118  # a thousand files at each start


def _generate(entry: Entry, results: list[StepResult], workspace: Workspace) -> tuple[dict[str, str], bool]:
    """Return the text of each step's block, and whether some of it counts in a ledger."""
    reports = {result.planned.id: read_report(result.folder) for result in results if result.folder}
    counting = {result.planned.id: result.folder for result in results if result.folder}
    counting = {step: folder for step, folder in counting.items() if reports[step].totals}
    ledgers = _ledgers(entry, counting, workspace)
    blocks: dict[str, str] = {}
    for result in results:
        step, text = result.planned.id, None
        if step in reports:
            text = render_report(reports[step], f"{entry.artifacts.name}/{step}", entry.day, ledgers)
        blocks[step] = render_failure(_unplaced(result.message), text) if result.failed else text or ""
    return blocks, bool(counting)


def _ledgers(entry: Entry, counting: Mapping[str, Path], workspace: Workspace) -> Ledgers:
    """Read the ledgers, where a report of this entry counts in one; the reading takes every entry of the year."""
    if not counting:
        return Ledgers(workspace.goals)
    ledgers = read_ledgers(workspace)
    for step, folder in counting.items():
        ledgers.put(entry.day, step, folder)
    return ledgers


def _bases(run: Run, entry: Entry) -> Callable[[str], str | None]:
    """Return what finds the generated text of a checksum: as it was kept, or made again of the report in its place."""

    def find(wanted: str) -> str | None:
        if (kept := run.store.block(wanted)) is not None:
            return kept
        for report in entry.artifacts.glob("*/report.json"):
            step = report.parent.name
            ledgers = _ledgers(entry, {step: report.parent}, run.workspace)
            text = render_report(read_report(report.parent), f"{entry.artifacts.name}/{step}", entry.day, ledgers)
            if checksum(text) == wanted:
                return text
        return None

    return find


def _unplaced(message: str) -> str:
    """Take ``file:line:`` off: in the entry itself it would be wrong with the next line that its author adds."""
    place, _, rest = message.partition(": ")
    return rest if place.startswith("entries/") and rest else message


def _place_artifacts(result: Path, target: Path, store: Store) -> None:
    """Copy a result's files beside the entry, unless they are there."""
    if not (target.is_dir() and _listing(target, store) == _listing(result, store)):
        replace_folder(result, target)


def _listing(folder: Path, store: Store) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): store.digest(path) for path in files}


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
