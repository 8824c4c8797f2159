"""A task run without an entry: like a step, but with its result in build/run and no entry changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from journal.api.items import Audio, FileLink, Gallery, Image, Total, Trial
from journal.api.report import Report
from journal.api.task import ParameterError, Task
from journal.day import OpenWorkspace, open_entry
from journal.errors import EntryError, UsageError
from journal.files import replace_folder
from journal.layout import LAST_DAY, artifacts_in
from journal.plan.references import references_in
from journal.plan.registry import Registry, load_task
from journal.record import Record
from journal.record.ledger import Ledgers
from journal.render import BlockPage, render_report
from journal.run import Observer, RunOptions, StepResult, run_plan
from journal.text.document import as_yaml, parse_yaml, plain_scalar
from journal.text.entry import RESERVED, Entry, parse_entry
from journal.text.workspace import Workspace

_FILES = (Audio, FileLink, Gallery, Image, Total, Trial)
"""What a terminal can't show; the files are listed."""
_VALUE = re.compile(r"(?P<name>[A-Za-z_][\w-]*)=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class AdhocRun:
    """A task and the values it is run with."""

    task: Task
    values: dict[str, Any]

    @property
    def id(self) -> str:
        return step_of(self.task.name)

    @property
    def lines(self) -> list[str]:
        """The step as it would be written in an entry's front matter."""
        written = [("uses", self.task.name), *self.values.items()]
        return [f"  {self.id}:", *(f"    {name}: {_yaml(value)}" for name, value in written)]


def step_of(task: str) -> str:
    """Return the name that a task's step has by itself: the last part of the task's name."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", task.rpartition(".")[2]).strip("-_") or "step"


def parse_adhoc(
    name: str, given: Sequence[str], registry: Registry, known: Mapping[str, Any] | None = None
) -> AdhocRun:
    """Parse a task's name and NAME=VALUE arguments. Raises ``JournalError`` where one is not valid.

    ``known`` holds the values of a recipe, which the arguments take the place of.
    """
    task, values = load_task(registry.find(name)), dict[str, Any]()
    for word in given:
        found = _VALUE.fullmatch(word)
        if not found:
            raise UsageError(f"'{word}' is not NAME=VALUE; journal task {name} lists the names")
        if found["name"] in values:
            raise UsageError(f"{found['name']} is given twice; write a list as {found['name']}='[one, two]'")
        if found["name"] in RESERVED:
            raise UsageError(f"'{found['name']}' only applies to steps of an entry; leave it out")
        values[found["name"]] = _value(task, found["name"], found["value"])
    values = {**(known or {}), **values}
    if any(reference.day is None for reference in references_in(values)):
        raise UsageError("there are no other steps to refer to; refer to a day's step: ${day-133.step.output}")
    return AdhocRun(task, values)


def run_adhoc(adhoc: AdhocRun, opened: OpenWorkspace, options: RunOptions, observer: Observer) -> StepResult:
    """Run the task and put its files in build/run. Raises ``EntryError`` where it can't run with these values."""
    entry = _entry(adhoc, opened.workspace)
    run = open_entry(opened, entry, options)
    if run.plan.problems:
        raise EntryError(str(run.plan.problems[0]).partition(": ")[2])
    result = run_plan(run, observer)[0]
    if result.folder and not result.failed:
        replace_folder(result.folder, entry.artifacts)
    return result


def describe_adhoc(folder: Path, record: Record) -> str:
    """Return the parts of a result that a terminal can show: its numbers, tables and texts, as Markdown."""
    items = [item for item in record.step(folder).report.items if not isinstance(item, _FILES)]
    return render_report(Report([*items]), BlockPage("", 0, Ledgers(record))).strip("\n")


def files_of(folder: Path) -> list[Path]:
    """Return the files the task made, without its report."""
    return artifacts_in(folder)


def folder_of(adhoc: AdhocRun, workspace: Workspace) -> Path:
    """Return the folder for an ad-hoc run's files."""
    return workspace.build / "run" / adhoc.id


def _entry(adhoc: AdhocRun, workspace: Workspace) -> Entry:
    """Return an entry with only this step, not backed by a file; its day is the last, so it may refer to any other."""
    text = "\n".join(["---", f"day: {LAST_DAY}", f"date: {date.today()}", "tasks:", *adhoc.lines, "---", ""])
    return parse_entry(text, folder_of(adhoc, workspace).with_suffix(".md"), workspace)


def _value(task: Task, name: str, text: str) -> Any:
    """Return a value as YAML reads it, or as the plain text if that is what the task takes, so words need no quotes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{name}: the value is not UTF-8 text; write it in UTF-8") from error
    value: Any = plain_scalar(text) if text else text
    if text[:1] in ("[", "{", "'", '"'):
        try:
            value = parse_yaml(f"{name}: {text}", name).data
            value = value[name] if len(value) == 1 else text
        except EntryError:
            value = text
    return value if value == text or not _takes(task, name, text) or _takes(task, name, value) else text


def _takes(task: Task, name: str, value: Any) -> bool:
    role = task.parameters[name].role if name in task.parameters else "file"
    if role != "value":
        return isinstance(value, str) or (role == "files" and isinstance(value, list))
    try:
        task.validate_some({name: value})
    except ParameterError:
        return False
    return True


def _yaml(value: Any) -> str:
    """Return a value as one line of YAML, quoted only if needed."""
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z.$][\w ./*?${}-]*", value, re.ASCII)
    return value if plain and value == value.strip() and plain_scalar(value) == value else as_yaml(value)
