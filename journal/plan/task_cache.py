"""A cache of what is known about tasks: digests of their code, their parameters, checked values.

Every note is stored under everything it depends on, so any note found is valid, and a task whose notes are all found
need not be imported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from journal.api.task import Task
from journal.doors import Installed, Notes, own_code
from journal.errors import JournalError
from journal.files import file_stat
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
    roles: Mapping[str, str]
    """The role of each parameter: "value", "file", "files" or "model"."""

    @classmethod
    def of(cls, task: Task) -> TaskSignature:
        roles = {name: parameter.role for name, parameter in task.parameters.items()}
        return cls(task.name, task.libraries, dict(task.resources), roles)


class TaskCache:
    """The code digests, signatures and checks of a workspace's tasks."""

    def __init__(self, workspace: Workspace, notes: NoteCache) -> None:
        self.workspace, self.notes, self.installed = workspace, notes, Installed(notes)
        self._codes: dict[TaskSource, CodeDigest] = {}
        self._signatures: dict[TaskSource, TaskSignature] = {}
        self._settings = digest_of(sorted(workspace.models.items()), own_code())

    def code(self, source: TaskSource) -> CodeDigest:
        """Return the digest of the code that a task reaches, read again if one of its files or folders changed."""
        if source not in self._codes:
            key = digest_of(source.module, source.attribute, own_code())
            code = _code_as_noted(self.notes.recall("code", key))
            if code is None:
                from journal.plan.code import read_code  # imports the parser, which notes make unnecessary

                code = read_code(source, self.workspace.root)
                self.notes.note("code", key, _note_of(code, self.workspace.root))
            self._codes[source] = code
        return self._codes[source]

    def signature(self, source: TaskSource) -> TaskSignature:
        """Return a task's signature, importing the task if its code is new."""
        if source not in self._signatures:
            key = digest_of(self.code(source).digest, source.name, self._settings)
            noted = self.notes.recall("signature", key)
            signature = TaskSignature(**json.loads(noted)) if noted else TaskSignature.of(load_task(source))
            self.notes.note("signature", key, json.dumps(asdict(signature)))
            self._signatures[source] = signature
        return self._signatures[source]

    def is_checked(self, step: Step, source: TaskSource) -> bool:
        """Return whether the step, as written, passed its check with this code, and its files still exist."""
        try:
            key = self._key(step, source)
            if key is None or self.notes.recall("check", key) is None:
                return False
            known = {name: value for name, value in step.parameters.items() if not references_in(value)}
            resolve_inputs(self.signature(source).roles, known, self.workspace.root)
        except (JournalError, OSError):
            return False  # the full check says what is wrong, and where
        return True

    def note_checked(self, planned: PlannedStep) -> None:
        """Note that a step passed its check."""
        if planned.task and planned.source and (key := self._key(planned.step, planned.source)):
            self.notes.note("check", key, "")

    def _key(self, step: Step, source: TaskSource) -> str | None:
        text = _written(step.parameters)
        return text and digest_of(self.code(source).digest, source.name, self._settings, text)


def digest_of(*parts: Any) -> str:
    """Return the SHA-256 of plain values."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _written(parameters: Mapping[str, Any]) -> str | None:
    try:
        return json.dumps(parameters, default=str, ensure_ascii=False)
    except (TypeError, ValueError):
        return None


def _note_of(code: CodeDigest, root: Path) -> str:
    places = sorted({str(root), *(str(path) for path in code.files), *(str(path.parent) for path in code.files)})
    stamps = {place: file_stat(place) for place in places}
    return json.dumps([stamps, code.digest, [str(path) for path in code.files], code.reads_the_day])


def _code_as_noted(noted: str | None) -> CodeDigest | None:
    """Return the code digest in a note if no file in it, and no folder that may gain one, has changed."""
    if noted is None:
        return None
    try:
        stamps, digest, files, reads_the_day = json.loads(noted)
        if any(file_stat(place) != stamp for place, stamp in stamps.items()):
            return None
    except (OSError, ValueError):  # a file is gone, or an older version wrote the note
        return None
    return CodeDigest(digest, tuple(map(Path, files)), reads_the_day)
