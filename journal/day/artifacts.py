"""A step's artifacts put beside its entry; what its author keeps there stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from journal.errors import StoreError
from journal.files import cause, restore_folder, swap_folder
from journal.layout import ANSWERS, REPORT, has_report
from journal.record import Record
from journal.store import Store
from journal.text.entry import Entry

DIFFERS, GONE = "differs from what the step made", "is gone"
ADDED = "was not made by the step; it is left alone"
_SHOWN = (".svg", ".png", ".jpg", ".flac", ".wav", ".opus", ".csv")
"""Files that pages show, which no repository leaves out."""


class InTheWayError(StoreError):
    """Something of the author's is where a step's files belong."""


def place_artifacts(result: Path, target: Path, record: Record, store: Store) -> None:
    """Bring a step's folder beside the entry to its result. Raises ``InTheWayError`` where something of the author's is
    in the way, and ``StoreError`` where the disk fails.

    Only files that the report of before lists are replaced or removed; all others are the author's and are kept.
    """
    shown = record.workspace.display_path(target)
    if target.is_symlink():
        raise InTheWayError(f"{shown} is a link, so the step's files can't be put there; remove the link")
    restore_folder(target)
    files = _files_in(result)
    if all((target / name).is_file() and _same(result / name, target / name, store) for name in files):
        return
    kept = _kept(target, record)
    for name in kept & files:
        if not _same(result / name, target / name, store):
            raise InTheWayError(f"{shown}/{name} is yours, and the step has made a file of that name; rename yours")
    try:
        with swap_folder(target) as partial:
            shutil.copytree(result, partial)
            _keep(target, partial, kept - files)
    except (OSError, shutil.Error) as error:
        raise StoreError(f"{shown} can't be written: {cause(error)}") from error


def changed_beside(entry: Entry, record: Record, store: Store) -> dict[str, str]:
    """Return what is otherwise beside an entry than its steps' reports list: what happened to each file, by its path.

    A file that is gone counts only where others of its step are here: a repository may leave out whole results.
    """
    found: dict[str, str] = {}
    for step in entry.steps:
        folder = entry.artifacts / step.id
        listed = _digests_listed(folder, record) if has_report(folder) else {}
        here = _files_in(folder) - {REPORT, ANSWERS} if listed else set[str]()
        for name, digest in listed.items():
            if name in here and not _has_digest(folder / name, digest, store):
                found[f"{step.id}/{name}"] = DIFFERS
            elif name not in here and name.endswith(_SHOWN):
                found[f"{step.id}/{name}"] = GONE
        for name in sorted(here - {*listed}):
            if not _is_below(name, listed):
                found[f"{step.id}/{name}"] = ADDED
    return found


def _has_digest(path: Path, digest: str, store: Store) -> bool:
    with suppress(OSError):  # a link to nowhere
        return store.digest(path) == digest
    return False


def _digests_listed(folder: Path, record: Record) -> dict[str, str]:
    try:
        return {str(name): str(digest) for name, digest in (record.step(folder).data.get("artifacts") or {}).items()}
    except StoreError:
        return {}


def _kept(target: Path, record: Record) -> set[str]:
    """Return the files below a folder that are its author's."""
    if not target.is_dir():
        return set()
    listed = {REPORT, *_listed(target, record)} if has_report(target) else set[str]()
    return {name for name in _files_in(target) if not _is_below(name, listed)}


def _listed(target: Path, record: Record) -> Iterator[str]:
    """Yield the files and folders that a report lists; one of an earlier version lists those that it shows."""
    try:
        data = record.step(target).data
    except StoreError:
        return  # a damaged report lists nothing: what lies beside it is kept
    yield from data.get("artifacts") or _paths_in([data.get("items"), data.get("outputs")])


def _paths_in(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        paths = [data.get("path"), *(data.get("paths") or [])]
        yield from (path for path in paths if isinstance(path, str))
        data = list(data.values())
    if isinstance(data, list):
        for part in data:
            yield from _paths_in(part)


def _is_below(name: str, listed: Iterable[str]) -> bool:
    above = {name, *(parent.as_posix() for parent in Path(name).parents)}
    return not above.isdisjoint(listed)


def _keep(source: Path, target: Path, names: Iterable[str]) -> None:
    """Have files in another folder as well: links as links, files without a copy where the disk can."""
    for name in sorted(names):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_symlink():
            (target / name).symlink_to((source / name).readlink())
            continue
        try:
            os.link(source / name, target / name)
        except OSError:
            shutil.copy2(source / name, target / name)


def _files_in(folder: Path) -> set[str]:
    found = set[str]()
    for where, _, names in os.walk(folder):
        found |= {Path(where, name).relative_to(folder).as_posix() for name in names}
    return found


def _same(one: Path, other: Path, store: Store) -> bool:
    with suppress(OSError):
        return store.digest(one) == store.digest(other)
    return False
