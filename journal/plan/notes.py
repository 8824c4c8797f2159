"""What fingerprints ask of a store: notes that are kept between runs, and digests of files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Memory(Protocol):
    """Keeps notes between runs."""

    def recall(self, kind: str, key: str) -> str | None: ...
    def note(self, kind: str, key: str, value: str) -> None: ...
    def digest(self, path: Path) -> str: ...
