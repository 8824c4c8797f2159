"""Fingerprints: the digest of everything a step's result depends on, kept by part so that reruns can be explained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.api.models import model_digest
from journal.api.report_file import SCHEMA
from journal.plan.inputs import resolve_inputs
from journal.plan.parts import Part, PartKind, Parts, dump_parts
from journal.plan.references import Reference, references_in, substitute
from journal.plan.registry import TaskSource, load_task
from journal.plan.steps import PlannedStep
from journal.plan.task_cache import TaskCache, digest_of
from journal.text.entry import Entry


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on, part by part, and the digest of all parts."""

    parts: Parts
    digest: str

    @classmethod
    def of(cls, parts: Parts) -> Fingerprint:
        text = json.dumps(dump_parts(parts), ensure_ascii=False)
        return cls(parts, hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest())


@dataclass(frozen=True)
class Inputs:
    """The values given to a step's task, with files as paths and references replaced by outputs."""

    values: Mapping[str, Any]
    outputs: Mapping[Reference, Any]


def read_inputs(planned: PlannedStep, source: TaskSource, outputs: Mapping[Reference, Any], cache: TaskCache) -> Inputs:
    """Resolve a step's references and files. Raises ``ParameterError`` where a file is missing."""
    values = substitute(dict(planned.step.parameters), outputs)
    return Inputs(resolve_inputs(cache.signature(source).roles, values, cache.workspace.root), outputs)


def take_fingerprint(
    planned: PlannedStep, source: TaskSource, inputs: Inputs, entry: Entry, cache: TaskCache
) -> Fingerprint:
    """Compute the fingerprint of a step. Raises ``ParameterError`` where its task doesn't accept the values."""
    signature, code = cache.signature(source), cache.code(source)
    parts = {
        Part(PartKind.TASK): signature.name,
        Part(PartKind.SCHEMA): str(SCHEMA),
        Part(PartKind.SEED): "0",
        Part(PartKind.CODE, signature.name): code.digest,
    }
    if code.reads_the_day:
        parts |= {Part(PartKind.DAY): str(entry.day), Part(PartKind.DATE): entry.date.isoformat()}
    for name in signature.libraries:
        parts[Part(PartKind.LIBRARY, name)] = cache.installed.version(name)
    described = {Part(PartKind.OUTPUT, _bare(ref)): _describe(value, cache) for ref, value in inputs.outputs.items()}
    parts |= described
    checked = _check_values(planned, source, inputs, cache, digest_of(code.digest, dump_parts(described)))
    for name, text in checked.items():
        parts |= _value_parts(name, text, signature.roles[name], cache)
    for name, role in signature.roles.items():
        if role in ("file", "files"):
            parts |= _file_parts(name, planned.step.parameters.get(name), inputs.values.get(name), inputs, cache)
    return Fingerprint.of(parts)


def _check_values(
    planned: PlannedStep, source: TaskSource, inputs: Inputs, cache: TaskCache, basis: str
) -> dict[str, str]:
    """Return the values of parameters other than files, converted to the task's types, in canonical JSON.

    ``basis`` is the digest of the code and of the values of references.
    """
    written = json.dumps(planned.step.parameters, default=str, ensure_ascii=False)
    key = digest_of(basis, source.name, written)
    if noted := cache.notes.recall("values", key):
        return dict(json.loads(noted))
    task, roles = load_task(source), cache.signature(source).roles
    values = task.validate(inputs.values)
    described = {
        name: _describe(planned.step.parameters[name] if _refers(planned, name) else value, cache)
        for name, value in values.items()
        if roles[name] not in ("file", "files")
    }
    cache.notes.note("values", key, json.dumps(described))
    return described


def _refers(planned: PlannedStep, name: str) -> bool:
    """Return whether a parameter contains references, whose values are counted as outputs."""
    return bool(references_in(planned.step.parameters.get(name)))


def _value_parts(name: str, text: str, role: str, cache: TaskCache) -> dict[Part, str]:
    value = json.loads(text)
    if role == "model" and isinstance(value, str) and not references_in(value):
        workspace = cache.workspace
        return {Part(PartKind.MODEL, value): model_digest(value, workspace.models, workspace.root, cache.notes.digest)}
    return {Part(PartKind.PARAMETER, name): text}


def _file_parts(name: str, written: Any, value: Any, inputs: Inputs, cache: TaskCache) -> dict[Part, str]:
    """Return the content of each file, and which files the parameter names, in order."""
    given = set(_paths_in(list(inputs.outputs.values())))
    paths = [] if value is None else value if isinstance(value, list) else [value]
    names = ["${}" if path in given else cache.workspace.display_path(path) for path in paths]
    parts = {Part(PartKind.FILES, name): json.dumps([names, _written_references(written)], ensure_ascii=False)}
    for path, shown in zip(paths, names, strict=True):
        if path not in given:
            part = Part(PartKind.INPUT, shown)
            parts[part] = parts.get(part, "") + cache.notes.digest(path)
    return parts


def _written_references(written: Any) -> list[str]:
    return [str(reference) for reference in references_in(written)]


def _paths_in(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _paths_in(one)


def _bare(reference: Reference) -> str:
    return str(reference)[2:-1]


def _describe(value: Any, cache: TaskCache) -> str:
    """Return a value's canonical JSON, with each path replaced by the file's name and digest."""

    def plain(part: Any) -> Any:
        if isinstance(part, Path):
            return f"{part.name} sha256:{cache.notes.digest(part)}"
        if hasattr(part, "model_dump"):
            return part.model_dump(mode="json")
        return sorted(part, key=str) if isinstance(part, set | frozenset) else str(part)

    return json.dumps(value, default=plain, sort_keys=True, ensure_ascii=False)
