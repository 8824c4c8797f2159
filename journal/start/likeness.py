"""Steps taken over from another day: the same tasks and settings, without that day's data."""

from __future__ import annotations

from typing import Any

import yaml

from journal.text.entry import Entry
from journal.text.workspace import Workspace


def steps_like(entry: Entry, workspace: Workspace) -> tuple[str, list[str]]:
    """Return the front matter's ``tasks`` of an entry as YAML, files left blank, and the ids of its steps.

    A step whose parameter is blank is told by line before anything runs, so that no data is taken by mistake.
    """
    steps: dict[str, dict[str, Any]] = {}
    for step in entry.steps:
        given = {name: _without_files(value, workspace) for name, value in step.parameters.items()}
        steps[step.id] = {"uses": step.uses, **given}
    text = yaml.safe_dump({"tasks": steps}, sort_keys=False, allow_unicode=True, width=1000, default_flow_style=False)
    return text.replace(": null\n", ":\n"), list(steps)


def _without_files(value: Any, workspace: Workspace) -> Any:
    """Return a parameter's value, or None where it names files of the workspace."""
    values = value if isinstance(value, list) else [value]
    return None if values and all(_is_file(one, workspace) for one in values) else value


def _is_file(value: Any, workspace: Workspace) -> bool:
    if not isinstance(value, str) or not value or value.startswith("${"):
        return False
    try:
        return (workspace.root / value).is_file() or any(workspace.root.glob(value) if "*" in value else ())
    except (OSError, ValueError, NotImplementedError):
        return False
