"""Blog commands: build, serve, publish."""

from __future__ import annotations

from typing import Annotated

import typer

from journal.cli.opening import open_workspace
from journal.errors import EntryError


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
) -> None:
    """Serve the blog on this machine, drafts included, and show it anew as entries are saved."""
    from journal.blog.serve import serve_site

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
