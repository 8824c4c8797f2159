"""Fingerprints: the digest of everything that a step declares, kept by part so that reruns can be explained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from journal.api.models import model_digest
from journal.api.report_file import SCHEMA
from journal.api.roles import RoleTree
from journal.api.task import Task
from journal.plan.inputs import models_in, paths_in, resolve_inputs
from journal.plan.parts import Part, PartKind, Parts, dump_parts
from journal.plan.references import Reference, references_in, substitute
from journal.plan.registry import TaskSource, load_task
from journal.plan.steps import PlannedStep
from journal.plan.task_cache import TaskCache, TaskSignature, digest_of
from journal.plan.values import describe_value, undescribed


@dataclass(frozen=True)
class Fingerprint:
    """What a step declares, part by part, and the digest of all parts; what it is seen to read is kept beside it."""

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


_NO_MODEL = "null"
_NO_FILES = json.dumps([[], []])
SheetReader = Callable[[str], list[dict[str, str]]]
"""Returns the author's rows of a step's sheet, by its name."""


def read_inputs(
    planned: PlannedStep,
    source: TaskSource,
    outputs: Mapping[Reference, Any],
    cache: TaskCache,
    sheet: SheetReader = lambda name: [],
) -> Inputs:
    """Resolve a step's references, files and sheets. Raises ``ParameterError`` where a file is missing."""
    roles = cache.signature(source).roles
    values = substitute(dict(planned.step.parameters), outputs)
    values |= {name: rows for name, role in roles.items() if role == "sheet" and (rows := sheet(name))}
    return Inputs(resolve_inputs(roles, values, cache.workspace.root), outputs)


def take_fingerprint(planned: PlannedStep, source: TaskSource, inputs: Inputs, cache: TaskCache) -> Fingerprint:
    """Compute the fingerprint of what a step declares. Raises ``ParameterError`` where its task refuses the values."""
    signature = cache.signature(source)
    parts = {
        Part(PartKind.TASK): signature.name,
        Part(PartKind.SCHEMA): str(SCHEMA),
        Part(PartKind.SEED): "0",
        **_version_parts(signature),
    }
    described = {
        Part(PartKind.OUTPUT, _bare(ref)): _describe_output(value, cache) for ref, value in inputs.outputs.items()
    }
    parts |= described
    basis = digest_of(cache.basis(source), dump_parts(described))
    for name, text in _check_values(planned, source, inputs, cache, basis).items():
        parts |= _value_parts(name, text, signature.roles[name], cache)
    for name, role in signature.roles.items():
        if role in ("file", "files") and (planned.step.parameters.get(name) or inputs.values.get(name)):
            parts |= _file_parts(name, planned.step.parameters.get(name), inputs.values.get(name), inputs, cache)
    return Fingerprint.of(parts)


def _version_parts(signature: TaskSignature) -> dict[Part, str]:
    """Return what stands for the code of a task that isn't the user's own: its version, or its package's."""
    if signature.version is not None:
        return {Part(PartKind.VERSION, signature.name): str(signature.version)}
    return {Part(PartKind.VERSION, name): version for name, version in signature.package.items()}


def _check_values(
    planned: PlannedStep, source: TaskSource, inputs: Inputs, cache: TaskCache, basis: str
) -> dict[str, str]:
    """Return the values of parameters other than files, converted to the task's types, in canonical JSON.

    A value that is the default counts as none: the task's version or code stands for it.

    ``basis`` is the digest of the code and of the values of references.
    """
    paths = [(str(path), cache.notes.digest(path)) for path in paths_in(_nested(inputs.values, source, cache))]
    sheets = [inputs.values.get(name) for name, role in cache.signature(source).roles.items() if role == "sheet"]
    key = digest_of(basis, source.name, planned.step.parameters, paths, sheets)
    if noted := cache.notes.recall("values", key):
        return dict(json.loads(noted))
    task, roles = load_task(source), cache.signature(source).roles
    values = task.validate(inputs.values)
    counted = {name: value for name, value in values.items() if roles[name] not in ("file", "files")}
    described = {name: _described(planned, name, value, cache) for name, value in counted.items()}
    defaults = _describe_defaults(task, cache)
    chosen = {
        name: text
        for name, text in described.items()
        if text != defaults.get(name) or (_names_model(roles[name]) and text != _NO_MODEL)
    }
    cache.notes.note("values", key, json.dumps(chosen))
    return chosen


def without_defaults(parts: Parts, declared: Parts, source: TaskSource, cache: TaskCache) -> Parts:
    """Return the parts of a result without parameters that a step leaves at their defaults and that count no longer.

    A default is the task's: its version or its code stands for it, so that a new parameter makes no result stale.
    """
    extra = [part for part in parts if part not in declared and part.kind in (PartKind.PARAMETER, PartKind.FILES)]
    if not extra:
        return parts
    defaults = _describe_defaults(load_task(source), cache)
    left_out = [part for part in extra if parts[part] in (defaults.get(part.name), _NO_FILES)]
    return {part: state for part, state in parts.items() if part not in left_out}


def with_defaults(parts: Parts, other: Parts, source: TaskSource, cache: TaskCache) -> Parts:
    """Return parts with the defaults of parameters that only the other one has, so that both can be compared."""
    lacking = [part for part in other if part not in parts and part.kind == PartKind.PARAMETER]
    if not lacking:
        return parts
    defaults = _describe_defaults(load_task(source), cache)
    return {**parts, **{part: defaults[part.name] for part in lacking if part.name in defaults}}


def _describe_defaults(task: Task, cache: TaskCache) -> dict[str, str]:
    optional = {name: one.default for name, one in task.parameters.items() if not one.required}
    found = {}
    for name, default in optional.items():
        with suppress(TypeError):  # a default that can't be described is told where the value is
            found[name] = _describe(default, cache)
    return found


def _names_model(role: RoleTree) -> bool:
    return role == "model" or isinstance(role, Mapping)


def _nested(values: Mapping[str, Any], source: TaskSource, cache: TaskCache) -> list[Any]:
    """Return the values of the parameters that hold files somewhere inside."""
    roles = cache.signature(source).roles
    return [value for name, value in values.items() if isinstance(roles.get(name), Mapping)]


def _described(planned: PlannedStep, name: str, value: Any, cache: TaskCache) -> str:
    """Return a value as text; references, whose values count as outputs, as they are written."""
    try:
        return _describe(planned.step.parameters[name] if _refers(planned, name) else value, cache)
    except TypeError as error:
        raise undescribed(name, error) from error


def _refers(planned: PlannedStep, name: str) -> bool:
    """Return whether a parameter contains references, whose values are counted as outputs."""
    return bool(references_in(planned.step.parameters.get(name)))


def _value_parts(name: str, text: str, role: RoleTree, cache: TaskCache) -> dict[Part, str]:
    """Return a value, and the content of each model that it names."""
    workspace, digest, value = cache.workspace, cache.notes.digest, json.loads(text)
    models = [] if references_in(value) else list(models_in(value, role))
    parts = {
        Part(PartKind.MODEL, model): model_digest(model, workspace.models, workspace.root, digest, workspace.servers)
        for model in models
    }
    return parts if parts and role == "model" else {**parts, Part(PartKind.PARAMETER, name): text}


def _file_parts(name: str, written: Any, value: Any, inputs: Inputs, cache: TaskCache) -> dict[Part, str]:
    """Return the content of each file, and which files the parameter names, in order."""
    given = set(paths_in(list(inputs.outputs.values())))
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


def _bare(reference: Reference) -> str:
    return str(reference)[2:-1]


def _describe_output(value: Any, cache: TaskCache) -> str:
    """Return an output's canonical JSON, with each path replaced by the file's name and the digest in its report."""
    return describe_value(value, lambda path: f"{path.name} sha256:{cache.reported(path) or cache.notes.digest(path)}")


def _describe(value: Any, cache: TaskCache) -> str:
    """Return a value's canonical JSON, with each path replaced by the file's name and digest."""
    return describe_value(value, lambda path: f"{path.name} sha256:{cache.notes.digest(path)}")
