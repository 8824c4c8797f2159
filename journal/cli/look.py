"""Inspection commands: status, why, check, stats, history."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from journal.cli import completion
from journal.cli.opening import Json, open_all, open_store, open_workspace, parse_day, parse_days
from journal.errors import UsageError


def status(
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every byte, rather than trusting sizes, times and inodes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show for every day what is up to date, stale (and why), failed, never run or edited by hand."""
    from journal.ask.status import day_statuses, status_lines

    opened = open_all()
    if verify:
        opened.store.read_anew()
    statuses = list(day_statuses(opened))
    lines = [json.dumps([vars(one) for one in statuses], indent=1)] if as_json else status_lines(statuses)
    typer.echo("\n".join(lines))


def why(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|DAY|DAY.STEP",
            help="A file that a step made, a step (133.clips), or a day, whose values it names.",
            autocompletion=completion.days_and_steps,
        ),
    ],
    step: Annotated[str, typer.Argument(metavar="[STEP]", help="With a day alone: the step to explain.")] = "",
    redo: Annotated[str, typer.Option(metavar="FILE", help="Recreate the picture and write it to this file.")] = "",
) -> None:
    """Show where a file or a step's result came from, recreate a picture, or name the values of a day."""
    from journal.ask.why import describe_recipe, explain_result, has_recipe, make_again, read_recipe
    from journal.record import open_record

    record = open_record()
    day, dot, name = what.partition(".")
    if not step and dot and day.isdecimal() and not Path(what).exists():
        what, step = day, name
    if step:
        typer.echo("\n".join(explain_result(record, parse_day(what, record.workspace), step)))
    elif what.isdecimal() and not Path(what).exists():
        from journal.ask.why import name_values

        typer.echo("\n".join(name_values(record, parse_day(what, record.workspace))))
    elif redo:
        make_again(Path(what), Path(redo), record.workspace)
        from journal.ask.provenance import difference

        differs = difference(Path(what), Path(redo))
        typer.echo(f"made {redo}, {f'and {what} is an edited copy of it: {differs}' if differs else 'the same bytes'}")
        raise typer.Exit(1 if differs else 0)
    else:
        from journal.ask.provenance import explain_file

        path = Path(what)
        lines = explain_file(path, record) or []
        recipe = read_recipe(path) if has_recipe(path) else None
        if not lines and not recipe:
            raise UsageError(f"{what}: no step whose report is here made this file, or one like it")
        lines += describe_recipe(recipe, record.workspace) if recipe else []
        typer.echo("\n".join(lines))


def check(
    days: Annotated[
        str, typer.Argument(metavar="[DAY]", help="133, 130..140, or today", autocompletion=completion.days)
    ] = "",
    publish: Annotated[
        bool, typer.Option("--publish", help="Check instead what would keep the blog from being published.")
    ] = False,
    bind: Annotated[
        bool,
        typer.Option("--bind", help="Propose a value for each number, a link for each day that it knows, and ask."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --bind: write all of them without asking.")] = False,
    as_json: Json = False,
) -> None:
    """Compare the numbers typed in a day's prose with its reports, or check the blog before it is published."""
    if publish:
        from journal.cli.publishing import check_gate

        raise typer.Exit(check_gate(open_workspace(), as_json=as_json))
    if not days:
        raise UsageError("journal check needs a day, such as 133, or --publish")
    if bind:
        from journal.cli.binding import bind_days

        raise typer.Exit(bind_days(days, yes=yes))
    from journal.ask.check import check_entry, check_lines
    from journal.ask.day_links import propose_links
    from journal.day import edited_lines
    from journal.day.artifacts import ADDED, changed_beside

    opened = open_all()
    record = opened.record
    entries = [record.entry(number) for number in parse_days(days, record)]
    found = [(entry, one) for entry in entries for one in check_entry(entry, record)]
    edited = [line for entry in entries for line in edited_lines(entry)]
    edited += [
        f"{entry.display_path}: {name} {what}"
        for entry in entries
        for name, what in changed_beside(entry, record, opened.store).items()
        if what != ADDED
    ]
    for line in edited:
        typer.echo(line, err=True)
    if as_json:
        typer.echo(json.dumps([one.as_data(entry.display_path) for entry, one in found], indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(check_lines(found)))
        if links := [one.sentence(entry.display_path) for entry in entries for one in propose_links(entry, record)]:
            typer.echo("\n".join([f"Could lead there; journal check {days} --bind writes it:", *links]))
    raise typer.Exit(1 if edited or any(one.sure for _, one in found) else 0)


def stats(
    name: Annotated[
        str, typer.Argument(metavar="[LEDGER]", help="Only this ledger.", autocompletion=completion.ledgers)
    ] = "",
    as_of: Annotated[str, typer.Option("--as-of", metavar="DAY", help="As it stood on this day: 133, or today.")] = "",
    as_json: Json = False,
) -> None:
    """Show the ledgers with their goals and when these will be reached, and what was written: streak, gaps, words."""
    from journal.ask.stats import describe_ledger, ledger_line, read_year, year_lines
    from journal.errors import nearest
    from journal.record import open_record
    from journal.record.ledger import read_ledgers

    record = open_record()
    ledgers = read_ledgers(record)
    names = ledgers.names()
    if name and name not in names:
        raise UsageError(f"there is no ledger '{name}'{nearest(name, names)}")
    day = parse_day(as_of, record.workspace) if as_of else max(record.days(), default=0)
    found = [ledgers.ledger(one) for one in names if one == name or not name]
    year = None if name else read_year(record, day)
    if as_json:
        shown = [describe_ledger(one, day) for one in found]
        data = shown[0] if name else {"as_of": day, "ledgers": shown, "year": vars(year) if year else None}
        typer.echo(json.dumps(data, indent=1, ensure_ascii=False))
        return
    lines = [ledger_line(one, day, record.workspace) for one in found] or ["no ledgers yet: no report adds to one"]
    typer.echo("\n".join([*lines, *(["", *year_lines(year, record.workspace)] if year else [])]))


def history(
    question: Annotated[
        str, typer.Argument(metavar="[QUESTION]", help="A question to models or a prompt of pictures; part of one.")
    ] = "",
    asked: Annotated[bool, typer.Option("--asked", help="List the questions and prompts of all days.")] = False,
    day: Annotated[int, typer.Option(help="Of what ran: only this day; 0 means all.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="Of what ran: how many to show, latest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show what ran; or what a question was answered, or a picture's prompt gave, over days and models."""
    if question or asked:
        from journal.ask.history import history_of, read_history
        from journal.ask.trials import stray_verdicts
        from journal.record import open_record

        record = open_record()
        found = read_history(record)
        for line in stray_verdicts(record):
            typer.echo(line, err=True)
        found = history_of(question, found) if question else found
        text = json.dumps(found.as_data(), indent=1, ensure_ascii=False) if as_json else ""
        typer.echo(text or "\n".join(found.lines() if question else found.names()))
        return
    from journal.ask.runs import describe_runs, run_lines

    runs = open_store(open_workspace()).step_runs(limit, day or None)
    typer.echo(json.dumps(describe_runs(runs), indent=1) if as_json else "\n".join(run_lines(runs)))
