"""Run commands: day, run, gc, models."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from journal.cli import completion
from journal.cli.opening import Days, Json, open_all, open_store, open_workspace, parse_days, warn_of_waiting


def day(
    days: Days,
    only: Annotated[
        list[str],
        typer.Option(help="Run only this step and what it needs; repeatable.", autocompletion=completion.steps),
    ] = [],  # noqa: B006
    force: Annotated[bool, typer.Option("--force", help="Run even if already up to date.")] = False,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Run steps again that were made with other versions of libraries.")
    ] = False,
    accept: Annotated[
        list[str],
        typer.Option(
            metavar="STEP=REASON",
            help="This step's result stands, though it is out of date.",
            autocompletion=completion.steps,
        ),
    ] = [],  # noqa: B006
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would run and why, but run nothing.")] = False,
    jobs: Annotated[int, typer.Option(min=0, help="Threads for all steps together; 0: as set in journal.yml.")] = 0,
    edits: Annotated[
        list[str],
        typer.Option(
            help="Edits made by hand: merge, keep or drop; STEP=keep for a single step.",
            autocompletion=completion.edits,
        ),
    ] = [],  # noqa: B006
    on: Annotated[str, typer.Option(help="Where to run: local, dask, or the address of a Dask scheduler.")] = "",
    stale: Annotated[bool, typer.Option("--stale", help="Run only the days that are out of date.")] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Run again in a scratch place, and compare with what is recorded.")
    ] = False,
    sample: Annotated[int, typer.Option(min=0, help="With --replay: only so many of the days, at random.")] = 0,
    as_json: Json = False,
) -> None:
    """Run the steps of a day's entry and put their results into it."""
    from journal.cli.running import choose_stale, parse_reasons, run_one, run_one_of_many
    from journal.run import RunOptions
    from journal.text.edits import Edits

    chosen_edits = Edits.parse(edits)
    opened = open_all()
    options = RunOptions(tuple(only), force, upgrade, parse_reasons(accept), jobs or None, f"journal day {days}", on)
    chosen = parse_days(days, opened.record)
    if replay:
        from journal.cli.replaying import replay_days

        raise typer.Exit(replay_days(opened, chosen, options, sample, as_json=as_json))
    chosen = choose_stale(chosen, opened) if stale else chosen
    run = partial(run_one, opened, options=options, dry_run=dry_run, edits=chosen_edits, as_json=as_json)
    done = [run(number) if ".." not in days else run_one_of_many(number, run) for number in chosen]
    if as_json:
        typer.echo(done[0][1] if done and ".." not in days else f"[{', '.join(text for _, text in done)}]")
    raise typer.Exit(max((code for code, _ in done), default=0))


def run(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK|FILE",
            help="A task (journal task lists them), or a file of a step, for the task and values that made it.",
            autocompletion=completion.tasks,
        ),
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="Its parameters; file paths are relative to the workspace.",
            autocompletion=completion.parameters,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run even if already up to date.")] = False,
    as_json: Json = False,
) -> None:
    """Run a task, or what made a file, without an entry: show its results, and leave its files in build/run."""
    from journal.cli.running import run_alone
    from journal.day.adhoc import parse_adhoc

    opened = open_all()
    known = None
    if Path(task).is_file():
        from journal.ask.provenance import step_of_file

        task, known = step_of_file(Path(task), opened.record)
    adhoc = parse_adhoc(task, values or [], opened.registry, known)
    raise typer.Exit(run_alone(adhoc, opened, force=force, as_json=as_json))


def trust() -> None:
    """Let this workspace's own code run: its plugins, its site's hooks, and where it sends steps and pages."""
    from journal.trust import is_trusted
    from journal.trust import trust as remember

    workspace = open_workspace()
    was = is_trusted(workspace.root)
    remember(workspace.root)
    typer.echo(f"{workspace.root} {'was trusted already' if was else 'is trusted from now on'}")


def gc(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, with sizes, without removing it.")
    ] = False,
    keep_days: Annotated[float, typer.Option(min=0, help="Keep results newer than this many days.")] = 0.0,
    as_json: Json = False,
) -> None:
    """Remove results that no entry shows, and files left by killed runs."""
    from journal.ask.runs import describe_waste, waste_lines

    workspace = open_workspace()
    store = open_store(workspace)
    with store.hold("journal gc", warn_of_waiting):
        waste = store.waste(workspace.entries, keep_days * 86400)
        for one in waste if not dry_run else ():
            one.remove()
    lines = waste_lines(waste, store.folder, removed=not dry_run)
    typer.echo(json.dumps(describe_waste(waste, store.folder), indent=1) if as_json else "\n".join(lines))


def models(
    fetch: Annotated[
        str, typer.Option(metavar="NAME", help="Fetch this model now.", autocompletion=completion.models)
    ] = "",
    verify: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Read this model whole: is it as it was fetched?", autocompletion=completion.models
        ),
    ] = "",
    remove: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Remove this fetched model from the cache.", autocompletion=completion.models
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """List the models named in journal.yml, and whether they are available."""
    from journal.api.models import fetch_model, model_states

    workspace = open_workspace()
    if sum(map(bool, (fetch, verify, remove))) > 1:
        from journal.errors import UsageError

        raise UsageError("give one of --fetch, --verify and --remove at a time")
    if verify or remove:
        from journal.api.model_cache import remove_model, verify_model

        act = verify_model if verify else remove_model
        line = act(verify or remove, workspace.models, workspace.root, workspace.servers)
        typer.echo(json.dumps({"name": verify or remove, "said": line}) if as_json else line)
        return
    if fetch:
        path = fetch_model(fetch, workspace.models, workspace.root, workspace.servers).path
        typer.echo(json.dumps({"name": fetch, "path": path and str(path)}) if as_json else f"{fetch}: {path}")
        return
    states = model_states(workspace.models, workspace.root, workspace.servers)
    if as_json:
        typer.echo(json.dumps([vars(one) for one in states], indent=1, ensure_ascii=False))
        return
    typer.echo("\n".join(map(str, states)) or "no models in journal.yml")
