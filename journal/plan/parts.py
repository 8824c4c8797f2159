"""The parts of a fingerprint: each with its kind and name, so that a rerun has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PartKind(StrEnum):
    """What a part of a fingerprint is of, in the order in which changes are told."""

    TASK = "task"
    CODE = "code"
    PARAMETER = "parameter"
    INPUT = "input"
    FILES = "files"
    MODEL = "model"
    OUTPUT = "output"
    LIBRARY = "library"
    DATE = "date"
    DAY = "day"
    SCHEMA = "schema"
    SEED = "seed"
    OTHER = ""
    """Of another version of journal."""


@dataclass(frozen=True)
class Part:
    """One of the things that a result depends on. Written as "library numpy", in report.json and the history."""

    kind: PartKind
    name: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.kind, self.name) if part)

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read a part as it is written."""
        kind, _, name = text.partition(" ")
        known = bool(kind) and kind in {str(one) for one in PartKind}
        return cls(PartKind(kind), name) if known else cls(PartKind.OTHER, text)


Parts = Mapping[Part, str]
"""What each part was, as text."""


def dump_parts(parts: Parts) -> dict[str, str]:
    """Return parts as plain data, in the order of their texts."""
    return dict(sorted((str(part), value) for part, value in parts.items()))


def load_parts(data: Mapping[str, str]) -> dict[Part, str]:
    """Make parts of plain data."""
    return {Part.parse(text): value for text, value in data.items()}
