"""The worker process of a run, which runs steps one after another and writes their reports."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from journal.api.context import Context
from journal.api.item_kinds import ItemKinds
from journal.api.report import Report
from journal.api.report_file import ReportHeader, write_report
from journal.api.task import brief
from journal.errors import JournalError, TaskError, one_line
from journal.extras import mend_import
from journal.plan.parts import PartKind, load_parts
from journal.plan.registry import load_task
from journal.run.job import Job, MapItem, MapRequest
from journal.run.messages import Answer, Answers, Ended, Failed, Finished, Progress
from journal.run.pickling import Folders, pickle_value, unpickle_value
from journal.run.ram import peak_gb, reset_peak

_LONGEST = 2000
"""Characters of an error that are passed on; the log has all of it."""
Sent = Progress | Ended | MapRequest | Answer
"""What a worker sends."""
Received = Job | MapItem | Answers
"""What a worker receives."""


class Channel:
    """The connection between a worker and its run; its reading thread ends the process when the run ends."""

    def __init__(self, connection: Connection[Sent, Received]) -> None:
        self.connection = connection
        self.inbox: SimpleQueue[Received] = SimpleQueue()
        threading.Thread(target=self._receive, daemon=True).start()

    def send(self, message: Sent) -> None:
        self.connection.send(message)

    def _receive(self) -> None:
        """Queue incoming messages, and end this process at once if the run is gone."""
        try:
            while True:
                self.inbox.put(self.connection.recv())
        except (EOFError, OSError):
            os._exit(1)


def main() -> None:
    """Run jobs from the connection whose descriptor is the first argument, until it closes."""
    _die_with_the_run(int(sys.argv[2]))
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # so that the log is complete if a step crashes
    channel = Channel(Connection(int(sys.argv[1])))
    for number in count():
        job = channel.inbox.get()
        if isinstance(job, Answers):
            continue  # for a step that has ended meanwhile
        if job.log:
            _write_output_to(job.log)
        if str(job.root) not in sys.path:
            sys.path.append(
                str(job.root)
            )  # plugins may import the workspace's modules, which must not shadow libraries
        if isinstance(job, MapItem):
            channel.send(answer_item(job))
            continue
        at_home = (Path.cwd(), dict(os.environ))
        is_measured = reset_peak() or number == 0  # where it can't be reset, later steps would show the first one's
        ended = run_job(job, channel)
        channel.send(replace(ended, peak_gb=peak_gb() if is_measured else None))
        _restore(*at_home)


def run_job(job: Job, channel: Channel) -> Ended:
    """Run a step and return how it ended; everything else goes to the step's log."""
    try:
        report = _call_task(job, channel)
        write_report(report, job.out, job.header, ItemKinds(job.root / "plugins"))
        _sync(job.out)
        return Finished(report.headline_text)
    except JournalError as error:
        message = str(error)
    except MemoryError:
        message = "ran out of memory; use smaller inputs, or a machine with more memory"
    except (Exception, SystemExit) as error:  # a step may fail in any way, and the run goes on
        message = f"{type(error).__name__}: {error}"
        if mend := mend_import(error, job.source.module):
            message = f"{str(error)[:1].lower()}{str(error)[1:]}{mend}"  # no module named 'scipy'; pip install ...
        else:
            _print_error(error)
    return Failed(brief(one_line(message.replace(f"{job.root}{os.sep}", "")), _LONGEST))


def answer_item(item: MapItem) -> Answer:
    """Run one item of a ``ctx.map``."""
    try:
        load_task(item.source)  # a plugin file's functions can be found once it is loaded
        function, value = (unpickle_value(data, item.folders) for data in (item.function, item.value))
        return Answer(item.number, pickle_value(function(value), item.folders).data)
    except Exception as error:
        traceback.print_exc()
        return Answer(item.number, b"", _pickled_error(error, item.folders))


def map_over(job: Job, channel: Channel, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Apply a function to items on the run's workers. Raises ``PicklingError`` where they can't be sent."""
    values = tuple(pickle_value(item, job.folders) for item in items)
    pickled = pickle_value(function, job.folders)
    channel.send(MapRequest(job.source, pickled, values, job.log, job.root, job.folders))
    while True:
        message = channel.inbox.get()
        if isinstance(message, MapItem):
            channel.send(answer_item(message))
        elif isinstance(message, Answers):
            if message.error is not None:
                raise unpickle_value(message.error, job.folders)
            return [unpickle_value(result, job.folders) for result in message.results]


def _call_task(job: Job, channel: Channel) -> Report:
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
            progress=lambda *progress: channel.send(Progress(*progress)),
            cache_dir=job.cache_dir,
            cache_key=_cache_key(job.header),
            map_over=lambda function, items: map_over(job, channel, function, items),
            log=logging.getLogger(task.name),
        )
    process = os.getpid()
    report = task(**values)
    if os.getpid() != process:  # a copy of this process, which the task made and did not end
        os._exit(0)
    if not isinstance(report, Report):
        raise TaskError(f"task '{task.name}' returned {type(report).__name__}; it must return a Report")
    return report


def _print_error(error: BaseException) -> None:
    """Print an error to the log, with the traceback from the task's own code on."""
    here, trace = str(Path(__file__).parents[1]), error.__traceback__
    while trace and trace.tb_next and trace.tb_frame.f_code.co_filename.startswith(here):
        trace = trace.tb_next
    lines = [*traceback.format_tb(trace), *traceback.format_exception_only(error)]
    print("".join(lines), file=sys.stderr)


def _cache_key(header: ReportHeader) -> str:
    """Return what a task's remembered files depend on besides their keys: its code and libraries."""
    parts = load_parts(header.depends_on)
    kinds = (PartKind.CODE, PartKind.LIBRARY)
    return repr(sorted((str(part), value) for part, value in parts.items() if part.kind in kinds))


def _sync(folder: Path) -> None:
    """Flush a result to disk before it counts as done, so that a power failure leaves no partial result."""
    for path in (one for one in folder.rglob("*") if one.is_file()):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())


def _pickled_error(error: Exception, folders: Folders) -> bytes:
    try:
        data = pickle_value(error, folders).data
        unpickle_value(data, folders)
    except Exception:  # an exception of a library may not survive the journey
        return pickle_value(TaskError(f"{type(error).__name__}: {error}"), folders).data
    return data


def _restore(folder: Path, environment: Mapping[str, str]) -> None:
    """Undo what a step did to the process, for the next step."""
    os.chdir(folder)
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _die_with_the_run(run: int) -> None:
    """Ask Linux to end this process with the run's, even if a library blocks the interpreter."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    with suppress(OSError):  # if memory runs out, the system should kill a worker, not the run
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
    if os.getppid() != run:
        os._exit(1)


def _write_output_to(log: Path) -> None:
    """Redirect all output of the step, from whatever library, to its log."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.close(stream)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr, force=True)


if __name__ == "__main__":
    main()
