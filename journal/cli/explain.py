"""Help commands: task, doctor."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from journal.cli import completion
from journal.cli.opening import Json, open_workspace
from journal.errors import UsageError

if TYPE_CHECKING:
    from journal.text.workspace import Workspace


def task(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[TASK]", help="The task to explain, or: new", autocompletion=completion.tasks_to_explain
        ),
    ] = "",
    new_name: Annotated[str, typer.Argument(metavar="[NAME]", help="After new: its name, such as text.count.")] = "",
    package: Annotated[
        bool, typer.Option("--package", help="With new: as a package of its own, with an entry point.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the available tasks, explain one and its parameters, or begin a new one."""
    from journal.ask.task_data import task_data, tasks_data
    from journal.ask.tasks import explain_task, list_tasks
    from journal.plan.registry import read_registry
    from journal.record import Record

    workspace = open_workspace()
    if name == "new":
        _begin_task(new_name, workspace, package=package)
        return
    if new_name or package:
        raise UsageError(f"journal task explains one task; to begin one, write: journal task new {new_name or name}")
    registry = read_registry(workspace.plugins)
    if as_json:
        data = task_data(registry, name, Record(workspace)) if name else tasks_data(registry)
        typer.echo(json.dumps(data, indent=1, ensure_ascii=False, default=str))
        return
    lines = explain_task(registry, name, Record(workspace)) if name else list_tasks(registry)
    typer.echo("\n".join(lines))


def _begin_task(name: str, workspace: Workspace, *, package: bool) -> None:
    from journal.start.tasks import new_task

    written = [workspace.display_path(path) for path in new_task(name, workspace.root, package=package)]
    typer.echo("\n".join(f"created {path}" for path in written))
    folder = written[0].rpartition("/")[0]
    first = f"install it: pip install -e {folder}" if package else f"run it: journal run {name} text='one two three'"
    typer.echo(f"{first}\ntest it: python -m pytest {written[-1]}")


def doctor(as_json: Json = False) -> None:
    """Check this machine: Python, libraries, tasks, models, git; at a terminal, offer to install what steps need."""
    from journal.ask.doctor import BAD, examine, install_command
    from journal.cli.group import GROUPS

    found = list(examine(open_workspace(), [name for names in GROUPS.values() for name in names]))
    command, code = install_command(found), int(any(one.state == BAD for one in found))
    if as_json:
        findings = [{"state": one.state, "what": one.what} for one in found]
        typer.echo(json.dumps({"findings": findings, "install": command}, indent=1, ensure_ascii=False))
        raise typer.Exit(code)
    typer.echo("\n".join(map(str, found)))
    raise typer.Exit(_offer(command) if command else code)


def _offer(command: list[str]) -> int:
    """Name the command that installs what is missing, at a terminal offer to run it, and return the exit code."""
    typer.echo(f"\nto install what is missing: {shlex.join(command)}")
    if sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm("run it now?"):
        return subprocess.run(command, check=False).returncode
    return 1
