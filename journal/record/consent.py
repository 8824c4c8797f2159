"""Whose voices a step's files hold, and which of the speakers have consented."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

SOUNDS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".mp4", ".webm", ".aac", ".aiff"})
_COLUMNS = ("speaker", "speaker_id")


def consented(path: Path | None) -> set[str]:
    """Return the speakers of whom the file has a consent; a damaged or missing file holds none."""
    import yaml

    found = set[str]()
    with suppress(OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError):
        for name, given in yaml.safe_load(path.read_text(encoding="utf-8-sig")).items() if path else ():
            consent = given.get("consent") if isinstance(given, dict) else None
            if consent and str(consent).strip().casefold() not in ("no", "none", "n", "-", "false"):
                found.add(str(name))
    return found


def speakers_of(parameters: Any) -> Iterator[str]:
    """Yield the speakers that a step's parameters name, at any depth: its own, and those of single cuts."""
    if isinstance(parameters, Mapping):
        for name, value in parameters.items():
            if name == "speaker" and isinstance(value, str) and value.strip():
                yield value.strip()
            else:
                yield from speakers_of(value)
    elif isinstance(parameters, list | tuple):
        for part in parameters:
            yield from speakers_of(part)


def speakers_in(table: Path) -> Iterator[str]:
    """Yield the speakers in the rows of a CSV file; one that can't be read, or has no such column, names none."""
    with suppress(OSError, UnicodeDecodeError, csv.Error), table.open(encoding="utf-8-sig", newline="") as rows:
        for row in csv.DictReader(rows):
            yield from (str(row[name]).strip() for name in _COLUMNS if str(row.get(name) or "").strip())
