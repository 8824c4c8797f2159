"""New tasks: a file in plugins/ with its test, or a package with an entry point; both pass as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from journal.errors import UsageError
from journal.files import write_atomically

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_TASK = '''"""The task NAME: count the words of a text."""

from typing import Annotated

from journal import Context, Field, Report, task


@task("NAME")
def FUNCTION(ctx: Context, text: Annotated[str, Field(min_length=1, description="the words to count")]) -> Report:
    """Count the words of a text."""
    words = text.split()
    (ctx.out / "words.txt").write_text("\\n".join(words), encoding="utf-8")
    report = Report().metric("words", len(words))
    return report.file(ctx.out / "words.txt").output("words", words)
'''
_TEST = '''"""The task NAME keeps the contract of a task, and does what it says."""

from pathlib import Path

import pytest

from journal.testing import check_task, make_workspace

WORKSPACE = Path(__file__).parents[1]


def test_it_counts_words() -> None:
    checked = check_task("NAME", WORKSPACE, text="one two three")
    assert checked.metrics == {"words": 3}
    assert "words: **3**" in checked.block


def test_no_text_is_refused() -> None:
    with pytest.raises(AssertionError, match="text"):
        check_task("NAME", WORKSPACE, text="")
'''
_PROJECT = """[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "DISTRIBUTION"
version = "0.1.0"
description = "The task NAME for journal"
dependencies = ["journal-in-public"]

[project.entry-points."journal.tasks"]
"NAME" = "MODULE:FUNCTION"

[tool.setuptools]
py-modules = ["MODULE"]
"""


def new_task(name: str, workspace: Path, *, package: bool) -> Iterator[Path]:
    """Write a task and its test and yield the files. Raises ``UsageError`` for a bad name, or where one is there."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name for a task; write two words with a dot, such as text.count")
    files = _package(name, workspace) if package else _plugin(name, workspace)
    if taken := next((path for path in files if path.exists()), None):
        raise UsageError(f"{taken.relative_to(workspace)} is there already; choose another name, or remove it")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
        yield path


def _plugin(name: str, workspace: Path) -> Mapping[Path, str]:
    file = name.replace(".", "_")
    test = _filled(_TEST, name).replace("import check_task, make_workspace", "import check_task")
    return {
        workspace / "plugins" / f"{file}.py": _filled(_TASK, name),
        workspace / "tests" / f"test_{file}.py": test,
    }


def _package(name: str, workspace: Path) -> Mapping[Path, str]:
    module = f"journal_{name.replace('.', '_')}"
    folder = workspace / module.replace("_", "-")
    test = _filled(_TEST, name).replace("WORKSPACE = Path(__file__).parents[1]\n\n\n", "\n")
    test = test.replace("from pathlib import Path\n", "from pathlib import Path\n").replace(
        "() -> None", "(tmp_path: Path) -> None"
    )
    return {
        folder / "pyproject.toml": _filled(_PROJECT, name),
        folder / f"{module}.py": _filled(_TASK, name),
        folder / "tests" / f"test_{module}.py": test.replace("WORKSPACE", "make_workspace(tmp_path)"),
    }


def _filled(text: str, name: str) -> str:
    module = f"journal_{name.replace('.', '_')}"
    function = name.rpartition(".")[2]
    replaced = {"DISTRIBUTION": module.replace("_", "-"), "MODULE": module, "FUNCTION": function, "NAME": name}
    for word, value in replaced.items():
        text = text.replace(word, value)
    return text
