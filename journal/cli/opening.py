"""What commands begin with: the workspace, its tasks and its store, and the days that were typed."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from journal.errors import UsageError

if TYPE_CHECKING:
    from journal.day import OpenWorkspace
    from journal.record import Record
    from journal.store import Store
    from journal.text.workspace import Workspace


Days = Annotated[str, typer.Argument(metavar="DAY", help="133, 130..140, or today")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def open_workspace() -> Workspace:
    """Read the workspace that the current folder belongs to."""
    from journal.text.workspace import find_workspace

    return find_workspace(Path.cwd())


def open_store(workspace: Workspace) -> Store:
    """Open the workspace's results and history."""
    from journal.store import Store

    return Store(workspace.state, warn)


def open_all() -> OpenWorkspace:
    """Open the workspace, the list of its tasks, its results, and what lies beside its entries."""
    from journal.day import OpenWorkspace
    from journal.doors import Installed
    from journal.plan.registry import read_registry
    from journal.record import Record

    workspace = open_workspace()
    store = open_store(workspace)
    installed = Installed(store)
    return OpenWorkspace(workspace, read_registry(workspace.plugins, installed), store, Record(workspace, installed))


def warn(text: str) -> None:
    """Say something beside the command's own answer."""
    typer.echo(text, err=True)


def warn_of_waiting(who: str) -> None:
    """Say that another command works in the workspace, and that this one waits for it."""
    warn(f"waiting for {who}, which works here too")


def parse_days(text: str, record: Record) -> list[int]:
    """Return the days that "133", "130..140" or "today" mean; of a range, those that have an entry."""
    first, dots, last = text.partition("..")
    if not dots:
        return [parse_day(text, record.workspace)]
    start, end = parse_day(first, record.workspace), parse_day(last, record.workspace)
    found = [number for number in record.days() if start <= number <= end]
    if not found:
        raise UsageError(f"no entry of the days {text}; journal new makes one")
    return found


def parse_day(text: str, workspace: Workspace) -> int:
    """Return the day that "133" or "today" means; raises UsageError."""
    from datetime import date

    if text == "today":
        number = workspace.day_of(date.today())
        if number is None:
            raise UsageError("'today' needs the date of day 1; add 'day-1: 2024-01-02' to journal.yml")
        return number
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(f"'{text[:40]}' is no day; give a number such as 133, a range such as 130..140, or today")
    return int(text)


def say(message: str, code: int, debug: bool) -> int:
    """Say an error in one line, with its traceback where that was asked for; returns its exit code."""
    if debug:
        traceback.print_exc()
    typer.echo(" ".join(message.split("\n")), err=True)
    return code
