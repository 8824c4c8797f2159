"""The contents of new workspaces and new entries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from journal.errors import UsageError
from journal.layout import LAST_DAY, entry_file
from journal.record import Record
from journal.text.template import fill_template, read_template
from journal.text.workspace import FILE_NAME, read_workspace
from journal.trust import trust

_HERE = Path(__file__).parent


def make_workspace(folder: Path) -> Iterator[Path]:
    """Create journal.yml, site/mkdocs.yml, a workflow that publishes and a first entry; yield what was created.

    Existing files are kept.
    """
    texts = {
        FILE_NAME: (_HERE / FILE_NAME).read_text().replace("DAY-1", date.today().isoformat()),
        "site/mkdocs.yml": (_HERE / "mkdocs.yml").read_text(),
        "entries/.gitkeep": "",
        "plugins/.gitkeep": "",
        ".gitignore": "/.journal/\n/build/\n",
        ".github/workflows/publish.yml": (_HERE / "publish.yml").read_text(),
    }
    for name, text in texts.items():
        if _write_new(folder / name, text):
            yield folder / name
    trust(folder)  # what is made here is its maker's own
    workspace = read_workspace(folder.resolve())
    record = Record(workspace)
    if not record.days():
        yield new_entry(record, None, "")


def new_entry(record: Record, day: int | None, title: str) -> Path:
    """Write the entry of a day, or of the one after the last, from the workspace's template.md or the built-in one.

    Raises ``UsageError`` where the day can't have a new entry.
    """
    workspace, days = record.workspace, record.days()
    day = day if day is not None else max(days, default=0) + 1
    if day in days:
        raise UsageError(
            f"day {day} already has an entry: {workspace.display_path(days[day])}; edit that, or choose another day"
        )
    if day > LAST_DAY:
        raise UsageError(f"day {day} is too large; the last possible day is {LAST_DAY}")
    when = workspace.date_of(day) or date.today()
    written = (title or f"Day {day}").encode("utf-8", "replace").decode()
    title = json.dumps(written, ensure_ascii=False)
    text = fill_template(read_template(workspace), day, when.isoformat(), title)
    path = entry_file(workspace.entries, day, when)
    if not _write_new(path, text):
        raise UsageError(f"{workspace.display_path(path)} already exists; read or remove it first")
    return path


def _write_new(path: Path, text: str) -> bool:
    """Write a file unless it exists. Raises ``UsageError`` where it can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        if path.parent.is_dir():
            return False
        raise UsageError(f"{path} can't be created: {path.parent} is not a folder; choose another") from error
    except OSError as error:
        raise UsageError(f"{path} can't be created: {error.strerror}; choose another folder") from error
    return True
