"""The command bundle: a day as one file for readers, and such a file checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from journal.cli import completion
from journal.cli.opening import Json, open_all, parse_day
from journal.errors import UsageError

if TYPE_CHECKING:
    from journal.bundle.verify import Verification


def bundle(
    day: Annotated[str, typer.Argument(metavar="[DAY]", help="133 or today", autocompletion=completion.days)] = "",
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="Write this zip instead of build/bundles/.")] = "",
    allow: Annotated[
        list[str], typer.Option(metavar="KIND", help="licence: give inputs away beside which no licence lies.")
    ] = [],  # noqa: B006
    verify: Annotated[str, typer.Option(metavar="FILE", help="Check such a zip and run its day again.")] = "",
    as_json: Json = False,
) -> None:
    """Write a day, its inputs, results and environment into one zip for readers, or check such a zip."""
    if bool(day) == bool(verify):
        raise UsageError("journal bundle needs a day, such as 133, or --verify and a zip")
    if verify:
        raise typer.Exit(_verify(Path(verify), as_json=as_json))
    from journal.bundle.contents import LICENCE
    from journal.bundle.make import make_bundle
    from journal.cli.publishing import check_kinds

    check_kinds(allow, [LICENCE])
    opened = open_all()
    made = make_bundle(opened, parse_day(day, opened.workspace), Path(to) if to else None, allow)
    shown = opened.workspace.display_path(made.path)
    if as_json:
        data = {"bundle": shown, "files": made.files, "left_out": [vars(one) for one in made.left_out]}
        typer.echo(json.dumps(data, indent=1, ensure_ascii=False))
        return
    typer.echo(f"{shown}: {made.files} files")
    for one in made.left_out:
        typer.echo(f"left out: {one.name}: {one.reason}")


def _verify(source: Path, *, as_json: bool) -> int:
    """Check a bundle, print what was found, and return the exit code."""
    from journal.bundle.verify import verify_bundle
    from journal.cli.console import Console
    from journal.cli.replaying import replay_lines
    from journal.day.replay import describe_replay

    with Console(quiet=as_json) as console:
        found = verify_bundle(source, console)
    if as_json:
        steps = {one.step: describe_replay(one) for one in found.replays}
        data = {"day": found.day, "files": found.files, "missing": list(found.missing), "steps": steps}
        typer.echo(json.dumps({**data, "exit_code": found.exit_code}, indent=1, ensure_ascii=False))
        return found.exit_code
    typer.echo(f"day {found.day}: {found.files} files, all with the digests that it lists")
    for line in (*found.missing, *(line for one in found.replays for line in replay_lines(one))):
        typer.echo(line)
    typer.echo(_sentence(found))
    return found.exit_code


def _sentence(found: Verification) -> str:
    again = [one for one in found.replays if one.likeness is not None]
    same = [one for one in again if one.likeness != "moved"]
    rest = len(found.replays) - len(again)
    not_run = f"; {rest} could not be run again here" if rest else ""
    return (
        f"{len(same)} of {len(again)} steps came out the same{not_run}"
        if again
        else f"no step could be run again{not_run}"
    )
