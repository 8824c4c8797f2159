"""Steps taken over from another day: the same tasks and settings, without that day's data."""

from __future__ import annotations

from types import NoneType
from typing import Any

import yaml

from journal.text.document import parse_yaml
from journal.text.entry import RESERVED, Entry, split_front_matter
from journal.text.workspace import Workspace


def steps_like(entry: Entry, workspace: Workspace) -> tuple[str, list[str]]:
    """Return the front matter's ``tasks`` of an entry as YAML, files left blank, and the ids of its steps.

    A step whose parameter is blank is told by line before anything runs, so that no data is taken by mistake.
    """
    front, _, _ = split_front_matter(entry.text, entry.display_path)
    given = parse_yaml(front, entry.display_path).data["tasks"] if entry.steps else {}
    steps = {
        step: {
            name: value if name in RESERVED else _without_files(value, workspace) for name, value in settings.items()
        }
        for step, settings in given.items()
    }
    text = yaml.dump({"tasks": steps}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return text, [step.id for step in entry.steps]


class _Dumper(yaml.SafeDumper):
    """Writes what is left blank as a blank."""


_Dumper.add_representer(NoneType, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


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
