"""A workspace in a temporary folder, entries in it, and the real command run on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# no clock in properties: what takes how long on a busy machine says nothing about the code
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

# threads that wait for others sleep soon, as in journal's workers: on a machine that other work keeps busy, PyTorch's
# are up to seventy times slower otherwise
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# the workspaces of the tests are the tests' own
os.environ["JOURNAL_TRUST"] = "1"

# a shell that starts the tests in the background has them ignore Ctrl-C, and every command under test with them
signal.signal(signal.SIGINT, signal.default_int_handler)

_NEEDS = {
    "test_day_133.py": "torch",
    "test_emoji_scenes.py": "emoji_scenes",
    "test_guide_page.py": "playwright",
    "test_page.py": "playwright",
    "test_page_safety.py": "playwright",
    "test_review_page.py": "playwright",
    "test_task_diffusion_sample.py": "diffusers",
    "test_llm_held_out.py": "torch",
    "test_task_llm_evaluate.py": "torch",
    "test_task_llm_lora.py": "torch",
    "test_task_llm_prompt.py": "torch",
    "test_task_llm_server.py": "openai",
}
"""Libraries without which a file's tests can't run: an environment without PyTorch leaves them out, and says so."""
collect_ignore = [name for name, module in _NEEDS.items() if find_spec(module) is None]


def pytest_report_header() -> str:
    return f"left out, since a library is missing: {', '.join(collect_ignore)}" if collect_ignore else ""


TOY_TASKS = '''"""Toy tasks for the tests."""
import os
import time
from typing import Annotated
from journal import Context, Field, File, Files, Report, TaskError, task


@task("text.count")
def count_words(source: File) -> Report:
    """Count the words of a text file."""
    return Report().metric("words", len(source.read_text().split()))


@task("text.write")
def write(ctx: Context, text: str = "hello", times: Annotated[int, Field(ge=1)] = 1) -> Report:
    """Write a text file, for other steps to read."""
    path = ctx.out / "text.txt"
    path.write_text(text * times)
    return Report().metric("letters", len(text) * times).output("path", path).output("text", text)


@task("text.join")
def join(sources: Files, title: str = "") -> Report:
    """Join text files."""
    return Report().quote("".join(one.read_text() for one in sources), title=title).metric("files", len(sources))


@task("toy.total")
def total(seconds: float, ledger: str = "glaswegian") -> Report:
    """Count seconds in a ledger."""
    return Report().metric("seconds", seconds, "s").total(ledger, seconds, "s")


@task("toy.fail")
def fail(message: str = "it went wrong; do it right") -> Report:
    """Fail with a message."""
    raise TaskError(message)


@task("toy.fault")
def fault() -> Report:
    """Fail as a mistake in the code does."""
    print("printed before the fault")
    raise KeyError("missing")


@task("toy.crash")
def crash() -> Report:
    """End the process at once, as a crash in a native library does."""
    os.abort()


@task("toy.sleep")
def sleep(ctx: Context, seconds: float = 60.0, note: str = "") -> Report:
    """Sleep, telling how far it is."""
    for done in range(20):
        time.sleep(seconds / 20)
        ctx.progress(done + 1, 20, "sleeping")
    return Report().metric("slept", seconds, "s")
'''


@dataclass(frozen=True)
class Done:
    """What a command printed and returned."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Space:
    """A workspace for a test."""

    root: Path

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        return path

    def entry(self, tasks: str = "", body: str = "Words of mine.\n", day: int = 133) -> Path:
        """Write the entry of a day of May 2024; ``tasks`` is YAML below ``tasks:``, two spaces in."""
        front = f"day: {day}\ntitle: A day\n" + (f"tasks:\n{tasks}" if tasks else "")
        return self.write(f"entries/{entry_name(day)}.md", f"---\n{front}---\n{body}")

    def run(self, *arguments: str, check: int | None = None, timeout: float = 120) -> Done:
        """Run ``journal`` in the workspace; ``check`` is the exit code that it has to give."""
        command = [sys.executable, "-m", "journal", *arguments]
        done = subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, timeout=timeout, env=environment()
        )
        if check is not None:
            assert done.returncode == check, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)


def entry_name(day: int) -> str:
    from datetime import date, timedelta

    return f"{date(2024, 1, 2) + timedelta(days=day - 1)}-day-{day}"


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """An empty workspace with the toy tasks as its plugins."""
    return make_space(tmp_path / "workspace")


def make_space(root: Path) -> Space:
    space = Space(root)
    space.write("journal.yml", "name: A journal\nday-1: 2024-01-02\ngoals:\n  glaswegian: 120 min\n")
    space.write("plugins/toys.py", TOY_TASKS)
    (space.root / "entries").mkdir()
    return space


@pytest.fixture
def write_entry(space: Space) -> Callable[..., Path]:
    return space.entry


@pytest.fixture
def run_cli(space: Space) -> Callable[..., Done]:
    return space.run
