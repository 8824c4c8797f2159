"""Why a step runs: what is another in its fingerprint than it was, in a few words each."""

from __future__ import annotations

from collections.abc import Mapping

_FIRST = ("task", "code", "parameter", "input", "files", "model", "output", "library")
_LONGEST = 40


def explain_change(old: Mapping[str, str] | None, new: Mapping[str, str]) -> list[str]:
    """Say what changed between two fingerprints' parts; an old one of None is a step never run."""
    if old is None:
        return ["never run"]
    changed = [name for name in {*old, *new} if old.get(name) != new.get(name)]
    if "task" in changed:
        return [f"task {old.get('task')} → {new.get('task')}"]
    if any(name.startswith("input ") and (name not in old or name not in new) for name in changed):
        changed = [name for name in changed if not name.startswith("files ")]
    said = [_explain(name, old.get(name), new.get(name)) for name in sorted(changed, key=_rank)]
    return list(dict.fromkeys(said))


def _rank(name: str) -> tuple[int, str]:
    kind = name.split(" ")[0]
    return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), name)


def _explain(name: str, old: str | None, new: str | None) -> str:
    kind, _, what = name.partition(" ")
    if kind in ("parameter", "library"):
        title = f"parameter {what}" if kind == "parameter" else what
        return f"{title} {_short(old)} → {_short(new)}"
    if kind == "code":
        return f"code of {what} changed"
    if kind == "output":
        return ran_again(what.rpartition(".")[0])
    if kind == "files":
        return f"parameter {what} names other files, or in another order"
    if kind in ("input", "model"):
        return f"{kind} {what} {'added' if old is None else 'removed' if new is None else 'changed'}"
    return f"{kind} {old} → {new}"


def ran_again(step: str) -> str:
    """Say that what comes from ``step`` or ``day-132.step`` is another now."""
    day, dot, name = step.rpartition(".")
    return f"{name} of {day.replace('-', ' ')} ran again" if dot else f"{step} ran again"


def _short(text: str | None) -> str:
    if text is None:
        return "(none)"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
