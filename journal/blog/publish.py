"""Publishing: committing build/site to a git branch and pushing it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from journal.errors import JournalError
from journal.text.workspace import Workspace
from journal.trust import HOW, is_trusted


class PublishError(JournalError):
    """The site can't be committed to its branch, or pushed."""


def publish_site(workspace: Workspace, remote: str, branch: str, message: str, *, push: bool) -> str:
    """Commit build/site to a branch, with a .nojekyll and any existing CNAME, push it, and return what was done.

    The commit follows the remote's branch, if it exists, so that the push is accepted. Raises ``PublishError`` where
    that fails.
    """
    from ghp_import import GhpError, ghp_import

    root, site = workspace.root, workspace.build / "site"
    if _git(root, "rev-parse", "--git-dir") is None:
        raise PublishError("this workspace is not in a git repository; run: git init")
    _check_target(root, remote, branch)
    if push:
        _check_trust(root)
    there = _fetch(root, remote, branch) if push else None
    if there and _git(root, "merge-base", "--is-ancestor", there, f"refs/heads/{branch}") is None:
        _git(root, "update-ref", f"refs/heads/{branch}", there)
    try:
        ghp_import(str(site), mesg=message, branch=branch, cname=_cname(root, there or branch), nojekyll=True)
    except GhpError as error:
        raise PublishError(f"branch {branch}: {error}") from error
    if not push:
        return f"the site is on branch {branch}; push it with: git push {remote} {branch}"
    done = subprocess.run(
        ["git", "push", "--", remote, f"refs/heads/{branch}"], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PublishError(f"branch {branch} is committed, but can't be pushed to {remote}: {_cause(done.stderr)}")
    return f"the site is on branch {branch} of {remote}"


def _check_trust(root: Path) -> None:
    if not is_trusted(root):
        raise PublishError(f"this workspace is not trusted, so nothing is sent from it; {HOW}")


def _check_target(root: Path, remote: str, branch: str) -> None:
    """Raise ``PublishError`` for what git would take as an option, for no branch, and for the branch of the sources."""
    if not remote or remote.startswith("-"):
        raise PublishError(f"--remote {remote!r} is neither a remote's name nor an address; check 'git remote -v'")
    if branch.startswith("-") or _git(root, "check-ref-format", f"refs/heads/{branch}") is None:
        raise PublishError(f"--branch {branch!r} is not a valid branch name; use one such as gh-pages")
    if (_git(root, "symbolic-ref", "--quiet", "HEAD") or "").strip() == f"refs/heads/{branch}":
        raise PublishError(f"branch {branch} holds the sources of this workspace; publish to another, such as gh-pages")


def _fetch(root: Path, remote: str, branch: str) -> str | None:
    """Return the commit of the remote's branch, or None if it has no such branch."""
    if _git(root, "fetch", "--quiet", "--", remote, f"refs/heads/{branch}") is None:
        return None
    found = _git(root, "rev-parse", "FETCH_HEAD")
    return found.strip() if found else None


def _cname(root: Path, place: str) -> str | None:
    """Return the custom domain of a published commit, or None."""
    found = _git(root, "show", f"{place}:CNAME")
    return found.strip() if found else None


def _cause(said: str) -> str:
    """Return the line of git's output that says what is wrong, and what to do about it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(("fatal:", "error:", "!"))] or lines or ["git push failed"]
    return f"{wrong[0]}; check 'git remote -v', or give --remote NAME-OR-ADDRESS"


def _git(root: Path, *arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
