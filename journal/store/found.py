"""Results found on disk, in the store or beside an entry, and whether they are as they were written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from journal.api.report_file import is_whole, read_data
from journal.files import copy_atomically, file_stat, is_fresh
from journal.layout import report_in
from journal.store.digests import Digests


@dataclass(frozen=True)
class Found:
    """A result whose report is whole, and whose files are as the report lists them."""

    folder: Path
    fingerprint: str
    headline: str
    depends_on: Mapping[str, str]
    seen: Mapping[str, str]
    libraries: Mapping[str, str]
    artifacts: Mapping[str, str]
    """The SHA-256 of each file that the step made."""
    missing: tuple[str, ...] = ()
    """Files that are not there, as those that a repository leaves out."""


class ResultFinder:
    """Reads results, each again only if one of its files has changed since it was found whole."""

    def __init__(
        self, digests: Digests, recall: Callable[[str, str], str | None], note: Callable[[str, str, str], None]
    ) -> None:
        self.digests, self.recall, self.note = digests, recall, note

    def find(self, folder: Path, *, may_lack: bool = False) -> Found | None:
        """Return the result in a folder, or None if it is not whole; with ``may_lack``, files may be missing."""
        if known := self._known(folder):
            return known
        try:
            data = read_data(folder)
            found = _found(folder, data) if is_whole(data) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if found is None:
            return None
        states = {name: self._is_as_listed(folder / name, digest) for name, digest in found.artifacts.items()}
        missing = tuple(name for name, state in states.items() if state is None)
        if False in states.values() or (missing and not may_lack):
            return None
        found = Found(**{**vars(found), "missing": missing})
        self._keep(found)
        return found

    def heal(self, folder: Path, other: Path) -> bool:
        """Bring a damaged result back from a good copy of it, and return whether that was possible."""
        good = self.find(other)
        if good is None:
            return False
        try:
            mine = read_data(folder)
            if not is_whole(mine) or _found(folder, mine).artifacts != good.artifacts:
                return False
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        for name, digest in good.artifacts.items():
            if not self._is_as_listed(folder / name, digest):
                copy_atomically(other / name, folder / name)
        return self.find(folder) is not None

    def _is_as_listed(self, path: Path, digest: str) -> bool | None:
        """Return whether a file is as listed, or None if there is none, or a folder with other files."""
        with suppress(OSError):
            is_same = path.exists() and self.digests.digest(path) == digest
            return is_same or (False if path.is_file() else None)
        return False

    def _known(self, folder: Path) -> Found | None:
        noted = self.recall("found", str(folder))
        if not noted:
            return None
        stats, data = json.loads(noted)
        if stats != _stats(folder, [*data["artifacts"]]):
            return None
        return Found(folder, **{**data, "missing": tuple(data["missing"])})

    def _keep(self, found: Found) -> None:
        """Note a result as whole, unless one of its files is so young that it may change with the same times."""
        files = [report_in(found.folder), *(found.folder / name for name in found.artifacts)]
        with suppress(OSError):
            if any(is_fresh(path) for path in files if path.exists()):
                return
        data = {name: value for name, value in asdict(found).items() if name != "folder"}
        self.note("found", str(found.folder), json.dumps([_stats(found.folder, found.artifacts), data]))


def _found(folder: Path, data: Mapping[str, object]) -> Found:
    made = data.get("made") or {}
    libraries = made.get("libraries", {}) if isinstance(made, dict) else {}
    artifacts, seen = data.get("artifacts") or {}, data.get("seen") or {}
    depends_on = data.get("depends_on") or {}
    if not all(isinstance(part, dict) for part in (libraries, artifacts, seen, depends_on)):
        raise TypeError("not a mapping")
    return Found(
        folder, str(data["fingerprint"]), str(data["headline"]), depends_on, seen, libraries, artifacts  # type: ignore[arg-type]  # checked above
    )  # fmt: skip


def _stats(folder: Path, artifacts: Iterable[str]) -> list[str]:
    place = str(folder)
    return [_stat(f"{place}{os.sep}{name}") for name in (report_in(Path()).name, *artifacts)]


def _stat(path: str) -> str:
    try:
        return file_stat(path)
    except OSError:
        return ""
