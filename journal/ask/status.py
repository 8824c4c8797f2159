"""Status: what is up to date and what isn't, for every day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import suppress
from dataclasses import dataclass, field

from journal.day import OpenWorkspace, open_day
from journal.day.artifacts import ADDED, DIFFERS, GONE, changed_beside
from journal.day.standing import StandingDay
from journal.day.writing import edited_blocks, unshown_verdicts
from journal.errors import JournalError
from journal.plan.task_cache import TaskCache
from journal.record.ledger import Ledgers
from journal.record.shown_totals import outdated_totals
from journal.record.values import Names, look_at_values, value_lines
from journal.run import Run, RunOptions, StepResult
from journal.store.history import Outcome
from journal.text.values import may_have_values


@dataclass
class DayStatus:
    """A day's steps by status, or the reason why its entry can't be read."""

    day: int
    title: str = ""
    current: list[str] = field(default_factory=list)
    stale: dict[str, list[str]] = field(default_factory=dict)
    """Why each would run."""
    failed: dict[str, str] = field(default_factory=dict)
    never_run: list[str] = field(default_factory=list)
    totals: dict[str, list[str]] = field(default_factory=dict)
    """Totals that blocks show otherwise than they are now."""
    values: list[str] = field(default_factory=list)
    """Lines on values in sentences that don't read what they should."""
    files: list[str] = field(default_factory=list)
    """Lines on files beside the entry that are otherwise than its steps made them."""
    edited: list[str] = field(default_factory=list)
    verdicts_to_show: list[str] = field(default_factory=list)
    """Steps with verdicts that the entry does not show yet."""
    asides: dict[str, list[str]] = field(default_factory=dict)
    """What is worth a word about results that stand."""
    problem: str = ""


def day_statuses(opened: OpenWorkspace) -> Iterator[DayStatus]:
    """Yield the status of every day, in order; an entry that can't be read is a status too.

    A step that refers to a stale step of an earlier day is stale too.
    """
    again: set[tuple[int, str]] = set()
    cache = TaskCache(opened.workspace, opened.store, opened.record.reported_digest)
    for day in opened.record.days():
        if standing := opened.standing.recall(day, again):
            yield _status_of_standing(day, standing)
            continue
        try:
            run = open_day(opened, day, RunOptions(), again, cache)
            status = _status(run, opened.standing.ledgers())
            if not _attention(status):
                opened.standing.note(run, run.results.values(), is_written=False)
        except JournalError as error:
            status = DayStatus(day, problem=str(error))
        again |= {(day, step) for step in status.stale}
        yield status
    opened.store.flush()


def stale_days(statuses: Iterable[DayStatus]) -> list[int]:
    """Return the days with a step whose result is out of date, or whose blocks show totals of before."""
    return [status.day for status in statuses if status.stale or status.totals or status.values]


def status_lines(statuses: list[DayStatus]) -> list[str]:
    """Return a line for each day, and below it what needs attention."""
    return [line for status in statuses for line in _lines(status)] or ["no entries yet; make one with: journal new"]


def _status_of_standing(day: int, standing: StandingDay) -> DayStatus:
    asides = {step.id: [*step.notes, *step.asides] for step in standing.steps}
    current = [step.id for step in standing.steps]
    return DayStatus(day, standing.title, current, asides={step: said for step, said in asides.items() if said})


def _status(run: Run, ledgers: Ledgers) -> DayStatus:
    status = DayStatus(run.entry.day, run.entry.title, edited=edited_blocks(run.entry))
    for result in run.preview():
        _sort_in(status, result, run)
    with suppress(JournalError):  # what is wrong with a report is said where it is read
        status.totals = outdated_totals(run.entry, run.record, ledgers)
    if may_have_values(run.entry.text):
        looked = look_at_values(run.entry, Names(run.entry, run.record, lambda: ledgers, frozenset(status.failed)))
        status.values = list(value_lines(run.entry, looked))
    beside = changed_beside(run.entry, run.record, run.store)
    status.files = [f"{name} {what}" for name, what in beside.items() if what in (DIFFERS, GONE)]
    for name in (name for name, what in beside.items() if what == ADDED):
        step, _, file = name.partition("/")
        status.asides[step] = [*status.asides.get(step, []), f"{file} {ADDED}"]
    waiting = unshown_verdicts(run.entry, run.record)
    status.verdicts_to_show = [step for step in waiting if step in status.current]
    return status


def _sort_in(status: DayStatus, result: StepResult, run: Run) -> None:
    step = result.planned.id
    if result.outcome == Outcome.CURRENT:
        status.current.append(step)
        if said := [*result.notes, *result.asides]:
            status.asides[step] = said
    elif result.outcome == Outcome.FAILED:
        status.failed[step] = result.message
    elif (last := run.last.get(step)) is None:
        status.never_run.append(step)
    elif last.outcome == Outcome.FAILED:
        status.failed[step] = last.message
    else:
        status.stale[step] = list(result.reasons)


def _attention(status: DayStatus) -> dict[str, Sized]:
    """Return what needs attention, by the words for it."""
    bad: dict[str, Sized] = {
        "stale": status.stale,
        "failed": status.failed,
        "never run": status.never_run,
        "with old totals": status.totals,
        "with old values": status.values,
        "with other files": status.files,
        "edited": status.edited,
        "with new verdicts": status.verdicts_to_show,
    }
    return {name: what for name, what in bad.items() if what}


def _lines(status: DayStatus) -> Iterator[str]:
    if status.problem:
        yield f"day {status.day:<4} {status.problem}"
        return
    said = ", ".join(f"{len(what)} {name}" for name, what in _attention(status).items())
    steps = f"{len(status.current)} up to date" if status.current else "" if said else "no steps"
    yield f"day {status.day:<4} {', '.join(part for part in (steps, said) if part)}"
    yield from (f"    {step}: stale: {'; '.join(reasons)}" for step, reasons in status.stale.items())
    yield from (f"    {step}: {line}" for step, lines in status.totals.items() for line in lines)
    yield from (f"    {line}" for line in status.values)
    yield from (f"    {line}; journal day {status.day} puts it back" for line in status.files)
    yield from (f"    {step}: failed: {message}" for step, message in status.failed.items())
    yield from (f"    {step}: {aside}" for step, asides in status.asides.items() for aside in asides)
    yield from (f"    {step}: never run" for step in status.never_run)
    yield from (f"    {step}: its block was edited by hand" for step in status.edited)
    which = f"to show them: journal day {status.day}"
    yield from (f"    {step}: the entry does not show its verdicts yet; {which}" for step in status.verdicts_to_show)
