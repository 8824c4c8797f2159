"""The site: every page and file by its address, made again only where its content differs, and swapped in whole."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from journal.errors import StoreError
from journal.files import cause, file_stat


@dataclass(frozen=True)
class Output:
    """A file of the site: a digest of all that it is made of, and how it is made."""

    key: str
    make: Callable[[], bytes]


@dataclass(frozen=True)
class Copied:
    """A file of the site that is a copy of another."""

    source: Path

    @property
    def key(self) -> str:
        return f"{self.source} {file_stat(self.source)}"


def write_site(outputs: Mapping[str, Output | Copied], site: Path) -> list[str]:
    """Make the folder consist of these files, and return the addresses of those that were made.

    Whatever is unchanged since it was written is linked, not made again; the new folder takes the old one's place at
    once. Raises ``StoreError`` where it can't be written.
    """
    noted = site.with_name(f"{site.name}.json")
    new = site.with_name(f".{site.name}.new")
    before = _read(noted)
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        made, stats, folders = [], {}, {new}
        for address, output in sorted(outputs.items()):
            target, old = new / address, site / address
            if target.parent not in folders:
                target.parent.mkdir(parents=True, exist_ok=True)
                folders.add(target.parent)
            key = output.key
            if not (before.get(address, ["", ""])[0] == key and _link(old, target, before[address][1])):
                made.append(address)
                _make(output, target)
            stats[address] = [key, _stamp(target)]
        _swap(new, site)
        noted.write_text(json.dumps(stats), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{site.parent.name}/{site.name} can't be written: {cause(error)}") from error
    return made


def _make(output: Output | Copied, target: Path) -> None:
    if isinstance(output, Copied):
        shutil.copyfile(output.source, target)
    else:
        target.write_bytes(output.make())


def _link(old: Path, target: Path, stamp: str) -> bool:
    """Link to a file of the site before, if that is as it was written."""
    with suppress(OSError):
        if _stamp(old) == stamp:
            os.link(old, target)
            return True
    return False


def _stamp(path: Path) -> str:
    """Return a text that changes when a file of the site is written; making a link to it changes nothing of that."""
    now = os.stat(path)  # noqa: PTH116  # thousands at each build
    return f"{now.st_size} {now.st_mtime_ns} {now.st_ino}"


def _swap(new: Path, site: Path) -> None:
    """Put a folder in the place of another without a moment in which there is none."""
    if site.exists():
        if not _exchange(new, site):
            old = site.with_name(f".{site.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            site.rename(old)
            new.rename(site)
            new = old
        shutil.rmtree(new, ignore_errors=True)
    else:
        new.rename(site)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names at once, where the system can."""
    with suppress(OSError, AttributeError):
        at_cwd, exchange = -100, 2
        done = ctypes.CDLL(None).renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange)
        return bool(done == 0)
    return False


def _read(noted: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(noted.read_text(encoding="utf-8"))
        return {name: [str(key), str(stamp)] for name, (key, stamp) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
