"""What a new workspace and a new entry begin with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from journal.entry import entry_days
from journal.errors import UsageError
from journal.workspace import FILE_NAME, Workspace, read_workspace

_HERE = Path(__file__).parent
_TEMPLATE = "template.md"


def make_workspace(folder: Path) -> Iterator[Path]:
    """Make journal.yml, site/mkdocs.yml and a first entry in a folder; yields what it made, and keeps what is there."""
    texts = {
        FILE_NAME: (_HERE / FILE_NAME).read_text().replace("DAY-1", date.today().isoformat()),
        "site/mkdocs.yml": (_HERE / "mkdocs.yml").read_text(),
        "entries/.gitkeep": "",
        "plugins/.gitkeep": "",
        ".gitignore": "/.journal/\n/build/\n",
    }
    for name, text in texts.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            yield path
    workspace = read_workspace(folder.resolve())
    if not entry_days(workspace):
        yield new_entry(workspace, None, "")


def new_entry(workspace: Workspace, day: int | None, title: str) -> Path:
    """Write the entry of a day, or of the one after the last, from the workspace's template.md or ours."""
    days = entry_days(workspace)
    day = day if day is not None else max(days, default=0) + 1
    if day in days:
        raise UsageError(f"day {day} has its entry already: {workspace.shown(days[day])}")
    when = workspace.date_of(day) or date.today()
    own = workspace.root / _TEMPLATE
    text = (own if own.is_file() else _HERE / _TEMPLATE).read_text(encoding="utf-8")
    values = {"DAY": str(day), "DATE": when.isoformat(), "TITLE": json.dumps(title or f"Day {day}", ensure_ascii=False)}
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    path = workspace.entries / f"{when.isoformat()}-day-{day}.md"
    path.parent.mkdir(exist_ok=True)
    with path.open("x", encoding="utf-8") as stream:
        stream.write(text)
    return path
