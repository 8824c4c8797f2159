"""Reads that Python announces to nobody: of variables, and questions about files and modules. Here they are."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

_plain_readlink = os.readlink
"""As it is before it tells of what it is asked: the question here is journal's own."""


def announce_questions(
    asked: Callable[[Any], None],
    sought: Callable[[str], None],
    opened_below: Callable[[Any, int], AbstractContextManager[None]],
) -> None:
    """Have the functions that answer questions about files, programs and modules tell what they are asked about."""

    def wrap(plain: Callable[..., Any], tell: Callable[[Any], None]) -> Callable[..., Any]:
        def telling(what: Any, *args: Any, **options: Any) -> Any:
            tell(_in_folder(what, options.get("dir_fd")))
            return plain(what, *args, **options)

        for group in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if plain in group:
                group.add(telling)
        return telling

    for name in ("stat", "lstat", "access", "readlink"):
        setattr(os, name, wrap(getattr(os, name), asked))
    os.open = _open_telling(os.open, opened_below)
    importlib.util.find_spec = wrap(importlib.util.find_spec, sought)


def path_of_descriptor(descriptor: int) -> str:
    """Return the path that a descriptor was opened by, or an empty string where the system doesn't tell."""
    try:
        return _plain_readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


def _in_folder(path: Any, descriptor: int | None) -> Any:
    """Return a path that is relative to an open folder as one that says so."""
    if descriptor is None or not isinstance(path, str | bytes | os.PathLike):
        return path
    return os.path.join(path_of_descriptor(descriptor), os.fsdecode(path))  # noqa: PTH118


def _open_telling(
    plain: Callable[..., int], opened_below: Callable[[Any, int], AbstractContextManager[None]]
) -> Callable[..., int]:
    """Tell of what is opened below a folder's descriptor, which Python announces without the folder."""

    def telling(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is None:
            return plain(path, flags, mode)
        with opened_below(_in_folder(path, dir_fd), flags):
            return plain(path, flags, mode, dir_fd=dir_fd)

    os.supports_dir_fd.add(telling)
    return telling


def announce_variables(read: Callable[[str], None], copied: Callable[[Iterable[str]], None]) -> None:
    """Have ``os.environ`` tell what is read of it, and when all of it is about to be read."""

    class TellingEnviron(os._Environ):  # type: ignore[type-arg]  # bytes or text
        def __getitem__(self, key: Any) -> Any:
            read(os.fsdecode(key) if isinstance(key, str | bytes) else str(key))
            return super().__getitem__(key)

        def __contains__(self, key: object) -> bool:
            read(os.fsdecode(key) if isinstance(key, str | bytes) else str(key))
            return super().__contains__(key)

        def __iter__(self) -> Iterator[Any]:
            names = list(super().__iter__())
            copied([os.fsdecode(name) for name in names])
            return iter(names)

    for environ in (os.environ, os.environb):
        environ.__class__ = TellingEnviron
