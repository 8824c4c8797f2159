"""The people in the recordings: what the data set says of each, and whether they consented to be in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal import EntryError, nearest

_COLUMNS = ("gender", "accent", "consent", "licence")
_NOT = ("", "no", "none", "false", "n", "-")


@dataclass(frozen=True)
class Speaker:
    """Somebody who speaks in recordings."""

    name: str
    gender: str = ""
    accent: str = ""
    consent: str = ""
    """How and when it was given; empty where it was not."""
    licence: str = ""

    @property
    def lacks(self) -> str:
        """What has to be there before any clip of theirs is passed on, or the empty text."""
        return " and ".join(name for name in ("consent", "licence") if not getattr(self, name))


def read_speakers(path: Path, shown: str) -> dict[str, Speaker]:
    """Return the speakers by name. Raises EntryError, with ``shown`` for the file, where it is not valid."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise EntryError(f"{shown}:1: there is no such file; mend 'speakers' in journal.yml") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise EntryError(f"{shown}:{line}: this is no YAML in UTF-8; mend it") from None
    if not isinstance(data, Mapping):
        raise EntryError(f"{shown}:1: write a name, a colon, and below it gender, accent, consent and licence")
    return {str(name): _speaker(str(name), given, shown) for name, given in data.items()}


def _speaker(name: str, given: Any, shown: str) -> Speaker:
    if not isinstance(given, Mapping):
        raise EntryError(f"{shown}:1: speaker '{name}' has no lines below; write gender, accent, consent and licence")
    for column in given:
        if column not in _COLUMNS:
            raise EntryError(f"{shown}:1: speaker '{name}' has '{column}'{nearest(str(column), list(_COLUMNS))}")
    return Speaker(name, **{str(column): _text(value) for column, value in given.items()})


def _text(value: Any) -> str:
    text = "" if value is None or value is False else str(value).strip()
    return "" if text.casefold() in _NOT else text
