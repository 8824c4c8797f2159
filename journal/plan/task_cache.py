"""A cache of what is known about tasks: digests of their code, their parameters, checked values.

Every note is stored under everything it depends on, so any note found is valid, and a task whose notes are all found
need not be imported.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from journal.api.roles import RoleTree
from journal.api.task import Task
from journal.doors import Installed, Notes, own_code
from journal.errors import JournalError
from journal.files import file_stat, is_fresh
from journal.plan.code_digest import CodeDigest
from journal.plan.inputs import resolve_inputs
from journal.plan.references import references_in
from journal.plan.registry import TaskSource, load_task
from journal.plan.steps import PlannedStep
from journal.text.entry import Step
from journal.text.workspace import Workspace


class NoteCache(Notes, Protocol):
    """A cache of notes and of file digests that lasts between runs."""

    def digest(self, path: Path) -> str: ...


@dataclass(frozen=True)
class TaskSignature:
    """What plans, fingerprints and runs need to know about a task."""

    name: str
    libraries: tuple[str, ...]
    resources: Mapping[str, float]
    roles: Mapping[str, RoleTree]
    """The role of each parameter."""
    version: int | None = None
    package: Mapping[str, str] = field(default_factory=dict)
    """The installed package that brings the task, and its version; empty for code of the user's own."""

    @classmethod
    def of(cls, task: Task, package: Mapping[str, str]) -> TaskSignature:
        roles = {name: parameter.role for name, parameter in task.parameters.items()}
        return cls(task.name, task.libraries, dict(task.resources), roles, task.version, package)


class TaskCache:
    """The code digests, signatures and checks of a workspace's tasks."""

    def __init__(
        self, workspace: Workspace, notes: NoteCache, reported: Callable[[Path], str] = lambda path: ""
    ) -> None:
        """Open the cache; ``reported`` returns the digest that a report gives a file which a step made."""
        self.reported = reported
        self.workspace, self.notes, self.installed = workspace, notes, Installed(notes)
        self._codes: dict[TaskSource, CodeDigest] = {}
        self._signatures: dict[TaskSource, TaskSignature] = {}
        self._bases: dict[TaskSource, str] = {}
        self._modules: dict[str, Path | None] = {}
        self._settings = digest_of(
            sorted(workspace.models.items()), sorted(map(repr, workspace.servers.values())), own_code_digest()
        )

    def code(self, source: TaskSource) -> CodeDigest:
        """Return the digest of the code that a task imports, read again if one of its files or folders changed."""
        if source not in self._codes:
            key = digest_of(source.module, own_code_digest())
            code = _code_as_noted(self.notes.recall("code", key))
            if code is None:
                from journal.plan.code import read_code  # imports the parser, which notes make unnecessary

                code = read_code(source, self.workspace.root)
                self.notes.note("code", key, _note_of(code, self.workspace.root))
            self._codes[source] = code
        return self._codes[source]

    def basis(self, source: TaskSource) -> str:
        """Return the digest of all that a task's parameters depend on: its code, and what else was loaded with it."""
        if source not in self._bases:
            loaded = json.loads(self.notes.recall("loaded", self._key_of(source)) or "[]")
            states = [(path, self.code_digest(Path(path))) for path in loaded if Path(path).exists()]
            self._bases[source] = digest_of(self.code(source).digest, states, source.name, self._settings)
        return self._bases[source]

    def signature(self, source: TaskSource) -> TaskSignature:
        """Return a task's signature, importing the task if its code is new."""
        if source not in self._signatures:
            noted = self.notes.recall("signature", self.basis(source))
            if noted is None:
                noted = json.dumps(asdict(TaskSignature.of(load_task(source), self._package_of(source))))
                self.notes.note("loaded", self._key_of(source), json.dumps(_own_files_loaded()))
                del self._bases[source]
            self.notes.note("signature", self.basis(source), noted)
            self._signatures[source] = TaskSignature(**json.loads(noted))
        return self._signatures[source]

    def code_digest(self, path: Path) -> str:
        """Return the digest of a file's syntax, noted by the file's size, times and inode."""
        stat = file_stat(path)
        noted = self.notes.recall("syntax", str(path))
        if noted and (kept := json.loads(noted))[0] == stat:
            return str(kept[1])
        from journal.plan.syntax import syntax_digest

        digest = syntax_digest(path.read_bytes())
        if file_stat(path) == stat and not is_fresh(path):
            self.notes.note("syntax", str(path), json.dumps([stat, digest]))
        return digest

    def outside(self, name: str) -> Path | None:
        """Return the path of a file outside the workspace by the name in reports, if it was read on this machine."""
        noted = self.notes.recall("outside", name)
        return Path(noted) if noted else None

    def find_module(self, name: str) -> Path | None:
        """Return the file of a module of the user's own, looked for once in a look at results."""
        if name not in self._modules:
            from journal.plan.code import find_module  # imports the parser, which few results need

            self._modules[name] = find_module(name, self.workspace.root)
        return self._modules[name]

    def code_name(self, path: Path) -> str:
        """Return the name that stands for a source file."""
        from journal.plan.code import name_of

        return name_of(path, self.workspace.root)

    def _key_of(self, source: TaskSource) -> str:
        return digest_of(self.code(source).digest, source.name)

    def _package_of(self, source: TaskSource) -> dict[str, str]:
        """Return the installed package of a task and its version; nothing for code of the user's own."""
        from journal.plan.code import is_own_file

        if not source.package or any(is_own_file(str(path)) for path in self.code(source).files):
            return {}
        return {source.package: self.installed.version(source.package)}

    def is_checked(self, step: Step, source: TaskSource) -> bool:
        """Return whether the step, as written, passed its check with this code, and its files still exist."""
        try:
            if self.notes.recall("check", self._key(step, source)) is None:
                return False
            known = {name: value for name, value in step.parameters.items() if not references_in(value)}
            resolve_inputs(self.signature(source).roles, known, self.workspace.root)
        except (JournalError, OSError):
            return False  # the full check says what is wrong, and where
        return True

    def note_checked(self, planned: PlannedStep) -> None:
        """Note that a step passed its check."""
        if planned.task and planned.source:
            self.signature(planned.source)  # finds out what else is loaded with the task
            self.notes.note("check", self._key(planned.step, planned.source), "")

    def _key(self, step: Step, source: TaskSource) -> str:
        return digest_of(self.basis(source), step.parameters)


@lru_cache(maxsize=1)
def own_code_digest() -> str:
    """Return a digest that changes with any file of the installed core."""
    return digest_of(own_code())


def digest_of(*parts: Any) -> str:
    """Return the SHA-256 of plain values."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _own_files_loaded() -> list[str]:
    """Return the files of the user's own that are loaded in this process, by the task or another before it."""
    from journal.plan.code import is_own_file

    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted({file for file in files if isinstance(file, str) and file.endswith(".py") and is_own_file(file)})


def _note_of(code: CodeDigest, root: Path) -> str:
    places = sorted({str(root), *(str(path) for path in code.files), *(str(path.parent) for path in code.files)})
    stats = {} if any(map(is_fresh, code.files)) else {place: file_stat(place) for place in places}
    return json.dumps([stats, code.digest, [str(path) for path in code.files], code.libraries])


def _code_as_noted(noted: str | None) -> CodeDigest | None:
    """Return the code digest in a note if no file in it, and no folder that may gain one, has changed."""
    if noted is None:
        return None
    try:
        stats, digest, files, libraries = json.loads(noted)
        if not stats or any(file_stat(place) != stat for place, stat in stats.items()):
            return None
    except (OSError, ValueError):  # a file is gone, or an older version wrote the note
        return None
    return CodeDigest(digest, tuple(map(Path, files)), tuple(libraries))
