"""Publishing: build/site as a commit on a git branch, pushed where told."""

from __future__ import annotations

import subprocess
from pathlib import Path

from journal.errors import JournalError
from journal.workspace import Workspace


class PublishError(JournalError):
    """The site can't be put on its branch, or pushed."""


def publish_site(workspace: Workspace, remote: str, branch: str, message: str, *, push: bool) -> str:
    """Commit build/site to a branch, with a .nojekyll and the CNAME that is there; push it. Returns what was done."""
    from ghp_import import GhpError, ghp_import

    site = workspace.build / "site"
    if _git(workspace.root, "rev-parse", "--git-dir") is None:
        raise PublishError("this workspace is in no git repository; run: git init")
    try:
        ghp_import(str(site), mesg=message, branch=branch, cname=_cname(workspace.root, remote, branch), nojekyll=True)
    except GhpError as error:
        raise PublishError(f"branch {branch}: {error}") from error
    if not push:
        return f"the site is on branch {branch}; push it with: git push {remote} {branch}"
    done = subprocess.run(
        ["git", "push", remote, branch], cwd=workspace.root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        cause = (done.stderr.strip().splitlines() or ["git push failed"])[-1]
        raise PublishError(f"branch {branch} is made, but can't be pushed to {remote}: {cause}")
    return f"the site is on branch {branch} of {remote}"


def _cname(root: Path, remote: str, branch: str) -> str | None:
    """Return the custom domain that the published branch has, here or at the remote."""
    _git(root, "fetch", remote, f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}")
    for place in (branch, f"{remote}/{branch}"):
        if found := _git(root, "show", f"{place}:CNAME"):
            return found.strip()
    return None


def _git(root: Path, *arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
