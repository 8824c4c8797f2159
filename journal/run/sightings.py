"""What a step was seen to read, as parts for its report, and what of it changed while the step ran."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from journal.api.models import content_digest, model_digest
from journal.files import file_stat
from journal.plan.code import find_module, is_found, is_own_file, name_of
from journal.plan.parts import Part, PartKind, dump_parts
from journal.plan.seen import Surroundings
from journal.plan.syntax import syntax_digest
from journal.plan.variables import ALL
from journal.run.accesses import Accesses
from journal.run.job import Job


@dataclass(frozen=True)
class Sightings:
    """What a step was seen to read beyond what it declares."""

    seen: dict[str, str]
    outside: dict[str, str] = field(default_factory=dict)
    """The path of each file outside the workspace."""
    changed: tuple[str, ...] = ()
    """The names of what changed after the step had read it."""


def code_counts(root: Path, is_versioned: bool) -> Callable[[str], bool]:
    """Return a function that tells whether a source file is code whose content, and whose reads, count.

    For a task with a version that is the workspace's own modules alone: for the others its author vouches.
    """
    if not is_versioned:
        return is_own_file
    folder = f"{root}{os.sep}"
    return lambda file: file.startswith(folder) and is_own_file(file) and _is_of_workspace(file, root)


def settle_accesses(accesses: Accesses, job: Job, variables: Mapping[str, str]) -> Sightings:
    """Describe what was read, with its state at the end of the step; ``variables`` are those of its beginning."""
    names = _Names(job.root, Path(variables.get("HOME") or Path.home()))
    counts = code_counts(job.root, job.is_versioned)
    code = {file: stat for file, stat in sorted(accesses.modules.items()) if counts(file)}
    known = dict(job.known_code)

    def code_digest(path: Path) -> str:
        stat, digest = known.get(str(path), ("", ""))
        return digest if stat and stat == file_stat(path) else syntax_digest(path.read_bytes())

    now = Surroundings(
        job.root, job.day, job.date, content_digest, code_digest, names.outside,
        lambda name: model_digest(name, job.models, job.root, servers=job.servers), variables,
        lambda name: find_module(name, job.root),
    )  # fmt: skip
    read = {**{name: stat for name, stat in accesses.files.items() if _is_file(name)}, **accesses.folders}
    parts = [
        *(Part(PartKind.CODE, _code_name(file, accesses, job.root)) for file in code),
        *(Part(_kind_of(name, accesses), names.of(name)) for name in {**accesses.files, **accesses.folders}),
        *(Part(PartKind.PRESENCE, names.of(name)) for name in accesses.asked if name not in accesses.written),
        *(Part(PartKind.VARIABLE, name) for name in (*accesses.variables, *([ALL] if accesses.names else []))),
        *(Part(PartKind.MODEL, name) for name in accesses.models - job.declared_models),
        *(Part(PartKind.MODULE, name) for name in accesses.tried if _is_missing(name, job.root)),
        *(Part(PartKind.PROGRAM, name) for name in accesses.programs),
        *(Part(PartKind.HOST, name) for name in accesses.hosts),
        *([Part(PartKind.DAY)] if accesses.day else []),
        *([Part(PartKind.DATE)] if accesses.date else []),
    ]
    settled = {part: now.state(part) or "" for part in parts}
    changed = [names.of(name) for name, stat in {**read, **code}.items() if _has_changed(name, stat, accesses)]
    return Sightings(dump_parts(settled), names.paths, tuple(changed))


class _Names:
    """Names of paths that hold on every machine: in the workspace, below the home folder, or by their last parts."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root, self.home = root, home
        self.paths: dict[str, str] = {}

    def of(self, name: str) -> str:
        path = Path(name)
        if path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        if path.is_relative_to(self.home):
            return f"~/{path.relative_to(self.home).as_posix()}"
        which = hashlib.sha256(os.fsencode(name)).hexdigest()[:8]  # files of the same name in other folders
        shown = f"…/{Path(*path.parts[-2:]).as_posix().lstrip('/')} {which}"
        self.paths[shown] = name
        return shown

    def outside(self, name: str) -> Path | None:
        return Path(self.paths[name]) if name in self.paths else None


def _code_name(file: str, accesses: Accesses, root: Path) -> str:
    """Return the name that stands for a source file: its path in the workspace, or its module's name."""
    path = Path(file)
    return name_of(path, root) if path.is_relative_to(root) else accesses.module_names.get(file) or name_of(path, root)


def _kind_of(name: str, accesses: Accesses) -> PartKind:
    return PartKind.FOLDER if name in accesses.folders else PartKind.FILE


def _has_changed(name: str, stat: str, accesses: Accesses) -> bool:
    """Return whether a file is not as it was when it was read; what the step itself wrote is not meant."""
    if not stat or name in accesses.written:
        return False
    try:
        return file_stat(name) != stat
    except OSError:
        return True


def _is_file(name: str) -> bool:
    return os.path.isfile(name)  # noqa: PTH113


def _is_missing(name: str, root: Path) -> bool:
    return name not in sys.modules and not is_found(name, root)


def _is_of_workspace(file: str, root: Path) -> bool:
    """Return whether a file is where the workspace's modules or plugins are, not in a package installed in place."""
    name = name_of(Path(file), root)
    module = sys.modules.get(name.removesuffix(".py").replace("/", "."))
    return name.startswith("plugins/") or getattr(module, "__file__", None) == file
