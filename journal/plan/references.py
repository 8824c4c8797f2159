"""References to outputs: ``${step.output}``, or ``${day-132.step.output}`` for an earlier day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_REFERENCE = re.compile(r"\$\{\s*(?:day-(?P<day>\d+)\.)?(?P<step>[A-Za-z0-9][\w-]*)\.(?P<output>[\w-]+)\s*\}")
_UNFINISHED = re.compile(r"\$\{\s*((?:day-\d+\.)?[A-Za-z0-9][\w-]*)\s*\}")


@dataclass(frozen=True)
class Reference:
    """A reference: ``${step.output}``, or ``${day-132.step.output}`` for an earlier day."""

    step: str
    output: str
    day: int | None = None

    def __str__(self) -> str:
        return f"${{{f'day-{self.day}.' if self.day is not None else ''}{self.step}.{self.output}}}"


def references_in(value: Any) -> list[Reference]:
    """Return the references in a parameter's value, at any depth."""
    if isinstance(value, str):
        return [_reference(match) for match in _REFERENCE.finditer(value)]
    parts: Any = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [reference for part in parts for reference in references_in(part)]


def substitute(value: Any, outputs: Mapping[Reference, Any]) -> Any:
    """Replace references by outputs; a reference that is the whole text becomes the output itself, of any type."""
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


def unfinished_in(value: Any) -> list[str]:
    """Return what looks like a reference but lacks an output, such as "clips" for ``${clips}``."""
    return _UNFINISHED.findall(str(value))


def _reference(match: re.Match[str]) -> Reference:
    return Reference(match["step"], match["output"], int(match["day"]) if match["day"] else None)
