"""A task of one's own: one file in the workspace, or a package that others install."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Done, Space, environment

README = (Path(__file__).parents[1] / "README.md").read_text()


def plugin_of_readme() -> str:
    """Return the code block in README that declares a task."""
    (found,) = [code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "@task" in code]
    return str(found)


@pytest.fixture
def counting(space: Space) -> Space:
    """A workspace whose only plugin is README's."""
    (space.root / "plugins/toys.py").unlink()
    space.write("plugins/count.py", plugin_of_readme())
    space.write("words.txt", "three plain words")
    space.entry(
        "  count:\n    uses: text.count\n    source: words.txt\n", "Before.\n\n<!-- journal:count -->\n\nAfter.\n"
    )
    return space


def test_the_plugin_in_readme_is_eight_lines() -> None:
    assert len(plugin_of_readme().splitlines()) == 8


def test_the_plugin_in_readme_is_listed_and_explained(counting: Space) -> None:
    assert re.search(r"text\.count +Count the words of a text file\. +\(plugins/count\.py\)", counting.run("task").out)
    explained = counting.run("task", "text.count", check=0).out
    assert re.search(r"source: file; required", explained)


def test_the_plugin_in_readme_is_run_cached_and_shown(counting: Space) -> None:
    path = counting.root / "entries/2024-05-13-day-133.md"
    counting.run("day", "133", check=0)
    assert "Before.\n\n<!-- journal:count -->\n- words: **3**\n<!-- /journal:count " in path.read_text()
    report = json.loads((path.with_suffix("") / "count/report.json").read_text())
    assert (report["task"], report["parameters"]) == ("text.count", {"source": "words.txt"})
    assert "the step is up to date; nothing changed" in counting.run("day", "133", check=0).out
    counting.write("words.txt", "now four plain words")
    assert "1 ran" in counting.run("day", "133", check=0).out
    assert "- words: **4**" in path.read_text()


def test_the_plugin_in_readme_is_checked_before_it_runs(counting: Space) -> None:
    counting.entry("  count:\n    uses: text.count\n    sauce: words.txt\n")
    done = counting.run("day", "133", check=3)
    assert done.err == (
        "entries/2024-05-13-day-133.md:7: task 'text.count' has no parameter 'sauce'; did you mean 'source'?\n"
    )


def test_a_new_line_of_code_runs_the_step_again_and_a_comment_does_not(counting: Space) -> None:
    counting.run("day", "133", check=0)
    counting.write("plugins/count.py", plugin_of_readme() + "# a comment\n")
    assert "nothing changed" in counting.run("day", "133", check=0).out
    counting.write("plugins/count.py", plugin_of_readme().replace('"words"', '"tokens"'))
    assert "1 ran" in counting.run("day", "133", check=0).out


PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "word-tasks"
version = "1.0"

[project.entry-points."journal.tasks"]
"words.shout" = "word_tasks.shout:shout"
"words.broken" = "word_tasks.missing:nothing"

[tool.setuptools]
packages = ["word_tasks"]
"""
SHOUT = '''"""Shout."""
from journal import Report, task
from word_tasks.signs import MARK


@task("words.shout")
def shout(text: str) -> Report:
    """Write a text in capitals."""
    return Report().quote(text.upper() + MARK).metric("letters", len(text))
'''


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed a package that brings a task."""
    project = tmp_path_factory.mktemp("project")
    (project / "word_tasks").mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "word_tasks/__init__.py").write_text("")
    (project / "word_tasks/signs.py").write_text('MARK = "!"\n')
    (project / "word_tasks/shout.py").write_text(SHOUT)
    target = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-index", "--no-build-isolation", "--no-deps", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(project)], check=True, capture_output=True)
    return target


def run_with(space: Space, site: Path, *arguments: str) -> Done:
    """Run ``journal`` with one more folder of installed packages."""
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "journal", *arguments]
    env = {**environment(), "PYTHONPATH": path}
    done = subprocess.run(command, cwd=space.root, capture_output=True, text=True, env=env, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_task_of_an_installed_package_is_run_cached_and_shown(space: Space, installed: Path) -> None:
    path = space.entry("  loud: {uses: words.shout, text: hello}\n")
    assert (
        "words.shout          Write a text in capitals.  (the package word-tasks)"
        in run_with(space, installed, "task").out
    )
    done = run_with(space, installed, "day", "133")
    assert (done.code, done.err) == (0, "")
    assert '<pre class="quote">HELLO&#33;</pre>' in path.read_text()
    assert "nothing changed" in run_with(space, installed, "day", "133").out


def test_a_package_whose_task_is_missing_harms_no_other(space: Space, installed: Path) -> None:
    path = space.entry("  a: {uses: words.broken}\n  loud: {uses: words.shout, text: hello}\n")
    done = run_with(space, installed, "day", "133")
    assert done.code == 3
    assert "task 'words.broken' of the package word-tasks can't be imported: ModuleNotFoundError" in done.err
    assert "HELLO" in path.read_text()


def test_without_the_package_its_task_is_unknown(space: Space) -> None:
    space.entry("  loud: {uses: words.shout, text: hello}\n")
    assert "unknown task 'words.shout'" in space.run("day", "133", check=3).err


def test_files_of_the_workspace_take_no_place_of_modules_in_a_task(counting: Space) -> None:
    for name in ("random.py", "journal.py", "tasks/__init__.py"):
        counting.write(name, "raise SystemExit('imported instead')\n")
    command = [sys.executable, "-P", "-m", "journal", "day", "133"]
    done = subprocess.run(command, cwd=counting.root, capture_output=True, text=True, env=environment(), check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("statement", ["import helper", "from plugins import helper", "from . import helper"])
def test_plugins_share_a_module_by_any_import_and_its_change_is_theirs(space: Space, statement: str) -> None:
    space.write("plugins/helper.py", '"""Shared."""\nVALUE = 41\n')
    space.write(
        "plugins/using.py",
        f'"""Uses it."""\nfrom journal import Report, task\n{statement}\n\n\n@task("using.it")\n'
        'def use() -> Report:\n    """Use it."""\n    return Report().metric("value", helper.VALUE + 1)\n',
    )
    space.entry("  a: {uses: using.it}\n")
    assert "value 42" in space.run("day", "133", check=0).out
    space.write("plugins/helper.py", '"""Shared."""\nVALUE = 42\n')
    assert "value 43" in space.run("day", "133", check=0).out
