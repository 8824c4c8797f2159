"""Plans: an entry's steps with their tasks, in an order in which they can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from journal.api.models import resolve_model
from journal.api.task import ParameterError, Task
from journal.errors import EntryError, JournalError, ModelError, TaskError, nearest, together
from journal.plan.inputs import models_in, resolve_inputs
from journal.plan.references import Reference, references_in, unfinished_in
from journal.plan.registry import Registry, TaskSource, load_task
from journal.text.entry import Entry, Step
from journal.text.workspace import Workspace


@dataclass(frozen=True)
class PlannedStep:
    """A step with its task and what it waits for; ``problem`` says why it can't run as written."""

    step: Step
    task: Task | None
    """Also None if the step, as written, passed its check earlier."""
    source: TaskSource | None
    references: tuple[Reference, ...]
    needs: tuple[str, ...]
    """The steps of this entry that have to end before this one begins."""
    problem: EntryError | None = None

    @property
    def id(self) -> str:
        return self.step.id

    @property
    def known_source(self) -> TaskSource:
        """Where its task comes from. Raises ``TaskError`` where that is unknown."""
        if self.source is None:
            raise TaskError("the step has no task")
        return self.source


@dataclass(frozen=True)
class Plan:
    """An entry's steps, each after the steps it needs."""

    entry: Entry
    steps: tuple[PlannedStep, ...]

    @property
    def problems(self) -> list[EntryError]:
        return [step.problem for step in self.steps if step.problem]


IsChecked = Callable[[Step, TaskSource], bool]
"""Tells whether a step passed its check earlier, so that its task need not be imported to check it again."""


def _never(step: Step, source: TaskSource) -> bool:
    return False


def make_plan(entry: Entry, workspace: Workspace, registry: Registry, is_checked: IsChecked = _never) -> Plan:
    """Find each step's task and put the steps in order. Raises ``EntryError`` where no order is possible."""
    planned = {step.id: _plan_step(entry, step, workspace, registry, is_checked) for step in entry.steps}
    return Plan(entry, tuple(_in_order(entry, planned)))


def _plan_step(
    entry: Entry, step: Step, workspace: Workspace, registry: Registry, is_checked: IsChecked
) -> PlannedStep:
    references = tuple(dict.fromkeys(references_in(step.parameters)))
    needs = dict.fromkeys([*(ref.step for ref in references if ref.day is None), *step.after])
    planned = PlannedStep(step, None, None, references, tuple(needs))
    try:
        source = registry.find(step.uses)
        planned = replace(planned, task=None if is_checked(step, source) else load_task(source), source=source)
    except EntryError as error:
        return replace(planned, problem=EntryError(f"{entry.place(step, 'uses')}: {error}"))
    faults = [*_wrong_needs(entry, planned), *_wrong_parameters(entry, planned, workspace)]
    return replace(planned, problem=together(faults)) if faults else planned


def _wrong_needs(entry: Entry, planned: PlannedStep) -> Iterator[EntryError]:
    known = [step.id for step in entry.steps]
    for name, value in planned.step.parameters.items():
        if unfinished := [one for one in unfinished_in(value) if one.split(".")[-1] in known]:
            place = entry.place(planned.step, name)
            yield EntryError(f"{place}: ${{{unfinished[0]}}} lacks an output; write ${{{unfinished[0]}.OUTPUT}}")
            return
    for need in planned.needs:
        if need not in known:
            place = entry.place(planned.step, _where_needed(planned.step, need))
            yield EntryError(f"{place}: step '{planned.id}' refers to an unknown step '{need}'{nearest(need, known)}")
    for reference in planned.references:
        if reference.day is not None and reference.day >= entry.day:
            place = entry.place(planned.step, _where_needed(planned.step, reference.step))
            yield EntryError(
                f"{place}: {reference} is not from an earlier day; day {entry.day} may only refer to days before it"
            )


def _where_needed(step: Step, need: str) -> str:
    for name, value in step.parameters.items():
        if any(reference.step == need for reference in references_in(value)):
            return name
    return "after"


def _wrong_parameters(entry: Entry, planned: PlannedStep, workspace: Workspace) -> Iterator[EntryError]:
    """Yield all that can be found wrong before the steps it refers to have run."""
    task, step = planned.task, planned.step
    if task is None:
        return
    for wrong in task.wrong_names(step.parameters):
        yield EntryError(f"{entry.place(step, wrong.parameter)}: {wrong}")
    for name, value in step.parameters.items():
        if name not in task.parameters or references_in(value):
            continue
        role = task.parameters[name].role
        try:
            task.validate_some(resolve_inputs({name: role}, {name: value}, workspace.root))
            for model in models_in(value, role):
                _check_model(name, model, workspace)
        except ParameterError as error:
            yield EntryError(f"{entry.place(step, error.parameter)}: {error}")
        except JournalError as error:
            yield EntryError(f"{entry.place(step, name)}: {error}")


def _check_model(name: str, value: str, workspace: Workspace) -> None:
    try:
        resolve_model(value, workspace.models, workspace.servers)
    except ModelError as error:
        raise ParameterError(name, str(error)) from error


def _in_order(entry: Entry, planned: Mapping[str, PlannedStep]) -> list[PlannedStep]:
    """Sort the steps so that each comes after those it needs. Raises ``EntryError`` where steps wait in a circle."""
    graph = {step.id: [need for need in step.needs if need in planned] for step in planned.values()}
    try:
        return [planned[step_id] for step_id in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        place = entry.place(planned[cycle[0]].step)
        message = f"{place}: the steps wait for each other: {' → '.join(cycle)}; remove one of the references"
        raise EntryError(message) from error
