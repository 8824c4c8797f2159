"""Roles of parameters: where a type can hold a file or a model, at whatever depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

RoleTree = str | Mapping[str, Any]
"""A word: value, file, files, sheet or model; for a type with parts, ``{"each": role}`` or ``{"fields": {...}}``."""


@dataclasses.dataclass(frozen=True)
class Role:
    """Marks a parameter whose content, not only its text, is part of the fingerprint."""

    name: str


def role_of(hint: Any, above: tuple[Any, ...] = ()) -> RoleTree:
    """Return the role of a type. A ``Path`` is a file, wherever it stands."""
    if hint in above:  # a model that contains itself
        return "value"
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        marked = next((mark.name for mark in marks if isinstance(mark, Role)), None)
        return marked or role_of(inner, above)
    if get_origin(hint) in (Union, UnionType):
        return _first(role_of(option, above) for option in get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Path):
        return "file"
    if fields := _fields(hint):
        roles = {name: role_of(field, (*above, hint)) for name, field in fields.items()}
        held = {name: role for name, role in roles.items() if role != "value"}
        return {"fields": held} if held else "value"
    return _role_of_parts(hint, above)


def marks_of(hint: Any) -> tuple[Any, ...]:
    """Return the annotations beside the type in ``Annotated``, also within ``File | None``."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        return (*marks, *marks_of(inner))
    if get_origin(hint) in (Union, UnionType):
        return tuple(mark for option in get_args(hint) for mark in marks_of(option))
    return ()


def _role_of_parts(hint: Any, above: tuple[Any, ...]) -> RoleTree:
    parts = [part for part in get_args(hint) if part is not Ellipsis]
    origin = get_origin(hint)
    if not parts or not isinstance(origin, type):
        return "value"
    if issubclass(origin, Mapping):
        role = role_of(parts[-1], above)
    elif issubclass(origin, Iterable):
        role = _first(role_of(part, above) for part in parts)
    else:
        return "value"
    return {"each": role} if role != "value" else "value"


def _first(roles: Iterable[RoleTree]) -> RoleTree:
    return next((role for role in roles if role != "value"), "value")


def _fields(hint: Any) -> dict[str, Any]:
    """Return the types of the fields of a model, a dataclass, a named tuple or a typed dictionary."""
    if not isinstance(hint, type):
        return {}
    if hasattr(hint, "model_fields"):
        fields = hint.model_fields.items()
        return {name: Annotated[field.annotation, *field.metadata, None] for name, field in fields}
    if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields") or hasattr(hint, "__total__"):
        return get_type_hints(hint, include_extras=True)
    return {}
