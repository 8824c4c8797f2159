"""Descriptions of the available tasks and their parameters."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from journal.api.task import Parameter, Task
from journal.ask.task_names import ResultNames, names_in_code, names_in_record
from journal.ask.task_step import example_step
from journal.day.adhoc import step_of
from journal.errors import EntryError, UsageError
from journal.plan.registry import Registry, TaskSource, load_task
from journal.record import Record

_HUGE = 10**15
"""Bounds from here on are technical, of no interest to the reader."""
_MOST_VALUES = 6


def list_tasks(registry: Registry) -> list[str]:
    """Return a line for each task and for each plugin that can't be read."""
    lines = []
    for name in registry.names():
        try:
            source = registry.find(name)
            lines.append(f"{name:<20} {load_task(source).summary}  ({source.origin})")
        except EntryError as error:
            lines.append(f"{name:<20} {error}")
    return lines + [f"{path}: can't be read: {why}" for path, why in registry.broken.items()]


def explain_task(registry: Registry, name: str, record: Record | None = None) -> list[str]:
    """Return a task's description, its parameters, a step to paste, and what its results are called.

    The latter is read from its last report in a record, if there is one, or else from its code.
    """
    source, task = find_task(registry, name)
    lines = [f"{task.name}  ({source.origin})", "", inspect.getdoc(task.function) or "", ""]
    lines += [line for parameter in task.parameters.values() for line in _parameter_lines(parameter)]
    step = step_of(name)
    lines += ["", "a step to paste below tasks: in an entry, and the line where its block shall stand:", ""]
    lines += [*example_step(task), "", f"  <!-- journal:{step} -->"]
    return [*lines, *_name_lines(names_of_results(source, record))]


def find_task(registry: Registry, name: str) -> tuple[TaskSource, Task]:
    """Return a task and where it is from. Raises ``UsageError`` where there is none of that name, or several."""
    try:
        source = registry.find(name)
    except EntryError as error:  # an entry has no part in this
        raise UsageError(str(error)) from error
    return source, load_task(source)


def names_of_results(source: TaskSource, record: Record | None) -> ResultNames:
    """Return what a task's results are called: in its last report beside an entry, or else in its code."""
    found = names_in_record(source.name, record) if record else None
    return found or names_in_code(source, step_of(source.name), record.workspace.root if record else Path())


def _name_lines(names: ResultNames) -> Iterator[str]:
    """Yield how an entry arranges the parts of a report, and how it takes from it."""
    where = f"as in {names.place}" if names.place else "as its code names them"
    if names.parts:
        yield from ("", f"parts for show, hide and fold ({where}; these need no new run):")
        yield from (f"  {name:<20} {title or name.replace('-', ' ')}" for name, title in names.parts.items())
    if names.outputs:
        yield from ("", f"outputs for other steps ({where}):")
        yield from (f"  {f'${{{names.step}.{name}}}':<26} {what}".rstrip() for name, what in names.outputs.items())
    if names.values:
        more = len(names.values) - _MOST_VALUES
        yield from ("", f"values for sentences ({where}):")
        yield from (f"  <!--= {name} --><!--/=-->" for name in names.values[:_MOST_VALUES])
        if more > 0:
            yield f"  and {more} more; journal why DAY lists all of a day's"


def _parameter_lines(parameter: Parameter) -> list[str]:
    role = parameter.role
    kind = role if isinstance(role, str) and role != "value" else type_words(parameter.hint)
    default = json.dumps(parameter.default, ensure_ascii=False, default=str)
    left_out = "" if parameter.default in (None, "", (), []) else f"; default {default}"
    more = "; required" if parameter.required else left_out
    lines = wrap(f"{parameter.name}: {kind}{more}", 100, initial_indent="  ", subsequent_indent="      ")
    return lines + wrap(parameter.help, 100, initial_indent="      ", subsequent_indent="      ")


def type_words(hint: Any) -> str:
    """Return a type in words for authors of YAML: "list of text", "whole number from 1 to 8", "a | b"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        inner, *marks = arguments
        return f"{type_words(inner)}{_bounds(marks, text=inner is str)}"
    if origin in (Union, UnionType):
        options = [type_words(option) for option in arguments if option is not NoneType]
        return ", or ".join(options) if any(" of " in option for option in options) else " or ".join(options)
    if origin is Literal:
        return " | ".join(str(value) for value in arguments)
    if origin is dict:
        return f"mapping of {type_words(arguments[0])} to {type_words(arguments[1])}"
    if origin in (list, tuple, set, Sequence) and arguments:
        return "list of " + re.sub("^(whole number|number|mapping|path)", r"\1s", type_words(arguments[0]))
    plain = {
        Any: "anything",
        dict: "mapping",
        bool: "true or false",
        int: "whole number",
        float: "number",
        str: "text",
        Path: "path",
    }
    return plain.get(hint) or str(getattr(hint, "__name__", hint)).replace("typing.", "")


def _bounds(marks: Sequence[Any], *, text: bool) -> str:
    """Return in words the bounds that pydantic's ``Field`` puts on a number's size or a list's length."""
    bounds = {name: value for mark in marks for one in getattr(mark, "metadata", [mark]) for name, value in _pairs(one)}
    low, high = bounds.get("ge"), bounds.get("le")
    words = f" from {low} to {high}" if low is not None and high is not None else ""
    words = words or (f" from {low}" if low is not None else "")
    words += f" above {bounds['gt']}" if "gt" in bounds else ""
    words += f" up to {high}" if low is None and high is not None else ""
    words += f" below {bounds['lt']}" if "lt" in bounds and bounds["lt"] < _HUGE else ""
    unit = " characters" if text else ""
    words += f", {bounds['min_length']} or more{unit}" if bounds.get("min_length") else ""
    return words + (f", {bounds['max_length']}{unit} at most" if "max_length" in bounds else "")


def _pairs(mark: Any) -> list[tuple[str, Any]]:
    names = ("ge", "gt", "le", "lt", "min_length", "max_length")
    return [(name, value) for name in names if (value := getattr(mark, name, None)) is not None]
