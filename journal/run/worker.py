"""The other side of a run: a process that takes steps one after another and writes their reports."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from journal.errors import JournalError, TaskError
from journal.registry import TaskSource, load_task
from journal.report import Report, write_report
from journal.task import Context


@dataclass(frozen=True)
class Job:
    """A step, ready to run: its references are resolved, its files are paths."""

    source: TaskSource
    values: Mapping[str, Any]
    header: Mapping[str, Any]
    """What report.json says of the step itself."""
    out: Path
    log: Path
    root: Path
    day: int
    date: date
    models: Mapping[str, str]
    threads: int
    memory: Path | None = None
    """Where tasks keep what later runs need not make again; None makes all of it again."""


def main() -> None:
    """Serve jobs from the connection whose descriptor is the first argument, until it closes."""
    connection = Connection(int(sys.argv[1]))
    jobs: SimpleQueue[Job] = SimpleQueue()
    threading.Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    while True:
        job = jobs.get()
        _write_output_to(job.log)
        connection.send(run_job(job, lambda *progress: connection.send(("progress", *progress))))


def run_job(job: Job, progress: Any) -> tuple[str, ...]:
    """Run a step; returns ("done", headline) or ("failed", one line). All else goes to the step's log."""
    try:
        report = _call_task(job, progress)
        write_report(report, job.out, **job.header)
        return ("done", report.headline_text)
    except JournalError as error:
        message = str(error)
    except MemoryError:
        message = "ran out of memory; give it smaller inputs, or a machine with more"
    except Exception as error:  # a step may fail in any way, and the run goes on
        traceback.print_exc()
        message = f"{type(error).__name__}: {error}"
    return ("failed", " ".join(message.replace(f"{job.root}{os.sep}", "").split()))


def _call_task(job: Job, progress: Any) -> Report:
    task = load_task(job.source)
    values = task.validate(job.values)
    if task.context_name:
        values[task.context_name] = Context(
            out=job.out,
            day=job.day,
            date=job.date,
            root=job.root,
            models=job.models,
            jobs=job.threads,
            progress=progress,
            memory=job.memory,
            basis=_basis(job.header),
            log=logging.getLogger(task.name),
        )
    report = task(**values)
    if not isinstance(report, Report):
        raise TaskError(f"task '{task.name}' returned {type(report).__name__}; it must return a Report")
    return report


def _basis(header: Mapping[str, Any]) -> str:
    """Return what a task's remembered files depend on beside their keys: its code and its libraries."""
    parts = header.get("depends_on", {})
    return repr(sorted((name, value) for name, value in parts.items() if name.startswith(("code ", "library "))))


def _receive(connection: Connection, jobs: SimpleQueue[Job]) -> None:
    """Pass jobs on; when the run is gone, so is this process, whatever it is at."""
    try:
        while True:
            jobs.put(connection.recv())
    except (EOFError, OSError):
        os._exit(1)


def _write_output_to(log: Path) -> None:
    """Send all that the step prints, from whatever library, to its log."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.close(stream)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr, force=True)


if __name__ == "__main__":
    main()
