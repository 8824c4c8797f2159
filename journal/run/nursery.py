"""The nursery's side: imports libraries, forks a process for each step, and tells how each ended.

It never imports code of the user's own, starts no thread and touches no GPU, so that a step can change nothing that
the next one sees.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter  # noqa: TID253  # the command itself never imports this module

from journal.plan.code import is_own_file
from journal.run.job import Job, MapItem
from journal.run.step_process import run_step_process

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def main() -> None:
    """Fork steps as told through the connection whose descriptor is the first argument, until it closes."""
    _die_with(int(sys.argv[2]))
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what a step leaves behind becomes a child of this process
    TypeAdapter(Annotated[list[Path], Field(min_length=1)])  # has pydantic import what every step needs
    is_own_file(__file__)  # has the packages installed in place listed, once for all steps
    gc.collect()
    gc.freeze()  # collecting garbage would copy the memory that steps share with this process
    gc.disable()
    for one in _STOPPING:
        signal.signal(one, signal.SIG_IGN)  # it ends with its run; a step that signals its parent ends no others
    connection = Connection(int(sys.argv[1]))
    waker = _wake_on_child()
    numbers: dict[int, int] = {}
    while True:
        ready = wait([connection, waker])
        if waker in ready:
            os.read(waker, 4096)
            _report_ended(connection, numbers)
        if connection in ready:
            try:
                _obey(connection, numbers, waker)
            except (EOFError, OSError):
                break
    for pid in numbers:
        _kill_group(pid)
    if sys.platform.startswith("linux"):
        _kill_children()


def _obey(connection: Connection, numbers: dict[int, int], waker: int) -> None:
    """Fork a process, or kill one."""
    number, first = connection.recv()
    if first is None:
        for pid in [pid for pid, one in numbers.items() if one == number]:
            _kill_group(pid)
        return
    handle = recv_handle(connection)
    _import_libraries(first)
    nursery = os.getpid()
    pid = os.fork()
    if pid:
        os.close(handle)
        numbers[pid] = number
        return
    try:
        signal.set_wakeup_fd(-1)
        for one in (signal.SIGCHLD, *_STOPPING):
            signal.signal(one, signal.SIG_DFL)
        os.setpgid(0, 0)
        _die_with(nursery)
        connection.close()
        os.close(waker)
        gc.enable()
        run_step_process(Connection(handle), first)
    finally:  # whatever a step has broken, its process never goes on as a nursery, which would end the other steps
        os._exit(1)


def _report_ended(connection: Connection, numbers: dict[int, int]) -> None:
    """Take leave of processes that have ended, tell how they did, and end what they left running."""
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            number = numbers.pop(pid, None)
            if number is None:
                continue
            _kill_group(pid)
            with suppress(OSError):
                connection.send((number, os.waitstatus_to_exitcode(status)))


def _import_libraries(first: Job | MapItem) -> None:
    """Import the libraries of a job's task, so that later steps need not, unless one of them starts threads."""
    if not isinstance(first, Job) or first.threads > 1:
        return
    for name in first.libraries:
        if name not in sys.modules:
            with suppress(BaseException):  # the step says what is wrong with it
                importlib.import_module(name)


def _wake_on_child() -> int:
    """Return a descriptor that becomes readable when a child ends."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _kill_children() -> None:
    """End what steps left running in sessions of their own: Linux gives it to this process when the step ends."""
    this = os.getpid()
    while children := [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and _parent_of(int(folder.name)) == this
    ]:
        for pid in children:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)  # then its own children are ours


def _parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def _die_with(parent: int) -> None:
    """Ask Linux to end this process with its parent, even if a library blocks the interpreter."""
    if not sys.platform.startswith("linux"):
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with suppress(OSError):  # if memory runs out, the system should kill a step, not the run
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    main()
