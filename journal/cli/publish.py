"""Blog commands: build, serve, publish."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from journal.cli.opening import open_workspace


def build(
    drafts: Annotated[bool, typer.Option("--drafts", help="Show drafts and days to come as well.")] = False,
    allow: Annotated[list[str], typer.Option(metavar="KIND", help="future: show days that are still to come.")] = [],  # noqa: B006
) -> None:
    """Build the blog in build/site, making again only what has changed."""
    from journal.blog import build_site

    workspace = open_workspace()
    built = build_site(workspace, drafts=drafts, future="future" in allow)
    for warning in (*built.problems, *built.warnings):
        typer.echo(warning, err=True)
    days = f"{built.days} {'day' if built.days == 1 else 'days'}"
    typer.echo(f"{days} in {workspace.display_path(built.index)}; open file://{built.index}")
    raise typer.Exit(3 if built.problems else 0)


def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8000,
    run: Annotated[
        bool, typer.Option("--run", help="Bring days up to date as they are saved; what takes long is offered.")
    ] = False,
) -> None:
    """Serve the blog on this machine, drafts included, and show it anew as entries are saved."""
    from journal.blog.serve import serve_site

    serve_site(open_workspace(), port, runs=run)


def publish(
    remote: Annotated[str, typer.Option(help="Where to push: the name or address of a remote.")] = "origin",
    branch: Annotated[str, typer.Option(help="The branch that holds the site.")] = "gh-pages",
    push: Annotated[bool, typer.Option(help="Push the branch.")] = True,
    folder: Annotated[str, typer.Option(help="Publish into this folder instead.")] = "",
    message: Annotated[str, typer.Option(help="Commit message.")] = "Publish the journal",
    allow: Annotated[list[str], typer.Option(metavar="KIND", help="Publish in spite of this kind of finding.")] = [],  # noqa: B006
    yes: Annotated[bool, typer.Option("--yes", help="Publish without asking.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put back what was published before.")] = False,
) -> None:
    """Build the blog, show what changes for readers, and publish it to a git branch or a folder."""
    from journal.cli.publishing import open_target, publish_reviewed, undo_last

    workspace = open_workspace()
    target = partial(open_target, workspace, remote, branch, folder, push=push)
    if undo:
        undo_last(target(), yes=yes)
    else:
        publish_reviewed(workspace, target, message, allow, yes=yes)
