"""Writing commands: init, new, import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from journal.cli.opening import open_store, parse_day, warn_of_waiting


def init(folder: Annotated[Path, typer.Argument(help="The folder; the current one if left out.")] = Path()) -> None:
    """Set up a folder as a workspace: journal.yml, a first entry, a site."""
    from journal.start import make_workspace

    for path in make_workspace(folder):
        typer.echo(f"made {path}")


def new(
    day: Annotated[
        str, typer.Argument(metavar="[DAY]", help="A day number, or 'today'; the next day if left out.")
    ] = "",
    title: Annotated[str, typer.Option(help="The entry's title.")] = "",
) -> None:
    """Create a day's entry from the template."""
    from journal.record import open_record
    from journal.start import new_entry

    record = open_record()
    path = new_entry(record, parse_day(day, record.workspace) if day else None, title)
    typer.echo(f"made {record.workspace.display_path(path)}")


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Markdown posts, or JSON exported by jrnl.")],
) -> None:
    """Turn posts from Jekyll, Hugo, Quarto, plain Markdown or jrnl into entries."""
    from journal.cli.running import import_one
    from journal.record import open_record

    record = open_record()
    with open_store(record.workspace).hold("journal import", warn_of_waiting):
        done = [import_one(path, record) for path in files]
    made, given = sum(count for count, _ in done), f"{len(files)} file{'' if len(files) == 1 else 's'}"
    typer.echo(f"{made} {'entry' if made == 1 else 'entries'} made from {given}")
    raise typer.Exit(max(code for _, code in done))
