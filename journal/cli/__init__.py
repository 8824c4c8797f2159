"""The commands: each one line of flow from what was typed to what is printed."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from journal.cli.opening import open_all, open_workspace, parse_day, parse_days, say, warn
from journal.cli.values import spare_checks
from journal.errors import JournalError, UsageError

app = typer.Typer(
    name="journal",
    help="Run what a dated entry says, put the results between its sentences, and make the entries a blog.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_ClickError: Any = typer.BadParameter.__mro__[2]  # Typer carries its own copy of click and exports no base class
_INTERRUPTED = 130

Days = Annotated[str, typer.Argument(metavar="DAY", help="133, 130..140, or today")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def _print_version(asked: bool) -> None:
    from journal import __version__

    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take the options that all commands share."""


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="The new workspace.")] = Path()) -> None:
    """Make a folder a workspace: journal.yml, a first entry, a site."""
    from journal.start import make_workspace

    for path in make_workspace(folder):
        typer.echo(f"made {path}")


@app.command()
def new(
    day: Annotated[
        str, typer.Argument(metavar="[DAY]", help="A day's number or 'today'; the next one if left out.")
    ] = "",
    title: Annotated[str, typer.Option(help="The entry's title.")] = "",
) -> None:
    """Make a day's entry from the template."""
    from journal.start import new_entry

    workspace = open_workspace()
    path = new_entry(workspace, parse_day(day, workspace) if day else None, title)
    typer.echo(f"made {workspace.shown(path)}")


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Markdown posts, or jrnl's JSON.")],
) -> None:
    """Make entries of posts that other programs wrote: Jekyll, Hugo, Quarto, plain Markdown, jrnl."""
    from journal.cli.running import import_one
    from journal.store import Store

    workspace = open_workspace()
    with Store(workspace.state, warn).hold(
        "journal import", lambda who: warn(f"waiting for {who}, which works here too")
    ):
        done = [import_one(path, workspace) for path in files]
    made, given = sum(count for count, _ in done), f"{len(files)} file{'' if len(files) == 1 else 's'}"
    typer.echo(f"{made} {'entry' if made == 1 else 'entries'} made of {given}")
    raise typer.Exit(max(code for _, code in done))


@app.command()
def day(
    days: Days,
    only: Annotated[list[str], typer.Option(help="Run this step and what it needs; may be given again.")] = [],  # noqa: B006
    force: Annotated[bool, typer.Option("--force", help="Run again what is up to date.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run and why, and run nothing.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Steps at the same time; 0 is as journal.yml says.")] = 0,
    edits: Annotated[str, typer.Option(help="Blocks edited by hand: merge, keep or drop the edits.")] = "merge",
    on: Annotated[str, typer.Option(help="Where: local, dask, or a Dask scheduler's address.")] = "",
    stale: Annotated[bool, typer.Option("--stale", help="Of these days, run those that are out of date.")] = False,
    as_json: Json = False,
) -> None:
    """Run the steps of a day's entry and put their results into it."""
    from journal.cli.running import choose_stale, run_one, run_one_of_many
    from journal.run import Choice

    if edits not in ("merge", "keep", "drop"):
        raise UsageError(f"--edits is '{edits}'; use merge, keep or drop")
    workspace, registry, store = open_all()
    choice = Choice(tuple(only), force, jobs or None, command=f"journal day {days}", on=on)
    chosen = parse_days(days, workspace)
    chosen = choose_stale(chosen, workspace, registry, store) if stale else chosen
    run = partial(run_one, workspace, registry, store, choice=choice, dry_run=dry_run, edits=edits, as_json=as_json)
    done = [run(number) if ".." not in days else run_one_of_many(number, run) for number in chosen]
    if as_json:
        typer.echo(done[0][1] if done and ".." not in days else f"[{', '.join(text for _, text in done)}]")
    raise typer.Exit(max((code for code, _ in done), default=0))


@app.command()
def run(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A task, as journal task lists them.")],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Its parameters; files relative to the workspace."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run again what is up to date.")] = False,
    as_json: Json = False,
) -> None:
    """Try a task without an entry: show what it finds, its files in build/run."""
    from journal.cli.running import run_alone
    from journal.day.adhoc import parse_tryout

    workspace, registry, store = open_all()
    tryout = parse_tryout(task, values or [], registry)
    raise typer.Exit(run_alone(tryout, workspace, registry, store, force=force, as_json=as_json))


@app.command()
def status(as_json: Json = False) -> None:
    """Show every day: up to date, stale and why, failed, never run, edited blocks."""
    from journal.ask.status import day_statuses, status_lines

    statuses = list(day_statuses(*open_all()))
    lines = [json.dumps([vars(one) for one in statuses], indent=1)] if as_json else status_lines(statuses)
    typer.echo("\n".join(lines))


@app.command()
def why(
    what: Annotated[str, typer.Argument(metavar="PICTURE|DAY", help="A PNG that a step made, or a day.")],
    step: Annotated[str, typer.Argument(metavar="[STEP]", help="With a day: the step to explain.")] = "",
    redo: Annotated[str, typer.Option(metavar="FILE", help="Make the picture again, into this file.")] = "",
) -> None:
    """Say where a picture or a step's result came from, and make a picture again."""
    from journal.ask.why import describe_recipe, explain_result, make_again, read_recipe

    workspace = open_workspace()
    if step:
        typer.echo("\n".join(explain_result(workspace, parse_day(what, workspace), step)))
    elif redo:
        make_again(Path(what), Path(redo), workspace)
        typer.echo(f"made {redo}")
    else:
        typer.echo("\n".join(describe_recipe(read_recipe(Path(what)), workspace)))


@app.command()
def verdict(
    verdict: Annotated[str, typer.Argument(metavar="kept|failed", help="What you think of the pictures.")],
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE", help="Pictures beside an entry.")],
    word: Annotated[str, typer.Option(help="Why, in a word or a sentence.")] = "",
) -> None:
    """Say of pictures that they are kept or have failed, beside their entry."""
    from journal_tasks.diffusion.verdicts import give_verdict

    days = give_verdict(pictures, verdict, word, open_workspace(), lambda who: warn(f"waiting for {who}"))
    typer.echo(f"noted; the pictures say so after: {', '.join(f'journal day {day}' for day in sorted(days))}")


@app.command()
def attempts(
    prompt: Annotated[
        str, typer.Argument(metavar="[PROMPT]", help="What was asked for; all prompts if left out.")
    ] = "",
    as_json: Json = False,
) -> None:
    """List the tries at a prompt over days and models, with the rate of those that came out."""
    from journal_tasks.diffusion.trials import (
        describe_trials,
        prompt_lines,
        read_trials,
        stray_verdicts,
        trial_lines,
        trials_at,
    )

    workspace = open_workspace()
    found = read_trials(workspace)
    for line in stray_verdicts(workspace):
        warn(line)
    found = trials_at(prompt, found) if prompt else found
    lines = trial_lines(found) if prompt else prompt_lines(found)
    typer.echo(json.dumps(describe_trials(found), indent=1, ensure_ascii=False) if as_json else "\n".join(lines))


@app.command()
def check(days: Days, as_json: Json = False) -> None:
    """Compare the numbers typed in a day's prose with its reports."""
    from journal.ask.check import check_entry
    from journal.text.entry import find_entry, read_entry

    workspace = open_workspace()
    entries = [read_entry(find_entry(workspace, number), workspace) for number in parse_days(days, workspace)]
    found = [(entry, one) for entry in entries for one in check_entry(entry, workspace)]
    if as_json:
        typer.echo(json.dumps([one.as_data(entry.shown) for entry, one in found], indent=1, ensure_ascii=False))
    else:
        typer.echo("\n".join(one.sentence(entry.shown) for entry, one in found) or "no typed number differs")
    raise typer.Exit(1 if found else 0)


@app.command()
def runs(
    day: Annotated[int, typer.Option(help="Only of this day; 0 is all.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show what ran, when, how long, where and why."""
    from journal.ask.history import describe_attempts, run_lines
    from journal.store import Store

    attempts = Store(open_workspace().state, warn).attempts(limit, day or None)
    typer.echo(json.dumps(describe_attempts(attempts), indent=1) if as_json else "\n".join(run_lines(attempts)))


@app.command()
def gc(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, with sizes, and remove nothing.")
    ] = False,
    keep_days: Annotated[float, typer.Option(min=0, help="Keep results younger than this.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Remove results that no entry shows, and what killed runs left."""
    from journal.ask.history import describe_waste, waste_lines
    from journal.store import Store

    workspace = open_workspace()
    store = Store(workspace.state, warn)
    with store.hold("journal gc", lambda who: warn(f"waiting for {who}, which works here too")):
        waste = store.waste(workspace.entries, keep_days * 86400)
        for one in waste if not dry_run else ():
            one.remove()
    lines = waste_lines(waste, store.folder, removed=not dry_run)
    typer.echo(json.dumps(describe_waste(waste, store.folder), indent=1) if as_json else "\n".join(lines))


@app.command()
def task(name: Annotated[str, typer.Argument(metavar="[TASK]", help="A task to explain.")] = "") -> None:
    """List the tasks there are, or explain one with its parameters."""
    from journal.ask.tasks import explain_task, list_tasks
    from journal.plan.registry import read_registry

    registry = read_registry(open_workspace().plugins)
    typer.echo("\n".join(explain_task(registry, name) if name else list_tasks(registry)))


@app.command()
def build() -> None:
    """Make the blog in build/site."""
    from journal.blog import build_site

    workspace = open_workspace()
    built = build_site(workspace)
    for warning in built.warnings:
        typer.echo(warning, err=True)
    typer.echo(
        f"{built.days} {'day' if built.days == 1 else 'days'} in {workspace.shown(built.index)}; open file://{built.index}"
    )


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.")] = 8000,
) -> None:
    """Show the blog in a browser and follow what changes in the entries."""
    from journal.blog import serve_site

    serve_site(open_workspace(), port)


@app.command()
def publish(
    remote: Annotated[str, typer.Option(help="Where to push: a remote's name or address.")] = "origin",
    branch: Annotated[str, typer.Option(help="The branch that holds the site.")] = "gh-pages",
    push: Annotated[bool, typer.Option(help="Push the branch.")] = True,
    message: Annotated[str, typer.Option(help="The commit's message.")] = "Publish the journal",
) -> None:
    """Build the blog, put it on a git branch and push that."""
    from journal.blog import build_site
    from journal.blog.publish import publish_site

    workspace = open_workspace()
    build_site(workspace)
    typer.echo(publish_site(workspace, remote, branch, message, push=push))


@app.command()
def stats(as_json: Json = False) -> None:
    """Show the ledgers: totals over days, and how far their goals are."""
    from journal.record.ledger import read_ledgers

    ledgers = read_ledgers(open_workspace())
    found = [ledgers.ledger(name) for name in ledgers.names()]
    if as_json:
        typer.echo(json.dumps([{**vars(one), "total": one.total} for one in found], indent=1))
    else:
        last = max((day for one in found for day in one.by_day), default=0)
        typer.echo("\n".join(one.sentence(last) for one in found) or "no ledger: no report counts in one yet")


@app.command()
def models(
    fetch: Annotated[str, typer.Option(metavar="NAME", help="Fetch this model now.")] = "",
) -> None:
    """List the models that journal.yml names, and whether they are at hand."""
    from journal.api.models import describe_models, fetch_model

    workspace = open_workspace()
    if fetch:
        typer.echo(f"{fetch}: {fetch_model(fetch, workspace.models, workspace.root).path}")
    else:
        typer.echo("\n".join(describe_models(workspace.models, workspace.root)) or "journal.yml names no model")


@app.command()
def doctor() -> None:
    """Check this machine: Python, libraries, tasks, models, git."""
    from journal.ask.doctor import examine

    findings = list(examine(open_workspace()))
    typer.echo("\n".join(f"{'ok ' if good else 'NOT'} {text}" for good, text in findings))
    raise typer.Exit(0 if all(good for good, _ in findings) else 1)


def main() -> None:
    """Run the command line; every error becomes one line and an exit code here."""
    debug = "--debug" in sys.argv[1:]
    arguments = [word for word in sys.argv[1:] if word != "--debug"] or ["--help"]
    try:
        command = spare_checks(typer.main.get_command(app))
        code = command(arguments, standalone_mode=False, prog_name="journal")
        if code == _INTERRUPTED:  # Typer turns Ctrl-C into this code
            raise KeyboardInterrupt
    except JournalError as error:
        code = say(str(error), error.exit_code, debug)
    except _ClickError as error:
        code = say(error.format_message(), 2, debug)
    except (typer.Abort, KeyboardInterrupt):
        code = say("interrupted; what was finished is kept, and the next run carries on", _INTERRUPTED, debug)
    except Exception as error:  # a mistake of journal's own: one line as well, and no traceback unless asked for
        code = say(f"a fault in journal itself: {type(error).__name__}: {error}; --debug shows where", 1, debug)
    sys.exit(code)
