"""The dialogue of ``journal check --bind``."""

from __future__ import annotations

import sys

import typer

from journal.cli.opening import parse_days


def bind_days(days: str, *, yes: bool) -> int:
    """Propose values for typed numbers and links for days, and write what the author accepts. Returns the exit code.

    Elsewhere than at a terminal they are only listed, unless ``yes`` says to write them all.
    """
    from journal.ask.binding import propose_values
    from journal.ask.day_links import propose_links
    from journal.ask.proposals import write_proposals
    from journal.record import open_record

    record = open_record()
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not yes
    for number in parse_days(days, record):
        entry = record.entry(number)
        chosen = []
        for one in (*propose_values(entry, record), *propose_links(entry, record)):
            typer.echo(one.sentence(entry.display_path))
            if yes or (asks and typer.confirm("  bind it?", default=True)):
                chosen.append(one)
        if chosen:
            write_proposals(entry, chosen)
            typer.echo(f"{entry.display_path}: {len(chosen)} written")
        elif not asks and not yes:
            typer.echo("nothing was written; --yes writes them all", err=True)
    return 0
