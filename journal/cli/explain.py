"""Help commands: task, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from journal.cli.opening import open_workspace


def task(name: Annotated[str, typer.Argument(metavar="[TASK]", help="The task to explain.")] = "") -> None:
    """List the available tasks, or explain one and its parameters."""
    from journal.ask.tasks import explain_task, list_tasks
    from journal.plan.registry import read_registry
    from journal.record import Record

    workspace = open_workspace()
    registry = read_registry(workspace.plugins)
    lines = explain_task(registry, name, Record(workspace)) if name else list_tasks(registry)
    typer.echo("\n".join(lines))


def doctor() -> None:
    """Check this machine: Python, libraries, tasks, models, git."""
    from journal.ask.doctor import examine
    from journal.cli.group import GROUPS

    findings = list(examine(open_workspace(), [name for names in GROUPS.values() for name in names]))
    typer.echo("\n".join(f"{'ok ' if good else 'NOT'} {text}" for good, text in findings))
    raise typer.Exit(0 if all(good for good, _ in findings) else 1)
