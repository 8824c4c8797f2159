"""An example step of a task, from its signature: what an author pastes into an entry."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from journal.api.task import Parameter, Task
from journal.day.adhoc import AdhocRun

_PLAIN = {bool: True, int: 1, float: 0.5, str: "some words", Any: "some words"}
_FILES = {"file": "data/FILE.csv", "files": "data/*.csv", "model": "default-llm"}


def example_step(task: Task) -> list[str]:
    """Return a step as the lines of front matter, with an example for each parameter that has to be given.

    The examples are those of ``Field(examples=[...])``, or else follow from the types.
    """
    values = {one.name: example_of(one) for one in task.parameters.values() if one.required or one.examples}
    return AdhocRun(task, values).lines


def example_of(parameter: Parameter) -> Any:
    """Return a value, as YAML would give it, that the parameter could have."""
    if parameter.examples:
        return parameter.examples[0]
    role = parameter.role
    return _FILES[role] if isinstance(role, str) and role in _FILES else _of_type(parameter.hint, {})


def _of_type(hint: Any, bounds: dict[str, Any]) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _of_type(arguments[0], {**bounds, **_bounds(arguments[1:])})
    if origin in (Union, UnionType):
        return _of_type(next(one for one in arguments if one is not NoneType), bounds)
    if origin is Literal:
        return arguments[0]
    if origin is dict or hint is dict:
        return {"name": _of_type(arguments[1], {})} if arguments else {}
    if origin in (list, tuple, set) or hint in (list, tuple, set):
        each = _of_type(arguments[0], {}) if arguments else "some words"
        return [each] * max(1, int(bounds.get("min_length", 1)))
    plain = _PLAIN.get(hint, "some words")
    return _within(plain, bounds) if isinstance(plain, int | float) and not isinstance(plain, bool) else plain


def _within(number: float, bounds: dict[str, Any]) -> float:
    """Return a number of the same type between the bounds, near the lower one."""
    low = bounds.get("ge", bounds.get("gt"))
    high = bounds.get("le", bounds.get("lt"))
    kind = type(number)
    if low is not None and number <= low:
        number = kind(low) if "ge" in bounds else kind((low + high) / 2 if high is not None else low + 1)
    if high is not None and number >= high:
        number = kind(high) if "le" in bounds else kind(((low if low is not None else high - 2) + high) / 2)
    return number


def _bounds(marks: tuple[Any, ...]) -> dict[str, Any]:
    names = ("ge", "gt", "le", "lt", "min_length")
    parts = [part for mark in marks for part in getattr(mark, "metadata", [mark])]
    return {name: getattr(part, name) for part in parts for name in names if getattr(part, name, None) is not None}
