"""What most commands start with: opening the workspace, its tasks and its store, and parsing days."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from journal.cli import completion
from journal.errors import UsageError

if TYPE_CHECKING:
    from journal.day import OpenWorkspace
    from journal.record import Record
    from journal.store import Store
    from journal.text.workspace import Workspace


Days = Annotated[str, typer.Argument(metavar="DAY", help="133, 130..140, or today", autocompletion=completion.days)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def open_workspace() -> Workspace:
    """Read the workspace that the current folder belongs to."""
    from journal.text.workspace import find_workspace

    return find_workspace(Path.cwd())


def open_store(workspace: Workspace) -> Store:
    """Open the workspace's store of results and history."""
    from journal.store import Store

    return Store(workspace.state, warn)


def open_all() -> OpenWorkspace:
    """Open the workspace with its tasks, its store and its record."""
    from journal.day import OpenWorkspace
    from journal.doors import Installed
    from journal.plan.registry import read_registry
    from journal.record import Record

    workspace = open_workspace()
    if ask_for_trust(workspace):
        workspace = open_workspace()  # its servers may be sent their keys now
    store = open_store(workspace)
    installed = Installed(store)
    return OpenWorkspace(workspace, read_registry(workspace.plugins, installed), store, Record(workspace, installed))


def ask_for_trust(workspace: Workspace) -> bool:
    """Ask at a terminal, once, whether a workspace's plugins may run and keys may be sent to its servers.

    Returns whether that was allowed just now; elsewhere commands say what they leave out.
    """
    from journal.trust import is_trusted, trust

    plugins = [path.name for path in sorted(workspace.plugins.glob("*.py"))]
    keyed = [f"{one.url} (your key in ${one.key})" for one in workspace.servers.values() if one.key]
    if not (plugins or keyed) or not (sys.stdin.isatty() and sys.stderr.isatty()) or is_trusted(workspace.root):
        return False
    has = [f"has plugins ({', '.join(plugins[:5])}), which run as you"] if plugins else []
    has += [f"sends requests to {', '.join(keyed[:5])}"] if keyed else []
    if not typer.confirm(f"{workspace.root} {' and '.join(has)}. Do you trust this workspace?", err=True):
        return False
    trust(workspace.root)
    return True


def warn(text: str) -> None:
    """Print a line to stderr, apart from the command's own output."""
    typer.echo(text, err=True)


def warn_of_waiting(who: str) -> None:
    """Tell the user that this command is waiting for another one in the same workspace."""
    warn(f"waiting for {who}, which is using this workspace")


def parse_days(text: str, record: Record) -> list[int]:
    """Return the days that "133", "130..140" or "today" stand for; in a range, only those that have an entry."""
    first, dots, last = text.partition("..")
    if not dots:
        return [parse_day(text, record.workspace)]
    start, end = parse_day(first, record.workspace), parse_day(last, record.workspace)
    found = [number for number in record.days() if start <= number <= end]
    if not found:
        raise UsageError(f"no entries for days {text}; create one with: journal new")
    return found


def parse_day(text: str, workspace: Workspace) -> int:
    """Return the day that "133" or "today" stands for. Raises ``UsageError`` where it is neither."""
    from datetime import date

    if text == "today":
        number = workspace.day_of(date.today())
        if number is None:
            raise UsageError("'today' needs the date of day 1; add 'day-1: 2024-01-02' to journal.yml")
        return number
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(f"'{text[:40]}' is not a day; give a number such as 133, a range such as 130..140, or today")
    return int(text)


def say(message: str, code: int, debug: bool) -> int:
    """Print an error, a line for each fault, with its traceback if ``debug`` is set, and return its exit code.

    At a terminal the line of the file follows, with a mark under it.
    """
    if debug:
        traceback.print_exc()
    for line in message.splitlines() or [""]:
        typer.echo(line, err=True)
        if sys.stderr.isatty():
            for shown in source_lines(line):
                typer.echo(shown, err=True)
    return code


def source_lines(fault: str) -> list[str]:
    """Return the line of the file that a fault names as ``path:line:``, and a mark under what stands there."""
    found = re.match(r"(?P<path>[^:\n]+):(?P<line>[0-9]+): ", fault)
    try:
        lines = Path(found["path"]).read_text(encoding="utf-8", errors="replace").splitlines() if found else []
        text = lines[int(found["line"]) - 1].rstrip() if found else ""
    except (OSError, IndexError):
        return []
    if not found or not text.strip():
        return []
    margin, indent = len(found["line"]) + 2, len(text) - len(text.lstrip())
    shown = text.expandtabs(1)
    return [f"  {found['line']} | {shown}", f"{' ' * margin} | {' ' * indent}{'^' * len(shown.strip())}"]
