"""A fingerprint: the digest of all that a step's result depends on, kept by part so that a rerun has a reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from journal.fingerprint.code import Code
from journal.models import model_digest
from journal.plan import PlannedStep, Reference
from journal.report import SCHEMA
from journal.workspace import Workspace

Digest = Callable[[Path], str]
"""Gives the SHA-256 of a file's or a folder's content."""


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on, part by part, and the digest of it all."""

    parts: Mapping[str, str]
    digest: str

    @classmethod
    def of(cls, parts: Mapping[str, str]) -> Fingerprint:
        text = json.dumps(dict(sorted(parts.items())), ensure_ascii=False)
        return cls(parts, hashlib.sha256(text.encode()).hexdigest())


def take_fingerprint(
    planned: PlannedStep,
    values: Mapping[str, Any],
    outputs: Mapping[Reference, Any],
    code: Code,
    workspace: Workspace,
    day: int,
    digest: Digest,
) -> Fingerprint:
    """Take the fingerprint of a step whose references are resolved.

    ``values`` are the task's parameters with defaults, files as paths; ``outputs`` what the references stand for.
    """
    if planned.task is None:
        raise ValueError(f"step {planned.id} has no task")
    parts = {"task": planned.task.name, "schema": str(SCHEMA), "seed": "0", f"code {planned.task.name}": code.digest}
    if code.reads_the_day:
        parts["day"] = str(day)
    for name in planned.task.libraries:
        parts[f"library {name}"] = _version(name)
    for reference, value in outputs.items():
        parts[f"output {reference.step}.{reference.output}"] = _describe(value, digest)
    for name, value in values.items():
        parts |= _parameter_parts(planned, name, value, workspace, digest)
    return Fingerprint.of(parts)


def explain_change(old: Mapping[str, str] | None, new: Mapping[str, str]) -> list[str]:
    """Say in a few words each what changed between two fingerprints; an old one of None is a step never run."""
    if old is None:
        return ["never run"]
    names = sorted(set(old) | set(new), key=lambda name: (name.split(" ")[0] != "parameter", name))
    return [_explain(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def _parameter_parts(
    planned: PlannedStep, name: str, value: Any, workspace: Workspace, digest: Digest
) -> dict[str, str]:
    role = planned.task.parameters[name].role if planned.task else "value"
    written = planned.step.parameters.get(name)
    if role == "model" and isinstance(value, str):
        return {f"model {value}": model_digest(value, workspace.models, workspace.root)}
    if role in ("file", "files") and value is not None:
        if isinstance(written, str) and written.strip().startswith("${"):
            return {}  # it counts as the output that it refers to
        paths = value if isinstance(value, list) else [value]
        return {f"input {workspace.shown(path)}": digest(path) for path in paths}
    return {f"parameter {name}": _describe(value, digest)}


def _describe(value: Any, digest: Digest) -> str:
    """Return a value's canonical JSON, with a file's content in the place of its path."""

    def plain(part: Any) -> Any:
        if isinstance(part, Path):
            return f"sha256:{digest(part)}"
        if hasattr(part, "model_dump"):
            return part.model_dump(mode="json")
        return str(part)

    return json.dumps(value, default=plain, sort_keys=True, ensure_ascii=False)


def _explain(name: str, old: str | None, new: str | None) -> str:
    kind, _, what = name.partition(" ")
    if kind in ("parameter", "library"):
        title = f"parameter {what}" if kind == "parameter" else what
        return f"{title} {_short(old)} → {_short(new)}"
    if kind == "code":
        return f"code of {what} changed"
    if kind == "output":
        return f"{what.split('.')[0]} ran again"
    verb = "added" if old is None else "removed" if new is None else "changed"
    return f"{kind} {what} {verb}".replace("  ", " ")


def _short(text: str | None) -> str:
    if text is None:
        return "(none)"
    return text if len(text) <= 40 else text[:37] + "..."


@lru_cache(maxsize=256)
def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
