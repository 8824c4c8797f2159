"""Writing commands: init, new, import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from journal.record import Record

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
    like: Annotated[
        str, typer.Option("--like", metavar="DAY", help="Take over this day's steps, without their data.")
    ] = "",
    edit: Annotated[bool, typer.Option("--edit", help="Open the entry in your editor ($VISUAL or $EDITOR).")] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Propose the quick summary of an entry that has run already.")
    ] = False,
) -> None:
    """Create a day's entry, beginning and ending as your last ones do; or propose the summary of one."""
    from journal.record import open_record
    from journal.start import new_entry

    record = open_record()
    number = parse_day(day, record.workspace) if day else None
    if summary:
        _propose_summary(record, number)
        return
    path = new_entry(record, number, title, record.entry(parse_day(like, record.workspace)) if like else None)
    typer.echo(f"made {record.workspace.display_path(path)}")
    if edit:
        _open_in_editor(path)


def _propose_summary(record: Record, day: int | None) -> None:
    """Write the summary where the entry's is still empty; otherwise print it, and leave the author's words alone."""
    from journal.ask.summary import propose_summary, write_summary
    from journal.errors import UsageError

    if day is None:
        raise UsageError("journal new --summary needs the day of an entry, such as 133")
    entry = record.entry(day)
    lines = propose_summary(entry, record)
    if not lines:
        raise UsageError(f"{entry.display_path} has no headings and no results yet; run it with: journal day {day}")
    if write_summary(entry, lines):
        what = "a line" if len(lines) == 1 else f"{len(lines)} lines"
        typer.echo(f"{entry.display_path}: {what} put in the place of its empty bullet")
        return
    typer.echo("\n".join(f"* {line}" for line in lines))
    typer.echo(f"{entry.display_path} has a summary of its own, so this was only printed", err=True)


def _open_in_editor(path: Path) -> None:
    """Open a file in the author's editor, and wait until it is closed."""
    import click

    from journal.errors import UsageError

    try:
        click.edit(filename=str(path))
    except click.ClickException as error:
        raise UsageError(f"{error.format_message()}; set $EDITOR to your editor's command") from error


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
