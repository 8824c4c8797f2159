"""Publishing: what would change for readers, and putting it on a git branch or into a folder, with a way back."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from journal.blog.site import swap
from journal.errors import JournalError
from journal.files import cause
from journal.text.workspace import FILE_NAME, Workspace
from journal.trust import HOW, is_trusted

LIST = ".journal-files"
"""The file in a published site that lists what was published, so that what others put there is left alone."""
_MARK = "Published with journal"
_UNDONE = "Publish what was there before"
_SOURCES = ("entries", "site", "plugins", "build", ".journal", ".git")
_DAY = re.compile(r"day/(\d+)/index\.html")


class PublishError(JournalError):
    """The site can't be published."""


@dataclass(frozen=True)
class Changes:
    """What readers would see change: days by number, and other pages and files by count."""

    new: tuple[int, ...]
    changed: tuple[int, ...]
    gone: tuple[int, ...]
    others: int

    @property
    def is_none(self) -> bool:
        return not (self.new or self.changed or self.gone or self.others)

    def lines(self) -> list[str]:
        """Return the changes in words."""
        words = {"new": self.new, "changed": self.changed, "gone": self.gone}
        found = [f"{name}: {_days(days)}" for name, days in words.items() if days]
        if self.others:
            found.append(f"other pages and files that differ: {self.others}")
        return found or ["nothing changes for readers"]


class Target:
    """Where a site is published."""

    name = ""

    def published(self) -> dict[str, str]:
        """Return the digest of every file that is there, as git counts it."""
        raise NotImplementedError

    def read(self, name: str) -> str:
        """Return the text of a file that is there, or an empty one."""
        raise NotImplementedError

    def put(self, site: Path, message: str) -> None:
        """Put the site there, leave what others put there, and check that it has arrived."""
        raise NotImplementedError

    def undo(self) -> None:
        """Put back what was there before."""
        raise NotImplementedError


def changes(site: Path, target: Target) -> Changes:
    """Return what would change for readers."""
    there = target.published()
    here = {name: blob_digest((site / name).read_bytes()) for name in files_of(site)}
    listed = _listed(there, target)
    differing = {name for name in here if there.get(name) != here[name]}
    removed = {name for name in listed if name not in here and name != LIST}
    days = {name: int(match[1]) for name in (*differing, *removed) if (match := _DAY.fullmatch(name))}
    new = sorted(day for name, day in days.items() if name in differing and name not in there)
    changed = sorted(day for name, day in days.items() if name in differing and name in there)
    gone = sorted(day for name, day in days.items() if name in removed)
    return Changes(tuple(new), tuple(changed), tuple(gone), len(differing | removed) - len(days))


def taken_by_others(site: Path, target: Target) -> list[str]:
    """Return the files of others that the site would replace by its own."""
    there = target.published()
    both = (there.keys() - _listed(there, target)) & set(files_of(site))
    return sorted(name for name in both if there[name] != blob_digest((site / name).read_bytes()))


def files_of(site: Path) -> list[str]:
    """Return the files of a site, from its root on."""
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())


def blob_digest(content: bytes) -> str:
    """Return the digest that git gives a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Branch(Target):
    """A branch of a git repository, at a remote or here alone."""

    def __init__(self, workspace: Workspace, remote: str, branch: str, *, push: bool) -> None:
        """Check the remote and the branch. Raises ``PublishError`` where the site must not or can't go there."""
        self.root, self.remote, self.branch, self.push = workspace.root, remote, branch, push
        self.name = f"branch {branch}{f' of {remote}' if push else ''}"
        if self._git("rev-parse", "--git-dir") is None:
            raise PublishError("this workspace is not in a git repository; run: git init")
        self._check()
        self.there = self._fetch() if push else self._revision(f"refs/heads/{branch}")
        self._check_holds_no_sources()

    def published(self) -> dict[str, str]:
        if self.there is None:
            return {}
        listed = self._git("ls-tree", "-r", "-z", self.there) or ""
        rows = [row.partition("\t") for row in listed.split("\0") if row]
        return {name: meta.split()[2] for meta, _, name in rows}

    def read(self, name: str) -> str:
        return (self._git("show", f"{self.there}:{name}") if self.there else None) or ""

    def put(self, site: Path, message: str) -> None:
        there = self.published()
        kept = {name: there[name] for name in there.keys() - _listed(there, self)}
        names = files_of(site)
        digests = self._store([site / name for name in names])
        listing = self._store_text("\n".join(names) + "\n")
        files = {**kept, **dict(zip(names, digests, strict=True)), LIST: listing}
        if ".nojekyll" not in files:
            files[".nojekyll"] = self._store_text("")
        self._commit(self._tree(files), f"{message}\n\n{_MARK}.\n")

    def undo(self) -> None:
        said = self._git("log", "-1", "--format=%B", self.there) if self.there else ""
        before = self._revision(f"{self.there}~1^{{tree}}") if self.there else None
        if not said or _MARK not in said or before is None:
            raise PublishError(f"{self.name}: its last commit is no publication with one before it; nothing is undone")
        self._commit(before, f"{_UNDONE}\n\n{_MARK}.\n")

    def _check(self) -> None:
        """Raise ``PublishError`` for what git would take as an option, and for the branch of the sources."""
        if not self.remote or self.remote.startswith("-"):
            raise PublishError(
                f"--remote {self.remote!r} is neither a remote's name nor an address; check 'git remote -v'"
            )
        if self.branch.startswith("-") or self._git("check-ref-format", f"refs/heads/{self.branch}") is None:
            raise PublishError(f"--branch {self.branch!r} is not a valid branch name; use one such as gh-pages")
        if (self._git("symbolic-ref", "--quiet", "HEAD") or "").strip() == f"refs/heads/{self.branch}":
            raise PublishError(
                f"branch {self.branch} holds the sources of this workspace; publish to another, such as gh-pages"
            )
        if self.push and not is_trusted(self.root):
            raise PublishError(f"this workspace is not trusted, so nothing is sent from it; {HOW}")

    def _check_holds_no_sources(self) -> None:
        inside = (self._git("rev-parse", "--show-prefix") or "").strip()
        for place in (self.there, self._revision(f"refs/heads/{self.branch}")):
            if place and self._git("cat-file", "-e", f"{place}:{inside}{FILE_NAME}") is not None:
                raise PublishError(
                    f"branch {self.branch} has a {FILE_NAME}, so it holds sources; publish to another, such as gh-pages"
                )

    def _fetch(self) -> str | None:
        """Return the commit of the remote's branch, or None where it has no such branch. Raises ``PublishError``."""
        done = self._run("ls-remote", "--", self.remote, f"refs/heads/{self.branch}")
        if done.returncode:
            raise PublishError(f"{self.remote} can't be reached: {_cause(done.stderr)}")
        if not done.stdout.strip():
            return None
        self._git("fetch", "--quiet", "--", self.remote, f"refs/heads/{self.branch}")
        return self._revision("FETCH_HEAD")

    def _store(self, paths: Sequence[Path]) -> list[str]:
        given = "\n".join(map(str, paths)) + "\n" if paths else ""
        done = self._run("hash-object", "-w", "--no-filters", "--stdin-paths", given=given)
        return done.stdout.split()

    def _store_text(self, text: str) -> str:
        return self._run("hash-object", "-w", "--no-filters", "--stdin", given=text).stdout.strip()

    def _tree(self, files: Mapping[str, str]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            index = {**os.environ, "GIT_INDEX_FILE": str(Path(folder) / "index")}
            rows = "".join(f"100644 {digest}\t{name}\0" for name, digest in files.items())
            self._run("update-index", "-z", "--index-info", given=rows, environment=index)
            return self._run("write-tree", environment=index).stdout.strip()

    def _commit(self, tree: str, message: str) -> None:
        parents = ["-p", self.there] if self.there else []
        made = self._run("commit-tree", tree, *parents, given=message)
        commit = made.stdout.strip()
        if not commit:
            raise PublishError(f"branch {self.branch}: {_cause(made.stderr)}")
        self._run("update-ref", f"refs/heads/{self.branch}", commit)
        if self.push:
            self._send(commit)
        self.there = commit

    def _send(self, commit: str) -> None:
        done = self._run("push", "--", self.remote, f"{commit}:refs/heads/{self.branch}")
        if done.returncode:
            raise PublishError(
                f"branch {self.branch} is committed, but can't be pushed to {self.remote}: {_cause(done.stderr)}"
            )
        arrived = self._run("ls-remote", "--", self.remote, f"refs/heads/{self.branch}").stdout.split()[:1]
        if arrived != [commit]:
            raise PublishError(f"{self.remote} has another commit on {self.branch} than was sent; publish again")

    def _revision(self, name: str) -> str | None:
        found = self._git("rev-parse", "--verify", "--quiet", name)
        return found.strip() if found else None

    def _git(self, *arguments: str) -> str | None:
        done = self._run(*arguments)
        return done.stdout if done.returncode == 0 else None

    def _run(
        self, *arguments: str, given: str = "", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, text=True, check=False, input=given,
            env=environment, encoding="utf-8", errors="surrogateescape",
        )  # fmt: skip


class Folder(Target):
    """A folder of this machine, such as the one of a web server."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        """Check the folder. Raises ``PublishError`` where the site must not go there."""
        self.folder = folder.resolve()
        self.name = str(self.folder)
        self.before = self.folder.with_name(f".{self.folder.name}.before")
        if (self.folder / FILE_NAME).exists() or workspace.root.is_relative_to(self.folder):
            raise PublishError(f"{folder} holds the sources of a workspace; publish to another folder")
        inside = self.folder.is_relative_to(workspace.root) and self.folder.relative_to(workspace.root).parts[:1]
        if inside and inside[0] in _SOURCES:
            raise PublishError(f"{folder} is among what this workspace is made of; publish to another folder")
        if self.folder.exists() and not self.folder.is_dir():
            raise PublishError(f"{folder} is a file; publish to a folder")

    def published(self) -> dict[str, str]:
        return {name: blob_digest((self.folder / name).read_bytes()) for name in files_of(self.folder)}

    def read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def put(self, site: Path, message: str) -> None:
        new = self.folder.with_name(f".{self.folder.name}.new")
        kept = self.published().keys() - _listed(self.published(), self)
        try:
            shutil.rmtree(new, ignore_errors=True)
            shutil.copytree(site, new)
            (new / LIST).write_text("\n".join(files_of(site)) + "\n", encoding="utf-8")
            for name in kept - set(files_of(new)):
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.folder / name, new / name)
            shutil.rmtree(self.before, ignore_errors=True)
            if self.folder.exists():
                shutil.copytree(self.folder, self.before)
            swap(new, self.folder)
        except OSError as error:
            raise PublishError(f"{self.folder} can't be written: {cause(error)}") from error
        if any((self.folder / name).read_bytes() != (site / name).read_bytes() for name in files_of(site)):
            raise PublishError(f"{self.folder} differs from what was written there; publish again")

    def undo(self) -> None:
        if not self.before.is_dir():
            raise PublishError(f"{self.folder}: there is nothing from before; nothing is undone")
        swap(self.before, self.folder)


def _listed(there: Mapping[str, str], target: Target) -> set[str]:
    """Return the files that an earlier publication put there."""
    found = target.read(LIST)
    return {name for name in found.splitlines() if name in there} | ({LIST} if LIST in there else set())


def _days(days: Sequence[int]) -> str:
    shown = ", ".join(map(str, days[:12]))
    noun = "day" if len(days) == 1 else "days"
    return f"{noun} {shown}" + (f" and {len(days) - 12} more" if len(days) > 12 else "")


def _cause(said: str) -> str:
    """Return the line of git's output that says what is wrong, and what to do about it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(("fatal:", "error:", "!"))] or lines or ["git failed"]
    return f"{wrong[0]}; check 'git remote -v', or give --remote NAME-OR-ADDRESS"
