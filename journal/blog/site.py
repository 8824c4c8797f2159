"""The site: every page and file by its address, made again only where its content differs, and swapped in whole."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from journal.errors import StoreError
from journal.files import cause, file_stat

_FEW = 100


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

    What is unchanged since it was written is left or linked. A few files are each replaced at once; for many, a new
    folder takes the old one's place at once. Raises ``StoreError`` where it can't be written.
    """
    noted = site.with_name(f"{site.name}.json")
    before = _read(noted)
    keys = {address: output.key for address, output in sorted(outputs.items())}
    made = [address for address, key in keys.items() if not _stands(site / address, key, before.get(address))]
    try:
        if len(made) <= _FEW and site.exists():
            _make_all(made, outputs, site)
            _remove_others(site, keys)
        else:
            _make_anew(made, outputs, site)
        noted.write_text(json.dumps({address: [key, _stamp(site / address)] for address, key in keys.items()}))
    except OSError as error:
        raise StoreError(f"{site.parent.name}/{site.name} can't be written: {cause(error)}") from error
    return made


def _make_anew(made: list[str], outputs: Mapping[str, Output | Copied], site: Path) -> None:
    """Make a new folder, with links to the files that stand, and put it in the place of the old one."""
    new = site.with_name(f".{site.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in sorted({(new / address).parent for address in outputs}):
        folder.mkdir(parents=True, exist_ok=True)
    for address in outputs.keys() - set(made):
        os.link(site / address, new / address)
    _make_all(made, outputs, new)
    swap(new, site)


def _make_all(made: list[str], outputs: Mapping[str, Output | Copied], folder: Path) -> None:
    """Make files on all cores, pictures and pages at once."""
    for parent in sorted({(folder / address).parent for address in made}):
        parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda address: _make(outputs[address], folder / address), made))


def _remove_others(site: Path, kept: Collection[str]) -> None:
    """Remove files that belong to no page any more, and the folders that are empty then."""
    for where, _, names in os.walk(site, topdown=False):
        folder = Path(where).relative_to(site).as_posix()
        for name in names:
            if (name if folder == "." else f"{folder}/{name}") not in kept:
                Path(where, name).unlink()
        if folder != "." and not os.listdir(where):  # noqa: PTH208  # only whether there is any
            Path(where).rmdir()


def _make(output: Output | Copied, target: Path) -> None:
    partial = target.with_name(f".{target.name}.part")
    if isinstance(output, Copied):
        shutil.copyfile(output.source, partial)
    else:
        partial.write_bytes(output.make())
    partial.replace(target)


def _stands(path: Path, key: str, noted: list[str] | None) -> bool:
    """Return whether a file of the site is as it was written from the same content."""
    with suppress(OSError):
        return noted is not None and noted[0] == key and _stamp(path) == noted[1]
    return False


def _stamp(path: Path) -> str:
    """Return a text that changes when a file of the site is written; making a link to it changes nothing of that."""
    now = os.stat(path)  # noqa: PTH116  # thousands at each build
    return f"{now.st_size} {now.st_mtime_ns} {now.st_ino}"


def swap(new: Path, site: Path) -> None:
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
