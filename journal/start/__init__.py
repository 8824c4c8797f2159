"""The contents of new workspaces and new entries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from journal.errors import UsageError
from journal.layout import LAST_DAY, entry_file
from journal.record import Record
from journal.start.habits import entry_template
from journal.start.likeness import steps_like
from journal.text.entry import Entry
from journal.text.template import fill_template
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


def new_entry(record: Record, day: int | None, title: str, like: Entry | None = None) -> Path:
    """Write the entry of a day, or of the one after the last, from the workspace's template.md or the built-in one.

    ``like`` is an entry whose steps it takes over, without their data. Raises ``UsageError`` where the day can't have
    a new entry.
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
    text = fill_template(entry_template(record, day), day, when.isoformat(), title)
    text = _with_steps(text, *steps_like(like, workspace)) if like else text
    path = entry_file(workspace.entries, day, when)
    if not _write_new(path, text):
        raise UsageError(f"{workspace.display_path(path)} already exists; read or remove it first")
    return path


def _with_steps(text: str, tasks: str, steps: Sequence[str]) -> str:
    """Return an entry's text with these steps instead of its own, and a marker for each before its closing words."""
    front, found, body = text.partition("\n---\n")
    front = re.sub(r"^tasks:.*\n?(?:[ \t]+.*\n?)*", "", f"{front}\n", count=1, flags=re.MULTILINE)
    markers = "".join(f"<!-- journal:{step} -->\n\n" for step in steps)
    paragraphs = body.rstrip().split("\n\n")
    at = next((place + 1 for place, one in enumerate(paragraphs) if one.strip() in "*-+"), len(paragraphs))
    parts = [*paragraphs[:at], markers.strip(), *paragraphs[at:]]
    return f"{front.rstrip()}\n{tasks}---\n" + "\n\n".join(parts) + "\n" if found else text


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
