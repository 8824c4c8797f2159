"""Runs started from the command line: their output, exit code and JSON outcome."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from journal.cli.opening import say, warn
from journal.errors import JournalError

if TYPE_CHECKING:
    from journal.day import DayOutcome, OpenWorkspace
    from journal.day.adhoc import AdhocRun
    from journal.day.standing import StandingDay
    from journal.record import Record
    from journal.run import Run, RunOptions
    from journal.text.edits import Edits
    from journal.text.entry import Entry


def parse_reasons(given: list[str]) -> dict[str, str]:
    """Parse ``STEP=REASON``; the reason may be left out."""
    return {step.strip(): reason.strip() for step, _, reason in (one.partition("=") for one in given)}


def choose_stale(days: list[int], opened: OpenWorkspace) -> list[int]:
    """Return which of the days are out of date; each is checked again when its turn comes."""
    from journal.ask.status import day_statuses, stale_days

    stale = set(stale_days(day_statuses(opened)))
    found = [number for number in days if number in stale]
    if not found:
        typer.echo("none of these days is stale", err=True)
    return found


def import_one(path: Path, record: Record, *, dry_run: bool) -> tuple[int, int, list[str]]:
    """Import from a file or folder, and return how many entries it made, the exit code, and the links it changed."""
    from journal.importing import import_posts, read_source

    made, code, notes, mapped = 0, 0, list[str](), list[str]()
    try:
        source = read_source(path)
        if source.is_of_many:
            typer.echo(source.sentence)
        for imported in import_posts(source, record, dry_run=dry_run):
            if imported.entry:
                made += 1
                verb, title = "would make" if dry_run else "made", f"  ({imported.title})" if imported.title else ""
                typer.echo(f"{verb} {record.workspace.display_path(imported.entry)}{title}")
            notes, mapped = [*notes, *imported.notes], [*mapped, *imported.mapped]
            if imported.problem:
                code = say(str(imported.problem), imported.problem.exit_code, debug=False)
    except JournalError as error:
        code = say(str(error), error.exit_code, debug=False)
    for note in notes:
        warn(note)
    return made, code, mapped


def run_one_of_many(number: int, run: Callable[[int], tuple[int, str]]) -> tuple[int, str]:
    """Run one of several days; an error in its entry is printed and doesn't stop the days after it."""
    try:
        return run(number)
    except JournalError as error:
        report = json.dumps({"day": number, "error": str(error), "exit_code": error.exit_code}, indent=1)
        return say(str(error), error.exit_code, debug=False), report


def run_one(
    opened: OpenWorkspace,
    number: int,
    options: RunOptions,
    *,
    dry_run: bool,
    edits: Edits,
    as_json: bool,
) -> tuple[int, str]:
    """Run one day, printing its progress, and return the exit code and the outcome as JSON."""
    from journal.cli.console import Console
    from journal.day import edited_lines, open_day, run_day, stray_markers, summary
    from journal.day.artifacts import changed_beside
    from journal.text.edits import Edits

    if dry_run:
        return _preview(open_day(opened, number, options), as_json=as_json)
    is_plain = options.asks_for_nothing_else and edits == Edits()
    if is_plain and (standing := opened.standing.recall(number)) and standing.is_written:
        return _say_standing(number, standing, as_json=as_json)
    with (
        Console(quiet=as_json) as console,
        opened.store.hold(
            options.command, lambda who: console.line(f"waiting for {who}, which is using this workspace")
        ),
    ):
        run = open_day(opened, number, options)
        for problem in run.plan.problems:
            typer.echo(str(problem), err=True)
        console.line(f"day {number}: {run.entry.title}")
        before = changed_beside(run.entry, opened.record, opened.store)
        outcome = run_day(run, console, edits)
        if is_plain:
            opened.standing.take(run, outcome)
        restored = _put_back(before, run.entry, opened)
        for name in restored:
            console.line(f"      put back: {name}")
        console.line(_closing_line(outcome, run, len(restored)))
        for line in [
            *(stray_markers(run) if outcome.wrote else ()),
            *edited_lines(opened.record.entry(number)),
            *_value_lines(opened, number),
        ]:
            typer.echo(line, err=True)
    return outcome.exit_code, summary(outcome)


def _put_back(before: Mapping[str, str], entry: Entry, opened: OpenWorkspace) -> list[str]:
    """Return the files beside an entry that were otherwise than their steps made them, and are as they were again."""
    from journal.day.artifacts import ADDED, changed_beside

    now = changed_beside(entry, opened.record, opened.store) if before else {}
    return [name for name, what in before.items() if what != ADDED and name not in now]


def _value_lines(opened: OpenWorkspace, number: int) -> list[str]:
    """Return a line for each value that a person should look at."""
    from journal.text.values import may_have_values

    entry = opened.record.entry(number)
    if not may_have_values(entry.text):
        return []
    from journal.record.values import Names, first_on_line, look_at_values, value_lines

    looked = look_at_values(entry, Names(entry, opened.record, opened.standing.ledgers))
    return [*value_lines(entry, looked), *first_on_line(entry, looked)]


def _say_standing(number: int, standing: StandingDay, *, as_json: bool) -> tuple[int, str]:
    """Say that a day is up to date, in the words of a run."""
    from journal.cli.console import describe_current
    from journal.day import describe_standing

    if not as_json:
        lines = [f"day {number}: {standing.title}"]
        for step in standing.steps:
            lines += [describe_current(step.id, step.uses, step.headline), *_indented(step.notes)]
        typer.echo("\n".join([*lines, _all_up_to_date(len(standing.steps))]))
    return 0, json.dumps({"day": number, "steps": describe_standing(standing), "exit_code": 0}, indent=1)


def run_alone(adhoc: AdhocRun, opened: OpenWorkspace, *, force: bool, as_json: bool) -> int:
    """Run a task without an entry, printing its progress, and return the exit code."""
    from journal.cli.console import Console
    from journal.day import describe_results
    from journal.day.adhoc import describe_adhoc, files_of, folder_of, run_adhoc
    from journal.layout import report_in
    from journal.run import RunOptions

    options = RunOptions(force=force, command=f"journal run {adhoc.task.name}")
    with (
        Console(quiet=as_json) as console,
        opened.store.hold(
            options.command, lambda who: console.line(f"waiting for {who}, which is using this workspace")
        ),
    ):
        result = run_adhoc(adhoc, opened, options, console)
        folder = folder_of(adhoc, opened.workspace)
        if as_json and result.failed:
            typer.echo(json.dumps(describe_results([result])[0], indent=1))
        elif as_json:
            typer.echo(report_in(folder).read_text(encoding="utf-8").strip())
        elif not result.failed:
            shown = [opened.workspace.display_path(path) for path in files_of(folder)]
            lines = ["", describe_adhoc(folder, opened.record), "", *shown, ""]
            typer.echo("\n".join([*lines, "to add it to an entry, put this below 'tasks:'", *adhoc.lines]))
    return 1 if result.failed else 0


def _preview(run: Run, *, as_json: bool) -> tuple[int, str]:
    """Print what would run and why, and return the exit code and the same as JSON."""
    from journal.cli.console import describe
    from journal.day import describe_results, stray_markers

    for problem in [*run.plan.problems, *stray_markers(run)]:
        typer.echo(str(problem), err=True)
    results = list(run.preview())
    if not as_json:
        lines = (line for one in results for line in (describe(one), *_indented((*one.notes, *one.asides))))
        typer.echo("\n".join(lines))
    report = json.dumps({"day": run.entry.day, "steps": describe_results(results)}, indent=1)
    return 3 if run.plan.problems else 0, report


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"      {line}" for line in lines]


def _closing_line(outcome: DayOutcome, run: Run, restored: int) -> str:
    ran = sum(result.outcome == "done" for result in outcome.results)
    failed = sum(result.failed for result in outcome.results)
    if not ran and not failed and not outcome.wrote:
        return _all_up_to_date(len(outcome.results), restored)
    entry = f"{run.entry.display_path} {'rewritten' if outcome.wrote else 'unchanged'}"
    return f"{ran} ran, {len(outcome.results) - ran - failed} up to date, {failed} failed; {entry}"


def _all_up_to_date(count: int, restored: int = 0) -> str:
    if not count:
        return "nothing to run: the entry has no steps"
    changed = f"{restored} {'files' if restored > 1 else 'file'} put back" if restored else "nothing changed"
    return f"{f'all {count} steps are' if count > 1 else 'the step is'} up to date; {changed}"
