"""The command that pictures bring: ``journal verdict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from journal import open_record

verdict_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@verdict_app.command()
def verdict(
    verdict: Annotated[str, typer.Argument(metavar="kept|failed", help="What you think of the pictures.")],
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE", help="Pictures beside an entry.")],
    word: Annotated[str, typer.Option(help="Why, in a word or a sentence.")] = "",
) -> None:
    """Mark pictures as kept or failed, beside their entry."""
    from .verdicts import give_verdict

    days = give_verdict(pictures, verdict, word, open_record(), lambda who: typer.echo(f"waiting for {who}", err=True))
    typer.echo(f"noted; the entry shows it after: {', '.join(f'journal day {day}' for day in sorted(days))}")
