"""The commands by group, including those from packages, which are imported only when used or listed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import typer
import typer.core

from journal.doors import COMMANDS, DoorError, EntryPoint, Installed
from journal.errors import JournalError, UsageError, nearest, one_line

GROUPS: dict[str, list[str]] = {
    "Write": ["init", "new", "import", "media"],
    "Run": ["day", "run", "trust", "gc", "models"],
    "Look": ["status", "why", "check", "stats", "history"],
    "Publish": ["build", "serve", "publish", "bundle"],
    "Help": ["task", "doctor"],
}
EXAMPLES = {
    "Write": "journal new --title 'Factor analysis'",
    "Run": "journal day 133 --dry-run",
    "Look": "journal why 133.clips",
    "Publish": "journal serve",
    "Help": "journal task audio.clip",
}
_FROM_PACKAGES = "From packages"
_NOT_ITS_FAULT: Any = (JournalError, typer.Exit, typer.Abort, typer.BadParameter.__mro__[2])  # the last is click's


class Commands(typer.core.TyperGroup):
    """The built-in commands, and those from the entry point group ``journal.commands``."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if found := super().get_command(ctx, cmd_name) or _load(cmd_name):
            return found
        if not ctx.resilient_parsing:
            raise UsageError(f"no command '{cmd_name}'{nearest(cmd_name, self.list_commands(ctx))}")
        return None

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return own + sorted({point.name for point in _brought()} - set(own))

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the commands by group; one that can't be imported shows its error instead of a summary."""
        for title, names in {**GROUPS, _FROM_PACKAGES: self.list_commands(ctx)[len(self.commands) :]}.items():
            rows = [(name, self._summary(ctx, name)) for name in names]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
                    if title in EXAMPLES:
                        formatter.write_text(f"for example: {EXAMPLES[title]}")

    def _summary(self, ctx: Any, name: str) -> str:
        try:
            return str(self.get_command(ctx, name).get_short_help_str(160))
        except DoorError as error:
            return str(error)


def _brought() -> list[EntryPoint]:
    return Installed().entry_points(COMMANDS)


def _load(name: str) -> Any:
    """Return the command a package provides under a name, or None. Raises ``DoorError`` where it can't be imported."""
    if not any(point.name == name for point in _brought()):
        return None
    point = Installed().find(COMMANDS, name)
    found = point.load()
    if not isinstance(found, typer.Typer):
        raise DoorError(f"command '{name}' from {point.origin} is not a typer.Typer; make it one")
    try:
        command = typer.main.get_command(found)
    except Exception as error:  # such as an app without a command
        raise DoorError(f"command '{name}' of {point.origin}: {one_line(str(error))}") from error
    command.name = name
    command.__dict__["invoke"] = partial(_invoke, command.invoke, f"command '{name}' of {point.origin}")
    return command


def _invoke(invoke: Callable[[Any], Any], what: str, context: Any) -> Any:
    """Run a package's command; an exception of its own names it."""
    try:
        return invoke(context)
    except _NOT_ITS_FAULT:
        raise
    except Exception as error:  # third-party code may fail in any way
        raise DoorError(f"{what}: {one_line(f'{type(error).__name__}: {error}')}") from error


def add_commands(app: typer.Typer, functions: dict[str, Callable[..., None]]) -> None:
    """Add the built-in commands to the app, in the order of their groups."""
    for names in GROUPS.values():
        for name in names:
            app.command(name)(functions[name])
