"""What a shell completes: days, steps, tasks and their parameters, ledgers, models; it never fails or prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from journal.plan.registry import Registry
    from journal.record import Record
    from journal.text.entry import Entry
    from journal.text.workspace import Workspace

Completion = tuple[str, str]
"""What may be typed, and a few words on it, which some shells show."""


def _quiet(find: Callable[[Any, str], Iterable[Completion]]) -> Callable[[Any, str], list[Completion]]:
    """Return a completer that keeps what begins as typed, and offers nothing where anything is wrong."""

    def complete(ctx: typer.Context, incomplete: str) -> list[Completion]:
        try:
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                return [one for one in find(ctx, incomplete) if one[0].startswith(incomplete)]
        except (Exception, SystemExit):  # a broken workspace or plugin is told when a command runs, not at the Tab key
            return []

    return complete


@_quiet
def days(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete a day, or the end of a range of days."""
    record = _record()
    first, dots, _ = incomplete.partition("..")
    yield ("today", "") if not dots else ("", "")
    for day in reversed(record.days()):
        yield f"{first}{dots}{day}" if dots else str(day), _title(record, day)


@_quiet
def days_and_steps(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete a day, or a step as in ``133.clips``."""
    record = _record()
    day, dot, _ = incomplete.partition(".")
    if dot and day.isdecimal():
        yield from ((f"{day}.{step.id}", step.uses) for step in record.entry(int(day)).steps)
    else:
        yield from ((str(one), _title(record, one)) for one in reversed(record.days()))


@_quiet
def steps(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete the id of a step of the days that the command was given, or of all days."""
    yield from ((step.id, step.uses) for entry in _entries(ctx) for step in entry.steps)


@_quiet
def edits(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete what becomes of edits by hand: for all steps, or as ``STEP=keep``."""
    words = {"merge": "into the new result", "keep": "the edit", "drop": "the edit"}
    step, sign, _ = incomplete.partition("=")
    if sign:
        yield from ((f"{step}={word}", what) for word, what in words.items())
    else:
        yield from words.items()
        yield from ((f"{step.id}=", step.uses) for entry in _entries(ctx) for step in entry.steps)


@_quiet
def tasks(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete a task's name."""
    yield from ((name, "") for name in _registry().names())


@_quiet
def tasks_to_explain(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete what ``journal task`` takes: a task's name, or "new"."""
    yield from ((name, "") for name in ("new", *_registry().names()))


@_quiet
def parameters(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete ``NAME=``, and after it the words that the parameter can have."""
    from typing import get_args

    from journal.plan.registry import load_task

    task = load_task(_registry().find(str(ctx.params["task"])))
    given = [str(one) for one in ctx.params.get("values") or ()]
    name, prefix = _named(given, incomplete, list(task.parameters))
    if not name:
        taken = {one.partition("=")[0] for one in given}
        yield from ((f"{one.name}=", one.help) for one in task.parameters.values() if one.name not in taken)
        return
    hint = task.parameters[name].hint
    words = ["true", "false"] if hint is bool else _choices(hint, get_args)
    yield from ((f"{prefix}{word}", "") for word in words)


def _named(given: list[str], incomplete: str, names: list[str]) -> tuple[str, str]:
    """Return the parameter whose value is typed, and what of it stands in that word; bash splits words at ``=``."""
    name, sign, _ = incomplete.partition("=")
    if sign:
        return name, f"{name}="
    *before, last = given or [""]
    if last == "=":
        return before[-1], ""
    return (last, "") if last in names and before[-1:] != ["="] else ("", "")


@_quiet
def ledgers(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete a ledger's name."""
    from journal.record.ledger import read_ledgers

    yield from ((name, "") for name in read_ledgers(_record()).names())


@_quiet
def models(ctx: Any, incomplete: str) -> Iterator[Completion]:
    """Complete the short name of a model."""
    yield from _record().workspace.models.items()


def _choices(hint: Any, parts_of: Callable[[Any], tuple[Any, ...]]) -> list[str]:
    """Return the words of ``Literal``, at whatever depth."""
    from typing import Literal, get_origin

    if get_origin(hint) is Literal:
        return [str(one) for one in parts_of(hint)]
    return [word for part in parts_of(hint) for word in _choices(part, parts_of)]


def _record() -> Record:
    from journal.record import Record

    return Record(_workspace())


def _registry() -> Registry:
    from journal.plan.registry import read_registry

    return read_registry(_workspace().plugins)


def _workspace() -> Workspace:
    """Return the workspace as it stands: pressing a key changes no file."""
    from journal.text.workspace import find_workspace

    return find_workspace(Path.cwd(), moves=False)


def _entries(ctx: Any) -> Iterator[Entry]:
    """Yield the entries of the days that were typed, or of all days, newest first."""
    from journal.cli.opening import parse_days

    record = _record()
    given = str(ctx.params.get("days") or next(iter(ctx.args), ""))  # behind an option, the days are not parsed yet
    for day in parse_days(given, record) if given else reversed(record.days()):
        yield record.entry(day)


def _title(record: Record, day: int) -> str:
    """Return the title of a day's entry, without reading more of it than its first lines."""
    with record.days()[day].open(encoding="utf-8", errors="replace") as stream:
        for line, _ in zip(stream, range(20), strict=False):
            if line.startswith("title:"):
                return line.partition(":")[2].strip().strip("\"'")
    return ""
