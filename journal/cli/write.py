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
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Posts, folders of posts, or exports of other programs.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and write nothing.")] = False,
) -> None:
    """Turn posts into entries: Jekyll, Hugo, Quarto, Obsidian, Notion, Blogger, WordPress, dev.to, jrnl, notebooks."""
    from journal.cli.running import import_one
    from journal.record import open_record

    record = open_record()
    with open_store(record.workspace).hold("journal import", warn_of_waiting):
        done = [import_one(path, record, dry_run=dry_run) for path in files]
    made = sum(count for count, _, _ in done)
    if mapped := [link for _, _, links in done for link in links]:
        listed = record.workspace.build / "import.txt"
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("".join(f"{link}\n" for link in mapped), encoding="utf-8")
        shown = record.workspace.display_path(listed)
        typer.echo(f"{len(mapped)} {'link leads' if len(mapped) == 1 else 'links lead'} to entries now: {shown}")
    given = f"{len(files)} {'place' if len(files) == 1 else 'places'}" if any(path.is_dir() for path in files) else ""
    given = given or f"{len(files)} file{'' if len(files) == 1 else 's'}"
    what = f"{made} {'entry' if made == 1 else 'entries'} {'would be made' if dry_run else 'made'}"
    typer.echo(f"{what} from {given}")
    raise typer.Exit(max(code for _, code, _ in done))
