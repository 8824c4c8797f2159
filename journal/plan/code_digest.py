"""The digest of the modules that a task's module imports, and their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CodeDigest:
    """The digest of a task's module and of all that it imports of its own package and of the user's own code."""

    digest: str
    files: tuple[Path, ...]
    libraries: tuple[str, ...]
    """The installed packages that these import, by the names they are imported by."""
