"""Why a step runs: what changed in its fingerprint, in a few words each."""

from __future__ import annotations

from journal.plan.parts import Part, PartKind, Parts

_LONGEST = 40
ABSENT = "absent"
"""The state of what is not there."""
UNSET = "unset"
"""The state of a variable without a value."""
_ORDER = list(PartKind)


def explain_change(old: Parts | None, new: Parts) -> list[str]:
    """Describe what changed between two fingerprints' parts; ``old`` is None for a step that never ran."""
    if old is None:
        return ["never run"]
    changed = [part for part in {*old, *new} if old.get(part) != new.get(part)]
    task = Part(PartKind.TASK)
    if task in changed:
        return [f"task {old.get(task)} → {new.get(task)}"]
    if any(part.kind == PartKind.INPUT and (part not in old or part not in new) for part in changed):
        changed = [part for part in changed if part.kind != PartKind.FILES]
    said = [_explain(part, old.get(part), new.get(part)) for part in sorted(changed, key=_rank)]
    return list(dict.fromkeys(said))


def _rank(part: Part) -> tuple[int, str]:
    return _ORDER.index(part.kind), part.name


def _explain(part: Part, old: str | None, new: str | None) -> str:
    match part.kind:
        case PartKind.PARAMETER:
            return f"parameter {part.name} {_short(old)} → {_short(new)}"
        case PartKind.LIBRARY:
            return f"{part.name} {_short(old)} → {_short(new)}"
        case PartKind.CODE:
            return f"code of {part.name} {'is gone' if new == ABSENT else 'changed'}"
        case PartKind.VERSION:
            return f"version of {part.name} {_short(old)} → {_short(new)}"
        case PartKind.FOLDER:
            return f"folder {part.name} holds other names"
        case PartKind.PRESENCE:
            return f"{part.name} {_fate(old, new, ABSENT)}"
        case PartKind.MODULE:
            return f"module {part.name} can be imported now"
        case PartKind.FILE:
            return f"file {part.name} {_fate(old, new, ABSENT)}"
        case PartKind.VARIABLE if part.name == "*":
            return "other variables are set"
        case PartKind.VARIABLE:
            return f"variable {part.name} {_fate(old, new, UNSET)}"
        case PartKind.OUTPUT:
            return ran_again(part.name.rpartition(".")[0])
        case PartKind.FILES:
            return f"parameter {part.name} names different files, or in a different order"
        case PartKind.INPUT | PartKind.MODEL:
            return f"{part.kind} {part.name} {'added' if old is None else 'removed' if new is None else 'changed'}"
        case _:
            return f"{part} {old} → {new}"


def _fate(old: str | None, new: str | None, nothing: str) -> str:
    return "is gone" if new == nothing else "has appeared" if old == nothing else "changed"


def ran_again(step: str) -> str:
    """Describe that the output of ``step`` or ``day-132.step`` has changed."""
    day, dot, name = step.rpartition(".")
    return f"{name} of {day.replace('-', ' ')} ran again" if dot else f"{step} ran again"


def _short(text: str | None) -> str:
    if text is None:
        return "(none)"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
