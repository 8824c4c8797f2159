"""Making a day's bundle."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from journal.bundle.archive import write_archive
from journal.bundle.contents import LeftOut, gather
from journal.bundle.crate import METADATA, describe_crate
from journal.day import OpenWorkspace
from journal.errors import StoreError
from journal.files import cause
from journal.layout import bundle_of


@dataclass(frozen=True)
class Bundle:
    """A bundle that was made."""

    path: Path
    files: int
    left_out: tuple[LeftOut, ...]


def make_bundle(opened: OpenWorkspace, day: int, target: Path | None, allowed: Collection[str]) -> Bundle:
    """Write a day's bundle to ``target``, or else to ``build/bundles/day-133.zip``; the same content, the same bytes.

    Raises ``UsageError`` where the day has no results, ``EntryError`` where it may not go out, ``StoreError`` where the
    zip can't be written.
    """
    contents = gather(opened, day, allowed)
    path = target or bundle_of(opened.workspace.root, day)
    try:
        write_archive(path, {**contents.files, METADATA: describe_crate(contents)})
    except OSError as error:
        raise StoreError(f"{opened.workspace.display_path(path)}: can't be written: {cause(error)}") from error
    return Bundle(path, len(contents.files) + 1, tuple(one for _, one in sorted(contents.left_out.items())))
