"""Pickling for other processes, with paths stored relative to one of the step's folders."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Folders = Mapping[str, Path]
"""The paths of a step's folders, "out" and "workspace", which may differ between machines."""
Place = tuple[str, str]
"""The name of a folder, and a path in it."""


@dataclass(frozen=True)
class Pickled:
    """A pickled value, and the places it names."""

    data: bytes
    places: tuple[Place, ...] = ()


def pickle_value(value: Any, folders: Folders) -> Pickled:
    """Pickle a value. Raises what ``pickle`` raises where it can't be pickled."""
    stream = io.BytesIO()
    pickler = _Pickler(stream, folders)
    pickler.dump(value)
    return Pickled(stream.getvalue(), tuple(dict.fromkeys(pickler.places)))


def unpickle_value(data: bytes, folders: Folders) -> Any:
    """Unpickle a value, with paths in the step's folders on this machine."""
    return _Unpickler(io.BytesIO(data), folders).load()


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, folders: Folders) -> None:
        super().__init__(stream)
        self.folders = folders
        self.places: list[Place] = []

    def persistent_id(self, value: Any) -> Place | None:
        if not isinstance(value, Path):
            return None
        for name, folder in self.folders.items():
            if value.is_relative_to(folder) and ".." not in value.parts:
                self.places.append((name, value.relative_to(folder).as_posix()))
                return self.places[-1]
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, folders: Folders) -> None:
        super().__init__(stream)
        self.folders = folders

    def persistent_load(self, place: Place) -> Path:
        name, path = place
        return self.folders[name] / path
