"""The output of ``journal day --replay``."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import typer

from journal.day import OpenWorkspace
from journal.day.replay import StepReplay, describe_replay, replay_day
from journal.errors import JournalError, UsageError
from journal.record.comparison import NUMBER_TOLERANCE, PICTURE_DB, Likeness
from journal.run import RunOptions

_MOST = 8


def replay_days(opened: OpenWorkspace, days: Sequence[int], options: RunOptions, sample: int, *, as_json: bool) -> int:
    """Replay days, or a random ``sample`` of those with results, and return the exit code: 1 where something moved."""
    chosen = _with_results(opened, days)
    if sample and sample < len(chosen):
        chosen = sorted(random.sample(chosen, sample))  # another choice each time
    if not chosen:
        which = f"day {days[0]} has no result" if len(days) == 1 else "none of these days has a result"
        raise UsageError(f"{which} that could be compared; run it first")
    found = {day: _replay_one(opened, day, options, as_json=as_json) for day in chosen}
    if as_json:
        typer.echo(json.dumps({str(day): _plain(one) for day, one in found.items()}, indent=1))
    elif len(chosen) > 1:
        moved = [day for day, one in found.items() if _has_moved(one)]
        typer.echo(f"{len(chosen) - len(moved)} of {len(chosen)} days came out the same" + _named(moved))
    return 1 if any(_has_moved(one) for one in found.values()) else 0


def _with_results(opened: OpenWorkspace, days: Sequence[int]) -> list[int]:
    known = opened.record.days()
    return [day for day in days if day not in known or opened.record.folders(known[day])]


def _replay_one(
    opened: OpenWorkspace, day: int, options: RunOptions, *, as_json: bool
) -> list[StepReplay] | JournalError:
    from journal.cli.console import Console

    try:
        with Console(quiet=as_json) as console:
            console.line(f"day {day}: run again in a scratch place")
            found = replay_day(opened, day, options, console)
            for one in found:
                console.line("\n".join(replay_lines(one)))
            if any(one.likeness == Likeness.WITHIN for one in found):
                console.line(
                    f"within tolerance: numbers to {NUMBER_TOLERANCE:g} of their size or the last digit written, "
                    f"pictures from {PICTURE_DB:g} dB on"
                )
    except JournalError as error:
        typer.echo(str(error), err=True)
        return error
    return found


def replay_lines(replay: StepReplay) -> list[str]:
    """Return lines on how a step came out again: what moved, and what is otherwise than then."""
    if replay.likeness is None or replay.failed:
        return [f"✗ {replay.step:<12} failed: {replay.problem}" if replay.failed else _uncompared(replay)]
    counts = [f"{replay.count(one)} {one}" for one in Likeness if replay.count(one)]
    sign = "✗" if replay.likeness == Likeness.MOVED else "="
    lines = [f"{sign} {replay.step:<12} {', '.join(counts)}"]
    differing = sorted(
        (one for one in replay.compared if one.likeness != Likeness.IDENTICAL),
        key=lambda one: one.likeness != Likeness.MOVED,
    )
    lines += [f"      {one.name}: {one.likeness}, {one.detail}" for one in differing[:_MOST]]
    if len(differing) > _MOST:
        lines.append(f"      and {len(differing) - _MOST} more")
    if differing and replay.causes:
        lines.append(f"      otherwise than then: {'; '.join(replay.causes[:_MOST])}")
    return lines


def _uncompared(replay: StepReplay) -> str:
    return f"- {replay.step:<12} not compared: {replay.problem}"


def _has_moved(found: list[StepReplay] | JournalError) -> bool:
    return isinstance(found, JournalError) or any(one.likeness == Likeness.MOVED for one in found)


def _plain(found: list[StepReplay] | JournalError) -> object:
    if isinstance(found, JournalError):
        return {"error": str(found)}
    return {one.step: describe_replay(one) for one in found}


def _named(days: Sequence[int]) -> str:
    return f"; moved: {', '.join(map(str, days))}" if days else ""
