"""Commands that write entries: init, new, import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from journal.cli.opening import open_store, parse_day, warn_of_waiting


def init(folder: Annotated[Path, typer.Argument(help="The new workspace.")] = Path()) -> None:
    """Make a folder a workspace: journal.yml, a first entry, a site."""
    from journal.start import make_workspace

    for path in make_workspace(folder):
        typer.echo(f"made {path}")


def new(
    day: Annotated[
        str, typer.Argument(metavar="[DAY]", help="A day's number or 'today'; the next one if left out.")
    ] = "",
    title: Annotated[str, typer.Option(help="The entry's title.")] = "",
) -> None:
    """Make a day's entry from the template."""
    from journal.record import open_record
    from journal.start import new_entry

    record = open_record()
    path = new_entry(record, parse_day(day, record.workspace) if day else None, title)
    typer.echo(f"made {record.workspace.display_path(path)}")


def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Markdown posts, or jrnl's JSON.")],
) -> None:
    """Turn posts of other programs into entries: Jekyll, Hugo, Quarto, plain Markdown, jrnl."""
    from journal.cli.running import import_one
    from journal.record import open_record

    record = open_record()
    with open_store(record.workspace).hold("journal import", warn_of_waiting):
        done = [import_one(path, record) for path in files]
    made, given = sum(count for count, _ in done), f"{len(files)} file{'' if len(files) == 1 else 's'}"
    typer.echo(f"{made} {'entry' if made == 1 else 'entries'} made of {given}")
    raise typer.Exit(max(code for _, code in done))
