"""The guide's pages that are made from the program: its commands, its tasks, reports and contexts, the gallery."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import typer
from blocks import Blocks

from journal import Context, Report
from journal.ask.tasks import explain_task
from journal.cli import app
from journal.cli.group import GROUPS
from journal.plan.registry import load_task, read_registry
from journal.record import Record
from journal.text.entry import Entry
from journal.text.workspace import read_workspace

HERE = Path(__file__).parent
ROOT = HERE.parent
_NOTEBOOK: dict[str, Any] = {
    "nbformat": 4, "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "cells": [
        {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None,
         "source": "print('the sum is', sum(range(10)))"}
    ],
}  # fmt: skip
_PROGRAMS = """  shell:
    uses: shell.run
    command: |
      echo number,square
      for number in 8 9 10; do echo $number,$((number * number)); done
    printed: table
  notebook:
    uses: notebook.run
    notebook: sums.ipynb
"""


def made_pages(blocks: Blocks) -> dict[str, str]:
    """Return the pages by name, as Markdown."""
    return {
        "commands.md": commands_page(),
        "tasks.md": tasks_page(blocks),
        "report.md": report_page(blocks),
        "gallery.md": gallery_page(blocks),
    }


def commands_page() -> str:
    """Return what each command says of itself."""
    group: Any = typer.main.get_command(app)
    context = typer.Context(group, info_name="journal", terminal_width=100, max_content_width=100)
    lines = ["# Commands", "", "As `journal COMMAND --help` says.", ""]
    listed = {**GROUPS, "From packages": group.list_commands(context)[len(group.commands) :]}
    for title, names in listed.items():
        lines += [f"## {title}", ""]
        for name in names:
            command = group.get_command(context, name)
            inner = typer.Context(
                command, info_name=name, parent=context, terminal_width=100, max_content_width=100
            )  # fmt: skip
            lines += [f"### journal {name}", "", "```text", command.get_help(inner), "```", ""]
    return "\n".join(lines)


def tasks_page(blocks: Blocks) -> str:
    """Return what ``journal task`` says of each task that ships, and a block of each that a sample day has."""
    record = Record(read_workspace(ROOT))
    registry = read_registry(HERE / "none")
    programs = blocks.run("programs", {"sums.ipynb": json.dumps(_NOTEBOOK)}, _PROGRAMS, ["shell", "notebook"])
    lines = ["# Tasks", "", "Each as `journal task NAME` explains it, with a block that it made.", ""]
    for name in registry.names():
        lines += [f"## {name}", "", load_task(registry.find(name)).summary, "", "```text"]
        lines += [*explain_task(registry, name, record)[4:], "```", ""]
        if shown := _shown_step(name, [record.entry(133), programs]):
            lines += [blocks.of_step(*shown), ""]
    return "\n".join(lines)


def report_page(blocks: Blocks) -> str:
    """Return all that a report and a context can do, each kind of item with what the program makes of it."""
    source = (HERE / "items.py").read_text(encoding="utf-8")
    shown = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    names = [node.name for node in shown]
    tasks = "".join(f"  {name}: {{uses: show.{name}}}\n" for name in names)
    entry = blocks.run("items", {"plugins/items.py": source}, tasks, names)
    lines = [
        "# Report and context",
        "",
        "A task returns a `Report`; each method adds one thing and returns the report.",
    ]
    for node in shown:
        code = "\n".join(source.splitlines()[node.body[1].lineno - 1 : node.end_lineno])
        method = getattr(Report, node.name, None)
        lines += ["", f"## {node.name}", "", _code_words(ast.get_docstring(node) or ""), ""]
        lines += [f"`{node.name}{_signature(method)}`", ""] if method else []
        lines += ["```python", dedent(code), "```", blocks.of_step(entry, node.name)]
    lines += ["", "## Other methods", ""]
    lines += [
        f"- `{name}{_signature(method)}`: {_code_words(_first(method))}"
        for name, method in _methods(Report)
        if name not in names
    ]
    lines += ["", "## Context", "", "A task that takes `ctx: Context` has", ""]
    lines += [f"- `ctx.{name}`: {_code_words(words)}" for name, words in _fields(Context)]
    lines += [
        f"- `ctx.{name}{_signature(method)}`: {_code_words(_first(method))}" for name, method in _methods(Context)
    ]
    return "\n".join(lines) + "\n"


def gallery_page(blocks: Blocks) -> str:
    """Return the eight example tasks, each with its step and its block."""
    record = Record(read_workspace(ROOT / "examples"))
    about = (ROOT / "examples/README.md").read_text(encoding="utf-8").split("\n\n")[1]
    lines = ["# A gallery of tasks", "", about, ""]
    for day in record.days():
        entry = record.entry(day)
        plugin = f"plugins/{entry.steps[0].uses.partition('.')[0]}.py"
        front = entry.text[: entry.body_start].partition("tasks:\n")[2].partition("---")[0]
        lines += [f"## {entry.title}", "", f'```python title="examples/{plugin}"']
        lines += [(ROOT / "examples" / plugin).read_text(encoding="utf-8").rstrip(), "```", ""]
        lines += ["```yaml", f"tasks:\n{front.rstrip()}", "```", ""]
        lines += [blocks.of_step(entry, step.id) for step in entry.steps]
    return "\n".join(lines) + "\n"


def _shown_step(task: str, entries: list[Entry]) -> tuple[Entry, str] | None:
    """Return a step of a task, or None where no sample day has one."""
    return next(((entry, step.id) for entry in entries for step in entry.steps if step.uses == task), None)


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(kind).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            yield name, value


def _fields(kind: type) -> Iterator[tuple[str, str]]:
    """Yield a dataclass's fields and the text below each, if there is one."""
    (node,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(node, ast.ClassDef)
    for one, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            yield one.target.id, str(after.value.value) if is_text else ast.unparse(one.annotation)  # type: ignore[union-attr]


def _signature(function: Any) -> str:
    (node,) = ast.parse(dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef)
    words = ast.unparse(node.args).removeprefix("self, ").removeprefix("self")
    return f"({words})"


def _first(function: Any) -> str:
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


def _code_words(text: str) -> str:
    return re.sub(r"``", "`", text)
