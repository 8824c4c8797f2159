"""What a task's results are called: the parts, outputs and numbers of its last report, or those that its code names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from journal.api.report_file import StepReport
from journal.errors import JournalError, StoreError
from journal.plan.code import read_code
from journal.plan.registry import TaskSource
from journal.record import Record
from journal.record.facts import facts_of
from journal.render.parts import sections_of


@dataclass(frozen=True)
class ResultNames:
    """Names by which entries arrange a report and take from it, each with what it stands for."""

    step: str
    parts: dict[str, str] = field(default_factory=dict)
    """For ``show``, ``hide`` and ``fold``: the words that a part is folded under."""
    outputs: dict[str, str] = field(default_factory=dict)
    """For ``${step.name}``: the kind of thing."""
    values: tuple[str, ...] = ()
    """Addresses of numbers, for values in sentences."""
    place: str = ""
    """The report that they were read from; empty if it was the task's code."""


def names_in_record(task: str, record: Record) -> ResultNames | None:
    """Return the names in the latest report of a task beside an entry, or None if there is none."""
    for day, path in reversed(record.days().items()):
        with suppress(StoreError):
            if found := next((step for step in record.steps(path) if step.task == task), None):
                return _of_report(found, day, path)
    return None


def names_in_code(source: TaskSource, step: str, root: Path) -> ResultNames:
    """Return the names that a task's modules write as plain text in calls such as ``report.output("words", ...)``."""
    found: dict[str, dict[str, str]] = {"part": {}, "output": {}, "metric": {}}
    for path in read_code(source, root).files:
        for method, name, title in _named(ast.parse(path.read_bytes()), source.name):
            found[method].setdefault(name, title)
    metrics = tuple(f"{step}.{name}" for name in found["metric"])
    return ResultNames(step, found["part"], found["output"], metrics)


def _of_report(step: StepReport, day: int, path: Path) -> ResultNames:
    report = step.report
    try:
        values = tuple(dict.fromkeys(fact.address for fact in facts_of(step, day) if fact.place >= 0))
    except JournalError:
        values = ()
    return ResultNames(
        step.step,
        {one.name: one.title for one in sections_of(report.items)},
        {name: _kind(value) for name, value in report.outputs.items()},
        values,
        f"{path.name}, step '{step.step}'",
    )


def _kind(value: Any) -> str:
    if isinstance(value, Path):
        return f"the folder {value.name}" if value.is_dir() else f"the file {value.name}"
    if isinstance(value, list):
        return f"{len(value)} files" if value and all(isinstance(one, Path) for one in value) else "a list"
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "text"}
    return next((words for kind, words in kinds.items() if isinstance(value, kind)), "a mapping")


def _named(module: ast.Module, task: str) -> Iterator[tuple[str, str, str]]:
    """Yield method, name and title of calls that name something, without those of other tasks in the same module."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _declares_another(node, task):
            continue
        calls = [one for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)]
        for call in sorted(calls, key=lambda one: (one.end_lineno or 0, one.end_col_offset or 0)):
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            name, title = [*(_text(one) for one in call.args[:2]), "", ""][:2]
            if method in ("part", "output", "metric") and name:
                yield method, name, title if method == "part" else ""


def _text(node: ast.expr) -> str:
    """Return plain text that stands in code, or nothing."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _declares_another(function: ast.FunctionDef | ast.AsyncFunctionDef, task: str) -> bool:
    declared = [
        str(argument.value)
        for one in function.decorator_list
        if isinstance(one, ast.Call) and one.args and isinstance(argument := one.args[0], ast.Constant)
    ]
    return bool(declared) and task not in declared
