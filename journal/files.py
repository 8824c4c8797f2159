"""Files written so that at any kill, and on a full disk, each is the old one or the new one."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from journal.errors import StoreError


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: at any kill it is the old one or the new one. Keeps the file's mode, and a link to it."""
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
        raise StoreError(f"{path.name} can't be written: {cause(error)}; it is as it was") from error


def is_file(path: Path) -> bool:
    """Say whether there is such a file, also of what can be no file's name."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a null in it
        return False


def replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to a place where an older copy may be: the old one stays until the new one is whole."""
    partial, old = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.old")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial)
        shutil.rmtree(old, ignore_errors=True)
        old.unlink(missing_ok=True)  # where a file stood in the folder's place
        if target.exists():
            target.rename(old)
        partial.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    except (OSError, shutil.Error) as error:
        _restore(old, target)
        shutil.rmtree(partial, ignore_errors=True)
        raise StoreError(f"{target.parent.name}/{target.name} can't be written: {cause(error)}") from error


@contextmanager
def lock(path: Path, who: str, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock; where another process holds it, ``waiting(its words)`` is called once, then wait.

    The system lets go of the lock when the process ends, however it ends: none is ever left behind.
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
    """Say why a file can't be written, in few words."""
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][-1])
    known = {errno.ENOSPC: "the disk is full; free some space", errno.EDQUOT: "the disk quota is used up"}
    return known.get(error.errno or 0, error.strerror or str(error))


def file_stat(path: Path | str) -> str:
    """Return a text that changes with a file's content, or with a folder's list of names.

    Size, times and inode; the time of the last change of status counts too, since no program can set it back.
    """
    now = os.stat(path)  # noqa: PTH116  # a thousand at each start; a Path for each would take longer
    return f"{now.st_size} {now.st_mtime_ns} {now.st_ctime_ns} {now.st_ino}"


def size_of(folder: Path) -> int:
    """Return the bytes that the files below a folder take."""
    return sum(one.lstat().st_size for one in folder.rglob("*") if one.is_file())


def _restore(old: Path, target: Path) -> None:
    with suppress(OSError):
        if old.exists() and not target.exists():
            old.rename(target)
