"""A task tried from the command line: run as an entry's step would be, its result in build/run and no entry changed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from journal.day import open_entry
from journal.document import parse_yaml, plain_scalar
from journal.entry import LAST_DAY, RESERVED, Entry, entry_days, parse_entry
from journal.errors import EntryError, UsageError
from journal.ledger import Ledgers
from journal.plan import references_in
from journal.registry import Registry
from journal.render import render_report
from journal.report import Metric, Quote, Report, Table, Text, read_report
from journal.run import Choice, Observer, StepResult, run_plan
from journal.store import Store, replace_folder
from journal.workspace import Workspace

_VALUE = re.compile(r"(?P<name>[A-Za-z_][\w-]*)=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Trial:
    """A task and the values it is tried with."""

    task: str
    values: dict[str, Any]

    @property
    def id(self) -> str:
        return re.sub(r"[^A-Za-z0-9_-]", "-", self.task.rpartition(".")[2]) or "step"

    @property
    def lines(self) -> list[str]:
        """The step as an entry's front matter says it."""
        written = [("uses", self.task), *self.values.items()]
        return [f"  {self.id}:", *(f"    {name}: {_yaml(value)}" for name, value in written)]


def parse_trial(task: str, given: Sequence[str]) -> Trial:
    """Return the trial of a command line's NAME=VALUE words; raises UsageError for one that is none."""
    values: dict[str, Any] = {}
    for word in given:
        found = _VALUE.fullmatch(word)
        if not found:
            raise UsageError(f"'{word}' is no NAME=VALUE; journal task {task} lists the names")
        name = found["name"]
        if name in values:
            raise UsageError(f"{name} is given twice; write a list as {name}='[one, two]'")
        values[name] = _value(name, found["value"])
        if any(reference.day is None for reference in references_in(values[name])):
            raise UsageError(
                f"{name} refers to another step; a task alone can refer to a day's: ${{day-133.step.output}}"
            )
    return Trial(task, values)


def try_task(
    trial: Trial, workspace: Workspace, registry: Registry, store: Store, choice: Choice, observer: Observer
) -> StepResult:
    """Run the task, its files in build/run; raises EntryError where it can't be run with these values."""
    entry = _entry(trial, workspace)
    run = open_entry(entry, workspace, registry, store, choice)
    for problem in run.plan.problems:
        raise EntryError(str(problem).removeprefix(f"{entry.shown}:").lstrip("0123456789: "))
    result = run_plan(run, observer)[0]
    if result.folder and not result.failed:
        entry.artifacts.parent.mkdir(parents=True, exist_ok=True)
        replace_folder(result.folder, entry.artifacts)
    return result


def describe_trial(result: StepResult) -> str:
    """Return what can be read of a result on a terminal: its numbers, tables and texts, as Markdown."""
    report = read_report(result.folder) if result.folder else Report()
    told = Report([item for item in report.items if isinstance(item, Metric | Table | Text | Quote)])
    return render_report(told, "", 0, Ledgers({})).strip("\n")


def files_of(folder: Path) -> list[Path]:
    """Return the files that a trial left, without its report."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "report.json")


def _entry(trial: Trial, workspace: Workspace) -> Entry:
    """Return an entry of this one step; it stands in no file."""
    if reserved := [name for name in trial.values if name in RESERVED]:
        raise UsageError(f"'{reserved[0]}' says how an entry runs a step; here it can't be given")
    day = min(max(entry_days(workspace), default=0) + 1, LAST_DAY)  # it may refer to all days that are there
    text = "\n".join(["---", f"day: {day}", f"date: {date.today()}", "tasks:", *trial.lines, "---", ""])
    path = workspace.build / "run" / f"{trial.id}.md"
    return parse_entry(text, path, workspace)


def _value(name: str, text: str) -> Any:
    """Return a value as YAML would read it, where a word may hold what YAML would want quotes for."""
    if text[:1] in ("[", "{", "'", '"'):
        try:
            return parse_yaml(f"{name}: {text}", name).data[name]
        except EntryError as error:
            raise UsageError(f"{name}: {str(error).partition(': ')[2]}") from error
    return plain_scalar(text)


def _yaml(value: Any) -> str:
    """Return a value as one line of YAML, without quotes where it needs none."""
    if isinstance(value, str):
        plain = bool(re.fullmatch(r"[A-Za-z.$][\w ./*?${}-]*", value)) and value == value.strip()
        return value if plain and plain_scalar(value) == value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, default=str)
