"""Publishing from the command line: the gate, what changes for readers, the question, and what was done."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from journal.cli.opening import open_all, warn
from journal.errors import EntryError, UsageError

if TYPE_CHECKING:
    from journal.blog import Built
    from journal.blog.gate import Finding
    from journal.blog.publish import Target
    from journal.text.workspace import Workspace


def open_target(workspace: Workspace, remote: str, branch: str, folder: str, *, push: bool) -> Target:
    """Return where to publish."""
    from journal.blog.publish import Branch, Folder

    return Folder(workspace, Path(folder)) if folder else Branch(workspace, remote, branch, push=push)


def publish_reviewed(
    workspace: Workspace, open_place: Callable[[], Target], message: str, allowed: Sequence[str], *, yes: bool
) -> None:
    """Build, refuse what should not go out, show what changes, ask, and publish."""
    from journal.blog import build_site
    from journal.blog.gate import RULES, Finding, refusal
    from journal.blog.publish import changes, taken_by_others

    check_kinds(allowed, [*RULES, "future", "others"])
    built = build_site(workspace, future="future" in allowed)
    if built.problems:
        raise EntryError("\n".join(built.problems))
    target = open_place()
    found = gate(workspace, built)
    for name in taken_by_others(built.index.parent, target):
        found.append(Finding("others", f"{target.name}: {name} is not what journal published, and would be replaced"))
    if lines := refusal(found, allowed):
        for line in (*lines, "nothing was published"):
            warn(line)
        raise typer.Exit(EntryError.exit_code)
    seen = changes(built.index.parent, target)
    typer.echo("\n".join([f"{target.name}:", *(f"  {line}" for line in seen.lines())]))
    if seen.is_none:
        return
    _ask(yes)
    target.put(built.index.parent, message)
    typer.echo(f"published: the site is on {target.name}; journal publish --undo puts the last one back")


def undo_last(target: Target, *, yes: bool) -> None:
    """Put back what was published before."""
    typer.echo(f"{target.name}: what was published before takes the place of what is there")
    _ask(yes)
    target.undo()
    typer.echo("done")


def check_gate(workspace: Workspace, *, as_json: bool) -> int:
    """Print what would keep the blog from being published, and return the exit code."""
    from journal.blog import build_site

    built = build_site(workspace)
    found = gate(workspace, built)
    lines = [*built.problems, *(f"{one.line}  [{one.kind}]" for one in found)]
    typer.echo(json.dumps([vars(one) for one in found], indent=1) if as_json else "\n".join(lines or ["nothing found"]))
    return 3 if built.problems else 1 if found else 0


def gate(workspace: Workspace, built: Built) -> list[Finding]:
    """Return all that should not go out of a built site."""
    from journal.blog.gate import Outgoing, findings

    shown = {post.day for post in built.posts}
    return findings(Outgoing(workspace, built.posts, list(_statuses(shown))))


def check_kinds(allowed: Sequence[str], known: Sequence[str]) -> None:
    """Raise ``UsageError`` where ``--allow`` names no kind of finding."""
    from journal.errors import nearest

    for kind in allowed:
        if kind not in known:
            raise UsageError(f"--allow {kind}: there is no such kind{nearest(kind, list(known))}")


def _statuses(days: set[int]) -> Iterator[tuple[int, str, str]]:
    from journal.ask.status import day_statuses

    for status in day_statuses(open_all()):
        if status.day in days:
            day, outdated = status.day, (*status.stale.items(), *status.totals.items())
            yield from ((day, "failed", f"step '{step}' failed: {why}") for step, why in status.failed.items())
            yield from ((day, "failed", f"step '{step}' has never run") for step in status.never_run)
            yield from ((day, "stale", line) for line in status.values)
            yield from ((day, "edited", line) for line in status.files)
            yield from ((day, "stale", f"step '{step}': {'; '.join(why)}") for step, why in outdated)


def _ask(yes: bool) -> None:
    """Ask at a terminal. Raises ``UsageError`` elsewhere, unless ``--yes`` was given."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("nothing was published: this is no terminal, so say --yes once that is what you want")
    if not typer.confirm("Publish this?"):
        warn("nothing was published")
        raise typer.Exit(1)
