"""Tasks as data for other programs: what ``journal task --json`` prints, with a JSON Schema for steps in an editor."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from journal.api.task import Parameter, Task
from journal.ask.tasks import find_task, names_of_results, type_words
from journal.errors import EntryError
from journal.plan.registry import Registry, load_task
from journal.record import Record
from journal.text.entry import RESERVED

_REFERENCE = {"type": "string", "pattern": r"\$\{.+\}"}


def tasks_data(registry: Registry) -> list[dict[str, Any]]:
    """Return name, summary and origin of each task; of what can't be read, the error."""
    return [*_listed(registry), *({"name": path, "error": why} for path, why in registry.broken.items())]


def task_data(registry: Registry, name: str, record: Record) -> dict[str, Any]:
    """Return all that there is to say of a task. Raises ``UsageError`` where there is none of that name."""
    source, task = find_task(registry, name)
    return {
        "name": name,
        "origin": source.origin,
        "help": inspect.getdoc(task.function) or "",
        "parameters": [
            {
                "name": one.name,
                "type": type_words(one.hint),
                "role": one.role,
                "required": one.required,
                "default": None if one.default is None else _plain(one.default),
                "help": one.help,
            }
            for one in task.parameters.values()
        ],
        "results": asdict(names_of_results(source, record)),
        "schema": step_schema(task),
    }


def step_schema(task: Task) -> dict[str, Any]:
    """Return the JSON Schema of a step that uses a task; any parameter may be a reference to an output."""
    properties: dict[str, Any] = {name: {} for name in RESERVED} | {"uses": {"const": task.name}}
    properties |= {one.name: _parameter_schema(one) for one in task.parameters.values() if one.role != "sheet"}
    required = ["uses", *(one.name for one in task.parameters.values() if one.required)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _parameter_schema(parameter: Parameter) -> dict[str, Any]:
    from pydantic import TypeAdapter

    try:
        found = TypeAdapter(parameter.hint).json_schema()
    except Exception:  # a stranger's type may have none
        found = {}
    kinds = [found, *([{"type": "string"}] if parameter.role == "files" else []), _REFERENCE]
    definitions = found.pop("$defs", None)
    return {"anyOf": kinds, **({"$defs": definitions} if definitions else {})}


def _listed(registry: Registry) -> Iterator[dict[str, Any]]:
    for name in registry.names():
        try:
            source = registry.find(name)
            yield {"name": name, "summary": load_task(source).summary, "origin": source.origin}
        except EntryError as error:
            yield {"name": name, "error": str(error)}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict) else list(value)
