"""A plan: an entry's steps with their tasks, in the order in which they can run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from journal.api.models import resolve_model
from journal.api.task import ParameterError, Task, brief
from journal.errors import EntryError, JournalError, ModelError, nearest
from journal.plan.registry import Registry, TaskSource, load_task
from journal.text.entry import Entry, Step
from journal.text.workspace import Workspace

_REFERENCE = re.compile(r"\$\{\s*(?:day-(?P<day>\d+)\.)?(?P<step>[A-Za-z0-9][\w-]*)\.(?P<output>[\w-]+)\s*\}")
_UNFINISHED = re.compile(r"\$\{\s*((?:day-\d+\.)?[A-Za-z0-9][\w-]*)\s*\}")
_BYTES = re.compile("[\udc80-\udcff]")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Reference:
    """``${step.output}``, or ``${day-132.step.output}`` of an earlier day."""

    step: str
    output: str
    day: int | None = None

    def __str__(self) -> str:
        return f"${{{f'day-{self.day}.' if self.day is not None else ''}{self.step}.{self.output}}}"


@dataclass(frozen=True)
class PlannedStep:
    """A step with its task and what it waits for; ``problem`` says why it can't run as it is written."""

    step: Step
    task: Task | None
    """None also where the step was found right before, as it is written."""
    source: TaskSource | None
    references: tuple[Reference, ...]
    needs: tuple[str, ...]
    """Ids of this entry's steps that end before this one begins."""
    problem: EntryError | None = None

    @property
    def id(self) -> str:
        return self.step.id


@dataclass(frozen=True)
class Plan:
    """An entry's steps, each after those that it needs."""

    entry: Entry
    steps: tuple[PlannedStep, ...]

    @property
    def problems(self) -> list[EntryError]:
        return [step.problem for step in self.steps if step.problem]


Trusted = Callable[[Step, TaskSource], bool]
"""Says of a step whether it was found right before, so that its task need not be imported to check it again."""


def _trust_none(step: Step, source: TaskSource) -> bool:
    return False


def make_plan(entry: Entry, workspace: Workspace, registry: Registry, trusted: Trusted = _trust_none) -> Plan:
    """Tie each step to its task and put the steps in order; raises EntryError where no order is possible."""
    planned = {step.id: _plan_step(entry, step, workspace, registry, trusted) for step in entry.steps}
    return Plan(entry, tuple(_in_order(entry, planned)))


def references_in(value: Any) -> list[Reference]:
    """Return the references in a parameter's value, however deep."""
    if isinstance(value, str):
        return [_reference(match) for match in _REFERENCE.finditer(value)]
    parts: Any = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [reference for part in parts for reference in references_in(part)]


def substitute(value: Any, outputs: Mapping[Reference, Any]) -> Any:
    """Put outputs in the place of references; a reference that is the whole text keeps its output's type."""
    if isinstance(value, Mapping):
        return {key: substitute(part, outputs) for key, part in value.items()}
    if isinstance(value, list):
        return [substitute(part, outputs) for part in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value.strip())
    if whole:
        return outputs[_reference(whole)]
    return _REFERENCE.sub(lambda match: str(outputs[_reference(match)]), value)


def resolve_inputs(roles: Mapping[str, str], values: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Turn the text of file parameters into paths; raises ParameterError where there is no such file.

    ``roles`` says of each parameter of the task what it is: "file", "files", or another thing that stays as it is.
    """
    resolved = dict(values)
    for name, role in roles.items():
        if name in values and values[name] is not None:
            if role == "file":
                resolved[name] = _file(name, values[name], root)
            elif role == "files":
                resolved[name] = _files(name, values[name], root)
    return resolved


def _plan_step(entry: Entry, step: Step, workspace: Workspace, registry: Registry, trusted: Trusted) -> PlannedStep:
    references = tuple(dict.fromkeys(references_in(step.parameters)))
    needs = dict.fromkeys([*(ref.step for ref in references if ref.day is None), *step.after])
    planned = PlannedStep(step, None, None, references, tuple(needs))
    try:
        source = registry.find(step.uses)
        planned = replace(planned, task=None if trusted(step, source) else load_task(source), source=source)
    except EntryError as error:
        return replace(planned, problem=EntryError(f"{entry.place(step, 'uses')}: {error}"))
    try:
        _check_needs(entry, planned)
        _check_parameters(entry, planned, workspace)
    except EntryError as error:
        return replace(planned, problem=error)
    return planned


def _check_needs(entry: Entry, planned: PlannedStep) -> None:
    known = [step.id for step in entry.steps]
    for name, value in planned.step.parameters.items():
        if unfinished := [match for match in _UNFINISHED.findall(str(value)) if match.split(".")[-1] in known]:
            place = entry.place(planned.step, name)
            raise EntryError(f"{place}: ${{{unfinished[0]}}} names no output; write ${{{unfinished[0]}.OUTPUT}}")
    for need in planned.needs:
        if need not in known:
            place = entry.place(planned.step, _where_needed(planned.step, need))
            raise EntryError(f"{place}: step '{planned.id}' refers to '{need}', which is no step{nearest(need, known)}")
    for reference in planned.references:
        if reference.day is not None and reference.day >= entry.day:
            place = entry.place(planned.step, _where_needed(planned.step, reference.step))
            raise EntryError(
                f"{place}: {reference} is not of an earlier day; day {entry.day} may refer to days before it"
            )


def _where_needed(step: Step, need: str) -> str:
    for name, value in step.parameters.items():
        if any(reference.step == need for reference in references_in(value)):
            return name
    return "after"


def _check_parameters(entry: Entry, planned: PlannedStep, workspace: Workspace) -> None:
    """Check all that can be known before the steps that this one refers to have run."""
    task, step = planned.task, planned.step
    if task is None:
        return
    known = {name: value for name, value in step.parameters.items() if not references_in(value)}
    try:
        task.check_names(step.parameters)
        roles = {name: parameter.role for name, parameter in task.parameters.items()}
        resolved = resolve_inputs(roles, known, workspace.root)
        task.validate_some(resolved)
        for name, value in known.items():
            if task.parameters[name].role == "model" and isinstance(value, str):
                _check_model(name, value, workspace)
    except ParameterError as error:
        raise EntryError(f"{entry.place(step, error.parameter)}: {error}") from error
    except JournalError as error:
        raise EntryError(f"{entry.place(step)}: {error}") from error


def _check_model(name: str, value: str, workspace: Workspace) -> None:
    try:
        resolve_model(value, workspace.models)
    except ModelError as error:
        raise ParameterError(name, str(error)) from error


def _in_order(entry: Entry, planned: Mapping[str, PlannedStep]) -> list[PlannedStep]:
    """Sort the steps so that each comes after those it needs; a step that waits for itself is an error."""
    graph = {step.id: [need for need in step.needs if need in planned] for step in planned.values()}
    try:
        return [planned[step_id] for step_id in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        place = entry.place(planned[cycle[0]].step)
        message = f"{place}: the steps wait for each other: {' → '.join(cycle)}; take one reference out"
        raise EntryError(message) from error


def _reference(match: re.Match[str]) -> Reference:
    return Reference(match["step"], match["output"], int(match["day"]) if match["day"] else None)


def _file(name: str, value: Any, root: Path) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise ParameterError(name, f"parameter '{name}' is {value!r}; give the path of one file")
    path = root / value
    if not _exists(path):
        raise ParameterError(name, f"parameter '{name}': there is no file {brief(_shown(path, root))}{_similar(path)}")
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name longer than any file's, or a NUL in it
        return False


def _files(name: str, value: Any, root: Path) -> list[Path]:
    """Return the files of a path, a list or a glob, each once, in the order given and sorted within a glob."""
    values = value if isinstance(value, list) else [value]
    paths: list[Path] = []
    for one in values:
        if isinstance(one, str) and _GLOB.search(one) and not _exists(root / one):
            paths += _glob(name, one, root)
        else:
            paths.append(_file(name, one, root))
    if not paths:
        raise ParameterError(name, f"parameter '{name}' names no file; give a path, a list of paths or a glob")
    return list(dict.fromkeys(paths))


def _glob(name: str, pattern: str, root: Path) -> list[Path]:
    if Path(pattern).is_absolute():
        raise ParameterError(name, f"parameter '{name}': the glob {pattern} must be relative to the workspace")
    try:
        found = sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, OSError) as error:
        raise ParameterError(name, f"parameter '{name}': {pattern} is no glob: {error}") from error
    if not found:
        raise ParameterError(name, f"parameter '{name}': no file matches {pattern}")
    for path in found:
        if _BYTES.search(path.name):
            shown = _BYTES.sub("?", _shown(path, root))
            raise ParameterError(name, f"parameter '{name}': the name of {shown} is no UTF-8; rename the file")
    return found


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _similar(path: Path) -> str:
    siblings = [one.name for one in path.parent.iterdir()] if _exists(path.parent) and path.parent.is_dir() else []
    found = nearest(path.name, siblings)
    return found if found.startswith("; did") else "; check the path, which is relative to the workspace"
