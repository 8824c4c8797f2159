"""Blog commands: build, serve, publish."""

from __future__ import annotations

from typing import Annotated

import typer

from journal.cli.opening import open_workspace
from journal.errors import EntryError


def build() -> None:
    """Build the blog in build/site."""
    from journal.blog import build_site

    workspace = open_workspace()
    built = build_site(workspace)
    for warning in (*built.problems, *built.warnings):
        typer.echo(warning, err=True)
    days = f"{built.days} {'day' if built.days == 1 else 'days'}"
    typer.echo(f"{days} in {workspace.display_path(built.index)}; open file://{built.index}")
    raise typer.Exit(3 if built.problems else 0)


def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8000,
) -> None:
    """Serve the blog locally and rebuild it as entries change."""
    from journal.blog import serve_site

    serve_site(open_workspace(), port)


def publish(
    remote: Annotated[str, typer.Option(help="Where to push: the name or address of a remote.")] = "origin",
    branch: Annotated[str, typer.Option(help="The branch that holds the site.")] = "gh-pages",
    push: Annotated[bool, typer.Option(help="Push the branch.")] = True,
    message: Annotated[str, typer.Option(help="Commit message.")] = "Publish the journal",
) -> None:
    """Build the blog, commit it to a git branch and push the branch."""
    from journal.blog import build_site
    from journal.blog.publish import publish_site

    workspace = open_workspace()
    if problems := build_site(workspace).problems:
        raise EntryError("\n".join(problems))
    typer.echo(publish_site(workspace, remote, branch, message, push=push))
