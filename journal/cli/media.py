"""The command media: where pictures, sounds and videos live, and bringing them here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from journal.cli.opening import Json, open_store, warn_of_waiting


def media(
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Fetch those of other hosts, and lead the links here.")
    ] = False,
    find: Annotated[
        Path | None, typer.Option("--find", metavar="FOLDER", help="Fill those of other hosts from a folder of yours.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show where the pictures, sounds and videos of your entries live, and bring those of other hosts here."""
    from journal.errors import UsageError
    from journal.media import adopt as fetch
    from journal.media import find_lost, references_of
    from journal.media.listing import media_data, media_lines
    from journal.record import open_record

    record = open_record()
    if find is not None and not find.is_dir():
        raise UsageError(f"{find} is no folder; give the one that has your pictures")
    if not adopt and find is None:
        found = list(references_of(record))
        data = json.dumps(media_data(found, record.workspace), indent=1, ensure_ascii=False) if as_json else ""
        typer.echo(data or "\n".join(media_lines(found, record.workspace)))
        return
    with open_store(record.workspace).hold("journal media", warn_of_waiting):
        done = find_lost(record, find) if find is not None else fetch(record, _tell)
    if as_json:
        typer.echo(json.dumps({"files": done.files, "dead": done.dead}, indent=1, ensure_ascii=False))
    else:
        for address, why in sorted(done.dead.items()):
            typer.echo(f"{address}: {why}", err=True)
        changed = f"{len(done.entries)} {'entry' if len(done.entries) == 1 else 'entries'} changed"
        typer.echo(f"{len(done.files)} here in entries/media, {len(done.dead)} not found; {changed}")
    raise typer.Exit(1 if done.dead else 0)


def _tell(found: object) -> None:
    """Show how far it is, at a terminal."""
    import sys

    if sys.stderr.isatty():
        typer.echo(".", nl=False, err=True)
