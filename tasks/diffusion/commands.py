"""The commands that pictures bring: ``journal verdict`` and ``journal attempts``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from journal import open_record

verdict_app = typer.Typer(add_completion=False, rich_markup_mode=None)
attempts_app = typer.Typer(add_completion=False, rich_markup_mode=None)


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


@attempts_app.command()
def attempts(
    prompt: Annotated[
        str, typer.Argument(metavar="[PROMPT]", help="What was asked for; all prompts if left out.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")] = False,
) -> None:
    """List the tries at a prompt over days and models, with the rate of those that came out."""
    from .trials import describe_trials, prompt_lines, read_trials, stray_verdicts, trial_lines, trials_at

    record = open_record()
    found = read_trials(record)
    for line in stray_verdicts(record):
        typer.echo(line, err=True)
    found = trials_at(prompt, found) if prompt else found
    lines = trial_lines(found) if prompt else prompt_lines(found)
    typer.echo(json.dumps(describe_trials(found), indent=1, ensure_ascii=False) if as_json else "\n".join(lines))
