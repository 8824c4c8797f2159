"""Names of files that no program takes for something else."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

_SPLITS = "train|training|validation|valid|val|dev|test|testing|eval|evaluation"
"""Words that the library datasets takes for a split where they stand in a file's name."""


def no_split(name: str) -> str:
    """Return a name in which no word is one that `datasets` takes for a split: ``dev`` becomes ``devs``."""
    return re.sub(rf"(?<![^\W\d_])({_SPLITS})(?![^\W\d_])", r"\1s", name, flags=re.IGNORECASE)


def name_recording(path: Path) -> str:
    """Return the name of a recording's clips: its file's, in characters that stand in any link."""
    name = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", path.stem)).strip("-.") or "recording"
    return no_split(name)
