"""Reads that Python announces to nobody: of variables, and of whether and since when files exist. Here they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any


def announce_stat(asked: Callable[[Any], None]) -> None:
    """Have ``os.stat`` and ``os.lstat`` tell what they are asked about."""

    def wrap(plain: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def stat(path: Any, *args: Any, **options: Any) -> os.stat_result:
            asked(path)
            return plain(path, *args, **options)

        for group in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if plain in group:
                group.add(stat)
        return stat

    os.stat, os.lstat = wrap(os.stat), wrap(os.lstat)


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
