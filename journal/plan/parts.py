"""The parts of a fingerprint, each with a kind and a name, so that reruns can be explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """The kinds of parts of a fingerprint, in the order in which changes are reported."""

    TASK = "task"
    VERSION = "version"
    CODE = "code"
    PARAMETER = "parameter"
    INPUT = "input"
    FILES = "files"
    MODEL = "model"
    OUTPUT = "output"
    FILE = "file"
    FOLDER = "folder"
    PRESENCE = "presence"
    MODULE = "module"
    VARIABLE = "variable"
    PROGRAM = "program"
    HOST = "host"
    LIBRARY = "library"
    DATE = "date"
    DAY = "day"
    SCHEMA = "schema"
    SEED = "seed"
    OTHER = ""
    """A part written by another version of journal."""


_KINDS = frozenset(str(one) for one in PartKind)


@dataclass(frozen=True)
class Part:
    """One of the things a result depends on, written as "library numpy" in report.json and the history."""

    kind: PartKind
    name: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.name) if part)

    @classmethod
    def parse(cls, text: str) -> Part:
        """Parse a part's written form."""
        kind, _, name = text.partition(" ")
        known = bool(kind) and kind in _KINDS
        return cls(PartKind(kind), name) if known else cls(PartKind.OTHER, text)


Parts = Mapping[Part, str]
"""The state of each part, as text."""


def dump_parts(parts: Parts) -> dict[str, str]:
    """Return parts as plain data, sorted by their written form."""
    return dict(sorted((str(part), value) for part, value in parts.items()))


def load_parts(data: Mapping[str, str]) -> dict[Part, str]:
    """Return parts from plain data."""
    return {Part.parse(text): value for text, value in data.items()}
