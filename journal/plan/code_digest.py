"""The digest of the code that a task reaches, and the files that contain it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CodeDigest:
    """The digest of the syntax trees that a task reaches, and the files its module needs."""

    digest: str
    files: tuple[Path, ...]
    reads_the_day: bool
    """Whether any of it reads a day or a date, so that the same step may differ on another day."""
