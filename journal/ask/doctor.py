"""Checks what this machine has and lacks for the workspace's entries."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterator

from journal.api.models import model_states
from journal.doors import COMMANDS, EXECUTORS, ITEMS, DoorError, Installed
from journal.errors import JournalError
from journal.extras import DISTRIBUTION, extras, install_line, missing_modules
from journal.plan.registry import load_task, read_registry
from journal.text.workspace import Workspace


def examine(workspace: Workspace, builtin_commands: Collection[str]) -> Iterator[tuple[bool, str]]:
    """Yield, for each check, whether it passed and what it looked at."""
    yield sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}"
    yield shutil.which("git") is not None, "git, for journal publish"
    for extra in extras():
        missing = missing_modules(extra)
        mend = f": {', '.join(missing)} missing; {install_line(extra)}" if missing else ""
        yield not missing, f"extra {extra}{mend}"
    yield from _tasks(workspace)
    yield from _doors(builtin_commands)
    for state in model_states(workspace.models, workspace.root, workspace.servers):
        yield not state.problem, f"model {' '.join(str(state).split())}"


def _doors(builtin_commands: Collection[str]) -> Iterator[tuple[bool, str]]:
    """Yield what packages bring beside tasks, and whether it can be imported."""
    installed = Installed()
    for door in (EXECUTORS, ITEMS, COMMANDS):
        for point in installed.entry_points(door):
            if point.package != DISTRIBUTION:
                if door == COMMANDS and point.name in builtin_commands:
                    yield False, f"command {point.name} of {point.origin} is never used: journal has one of that name"
                    continue
                what = f"{door.removeprefix('journal.').removesuffix('s')} {point.name}"
                try:
                    installed.find(door, point.name).load()
                    yield True, what
                except DoorError as error:
                    yield False, f"{what}: {error}"


def _tasks(workspace: Workspace) -> Iterator[tuple[bool, str]]:
    registry = read_registry(workspace.plugins)
    for path, why in registry.broken.items():
        yield False, f"plugin {path}: {why}"
    for name in registry.names():
        try:
            load_task(registry.find(name))
            yield True, f"task {name}"
        except JournalError as error:
            yield False, str(error)
