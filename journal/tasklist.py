"""What tasks there are and what they take, for people."""

from __future__ import annotations

import inspect
from typing import Any

from journal.errors import EntryError, UsageError, nearest
from journal.registry import Registry, load_task
from journal.task import Parameter


def list_tasks(registry: Registry) -> list[str]:
    """Return a line for each task, and for each plugin that can't be read."""
    lines = []
    for name in registry.names():
        try:
            source = registry.find(name)
            lines.append(f"{name:<20} {load_task(source).summary}  ({source.origin})")
        except EntryError as error:
            lines.append(f"{name:<20} {error}")
    return lines + [f"{path}: can't be read: {why}" for path, why in registry.broken.items()]


def explain_task(registry: Registry, name: str) -> list[str]:
    """Return a task's description and its parameters."""
    if name not in registry.sources:
        raise UsageError(f"unknown task '{name}'{nearest(name, registry.names())}")
    source = registry.find(name)
    task = load_task(source)
    lines = [f"{task.name}  ({source.origin})", "", inspect.getdoc(task.function) or "", ""]
    return lines + [_parameter_line(parameter) for parameter in task.parameters.values()]


def _parameter_line(parameter: Parameter) -> str:
    default = "required" if parameter.required else f"default {parameter.default!r}"
    return f"  {parameter.name:<18} {_type_name(parameter):<22} {default:<24} {parameter.help}".rstrip()


def _type_name(parameter: Parameter) -> str:
    if parameter.role != "value":
        return parameter.role
    hint: Any = parameter.hint
    hint = getattr(hint, "__origin__", hint) if hasattr(hint, "__metadata__") else hint
    return (
        hint.__name__ if isinstance(hint, type) and not hasattr(hint, "__args__") else str(hint).replace("typing.", "")
    )
