"""A step's process, and the nursery that forks it: a process that has imported libraries, and nothing of the user's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from typing import TYPE_CHECKING

from journal.run.gpus import VISIBLE
from journal.run.messages import Answer

if TYPE_CHECKING:
    from journal.run.job import Job, MapItem
    from journal.run.step_process import Received, Sent

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
WORKER_ENV = {
    "TOKENIZERS_PARALLELISM": "false",
    "GOMP_SPINCOUNT": "1000",  # let waiting threads sleep soon: spinning is four times slower on a busy machine
    "PYTHONHASHSEED": "0",  # sets of text keep their order from run to run
}
_ENDS_WITHIN_S = 5.0
_GONE_WITHIN_S = 1.0


class Nursery:
    """A process from which steps with given threads and GPUs are forked, each as fresh as if it were the first.

    It ends with the run, however that ends, and its steps with it. Libraries look up threads and GPUs once per process,
    so steps that claim others need another nursery.
    """

    def __init__(self, threads: int, gpus: tuple[str, ...] = ()) -> None:
        ours, theirs = socket.socketpair()
        self.threads, self.gpus = threads, gpus
        self.connection = Connection(ours.detach())
        self.count = 0
        self.exits: dict[int, int] = {}
        """How processes ended, by their number."""
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "journal.run.nursery", str(theirs.fileno()), str(os.getpid())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**WORKER_ENV, **os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), **_pinned_to(gpus)},
            start_new_session=True,  # Ctrl-C reaches the command alone, which then ends its steps
        )
        theirs.close()

    @property
    def is_gone(self) -> bool:
        return self.process.poll() is not None

    def fork(self, first: Job | MapItem) -> StepProcess:
        """Start a process for a job, or for the items of another's ``ctx.map``. Raises ``OSError`` where it can't."""
        ours, theirs = socket.socketpair()
        self.count += 1
        try:
            self.connection.send((self.count, first))
            send_handle(self.connection, theirs.fileno(), self.process.pid)
        finally:
            theirs.close()
        return StepProcess(self, self.count, Connection(ours.detach()))

    def kill(self, number: int) -> None:
        """Kill a process and everything in its group."""
        with suppress(OSError):
            self.connection.send((number, None))

    def receive(self) -> None:
        """Take the messages that have come. Raises ``EOFError`` where the nursery is gone."""
        while self.connection.poll():
            number, status = self.connection.recv()
            self.exits[number] = status

    def exit_of(self, number: int) -> int | None:
        """Return how a process ended that closed its connection; None if the nursery is gone.

        Raises ``TimeoutError`` where the process lives on.
        """
        try:
            while number not in self.exits:
                if not self.connection.poll(_GONE_WITHIN_S):
                    raise TimeoutError
                number_of, status = self.connection.recv()
                self.exits[number_of] = status
        except TimeoutError:
            raise
        except (EOFError, OSError):
            return None
        return self.exits.pop(number)

    def close(self) -> None:
        """End the nursery and all that runs in it."""
        self.connection.close()
        try:
            self.process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()


class StepProcess:
    """A process that runs one step, or items of a step's ``ctx.map``, and then ends."""

    def __init__(self, nursery: Nursery, number: int, connection: Connection[Received, Sent]) -> None:
        self.nursery, self.number, self.connection = nursery, number, connection
        self.threads, self.gpus = nursery.threads, nursery.gpus
        self.key: str | None = None
        """The step that it runs; None if it is running items of another's."""
        self.deadline: float | None = None
        self.timeout_s: float | None = None

    @property
    def is_late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def begin(self, key: str, timeout_s: float | None) -> None:
        """Note which step it runs, and for how long it may."""
        self.key, self.timeout_s = key, timeout_s
        self.deadline = time.monotonic() + timeout_s if timeout_s else None

    def send(self, message: Received) -> bool:
        """Send a message, and return whether it was sent."""
        try:
            self.connection.send(message)
        except OSError:
            return False
        return True

    def receive(self) -> Sent:
        """Return the next message from the process. Raises ``EOFError`` where it is gone."""
        return self.connection.recv()

    def receive_answer(self) -> Answer:
        """Return the answer to an item. Raises ``EOFError`` where the process is gone."""
        while not isinstance(message := self.receive(), Answer):
            pass
        return message

    def stop(self) -> None:
        """Kill the process and everything it started."""
        self.connection.close()
        self.nursery.kill(self.number)

    def cause_of_death(self) -> str:
        """Return why the process ended, as a message."""
        try:
            code = self.nursery.exit_of(self.number)
        except TimeoutError:
            return "its process closed its connection to the run and went on, and was stopped"
        if code is None:
            return "the process that starts the steps was gone, and its steps with it; run it again"
        if code == -signal.SIGKILL:
            return "its process was killed (by the system, if memory ran out); run it again, or use smaller inputs"
        if code < 0:
            return f"its process crashed ({signal.Signals(-code).name}); the step's log may say more"
        return f"its process exited with code {code}; a task must return a Report"


def _pinned_to(gpus: tuple[str, ...]) -> dict[str, str]:
    return {VISIBLE: ",".join(gpus)} if gpus else {}
