"""Appends verdicts to the file beside an entry, keeping its existing bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from journal.errors import EntryError
from journal.files import lock, write_atomically
from journal.layout import verdicts_of
from journal.record.verdicts import Verdict, parse_verdicts, read_verdicts
from journal.text.document import as_yaml
from journal.text.workspace import Workspace

_OPENING = "# My verdicts on this day's pictures. `journal verdict` adds to this file, and so can I.\nverdicts:\n"
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)


def add_verdicts(given: Mapping[Path, Sequence[Verdict]], workspace: Workspace, waiting: Callable[[str], None]) -> None:
    """Add verdicts to the files beside entries, to all or none; ``waiting`` is told who else is adding some.

    Raises ``EntryError`` where a file is damaged.
    """
    workspace.state.mkdir(exist_ok=True)
    with lock(workspace.state / "verdicts.lock", "journal verdict", waiting):
        texts = {entry: _with_more(entry, verdicts, workspace) for entry, verdicts in given.items()}
        for entry, text in texts.items():
            write_atomically(verdicts_of(entry), text.encode())


def _with_more(entry: Path, verdicts: Sequence[Verdict], workspace: Workspace) -> str:
    """Return the file's text with verdicts appended, in the file's indentation and line ends."""
    known = read_verdicts(entry, workspace)  # report a damaged file before anything is written
    path = verdicts_of(entry)
    before = path.read_bytes().decode() if path.exists() else ""
    before = before if before.strip() else _OPENING
    newline = "\r\n" if "\r\n" in before else "\n"
    indent = found[1] if (found := _ITEM.search(before)) else "  "
    added = "".join(_as_yaml(verdict, indent) for verdict in verdicts)
    text = before + ("" if before.endswith("\n") else newline) + added.replace("\n", newline)
    try:
        written = parse_verdicts(text, workspace.display_path(path))
    except EntryError:
        written = []
    if len(written) != len(known) + len(verdicts):
        place = f"{workspace.display_path(path)}:1"
        raise EntryError(f"{place}: verdicts can't be appended; write 'verdicts:' and below it '- picture: ...'")
    return text


def _as_yaml(verdict: Verdict, indent: str) -> str:
    given = {name: value for name, value in vars(verdict).items() if value not in ("", None)}
    lines = [f"{name}: {_scalar(value)}" for name, value in given.items()]
    return f"{indent}- {lines[0]}\n" + "".join(f"{indent}  {line}\n" for line in lines[1:])


def _scalar(value: str | int) -> str:
    return str(value) if value in Verdict.WORDS else as_yaml(value)
