"""Whether the files and texts that a step leaves can be kept and shown: their kinds, names, sizes and first bytes."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.api.item import Item
from journal.api.report import Report
from journal.errors import UNSEEN, TaskError, one_line
from journal.layout import artifacts_in

_IN_SETTINGS = "journal.yml, limits:"
_FIRST_BYTES = {
    ".png": rb"\x89PNG\r\n\x1a\n",
    ".jpg": rb"\xff\xd8\xff",
    ".jpeg": rb"\xff\xd8\xff",
    ".gif": rb"GIF8[79]a",
    ".webp": rb"RIFF....WEBP",
    ".avif": rb"....ftyp",
    ".svg": rb"(?:\xef\xbb\xbf)?\s*<",
    ".wav": rb"(?:RIFF|RF64)....WAVE",
    ".flac": rb"fLaC|ID3",
    ".mp3": rb"ID3|\xff[\xe0-\xff]",
    ".ogg": rb"OggS",
    ".opus": rb"OggS",
    ".m4a": rb"....ftyp",
}
"""How files that browsers show begin, by suffix, as patterns."""


@dataclass(frozen=True)
class Limits:
    """The sizes in bytes that no file and no text of a report may exceed."""

    artifact: float = math.inf
    text: float = math.inf


def check_files(folder: Path) -> None:
    """Raise ``TaskError`` for what can't be kept.

    That is links that lead out or nowhere, pipes, sockets, devices, and names that other systems or git can't take.
    """
    home = folder.resolve()
    for where, folders, files in os.walk(folder):
        spelt: dict[str, str] = {}
        for name in (*folders, *files):
            path = Path(where, name)
            shown = path.relative_to(folder).as_posix()
            _check_name(shown, name, spelt.setdefault(name.casefold(), name))
            if path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(home)):
                raise TaskError(f"the task made {shown}, a link out of its folder; copy the file there instead")
            if not (path.is_file() or path.is_dir()):
                raise TaskError(f"the task made {shown}, which is neither a file nor a folder; remove it at the end")


def _check_name(shown: str, name: str, first: str) -> None:
    if UNSEEN.search(shown):
        raise TaskError(f"the task made a file named '{one_line(shown)}'; use a name of letters that can be shown")
    if name == ".git":
        raise TaskError(f"the task made {shown}, which git would take for another repository; rename it")
    if name != first:
        raise TaskError(f"the task made {shown} and {first}, which are one file on macOS and Windows; rename one")


def check_media(path: Path) -> None:
    """Raise ``TaskError`` for a picture or sound that does not begin as its name says, and so could not be shown."""
    pattern = _FIRST_BYTES.get(path.suffix.lower())
    if pattern is None or not path.is_file():
        return
    with path.open("rb") as stream:
        first = stream.read(512)
    if not re.match(pattern, first, re.DOTALL):
        kind = path.suffix[1:].upper()
        raise TaskError(f"{path.name} is no {kind} file: {'it is empty' if not first else 'it begins otherwise'}")


def check_sizes(report: Report, folder: Path, limits: Limits) -> None:
    """Raise ``TaskError`` for a file, an item or an output that is larger than the workspace wants to keep."""
    for path in artifacts_in(folder):
        if (size := path.stat().st_size) > limits.artifact:
            shown = f"{path.relative_to(folder).as_posix()}, of {_in_words(size)}"
            raise TaskError(
                f"the task made {shown}; the limit is {_in_words(limits.artifact)} ({_IN_SETTINGS} artifact)"
            )
    for what in (*report.items, *report.outputs.values()):
        if (size := _text_size(what)) > limits.text:
            shown = f"a {getattr(what, 'kind', 'value')} of {_in_words(size)}"
            raise TaskError(f"the report has {shown}; the limit is {_in_words(limits.text)} ({_IN_SETTINGS} text)")


def _in_words(size: float) -> str:
    unit, factor = next((one for one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if size >= one[1]), ("B", 1.0))
    return f"{size / factor:.3g} {unit}"


def _text_size(what: Any) -> int:
    """Return how many characters of text an item or output holds."""
    if isinstance(what, str):
        return len(what)
    if isinstance(what, Mapping):
        return sum(map(_text_size, what.values()))
    if isinstance(what, list | tuple):
        return sum(map(_text_size, what))
    if isinstance(what, Item):
        return sum(map(_text_size, vars(what).values()))
    return 8 if isinstance(what, int | float) else 0  # about as long as it is written
