"""The dialogue of ``journal check --bind``."""

from __future__ import annotations

import sys

import typer

from journal.cli.opening import parse_days


def bind_days(days: str, *, yes: bool) -> int:
    """Propose values for typed numbers, and write those that the author accepts. Returns the exit code.

    Elsewhere than at a terminal they are only listed, unless ``yes`` says to write them all.
    """
    from journal.ask.binding import bind_values, propose_values
    from journal.record import open_record

    record = open_record()
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not yes
    for number in parse_days(days, record):
        entry = record.entry(number)
        chosen = []
        for one in propose_values(entry, record):
            typer.echo(one.sentence(entry.display_path))
            if yes or (asks and typer.confirm("  bind it?", default=True)):
                chosen.append(one)
        if chosen:
            bind_values(entry, chosen)
            typer.echo(f"{entry.display_path}: {len(chosen)} {'values' if len(chosen) > 1 else 'value'} written")
        elif not asks and not yes:
            typer.echo("nothing was written; --yes writes them all", err=True)
    return 0
