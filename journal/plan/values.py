"""Values as parts of a fingerprint: all of their content, never what ``str`` makes of them."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from journal.api.task import ParameterError, Task

_PLAIN = (NoneType, bool, int, float, str)
_BY_TEXT = (
    complex, bytes, datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, uuid.UUID,
)  # fmt: skip
"""Types whose ``repr`` says all that they hold."""


def describe_value(value: Any, file: Callable[[Path], str]) -> str:
    """Return a value's canonical JSON; ``file`` gives the text that stands for a path.

    Raises ``TypeError`` where the content can't be seen, as in an object of a stranger's class.
    """
    return json.dumps(_plain(value, file), sort_keys=True, ensure_ascii=False)


def check_types(task: Task) -> None:
    """Raise ``TypeError`` where a parameter's type holds what a fingerprint can't describe."""
    for parameter in task.parameters.values():
        for hint in _leaves(parameter.hint, ()):
            if not _is_described(hint):
                name = getattr(hint, "__qualname__", str(hint))
                raise TypeError(
                    f"parameter '{parameter.name}' has the type {name}, whose content can't be part of a fingerprint;"
                    " use plain data, a dataclass or a pydantic model"
                )


def undescribed(name: str, error: TypeError) -> ParameterError:
    """Return the error for a parameter whose value can't be described."""
    return ParameterError(name, f"parameter '{name}': {error}; give plain data, a dataclass or a pydantic model")


def _plain(value: Any, file: Callable[[Path], str]) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Path):
        return file(value)
    if isinstance(value, enum.Enum):
        return f"{type(value).__qualname__}.{value.name}"
    if isinstance(value, _BY_TEXT):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, re.Pattern):
        return [value.pattern, int(value.flags)]
    if (fields := _fields_of(value)) is not None:
        return {name: _plain(part, file) for name, part in fields.items()}
    if isinstance(value, Mapping):
        return {_key(key, file): _plain(part, file) for key, part in value.items()}
    if isinstance(value, Set):
        return sorted((_plain(part, file) for part in value), key=lambda part: json.dumps(part, sort_keys=True))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part, file) for part in value]
    if type(value).__module__.startswith("pydantic") and "Secret" not in type(value).__name__:
        return str(value)  # addresses and the like
    if isinstance(value, str | int | float) and type(value).__str__ in (str.__str__, int.__repr__, float.__repr__):
        return value
    raise TypeError(f"the content of a {type(value).__qualname__} can't be part of a fingerprint")


def _key(key: Any, file: Callable[[Path], str]) -> str:
    return key if isinstance(key, str) else json.dumps([type(key).__name__, _plain(key, file)])


def _fields_of(value: Any) -> dict[str, Any] | None:
    """Return the fields of a model or dataclass, those that its author hid from ``repr`` too."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(type(value), "model_fields"):
        return {**{name: getattr(value, name) for name in type(value).model_fields}, **(value.model_extra or {})}
    return None


def _leaves(hint: Any, above: tuple[Any, ...]) -> Iterator[Any]:
    """Yield the types at the ends of a type: of its parts, and of a model's fields."""
    if hint in above:
        return
    if get_origin(hint) is Annotated:
        yield from _leaves(get_args(hint)[0], above)
    elif get_origin(hint) is Literal:
        yield from map(type, get_args(hint))
    elif get_origin(hint) is not None:
        if get_origin(hint) not in (Union, UnionType):
            yield get_origin(hint)
        for part in get_args(hint):
            yield from _leaves(part, above) if part is not Ellipsis else ()
    elif isinstance(hint, type) and hasattr(hint, "model_fields"):
        for field in hint.model_fields.values():
            yield from _leaves(field.annotation, (*above, hint))
    elif isinstance(hint, type) and (dataclasses.is_dataclass(hint) or hasattr(hint, "__total__")):
        for field_hint in get_type_hints(hint).values():
            yield from _leaves(field_hint, (*above, hint))
    else:
        yield hint


def _is_described(hint: Any) -> bool:
    if hint is Any or hint is object or hint is None or isinstance(hint, TypeVar | ForwardRef | str):
        return True
    if not isinstance(hint, type):
        return True  # an alias or a special form; the value itself is looked at when it is given
    if hint.__module__.startswith("pydantic"):
        return "Secret" not in hint.__name__
    known = (*_PLAIN, *_BY_TEXT, Path, enum.Enum, re.Pattern, Mapping, Set, Sequence)
    return issubclass(hint, known) or hint.__module__ in ("typing", "collections.abc")
