"""A worker process and the step it is running."""

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
    "GOMP_SPINCOUNT": "1000",  # let waiting threads sleep soon: spinning is four times slower on a busy machine
}


class Worker:
    """A process that runs jobs with given threads and GPUs, and ends with the run, however that ends.

    Libraries look up the GPUs once per process, so a process started for other GPUs can't be used.
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
        """Whether it is running an item of another worker's step."""
        self.deadline: float | None = None
        self.timeout_s: float | None = None
        self.family = ""
        """The package of the task it ran last, whose libraries are loaded."""
        self.models: set[str] = set()
        """The models named by its steps so far, which may still be loaded."""

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
        """Return a score for how much of what a job needs is already loaded."""
        return 2 * len(self.models & set(job.uses_models)) + (self.family == _family(job))

    def begin(self, key: str, job: Job, timeout_s: float | None) -> bool:
        """Begin a job, and return whether the process is still there."""
        self.family, self.timeout_s = _family(job), timeout_s
        self.models |= set(job.uses_models)
        self.deadline = time.monotonic() + timeout_s if timeout_s else None
        self.key = key
        return not self.is_gone and self.send(job)

    def send(self, message: Received) -> bool:
        """Send a message, and return whether it was sent."""
        try:
            self.connection.send(message)
        except OSError:
            return False
        return True

    def receive(self) -> Sent:
        """Return the next message from the process. Raises ``EOFError`` where it is gone."""
        message: Sent = self.connection.recv()
        return message

    def receive_answer(self) -> Answer:
        """Return the answer to an item. Raises ``EOFError`` where the process is gone."""
        while not isinstance(message := self.receive(), Answer):
            pass
        return message

    def clear_job(self) -> None:
        """Forget the step that has ended."""
        self.key = self.deadline = None

    def stop(self) -> None:
        """Kill the process and everything it started."""
        self.connection.close()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def cause_of_death(self) -> str:
        """Return why the process ended, as a message."""
        code = self.process.wait()
        if code == -signal.SIGKILL:
            return "its process was killed (by the system, if memory ran out); run it again, or use smaller inputs"
        if code < 0:
            return f"its process crashed ({signal.Signals(-code).name}); the step's log may say more"
        return f"its process exited with code {code}; a task must return a Report"


def _pinned_to(gpus: tuple[str, ...]) -> dict[str, str]:
    return {VISIBLE: ",".join(gpus)} if gpus else {}


def _family(job: Job) -> str:
    return job.source.module.rpartition(".")[0]
