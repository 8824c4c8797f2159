"""The format of a workspace: which versions of journal can read it, and how one of an earlier format is moved."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from journal.errors import EntryError
from journal.extras import DISTRIBUTION, VERSION
from journal.files import write_atomically
from journal.text.document import Document

_LINE = re.compile(r"^format:[ \t]*(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Move:
    """What a newer format has changed in journal.yml."""

    to: int
    change: Callable[[str], str]
    """Returns the file's text as the newer format has it; the same text if there is nothing to change."""
    what: str


def _rename_packages(text: str) -> str:
    text = re.sub(r"\bpackage:tasks\.diffusion\.emoji_scenes(?=/)", "package:emoji_scenes", text)
    return re.sub(r"\bpackage:tasks(?=[./])", "package:journal_tasks", text)


MOVES = (Move(2, _rename_packages, "models inside packages are named by the packages' present names"),)
"""Never edited once released. A workspace that says no format has the first one."""
FORMAT = MOVES[-1].to


def check_format(document: Document) -> None:
    """Raise ``EntryError`` where a workspace was written for a newer journal, so that this one can do it no harm."""
    stated: Any = document.data.get("format", 1)
    if not isinstance(stated, int) or isinstance(stated, bool) or stated < 1:
        raise EntryError(f"{document.place('format')}: format is {stated!r}; write {FORMAT}, or leave the line out")
    if stated > FORMAT:
        raise EntryError(
            f"{document.place('format')}: this workspace has format {stated}, and journal {VERSION} knows those up to "
            f"{FORMAT}; nothing was touched. Update it: pip install --upgrade {DISTRIBUTION}"
        )


def move_to_present(path: Path, backups: Path, tell: Callable[[str], None]) -> None:
    """Bring a journal.yml of an earlier format to the present one, keep it as it was in a folder, and say so.

    One in which nothing has changed its form stays as it is; so does one that can't be written, since what earlier
    versions wrote is read all the same.
    """
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:  # whoever reads it says so
        return
    found = _LINE.search(text)
    moves = [move for move in MOVES if move.to > (int(found[1]) if found else 1)]
    moved, done = text, list[str]()
    for move in moves:
        if (changed := move.change(moved)) != moved:
            moved, done = changed, [*done, move.what]
    if not done:
        return
    with suppress(OSError):
        kept = _keep(text, backups / f"before-format-{FORMAT}" / path.name)
        write_atomically(path, _with_format(moved).encode("utf-8", "surrogateescape"))
        tell(f"{path.name}: brought to format {FORMAT} ({'; '.join(done)}); as it was: {kept.relative_to(path.parent)}")


def _with_format(text: str) -> str:
    if _LINE.search(text):
        return _LINE.sub(f"format: {FORMAT}", text, count=1)
    newline = "\r\n" if "\r\n" in text else "\n"
    return f"{text}{'' if text.endswith(newline) else newline}format: {FORMAT}{newline}"


def _keep(text: str, path: Path) -> Path:
    """Write a file under a name that is free, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        target = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        if not target.exists():
            write_atomically(target, text.encode("utf-8", "surrogateescape"))
            break
    return target
