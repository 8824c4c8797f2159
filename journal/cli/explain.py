"""Help commands: task, doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from journal.cli import completion
from journal.cli.opening import open_workspace
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
) -> None:
    """List the available tasks, explain one and its parameters, or begin a new one."""
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
    lines = explain_task(registry, name, Record(workspace)) if name else list_tasks(registry)
    typer.echo("\n".join(lines))


def _begin_task(name: str, workspace: Workspace, *, package: bool) -> None:
    from journal.start.tasks import new_task

    written = [workspace.display_path(path) for path in new_task(name, workspace.root, package=package)]
    typer.echo("\n".join(f"created {path}" for path in written))
    folder = written[0].rpartition("/")[0]
    first = f"install it: pip install -e {folder}" if package else f"run it: journal run {name} text='one two three'"
    typer.echo(f"{first}\ntest it: python -m pytest {written[-1]}")


def doctor() -> None:
    """Check this machine: Python, libraries, tasks, models, git."""
    from journal.ask.doctor import examine
    from journal.cli.group import GROUPS

    findings = list(examine(open_workspace(), [name for names in GROUPS.values() for name in names]))
    typer.echo("\n".join(f"{'ok ' if good else 'NOT'} {text}" for good, text in findings))
    raise typer.Exit(0 if all(good for good, _ in findings) else 1)
