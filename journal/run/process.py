"""One worker process and the step that it has in hand."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from journal.run.gpus import VISIBLE
from journal.run.job import Job
from journal.run.messages import Answer

if TYPE_CHECKING:
    from journal.run.worker import Received, Sent

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
WORKER_ENV = {
    "TOKENIZERS_PARALLELISM": "false",
    "GOMP_SPINCOUNT": "1000",  # threads that wait on a busy machine sleep soon: by default they spin, four times slower
}


class Worker:
    """A process that serves jobs with so many threads and these cards. It ends with the run, however that ends.

    A library asks for the graphics cards once in a process, so one that was started for others can't be used.
    """

    def __init__(self, threads: int, gpus: tuple[str, ...] = ()) -> None:
        ours, theirs = socket.socketpair()
        self.threads, self.gpus = threads, gpus
        self.connection = Connection(ours.detach())
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "journal.run.worker", str(theirs.fileno()), str(os.getpid())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**WORKER_ENV, **os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), **_pinned_to(gpus)},
            start_new_session=True,  # Ctrl-C reaches the command alone, which then ends its workers
        )
        theirs.close()
        self.key: str | None = None
        self.helps = False
        """Whether it has an item of another worker's step in hand."""
        self.deadline: float | None = None
        self.timeout_s: float | None = None
        self.family = ""
        """The package of the task that it ran last, whose libraries it has loaded."""
        self.models: set[str] = set()
        """The models that its steps named, which it may still hold."""

    @property
    def is_busy(self) -> bool:
        return self.key is not None or self.helps

    @property
    def is_gone(self) -> bool:
        return self.process.poll() is not None

    @property
    def is_late(self) -> bool:
        return self.key is not None and self.deadline is not None and time.monotonic() > self.deadline

    def affinity(self, job: Job) -> int:
        """Return how much of what a job needs the process has loaded already."""
        return 2 * len(self.models & set(job.uses_models)) + (self.family == _family(job))

    def begin(self, key: str, job: Job, timeout_s: float | None) -> bool:
        """Begin a job; False where the process is gone."""
        self.family, self.timeout_s = _family(job), timeout_s
        self.models |= set(job.uses_models)
        self.deadline = time.monotonic() + timeout_s if timeout_s else None
        self.key = key
        return not self.is_gone and self.send(job)

    def send(self, message: Received) -> bool:
        """Send a message; a process that is gone is found out when it is waited for."""
        try:
            self.connection.send(message)
        except OSError:
            return False
        return True

    def receive(self) -> Sent:
        """Return the next message of the process. Raises ``EOFError`` where it is gone."""
        message: Sent = self.connection.recv()
        return message

    def receive_answer(self) -> Answer:
        """Return the answer to an item. Raises ``EOFError`` where the process is gone."""
        while not isinstance(message := self.receive(), Answer):
            pass
        return message

    def clear_job(self) -> None:
        """Have no step in hand any more."""
        self.key = self.deadline = None

    def stop(self) -> None:
        """End the process and all that it started."""
        self.connection.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def cause_of_death(self) -> str:
        """Say why the process ended."""
        code = self.process.wait()
        if code == -signal.SIGKILL:
            return "its process was killed (by the system, if memory ran out); run it again, or give it less to do"
        if code < 0:
            return f"its process crashed ({signal.Signals(-code).name}); the step's log may say more"
        return f"its process ended by itself with code {code}; a task must return a Report"


def _pinned_to(gpus: tuple[str, ...]) -> dict[str, str]:
    return {VISIBLE: ",".join(gpus)} if gpus else {}


def _family(job: Job) -> str:
    return job.source.module.rpartition(".")[0]
