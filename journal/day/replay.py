"""A past day run again in a scratch place, and compared with what stands beside its entry."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from journal.api.report_file import StepReport
from journal.day import OpenWorkspace, open_entry
from journal.errors import StoreError, UsageError
from journal.files import write_atomically
from journal.layout import has_report, replays_of
from journal.plan.change import explain_change
from journal.plan.parts import load_parts
from journal.record.comparison import Compared, Likeness, compare_steps
from journal.run import Observer, Run, RunOptions, StepResult, run_plan
from journal.run.job_builder import machine_kind
from journal.store import Store
from journal.text.entry import Entry

_ORDER = list(Likeness)


@dataclass(frozen=True)
class StepReplay:
    """How a step's result compares with the recorded one."""

    step: str
    compared: tuple[Compared, ...] = ()
    causes: tuple[str, ...] = ()
    """What is otherwise than when the recorded result was made."""
    problem: str = ""
    """Why there is nothing to compare."""
    failed: bool = False
    """Whether it ran and failed."""

    @property
    def likeness(self) -> Likeness | None:
        """The least alike of its parts; None where nothing was compared."""
        if self.failed:
            return Likeness.MOVED
        return max((one.likeness for one in self.compared), key=_ORDER.index, default=None)

    def count(self, likeness: Likeness) -> int:
        """Return how many of its files and numbers are so alike."""
        return sum(one.likeness == likeness for one in self.compared)


def replay_day(opened: OpenWorkspace, day: int, options: RunOptions, observer: Observer) -> list[StepReplay]:
    """Run a day's recorded steps again, all in a scratch place, and compare each with its result beside the entry.

    Neither the entry nor the store is touched; the comparison is added to ``DAY.replays.json`` beside the entry.
    Raises ``UsageError`` where no step of the day has a result.
    """
    entry = opened.record.entry(day)
    recorded = {step.id: _recorded(opened, entry, step.id) for step in entry.steps}
    names = tuple(name for name in options.only or recorded if recorded.get(name))
    if not names:
        raise UsageError(f"day {day} has no result that could be compared; run it first")
    with tempfile.TemporaryDirectory(prefix="journal-replay-") as scratch:
        store = Store(Path(scratch) / "store")
        try:
            run = open_entry(
                OpenWorkspace(opened.workspace, opened.registry, store, opened.record),
                entry,
                RunOptions(only=names, force=True, jobs=options.jobs, command=options.command, on=options.on),
            )
            found = [_compare(result, recorded, run) for result in run_plan(run, observer)]
        finally:
            store.close()
    known = {one.step for one in found}
    if not options.only:
        found += [StepReplay(step, problem="it has no result") for step in recorded if step not in known]
    _note(entry, found)
    return found


def _recorded(opened: OpenWorkspace, entry: Entry, step: str) -> StepReport | None:
    folder = entry.artifacts / step
    return opened.record.step(folder) if has_report(folder) else None


def _compare(result: StepResult, recorded: Mapping[str, StepReport | None], run: Run) -> StepReplay:
    step = result.planned.id
    before = recorded.get(step)
    if result.failed or result.folder is None:
        return StepReplay(step, problem=result.message, failed=True)
    if before is None:
        return StepReplay(step, problem="it has no result")
    after = run.record.step(result.folder)
    return StepReplay(step, tuple(compare_steps(before, after)), tuple(_causes(before, after)))


def _causes(before: StepReport, after: StepReport) -> Iterator[str]:
    """Yield what is otherwise now: code, parameters, inputs and models, then versions and the machine."""
    declared = [load_parts({**report.depends_on, **report.seen}) for report in (before, after)]
    yield from explain_change(*declared) if before.depends_on else ()
    then, now = (report.data.get("made") or {} for report in (before, after))
    for name in sorted({*then, *now} - {"libraries"}):
        if then.get(name) != now.get(name) and then.get(name):
            yield f"{name} {_in_words(then[name])} → {_in_words(now.get(name))}"
    for name, version in before.libraries.items():
        if version != after.libraries.get(name):
            yield f"{name} {version} → {after.libraries.get(name, 'not here')}"


def _in_words(value: Any) -> str:
    return ", ".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)


def _note(entry: Entry, replays: Sequence[StepReplay]) -> None:
    """Add a replay to the file beside the entry. Raises ``StoreError`` where that file can't be read or written."""
    path = replays_of(entry.path)
    known = read_replays(entry)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    steps = {one.step: describe_replay(one) for one in replays}
    known.append({"when": when, "machine": machine_kind(), "steps": steps})
    write_atomically(path, (json.dumps(known, indent=1, ensure_ascii=False) + "\n").encode())


def read_replays(entry: Entry) -> list[dict[str, Any]]:
    """Return the replays of a day, oldest first. Raises ``StoreError`` where their file is damaged."""
    path = replays_of(entry.path)
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    except (OSError, ValueError) as error:
        raise StoreError(f"{path.name}: can't be read ({error}); mend or remove it") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise StoreError(f"{path.name}: is not a list of replays; mend or remove it")
    return found


def describe_replay(replay: StepReplay) -> dict[str, Any]:
    """Return how a step compares as plain data; what is identical is only counted."""
    return {
        "result": replay.likeness or "not compared",
        "identical": replay.count(Likeness.IDENTICAL),
        "differs": {
            one.name: f"{one.likeness}: {one.detail}" for one in replay.compared if one.likeness != Likeness.IDENTICAL
        },
        "otherwise": list(replay.causes),
        **({"problem": replay.problem} if replay.problem else {}),
    }
