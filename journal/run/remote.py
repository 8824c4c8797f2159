"""The worker's side of an executor: runs a packed job in its own process, on whichever machine received it."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from journal.doors import library_version
from journal.errors import JournalError, one_line
from journal.extras import VERSION
from journal.plan.code import read_code
from journal.plan.registry import TaskSource
from journal.run.job import Job
from journal.run.local import Workers
from journal.run.messages import Ended, Failed, Progress
from journal.run.packed_job import PackedJob, Returned, pack_folder

_LOOK_S = 1.0
"""How often a running step checks whether it is still wanted, in seconds."""


@dataclass
class WorkerState:
    """What a machine keeps between the steps of a run: processes with their models, and checked code."""

    run: str
    workers: Workers = field(default_factory=Workers)
    address: str = ""
    """Where the machine answers, for logs."""
    checked: set[TaskSource] = field(default_factory=set)
    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory("", "journal-")
    )

    def close(self) -> None:
        self.workers.close()
        self.folder.cleanup()


def _ignore(progress: Progress) -> None:
    """Ignore progress."""


def run_packed(
    packed: PackedJob,
    progressed: Callable[[Progress], None] = _ignore,
    is_wanted: Callable[[], bool] = lambda: True,
    state: WorkerState | None = None,
) -> Returned:
    """Run a step where its files are, or in a temporary folder; a failure is returned, not raised."""
    own = WorkerState(packed.run) if state is None else None
    try:
        return _run_packed(packed, progressed, is_wanted, state or own or WorkerState(packed.run))
    except Exception as error:  # whatever is wrong with this machine: who waits for the job must hear of it
        return Returned(Failed(f"on {platform.node()}: {one_line(f'{type(error).__name__}: {error}')}"), None, "")
    finally:
        if own:
            own.close()


def _run_packed(
    packed: PackedJob, progressed: Callable[[Progress], None], is_wanted: Callable[[], bool], state: WorkerState
) -> Returned:
    if packed.is_home:
        return Returned(_run(packed.job, packed, progressed, is_wanted, state), None, "")
    with tempfile.TemporaryDirectory(prefix="journal-") as folder:
        job = packed.unpack(Path(folder))
        job.log.touch()
        ended = _run(job, packed, progressed, is_wanted, state)
        log = job.log.read_text(encoding="utf-8", errors="replace")
        added = job.answers.read_bytes()[len(packed.answers) :] if job.answers else b""
        return Returned(ended, None if isinstance(ended, Failed) else pack_folder(job.out), log, added)


def _run(
    job: Job,
    packed: PackedJob,
    progressed: Callable[[Progress], None],
    is_wanted: Callable[[], bool],
    state: WorkerState,
) -> Ended:
    try:
        check_code(job, packed.version, state)
    except JournalError as error:
        job.log.write_text(f"refused by {state.address} on {platform.node()}\n", encoding="utf-8")
        return Failed(str(error))
    state.workers.start("step", job, packed.timeout_s)
    while True:
        for event in state.workers.wait(_LOOK_S):
            if not isinstance(event.message, Progress):
                return event.message
            progressed(event.message)
        if not is_wanted():
            state.workers.close()
            return Failed("it was cancelled")


def check_code(job: Job, version: str, state: WorkerState) -> None:
    """Raise ``JournalError`` where this machine has a different version of the task, whose result would differ."""
    if job.source in state.checked:
        return
    _check_version("journal", VERSION, version)
    name, origin = job.header.task, job.source.origin
    code = read_code(job.source, job.root)
    if code.digest != job.code_digest:
        what = "different code" if code.files else "no code"
        raise JournalError(f"the worker has {what} for '{name}'; install the same version of {origin} there")
    libraries = job.header.made.get("libraries", {})
    for library, wanted in libraries.items() if isinstance(libraries, dict) else ():
        _check_version(library, library_version(library), wanted)
    state.checked.add(job.source)


def _check_version(library: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise JournalError(f"the worker has {library} {found}, not {wanted}; install that version there")
