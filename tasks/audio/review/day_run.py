"""The day's step run again from the page, as the author would at a terminal, with what it says."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

_PATIENCE_S = 10


@dataclass
class DayRun:
    """At most one run at a time of ``journal day 133 --only clips``."""

    root: Path
    day: int
    step: str
    lines: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _listener: Thread | None = None

    @property
    def command(self) -> list[str]:
        return ["day", str(self.day), "--only", self.step]

    def start(self) -> None:
        """Start a run, unless one is going on."""
        if self._process and self._process.poll() is None:
            return
        self.lines.clear()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "journal", *self.command],
            cwd=self.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        self._listener = Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()

    def stop(self) -> None:
        """Interrupt the run, if there is one; what it has finished is kept."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def state(self) -> dict[str, Any]:
        """Return whether it runs, its exit code if it doesn't, and its lines so far."""
        code = self._process.poll() if self._process else None
        running = code is None if self._process else False
        if self._listener and not running:
            self._listener.join()
        return {"running": running, "code": code, "lines": list(self.lines), "command": " ".join(self.command)}

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.lines.append("journal " + " ".join(self.command))
        with process.stdout:
            for line in process.stdout:
                self.lines.append(line.rstrip())
