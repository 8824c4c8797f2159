"""For tests of your own tasks: whether a task keeps the contract that all tasks keep, and what its block shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.api.report import Report
from journal.day.adhoc import describe_adhoc, step_of
from journal.layout import LAST_DAY
from journal.plan.parts import load_parts
from journal.plan.seen import undeclared
from journal.record import Record
from journal.text.workspace import read_workspace
from journal.trust import VARIABLE

_NOT_LOOKED_AT = {".git", ".journal", "build", "__pycache__", ".pytest_cache", ".venv", "node_modules"}
_SETTINGS = "name: A journal\nday-1: 2024-01-02\n"


@dataclass(frozen=True)
class Checked:
    """What a task gave: its report, the folder of its files, and its block as an entry would show it."""

    report: Report
    folder: Path
    block: str

    @property
    def metrics(self) -> dict[str, Any]:
        """The report's metrics by name."""
        return {metric.name: metric.value for metric in self.report.metrics}


def make_workspace(folder: Path) -> Path:
    """Make an empty workspace in a folder, such as pytest's ``tmp_path``, and return it."""
    (folder / "entries").mkdir(parents=True, exist_ok=True)
    (folder / "journal.yml").write_text(_SETTINGS, encoding="utf-8")
    return folder


def check_task(name: str, workspace: Path, **parameters: Any) -> Checked:
    """Run a task twice, as ``journal run`` does, and check that it keeps the contract.

    That is: the same input gives the same bytes, from whatever folder the command is called; nothing is written outside
    ``ctx.out``, nothing printed, and nothing read that the task doesn't declare; the report can be written and read.
    Files among the parameters are named relative to the workspace. Raises ``AssertionError`` with a line for each
    breach, or with the task's own error.
    """
    before = _files(workspace)
    first = _run(name, workspace, parameters, workspace)
    (workspace / "build").mkdir(exist_ok=True)
    second = _run(name, workspace, parameters, workspace / "build")
    breaches = [
        *_other_bytes(first, second),
        *_written(before, _files(workspace)),
        *_printed(workspace, name),
        *(
            f"it read {one}, which it does not declare; take it as a File"
            for one in undeclared(load_parts(second["seen"]))
        ),
    ]
    if breaches:
        raise AssertionError(
            f"task '{name}' breaks the contract of a task:\n" + "\n".join(f"- {one}" for one in breaches)
        )
    folder = workspace / "build/run" / step_of(name)
    record = Record(read_workspace(workspace.resolve()))
    return Checked(record.step(folder).report, folder, describe_adhoc(folder, record))


def _run(name: str, workspace: Path, parameters: Mapping[str, Any], where: Path) -> dict[str, Any]:
    """Run the task from a folder of the workspace and return its report.json."""
    given = [f"{key}={_as_text(value)}" for key, value in parameters.items()]
    done = subprocess.run(
        [sys.executable, "-m", "journal", "run", name, *given, "--force", "--json"], cwd=where, capture_output=True,
        text=True, check=False, env={**os.environ, VARIABLE: "1"},
    )  # fmt: skip
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = {}
    if done.returncode or not isinstance(found, dict):
        said = found.get("message") if isinstance(found, dict) else ""
        raise AssertionError(f"task '{name}' failed: {said or (done.stderr or done.stdout).strip()}")
    return found


def _as_text(value: Any) -> str:
    return str(value) if isinstance(value, str | os.PathLike) else json.dumps(value, ensure_ascii=False)


def _other_bytes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    one, two = first["artifacts"], second["artifacts"]
    other = sorted(path for path in {*one, *two} if one.get(path) != two.get(path))
    if other:
        yield f"the same input gave other bytes: {', '.join(other)}"
    elif first["items"] != second["items"] or first["outputs"] != second["outputs"]:
        yield "the same input gave another report; seed what is random with ctx.seed, and show no times"


def _written(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    if changed:
        yield f"it wrote outside ctx.out: {', '.join(changed)}"


def _printed(workspace: Path, name: str) -> Iterator[str]:
    log = workspace / ".journal/logs" / f"day-{LAST_DAY}-{step_of(name)}.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    if printed := [line for line in lines if line.strip() and not line.startswith(f"{name}: ")]:
        yield f"it printed '{printed[0][:80]}'; use ctx.log.info, or ctx.progress"


def _files(workspace: Path) -> dict[str, str]:
    """Return the workspace's files with a stamp that changes with them, but for what is journal's own or a cache."""
    found = {}
    for where, folders, names in os.walk(workspace):
        folders[:] = [folder for folder in folders if folder not in _NOT_LOOKED_AT]
        for name in names:
            stat = (path := Path(where, name)).lstat()
            found[path.relative_to(workspace).as_posix()] = f"{stat.st_size} {stat.st_mtime_ns}"
    return found
