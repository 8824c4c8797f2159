"""The commands that recordings bring: ``journal clips`` and ``journal dataset``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from journal import UsageError, open_record

clips_app = typer.Typer(add_completion=False, rich_markup_mode=None)
dataset_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@clips_app.command()
def clips(
    step: Annotated[str, typer.Argument(metavar="DAY[.STEP]", help="Whose cut sheet: 133, or 133.clips.")],
    export: Annotated[
        Path | None, typer.Option("--export", help="Write labels: .txt (Audacity), .TextGrid, .srt, .vtt or .csv.")
    ] = None,
    labels: Annotated[Path | None, typer.Option("--import", help="Take labels into the cut sheet.")] = None,
    recording: Annotated[str, typer.Option(help="Which of the step's recordings.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Only say what is in the cut sheet.")] = False,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Say the review page's address and open no browser.")
    ] = False,
) -> None:
    """Review a day's clips in a browser, where they are heard, cut and typed; or exchange them as labels."""
    from .sheet_exchange import describe_sheet, export_sheet, find_step, import_labels

    day, _, name = step.partition(".")
    if not day.isdecimal():
        raise UsageError(f"'{step}' is no step; write a day, such as 133, or a day and a step, such as 133.clips")
    record = open_record()
    entry, found = find_step(record, int(day), name)
    rows = record.sheet(entry, found, "cuts")
    if export:
        typer.echo(f"written: {', '.join(map(str, export_sheet(rows, export, recording)))}")
    if labels:
        record.write_sheet(entry, found, "cuts", import_labels(rows, labels, recording))
        typer.echo(f"taken into the cut sheet; cut the clips with: journal day {day}")
    if export or labels:
        return
    if not listed and (no_open or sys.stdout.isatty()):
        from .review.open_page import review_clips

        review_clips(record, entry, found, recording, not no_open, typer.echo)
    else:
        typer.echo("\n".join(describe_sheet(rows)))


@dataset_app.command()
def dataset(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The ledger whose clips it has, such as glaswegian.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder of the data set.")],
    verify: Annotated[bool, typer.Option("--verify", help="Only check that its card, tables and files agree.")] = False,
    split: Annotated[str, typer.Option(metavar="phrase|speaker", help="What clips of one split have in common.")] = "",
    adopt: Annotated[
        Path | None, typer.Option(help="A folder of clips that existed before, with their metadata.csv.")
    ] = None,
    push: Annotated[
        str, typer.Option(metavar="USER/NAME", help="Push it to the Hugging Face hub, as a private data set.")
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="With --push: everybody may see it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --push: don't ask.")] = False,
    endpoint: Annotated[
        str, typer.Option(metavar="URL", envvar="HF_ENDPOINT", help="With --push: which hub.")
    ] = "https://huggingface.co",
) -> None:
    """Write one data set of all days' clips, with its card, or check one, or push it to a hub."""
    from .data_set import build_data_set
    from .data_set_card import verify as find_differences
    from .hub import Repository
    from .hub import push as push_folder

    if verify:
        lines = find_differences(out)
        typer.echo("\n".join(lines) or f"{out}: card, tables and files agree")
        raise typer.Exit(1 if lines else 0)
    if split not in ("", "phrase", "speaker"):
        raise UsageError(f"'{split}' is nothing to split by; write phrase or speaker")
    if public and not push:
        raise UsageError("--public says how to push; add --push USER/NAME")
    repository = Repository(push, endpoint, public) if push else None
    record = open_record()
    done = build_data_set(record, name, out, split, adopt)
    minutes = sum(float(row["length_seconds"]) for row in done.rows) / 60
    typer.echo("\n".join([*done.left_out, f"{out}: {len(done.rows)} clips, {minutes:.2f} min"]))
    if repository:
        typer.echo(push_folder(out, repository, record.workspace.private, lambda what: _ask(what, yes)))


def _ask(what: str, yes: bool) -> None:
    """Show what will change, and ask at a terminal. Raises UsageError elsewhere, unless ``--yes`` was given."""
    typer.echo(what)
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("nothing was pushed: this is no terminal, so say --yes once that is what you want")
    if not typer.confirm("Push this?"):
        typer.echo("nothing was pushed")
        raise typer.Exit(1)
