"""Executors, which run steps: their interface, and how one is found by its name or an address."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from journal.api.answers import append_lines
from journal.doors import EXECUTORS, DoorError, Installed
from journal.errors import JournalError, UsageError, nearest, one_line
from journal.run.messages import Event, Failed
from journal.run.packed_job import PackedJob, Returned, pack_job, unpack_folder

if TYPE_CHECKING:
    from journal.run.job import Job
    from journal.run.resources import Claims, ResourcePool


class ExecutorError(JournalError):
    """An executor failed, not one of the steps that it runs."""


class Executor(ABC):
    """Runs jobs and reports what becomes of them.

    Its name is recorded in the history. An executor with its own queue is given every step as soon as the step can run;
    any other is given a step once this machine has the cores and memory that the step claims.
    """

    name = ""
    shares_files = False
    """Whether its workers see the workspace's folder; if not, files are sent with each job, and results back."""
    has_own_queue = False

    def __init__(self, address: str, resources: ResourcePool, work: Path) -> None:
        """Open the executor; ``address`` is empty if only its name was given, ``work`` is a folder for the run."""
        self.address, self.resources, self.work = address, resources, work
        self.run = secrets.token_hex(8)
        self.marker = work / f"run-{self.run}"

    @abstractmethod
    def start(self, key: str, job: Job, timeout_s: float | None, claims: Claims) -> None:
        """Begin a job, whose events are reported under its key."""

    @abstractmethod
    def wait(self) -> Iterator[Event]:
        """Wait for events and yield them; each job ends with exactly one ``Finished`` or ``Failed``."""

    @abstractmethod
    def close(self) -> None:
        """End everything that is running."""

    @contextmanager
    def named_faults(self) -> Iterator[None]:
        """Turn whatever goes wrong in the executor into one line that names it."""
        try:
            yield
        except JournalError:
            raise
        except Exception as error:  # third-party code may fail in any way
            cause = one_line(f"{type(error).__name__}: {error}")
            raise ExecutorError(
                f"executor '{self.name or type(self).__name__}': {cause}; finished steps are kept"
            ) from error

    def pack(self, job: Job, timeout_s: float | None) -> PackedJob:
        """Return a job that can be pickled and run by ``run_packed`` in any process, with its files if needed."""
        self.write_marker()
        return pack_job(job, timeout_s, self.run, self.marker, files=not self.shares_files)

    def write_marker(self) -> None:
        """Write the file that tells a worker whether it sees the workspace's folder."""
        if not self.marker.exists():
            self.marker.parent.mkdir(parents=True, exist_ok=True)
            self.marker.write_text(self.run, encoding="ascii")

    def receive(self, key: str, job: Job, returned: Returned) -> Event:
        """Put the returned files where they belong, and return the event that ends the job."""
        try:
            if returned.log:
                job.log.write_text(returned.log, encoding="utf-8")
            if returned.answers and job.answers:
                append_lines(job.answers, returned.answers)
            if returned.archive is not None:
                unpack_folder(returned.archive, job.out)
        except OSError as error:
            return Event(key, Failed(f"its files can't be stored in .journal/work: {error.strerror}"))
        return Event(key, returned.message)


def open_executor(where: str, resources: ResourcePool, work: Path, installed: Installed) -> Executor:
    """Open an executor by its name, or by an address with that scheme. Raises ``UsageError`` where it can't."""
    name, is_address, _ = where.partition("://")
    points = installed.entry_points(EXECUTORS)
    if name not in {point.name for point in points}:
        names = {point.value: point.name for point in reversed(points)}.values()  # leaves out schemes of addresses
        near = nearest(name, list(names), cutoff=0.7)
        known = near if near.startswith("; did") else f"; use {', '.join(sorted(names))}"
        raise UsageError(f"steps can't run on '{where}'{known}, or an address such as tcp://host:8786")
    try:
        found = installed.find(EXECUTORS, name).load()
    except DoorError as error:
        raise UsageError(f"steps can't run on '{where}': {error}") from error
    if not (isinstance(found, type) and issubclass(found, Executor)):
        raise UsageError(f"steps can't run on '{where}': it is not a journal.Executor; use --on local")
    try:
        executor = found(where if is_address else "", resources, work)
    except JournalError:
        raise
    except Exception as error:  # third-party code may fail in any way
        cause = one_line(f"{type(error).__name__}: {error}")
        raise UsageError(f"steps can't run on '{where}': {cause}; use --on local") from error
    if executor.has_own_queue:
        resources.lift_limits()
    return executor
