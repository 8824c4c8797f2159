"""Writing results: artifacts beside the entry, blocks between its sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from journal.api.report import Report
from journal.day.artifacts import InTheWayError, place_artifacts
from journal.day.rendered import note_rendered
from journal.errors import BlockConflictError, EntryError, StoreError
from journal.files import write_atomically
from journal.layout import steps_of
from journal.record import Record
from journal.record.ledger import Ledgers, read_ledgers
from journal.record.values import Looked, Names, look_at_values
from journal.record.verdicts import Verdict, read_verdicts, with_verdicts
from journal.render import BlockPage, render_failure, render_report
from journal.render.parts import Arrangement, sections_of
from journal.run import Run, StepResult
from journal.text.blocks import Block, find_blocks, is_edited, splice
from journal.text.edits import Edits, checksum, may_be_edited
from journal.text.entry import Entry
from journal.text.values import may_have_values, write_values


def write_blocks(run: Run, entry: Entry, results: list[StepResult], edits: Edits) -> bool:
    """Write artifacts, then the entry, and return whether its text changed.

    A step that is wrong as it is written, before anything ran, changes nothing here. Raises ``BlockConflictError``
    where an edit by hand conflicts, and ``StoreError`` where files can't be put beside the entry; the blocks concerned
    stay as they are with their artifacts, and all others are written first.
    """
    ran = [one for one in results if (one.folder or one.message) and not one.is_as_written]
    blocks, counts = _generate(entry, ran, run.record)
    bases = _bases(run, entry)
    text, conflicts = splice(entry.text, entry.body_start, blocks, entry.display_path, bases, edits)
    problems = _place_all(ran, {conflict.block for conflict in conflicts}, run, entry)
    if problems:
        placed = {step: block for step, block in blocks.items() if step not in problems}
        text, conflicts = splice(entry.text, entry.body_start, placed, entry.display_path, bases, edits)
    run.record.has_changed()
    looked = _look_at_values(run, entry, text, ran)
    text = write_values(text, looked.values, looked.written(edits.all_steps))
    run.store.keep_blocks({checksum(generated): generated for generated in blocks.values()})
    if text != entry.text:
        write_atomically(entry.path, text.encode("utf-8", "surrogateescape"))
    if conflicts:
        raise BlockConflictError("\n".join(conflict.message for conflict in conflicts))
    if problems:
        raise StoreError("\n".join(problems.values()))
    if lines := looked.conflicts(entry.display_path, edits.all_steps):
        raise BlockConflictError("\n".join(lines))
    if looked.problems:
        raise EntryError("\n".join(looked.problems.values()))
    note_rendered(run, entry, text, results, counts)
    return text != entry.text


def _look_at_values(run: Run, entry: Entry, text: str, results: list[StepResult]) -> Looked:
    """Return the values of an entry's new text, and what they read by the results that are beside it now."""
    if not may_have_values(text):
        return Looked()
    lacking = frozenset(one.planned.id for one in results if one.failed)
    names = Names(entry, run.record, cache(lambda: read_ledgers(run.record)), lacking)
    return look_at_values(replace(entry, text=text), names)


def _place_all(results: list[StepResult], left: set[str], run: Run, entry: Entry) -> dict[str, str]:
    """Put all artifacts beside the entry but those of steps in ``left``; returns what went wrong by step."""
    problems: dict[str, str] = {}
    for result in results:
        step = result.planned.id
        if result.folder and step not in left:
            try:
                _check_whole(result.folder, entry.artifacts / step, run)
                _merge_sheets(result, entry, run)
                place_artifacts(result.folder, entry.artifacts / step, run.record, run.store)
            except InTheWayError as error:
                problems[step] = str(error)
    return problems


def _merge_sheets(result: StepResult, entry: Entry, run: Run) -> None:
    """Bring the step's sheets to its result, before its folder has what tells the author's rows from the others."""
    roles = run.cache.signature(result.planned.known_source).roles
    for name, role in roles.items():
        if role == "sheet" and result.folder and (result.folder / f"{name}.csv").is_file():
            from journal.record.sheets import merge_sheet  # few days have any

            merge_sheet(entry.path, result.planned.id, name, result.folder, run.workspace)


def _check_whole(result: Path, target: Path, run: Run) -> None:
    """Raise ``InTheWayError`` where a result of the store was damaged since the step ended: it would be copied so."""
    if result.is_relative_to(run.store.results) and run.store.find(result, target) is None:
        shown = run.workspace.display_path(target)
        raise InTheWayError(f"{shown}: the result was changed after it was made, so it isn't shown; run the day again")


def edited_blocks(entry: Entry) -> list[str]:
    """Return the steps whose blocks were edited by hand."""
    if not may_be_edited(entry.text):
        return []
    return [b.id for b in find_blocks(entry.text, entry.body_start, entry.display_path) if is_edited(b, entry.text)]


def unshown_verdicts(entry: Entry, record: Record) -> list[str]:
    """Return the steps whose blocks don't show all verdicts on their pictures."""
    verdicts = read_verdicts(entry.path, record.workspace)
    judged = {verdict.picture.partition("/")[0] for verdict in verdicts}
    blocks = find_blocks(entry.text, entry.body_start, entry.display_path) if judged else []
    return [block.id for block in blocks if block.id in judged and _shows_fewer(block, entry, verdicts, record)]


def _shows_fewer(block: Block, entry: Entry, verdicts: Sequence[Verdict], record: Record) -> bool:
    """Return whether a block was generated before some of the verdicts were given, and is unedited."""
    step = record.find(entry, block.id)
    if is_edited(block, entry.text) or step is None:
        return False  # status has lines of their own for these
    report, folder = step.report, step.folder
    ledgers = _ledgers(entry, {block.id: folder} if report.totals else {}, record)
    sums = [
        checksum(_shown_text(report, block.id, folder, entry, ledgers, verdicts[:count]))
        for count in range(len(verdicts), -1, -1)
    ]
    return block.checksum in sums and block.checksum != sums[0]


def _generate(entry: Entry, results: list[StepResult], record: Record) -> tuple[dict[str, str], bool]:
    """Return the text of each step's block, and whether any of the results adds to a ledger."""
    reports = {result.planned.id: record.step(result.folder).report for result in results if result.folder}
    counting = {result.planned.id: result.folder for result in results if result.folder}
    counting = {step: folder for step, folder in counting.items() if reports[step].totals}
    ledgers, verdicts = _ledgers(entry, counting, record), read_verdicts(entry.path, record.workspace)
    blocks: dict[str, str] = {}
    for result in results:
        step, text = result.planned.id, None
        if step in reports:
            text = _shown_text(reports[step], step, result.folder or entry.artifacts, entry, ledgers, verdicts)
        blocks[step] = render_failure(_unplaced(result.message), text) if result.failed else text or ""
    return blocks, bool(counting)


def _shown_text(
    report: Report, step: str, folder: Path, entry: Entry, ledgers: Ledgers, verdicts: Sequence[Verdict]
) -> str:
    """Return a block's text for a report whose files are in a folder."""
    judged = with_verdicts(report, step, folder, verdicts)
    page = BlockPage(f"{entry.artifacts.name}/{step}", entry.day, ledgers)
    return render_report(judged, page, _arrangement(report, step, entry))


def _arrangement(report: Report, name: str, entry: Entry) -> Arrangement:
    """Return how the author wants a step's parts. Raises ``EntryError`` where one of them doesn't exist."""
    step = entry.step(name)
    if step is None or not (step.show or step.hide or step.fold):
        return Arrangement()
    wanted = Arrangement(step.show, step.hide, step.fold)
    if unknown := wanted.unknown(sections_of(report.items)):
        where = next(word for word in ("show", "hide", "fold") if word in step.lines)
        raise EntryError(f"{entry.place(step, where)}: the report of '{name}' has {unknown}")
    return wanted


def _ledgers(entry: Entry, counting: Mapping[str, Path], record: Record) -> Ledgers:
    """Read the ledgers if a report of this entry adds to one; that means reading every entry of the year."""
    if not counting:
        return Ledgers(record)
    ledgers = read_ledgers(record)
    for step, folder in counting.items():
        ledgers.put(entry.day, step, folder)
    return ledgers


def _bases(run: Run, entry: Entry) -> Callable[[str], str | None]:
    """Return a function that finds the generated text of a checksum, in the store or by rendering a report again."""

    def find(wanted: str) -> str | None:
        if (kept := run.store.block(wanted)) is not None:
            return kept
        verdicts = read_verdicts(entry.path, run.workspace)
        for folder in steps_of(entry.path):
            ledgers = _ledgers(entry, {folder.name: folder}, run.record)
            report = run.record.step(folder).report
            for count in range(len(verdicts) + 1):  # the block may be older than some of them
                text = _shown_text(report, folder.name, folder, entry, ledgers, verdicts[:count])
                if checksum(text) == wanted:
                    return text
        return None

    return find


def _unplaced(message: str) -> str:
    """Remove ``file:line:``, which in the entry itself would be wrong as soon as its author adds a line."""
    place, _, rest = message.partition(": ")
    return rest if place.startswith("entries/") and rest else message
