"""Bringing days up to date in the background as their entries are saved, one at a time, for ``journal serve --run``."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from journal.errors import JournalError
from journal.record import Record
from journal.text.workspace import read_workspace

SLOW_S = 60.0
"""A step that took longer than this before is offered rather than run."""
_CURRENT = "current"
_WAIT_S = 10.0
_TOLD = ("✓", "✗")


class DayRunner:
    """Runs days in a process of their own; a day that is saved while it runs is stopped and begun again.

    ``tell`` gets each line for the author.
    """

    def __init__(self, root: Path, tell: Callable[[str], None]) -> None:
        self.root, self.tell = root, tell
        self._waiting: dict[int, None] = {}
        self._seen: dict[int, tuple[int, ...]] = {}
        self._bell = threading.Condition()
        self._running: tuple[int, subprocess.Popen[str]] | None = None
        self._ends = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def saved(self, paths: Iterable[str]) -> None:
        """Bring the days up to date whose entries or sheets are among the files that were saved."""
        days = self._days_of(paths)
        with self._bell:
            for day in days:
                if self._running and self._running[0] == day:
                    self._running[1].terminate()  # what it does is overtaken
                self._waiting[day] = None
            self._bell.notify()

    def close(self) -> None:
        """Stop what runs; the steps that were done stay."""
        with self._bell:
            self._ends = True
            if self._running:
                self._running[1].terminate()
            self._bell.notify()
        self._thread.join(_WAIT_S)

    def _days_of(self, paths: Iterable[str]) -> list[int]:
        """Return the days of saved files that differ from what was last run, or written by that run."""
        try:
            known = Record(read_workspace(self.root)).days()
        except JournalError:
            return []
        names = {Path(path).name for path in paths}
        touched = [day for day, path in known.items() if any(_is_of(name, path) for name in names)]
        return [day for day in touched if self._seen.get(day) != _stamp(known[day])]

    def _work(self) -> None:
        while True:
            with self._bell:
                self._bell.wait_for(lambda: self._ends or self._waiting)
                if self._ends:
                    return
                day = next(iter(self._waiting))
                del self._waiting[day]
            try:
                self._run(day)
            except (OSError, ValueError) as error:
                self.tell(f"day {day}: it can't be brought up to date: {error}")

    def _run(self, day: int) -> None:
        steps = self._read("day", str(day), "--dry-run", "--json")
        if not isinstance(steps, Mapping) or "steps" not in steps:
            return  # what is wrong with the entry is shown in the page
        stale = [one["step"] for one in steps["steps"] if one["outcome"] != _CURRENT]
        took = self._seconds(day)
        slow = [step for step in stale if took.get(step, 0.0) > SLOW_S]
        for step in slow:
            self.tell(
                f"day {day}: {step} is out of date and took {took[step]:.0f} s before; "
                f"run it with: journal day {day} --only {step}"
            )
        quick = [step for step in stale if step not in slow]
        if slow and not quick:
            return
        only = [word for step in quick for word in ("--only", step)] if slow else []
        process = self._start("day", str(day), *only)
        with self._bell:
            self._running = (day, process)
            if day in self._waiting or self._ends:
                process.terminate()
        out, _ = process.communicate()
        with self._bell:
            self._running = None
        if process.returncode >= 0 and day not in self._waiting:
            for line in out.splitlines():
                if line.startswith(_TOLD):
                    self.tell(f"day {day}: {' '.join(line.split())}")
        path = Record(read_workspace(self.root)).days().get(day)
        if path is not None:
            self._seen[day] = _stamp(path)

    def _seconds(self, day: int) -> dict[str, float]:
        """Return how long each step took when it ran last."""
        found: dict[str, float] = {}
        runs = self._read("history", "--day", str(day), "--limit", "200", "--json")
        for one in runs if isinstance(runs, list) else []:
            if one.get("outcome") == "done":
                found.setdefault(str(one.get("step")), float(one.get("seconds") or 0.0))
        return found

    def _read(self, *arguments: str) -> Any:
        out, _ = self._start(*arguments).communicate()
        try:
            return json.loads(out)
        except ValueError:
            return None

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "journal", *arguments]  # not a folder "journal" of the workspace
        return subprocess.Popen(
            command, cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8"
        )


def _is_of(name: str, entry: Path) -> bool:
    """Return whether a file is an entry or a sheet beside it."""
    return name == entry.name or (name.startswith(f"{entry.stem}.") and name.endswith(".csv"))


def _stamp(entry: Path) -> tuple[int, ...]:
    """Return what changes when an entry or a sheet beside it is written."""
    stats = [path.stat() for path in (entry, *sorted(entry.parent.glob(f"{entry.stem}.*.csv"))) if path.exists()]
    return tuple(number for stat in stats for number in (stat.st_mtime_ns, stat.st_size))
