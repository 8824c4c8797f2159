"""Atomic file writes: after a kill or on a full disk, each file is either the old one or the new one."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from journal.errors import StoreError

_FRESH_NS = 100_000_000


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file atomically, keeping its mode and any symlink to it. Raises ``StoreError`` where it can't."""
    path = path.resolve()
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            shutil.copymode(path, partial)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StoreError(f"{path.name} can't be written: {cause(error)}; it is unchanged") from error


def copy_atomically(source: Path, target: Path) -> None:
    """Copy a file to where another may be. Raises ``StoreError`` where it can't be written."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, partial)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"{target.name} can't be written: {cause(error)}") from error


def is_file(path: Path) -> bool:
    """Return whether a file exists, also for a path that no file could have."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a null in it
        return False


def replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to where an older copy may be; the old one stays until the new one is complete."""
    try:
        with swap_folder(target) as partial:
            shutil.copytree(source, partial)
    except (OSError, shutil.Error) as error:
        raise StoreError(f"{target.parent.name}/{target.name} can't be written: {cause(error)}") from error


@contextmanager
def swap_folder(target: Path) -> Iterator[Path]:
    """Yield where to make a folder that then takes the place of ``target``, which stays as it is if that fails."""
    partial, old = target.with_name(f".{target.name}.part"), _old(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        yield partial
        shutil.rmtree(old, ignore_errors=True)
        old.unlink(missing_ok=True)  # where a file stood in the folder's place
        if target.exists():
            target.rename(old)
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        _restore(old, target)
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextmanager
def lock(path: Path, who: str, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock, after calling ``waiting(holder)`` once if another process holds it.

    The system releases the lock when the process ends, however it ends, so none is ever left behind.
    """
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            waiting(stream.read().strip() or "another run")
            fcntl.flock(stream, fcntl.LOCK_EX)
        with suppress(OSError):  # the words are for people; on a full disk the lock holds without them
            stream.truncate(0)
            stream.write(f"{who} (process {os.getpid()})")
            stream.flush()
        yield


def cause(error: OSError | shutil.Error) -> str:
    """Return briefly why a file can't be written."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][-1])
    known = {errno.ENOSPC: "the disk is full; free some space", errno.EDQUOT: "the disk quota is used up"}
    return known.get(error.errno or 0, error.strerror or str(error))


def file_stat(path: Path | str) -> str:
    """Return a text that changes when a file's content or a folder's list of names changes.

    It is made of size, times and inode; the status change time counts because no program can set it back.
    """
    now = os.stat(path)  # noqa: PTH116  # a thousand at each start; a Path for each would take longer
    return f"{now.st_size} {now.st_mtime_ns} {now.st_ctime_ns} {now.st_ino}"


def tree_stats(folder: str) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield the path, size, times and inode of everything below a folder, in the order of names."""
    try:
        found = sorted(os.scandir(folder), key=lambda one: one.name)
    except OSError:
        return
    for one in found:
        stat = one.stat(follow_symlinks=False)
        yield one.path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
        if one.is_dir(follow_symlinks=False):
            yield from tree_stats(one.path)


def is_fresh(path: Path) -> bool:
    """Return whether a file changed so recently that it may change again without new times."""
    now = path.stat()
    return time.time_ns() - max(now.st_mtime_ns, now.st_ctime_ns) < _FRESH_NS


def size_of(folder: Path) -> int:
    """Return the total size in bytes of the files below a folder."""
    return sum(one.lstat().st_size for one in folder.rglob("*") if one.is_file())


def restore_folder(target: Path) -> None:
    """Bring a folder back that a kill left aside in the middle of a swap."""
    _restore(_old(target), target)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _restore(old: Path, target: Path) -> None:
    with suppress(OSError):
        if old.exists() and not target.exists():
            old.rename(target)
