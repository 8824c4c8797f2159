"""The template of new entries: the workspace's own, or the built-in one."""

from __future__ import annotations

from pathlib import Path

from journal.errors import UsageError
from journal.text.workspace import Workspace

_NAME = "template.md"


def read_template(workspace: Workspace) -> str:
    """Return the text that new entries begin with. Raises ``UsageError`` where it can't be read."""
    own = workspace.root / _NAME
    try:
        return (own if own.is_file() else Path(__file__).parent / _NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{_NAME} can't be read: {error}; save it as UTF-8 text") from error


def fill_template(text: str, day: int, date: str, title: str) -> str:
    """Return a template with the day, its date and its title, as YAML has it, in their places."""
    for name, value in {"DAY": str(day), "DATE": date, "TITLE": title}.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text
