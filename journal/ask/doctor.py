"""Checks what this machine has and lacks for the workspace's entries."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

from journal.api.models import model_states
from journal.doors import COMMANDS, EXECUTORS, ITEMS, DoorError, Installed
from journal.errors import JournalError
from journal.extras import DISTRIBUTION, extras, install_line, missing_modules
from journal.plan.registry import Registry, load_task, read_registry
from journal.record import Record
from journal.text.workspace import Workspace

GOOD, BAD, UNUSED = "ok", "missing", "unused"
_SIGNS = {GOOD: "ok ", BAD: "NOT", UNUSED: " - "}


@dataclass(frozen=True)
class Finding:
    """What was looked at, and how it stands."""

    state: str
    """``GOOD``; ``BAD``; or ``UNUSED`` for what is not installed, and no step of this workspace needs."""
    what: str
    extra: str = ""
    """The extra that would have to be installed."""

    def __str__(self) -> str:
        return f"{_SIGNS[self.state]} {self.what}"


def examine(workspace: Workspace, builtin_commands: Collection[str]) -> Iterator[Finding]:
    """Yield what each check found."""
    registry = read_registry(workspace.plugins)
    yield _finding(sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}")
    yield _finding(shutil.which("git") is not None, "git, for journal publish")
    needed = set(_needed_extras(workspace, registry))
    for extra in extras():
        if missing := missing_modules(extra):
            why = f"{'steps here need it' if extra in needed else 'no step here needs it'}; {install_line(extra)}"
            yield Finding(
                BAD if extra in needed else UNUSED, f"extra {extra}: {', '.join(missing)} missing; {why}", extra
            )
        else:
            yield Finding(GOOD, f"extra {extra}")
    yield from _tasks(registry)
    yield from _doors(builtin_commands)
    for state in model_states(workspace.models, workspace.root, workspace.servers):
        what = f"model {' '.join(str(state).split())}"
        brings = next((extra for extra in extras() if install_line(extra) in what), "")
        yield Finding(BAD if state.problem else GOOD, what, brings)


def install_command(found: Iterable[Finding]) -> list[str]:
    """Return the one command that installs all that is missing and needed, as words; empty if nothing is."""
    missing = dict.fromkeys(one.extra for one in found if one.state == BAD and one.extra)
    if not missing:
        return []
    what = f"{DISTRIBUTION}[{','.join(missing)}]"
    if find_spec("pip") is None and (uv := shutil.which("uv")):
        return [uv, "pip", "install", "--python", sys.executable, what]
    return [sys.executable, "-m", "pip", "install", what]


def _finding(good: bool, what: str) -> Finding:
    return Finding(GOOD if good else BAD, what)


def _needed_extras(workspace: Workspace, registry: Registry) -> Iterator[str]:
    """Yield the extras that steps of the entries need: those after which the module of their task is named."""
    record = Record(workspace)
    tasks = set[str]()
    for day in record.days():
        with suppress(JournalError):  # an entry that is wrong is told by status
            tasks |= {step.uses for step in record.entry(day).steps}
    modules = [source.module for name in tasks for source in registry.sources.get(name, ())]
    modules += [one.module for one in Installed().entry_points(EXECUTORS) if one.name == workspace.on.partition(":")[0]]
    yield from (part for module in modules for part in module.split(".") if part in extras())


def _doors(builtin_commands: Collection[str]) -> Iterator[Finding]:
    """Yield what packages bring beside tasks, and whether it can be imported."""
    installed = Installed()
    for door in (EXECUTORS, ITEMS, COMMANDS):
        for point in installed.entry_points(door):
            if point.package != DISTRIBUTION:
                if door == COMMANDS and point.name in builtin_commands:
                    what = f"command {point.name} of {point.origin} is never used: journal has one of that name"
                    yield Finding(BAD, what)
                    continue
                what = f"{door.removeprefix('journal.').removesuffix('s')} {point.name}"
                try:
                    installed.find(door, point.name).load()
                    yield Finding(GOOD, what)
                except DoorError as error:
                    yield Finding(BAD, f"{what}: {error}")


def _tasks(registry: Registry) -> Iterator[Finding]:
    for path, why in registry.broken.items():
        yield Finding(BAD, f"plugin {path}: {why}")
    for name in registry.names():
        try:
            load_task(registry.find(name))
            yield Finding(GOOD, f"task {name}")
        except JournalError as error:
            yield Finding(BAD, str(error))
