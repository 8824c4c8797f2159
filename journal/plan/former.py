"""Results of the former rule, which followed names through syntax trees, so that none becomes stale by the new one."""

from __future__ import annotations

from journal.plan.parts import Part, PartKind, Parts
from journal.plan.registry import TaskSource
from journal.plan.seen import Surroundings
from journal.plan.task_cache import TaskCache

_JUDGED_APART = (PartKind.CODE, PartKind.VERSION, PartKind.SCHEMA, PartKind.LIBRARY, PartKind.DAY, PartKind.DATE)


def is_of_former_rule(parts: Parts) -> bool:
    """Return whether a result was recorded under the former rule, which had the code among the declared parts."""
    return any(part.kind == PartKind.CODE for part in parts)


def was_current(former: Parts, declared: Parts, source: TaskSource, cache: TaskCache, now: Surroundings) -> bool:
    """Return whether the former rule calls a result up to date. Versions of libraries no longer matter."""
    if _compared(former) != _compared(declared):
        return False
    days = {part: state for part, state in former.items() if part.kind in (PartKind.DAY, PartKind.DATE)}
    if any(now.state(part) != state for part, state in days.items()):
        return False
    if cache.signature(source).version is not None:
        return True  # its author says by that number that the results are the same
    from journal.plan.former_code import read_code  # imports the parser

    return former.get(Part(PartKind.CODE, source.name)) == read_code(source, cache.workspace.root)


def former_seen(former: Parts, source: TaskSource, cache: TaskCache, now: Surroundings) -> dict[Part, str]:
    """Return what stands for a former result's code and day under the present rule: all that its module imports."""
    days = {part: state for part, state in former.items() if part.kind in (PartKind.DAY, PartKind.DATE)}
    if cache.signature(source).version is not None:
        return days
    names = [cache.code_name(path) for path in cache.code(source).files]
    return {part: now.state(part) or "" for part in (Part(PartKind.CODE, name) for name in names)} | days


def _compared(parts: Parts) -> dict[Part, str]:
    return {part: state for part, state in parts.items() if part.kind not in _JUDGED_APART}
