"""What a result was seen to read beyond what its step declares, and whether that is still so."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from journal.plan.change import ABSENT, UNSET
from journal.plan.parts import Part, PartKind, Parts
from journal.plan.variables import ALL, state_of_variable

_UNCOUNTED = (PartKind.PROGRAM, PartKind.HOST)
"""What is named only: how a program or a server answers can't be told from here."""
_OUR_OWN = {".journal", "build", "__pycache__"}
"""Folders that running itself makes, so that a clone lacks them."""


@dataclass(frozen=True)
class Surroundings:
    """The state of everything that a step could read, as it is now."""

    root: Path
    day: int
    date: date
    file_digest: Callable[[Path], str]
    code_digest: Callable[[Path], str]
    outside: Callable[[str], Path | None]
    """The path of a file outside the workspace, by its name, where that is known on this machine."""
    model_digest: Callable[[str], str]
    variables: Mapping[str, str]
    find_module: Callable[[str], Path | None]
    """The file of a module of the user's own, as an import would find it."""

    def state(self, part: Part) -> str | None:
        """Return the state of what a part names, as a text that is equal if it is the same; None if that is unknown."""
        match part.kind:
            case PartKind.CODE:
                return self._code(part.name)
            case PartKind.FILE | PartKind.FOLDER | PartKind.PRESENCE:
                path = self.path(part.name)
                return self._state_of_path(part.kind, path) if path else None
            case PartKind.VARIABLE:
                return state_of_variable(part.name, self.variables)
            case PartKind.MODULE:
                return self._module(part.name)
            case PartKind.MODEL:
                return self.model_digest(part.name)
            case PartKind.DAY:
                return str(self.day)
            case PartKind.DATE:
                return self.date.isoformat()
            case _:
                return ""

    def path(self, name: str) -> Path | None:
        """Return the path that a name stands for: in the workspace, below the home folder, or elsewhere."""
        if name.startswith("~/"):
            return Path(name).expanduser()
        return self.outside(name) if name.startswith("…/") else self.root / name

    def _module(self, name: str) -> str:
        from journal.plan.code import is_found  # imports the parser, which few results need

        return "found" if is_found(name, self.root) else ABSENT

    def _code(self, name: str) -> str:
        """Return the digest of a module, and whether another file, or a package above it, now comes in its way."""
        module = _module_of(name)
        found = self.find_module(module) if module else None
        path = self.root / name if name.endswith(".py") else found
        try:
            digest = self.code_digest(path) if path else ABSENT
        except OSError:
            return ABSENT
        if module and path and path.is_relative_to(self.root):
            above = [one for one in path.relative_to(self.root).parents if one.name]
            digest += "".join(
                f" {one} is no package" for one in above if not (self.root / one / "__init__.py").exists()
            )
        return digest if found in (path, None) else f"{digest} behind another"

    def _state_of_path(self, kind: PartKind, path: Path) -> str:
        try:
            if kind == PartKind.FILE:
                return self.file_digest(path) if path.exists() else ABSENT
            if kind == PartKind.FOLDER:
                names = set(os.listdir(path)) - _OUR_OWN  # noqa: PTH208  # names are all that is wanted
                return _digest("\n".join(sorted(names)))
            what = "file" if path.is_file() else "folder" if path.is_dir() else ABSENT
            return f"link {_digest(os.readlink(path))[:16]} to {what}" if path.is_symlink() else what  # noqa: PTH115
        except OSError:
            return ABSENT


def changes(seen: Parts, now: Surroundings) -> dict[Part, str]:
    """Return what is no longer as it was seen, each with its present state."""
    states = ((part, now.state(part)) for part, state in seen.items() if state and part.kind not in _UNCOUNTED)
    return {part: state for part, state in states if state is not None and state != seen[part]}


def undeclared(seen: Parts) -> list[str]:
    """Return in a few words what a step was seen to read that it did not declare."""
    words = {PartKind.FILE: "{}", PartKind.FOLDER: "the names in {}/", PartKind.VARIABLE: "the variable {}"}
    read = [part for part, state in seen.items() if part.kind in words and state not in (ABSENT, UNSET)]
    return [
        "all variables" if part == Part(PartKind.VARIABLE, ALL) else words[part.kind].format(part.name) for part in read
    ]


def unobserved(seen: Parts) -> list[str]:
    """Return the programs and servers whose reads or answers can't be observed."""
    return [part.name for part in seen if part.kind in _UNCOUNTED]


def result_name(fingerprint: str, seen: Mapping[str, str]) -> str:
    """Return the name of a result: its fingerprint, and a digest of what was seen where that is something."""
    text = "\n".join(sorted(f"{part}\t{state}" for part, state in seen.items()))
    return f"{fingerprint}.{_digest(text)[:16]}" if seen else fingerprint


def _module_of(name: str) -> str:
    """Return the module that a name of a source file stands for, or an empty string for a plugin file."""
    if not name.endswith(".py"):
        return name
    if name.startswith("plugins/"):
        return ""
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
