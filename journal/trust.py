"""Which workspaces may run code of their own: those that were made here, and those that their user has trusted once.

A cloned workspace can hold programs: plugins, hooks of the site, addresses to send steps and pages to. Trust is
remembered by place, outside the workspace, so that no workspace can claim it for itself.
"""

from __future__ import annotations

import os
from pathlib import Path

from journal.files import write_atomically

VARIABLE = "JOURNAL_TRUST"
HOW = "look at it, then say so once with: journal trust"


def is_trusted(root: Path) -> bool:
    """Return whether code of the workspace in that folder may run."""
    return os.environ.get(VARIABLE) == "1" or str(root.resolve()) in trusted_places()


def trust(root: Path) -> None:
    """Remember that code of the workspace in that folder may run."""
    places = trusted_places()
    if str(root.resolve()) not in places:
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(_file(), "".join(f"{place}\n" for place in [*places, str(root.resolve())]).encode())


def trusted_places() -> list[str]:
    """Return the folders of the workspaces that are trusted."""
    try:
        return _file().read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []


def _file() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "journal" / "trusted"
