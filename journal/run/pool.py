"""Worker processes: started when needed, kept for the steps that follow, replaced when they die."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from journal.run.worker import Job

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Event:
    """What a worker said of a step: "progress" (done, total, what), "done" (headline) or "failed" (message)."""

    key: str
    kind: str
    values: tuple[Any, ...]
    died: bool = False
    """The worker is gone, so that another try may do better."""


class Worker:
    """One process and the step that it has in hand."""

    def __init__(self, threads: int) -> None:
        ours, theirs = socket.socketpair()
        self.threads = threads
        self.connection = Connection(ours.detach())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "journal.run.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "TOKENIZERS_PARALLELISM": "false"},
            start_new_session=True,  # Ctrl-C reaches the command alone, which then ends its workers
        )
        theirs.close()
        self.key: str | None = None
        self.deadline: float | None = None
        self.timeout_s: float | None = None
        self.family = ""
        """The package of the task it ran last, whose models it may hold."""

    def stop(self) -> None:
        """End the process and all that it started."""
        self.connection.close()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()
        self.process.wait()


class Pool:
    """Runs jobs in workers. ``wait`` tells what happened."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []

    def start(self, key: str, job: Job, timeout_s: float | None) -> None:
        """Give a job to an idle worker with as many threads, of the same family if there is one, or to a new one."""
        family = job.source.module.rpartition(".")[0]
        idle = [worker for worker in self.workers if worker.key is None and worker.threads == job.threads]
        worker = next((worker for worker in idle if worker.family == family), None) or (idle[0] if idle else None)
        if worker is None:
            worker = Worker(job.threads)
            self.workers.append(worker)
        worker.key, worker.family, worker.timeout_s = key, family, timeout_s
        worker.deadline = time.monotonic() + timeout_s if timeout_s else None
        worker.connection.send(job)

    def wait(self) -> Iterator[Event]:
        """Wait until a worker says something, dies or runs past its time; yield what happened."""
        busy = {worker.connection: worker for worker in self.workers if worker.key is not None}
        deadlines = [worker.deadline for worker in busy.values() if worker.deadline]
        pause = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        for connection in wait(list(busy), pause):
            yield self._receive(busy[connection])  # type: ignore[index]  # only connections are waited for
        for worker in [worker for worker in busy.values() if worker.key and _is_late(worker)]:
            yield self._end(worker, f"took longer than its timeout of {worker.timeout_s:g} s and was ended", died=False)

    def close(self) -> None:
        """End every worker, whatever it is at."""
        for worker in self.workers:
            worker.stop()
        self.workers.clear()

    def _receive(self, worker: Worker) -> Event:
        try:
            kind, *values = worker.connection.recv()
        except (EOFError, OSError):
            return self._end(worker, _cause_of_death(worker.process), died=True)
        key = worker.key or ""
        if kind != "progress":
            worker.key = None
        return Event(key, kind, tuple(values))

    def _end(self, worker: Worker, message: str, *, died: bool) -> Event:
        key = worker.key or ""
        worker.stop()
        self.workers.remove(worker)
        return Event(key, "failed", (message,), died)


def _is_late(worker: Worker) -> bool:
    return worker.deadline is not None and time.monotonic() > worker.deadline


def _cause_of_death(process: subprocess.Popen[bytes]) -> str:
    code = process.wait()
    if code == -signal.SIGKILL:
        return "its process was killed (by the system, if memory ran out); run it again, or give it less to do"
    if code < 0:
        return f"its process crashed ({signal.Signals(-code).name}); the step's log may say more"
    return f"its process ended by itself with code {code}; a task must return a Report"
