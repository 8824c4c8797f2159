"""What commands begin with: the workspace, its tasks and its store, and the days that were typed."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from journal.errors import UsageError

if TYPE_CHECKING:
    from journal.plan.registry import Registry
    from journal.store import Store
    from journal.text.workspace import Workspace


def open_workspace() -> Workspace:
    """Read the workspace that the current folder belongs to."""
    from journal.text.workspace import find_workspace

    return find_workspace(Path.cwd())


def open_all() -> tuple[Workspace, Registry, Store]:
    """Open the workspace, the list of its tasks, and its results."""
    from journal.plan.installed import Installed
    from journal.plan.registry import read_registry
    from journal.store import Store

    workspace = open_workspace()
    store = Store(workspace.state, warn)
    return workspace, read_registry(workspace.plugins, Installed(store).points()), store


def warn(text: str) -> None:
    """Say something beside the command's own answer."""
    typer.echo(text, err=True)


def parse_days(text: str, workspace: Workspace) -> list[int]:
    """Return the days that "133", "130..140" or "today" mean; of a range, those that have an entry."""
    from journal.text.entry import entry_days

    first, dots, last = text.partition("..")
    if not dots:
        return [parse_day(text, workspace)]
    start, end = parse_day(first, workspace), parse_day(last, workspace)
    found = [number for number in entry_days(workspace) if start <= number <= end]
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
