"""A step's process: it runs one step and writes its report, or runs items of a step's ``ctx.map``, and ends."""

from __future__ import annotations

import logging
import math
import os
import pickle
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NoReturn

from journal.api.answers import AnswerStore
from journal.api.context import Context
from journal.api.item_kinds import ItemKinds
from journal.api.models import Model
from journal.api.plugin_files import add_own_folders
from journal.api.report import Report
from journal.api.report_file import write_report
from journal.api.task import Task, brief
from journal.errors import JournalError, TaskError, one_line
from journal.extras import mend_import
from journal.plan.registry import import_task
from journal.run.accesses import Accesses, AccessRecorder
from journal.run.job import Job, MapItem, MapRequest
from journal.run.messages import Answer, Answers, Ended, Failed, Finished, Progress
from journal.run.pickling import Folders, pickle_value, unpickle_value
from journal.run.ram import peak_gb, reset_peak
from journal.run.sightings import Sightings, code_counts, settle_accesses
from journal.text.secrets import Redactor

_LONGEST = 2000
"""Characters of an error that are passed on; the log has all of it."""
Sent = Progress | Ended | MapRequest | Answer
"""What a step's process sends."""
Received = MapItem | Answers
"""What it receives."""


class Channel:
    """The connection between a step and its run; its reading thread ends the process when the run ends."""

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


def run_step_process(connection: Connection[Sent, Received], first: Job | MapItem) -> NoReturn:
    """Run a job, or items until the connection closes, and end the process."""
    _settle_in(first)
    channel = Channel(connection)
    if isinstance(first, Job):
        process = os.getpid()
        ended = run_job(first, channel)
        if os.getpid() != process:  # a copy of this process, which the task made and did not end
            os._exit(1)
        sys.stdout.flush()
        sys.stderr.flush()
        channel.send(ended)
    else:
        _run_items(first, channel)
    os._exit(0)  # what the step registered for the end of a program, or left running, is not waited for


def _run_items(first: MapItem, channel: Channel) -> None:
    """Run items of another process's step, and tell with each answer what this process has read so far."""
    recorder = _recorder_of(first)
    with recorder.recording():
        item: Received = first
        while isinstance(item, MapItem):
            answer = answer_item(item)
            recorder.note_modules()
            sys.stdout.flush()
            channel.send(replace(answer, accesses=pickle.dumps(recorder.accesses)))
            item = channel.inbox.get()


def _settle_in(first: Job | MapItem) -> None:
    """Give the process a state that depends on the step alone."""
    os.chdir(first.root)
    os.umask(0o022)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if first.log:
        _write_output_to(first.log)
    add_own_folders(first.root)
    random.seed()
    if "numpy" in sys.modules:  # each process would go on with the same numbers otherwise
        sys.modules["numpy"].random.seed()
    reset_peak()


def run_job(job: Job, channel: Channel) -> Ended:
    """Run a step and return how it ended; everything else goes to the step's log."""
    try:
        report, sightings = _call_task(job, channel)
        header = replace(job.header, seen=sightings.seen)
        write_report(report, job.out, header, ItemKinds(job.root / "plugins"), job.limits)
        _sync(job.out)
        return Finished(report.headline_text, peak_gb(), sightings.seen, sightings.outside, sightings.changed)
    except JournalError as error:
        message = str(error)
    except MemoryError:
        message = "ran out of memory; use smaller inputs, or a machine with more memory"
    except BaseException as error:  # a step may fail in any way, and the run goes on
        said = _words_of(error)
        message = f"{type(error).__name__}: {said}"
        if mend := mend_import(error, job.source.module):
            message = f"{said[:1].lower()}{said[1:]}{mend}"  # no module named 'scipy'; pip install ...
        else:
            _print_error(error)
    return Failed(brief(one_line(message.replace(f"{job.root}{os.sep}", "")), _LONGEST), peak_gb())


def answer_item(item: MapItem) -> Answer:
    """Run one item of a ``ctx.map``."""
    try:
        import_task(item.source)  # a plugin file's functions can be found once it is loaded
        function, value = (unpickle_value(data, item.folders) for data in (item.function, item.value))
        return Answer(item.number, pickle_value(function(value), item.folders).data)
    except Exception as error:
        traceback.print_exc()
        return Answer(item.number, b"", _pickled_error(error, item.folders))


def map_over(
    job: Job, channel: Channel, recorder: AccessRecorder, function: Callable[[Any], Any], items: Iterable[Any]
) -> list[Any]:
    """Apply a function to items on the run's workers. Raises ``PicklingError`` where they can't be sent."""
    values = tuple(pickle_value(item, job.folders) for item in items)
    pickled = pickle_value(function, job.folders)
    channel.send(
        MapRequest(
            job.source, pickled, values, job.log, job.root, job.folders, job.is_versioned, job.inputs, job.guarded
        )
    )
    while True:
        message = channel.inbox.get()
        if isinstance(message, MapItem):
            channel.send(answer_item(message))
        elif isinstance(message, Answers):
            for accesses in filter(None, message.accesses):
                recorder.accesses.add(pickle.loads(accesses))
            if message.error is not None:
                raise unpickle_value(message.error, job.folders)
            return [unpickle_value(result, job.folders) for result in message.results]


def _call_task(job: Job, channel: Channel) -> tuple[Report, Sightings]:
    """Run the task, and return its report and what it was seen to read."""
    recorder, variables = _recorder_of(job), dict(os.environ)
    process = os.getpid()
    with recorder.recording():
        task = import_task(job.source)
        values = task.validate(job.values)
        if task.context_name:
            values[task.context_name] = _context(job, channel, task, recorder)
        report = task(**values)
    if os.getpid() != process:  # a copy of this process, which the task made and did not end
        os._exit(0)
    if not isinstance(report, Report):
        raise TaskError(f"task '{task.name}' returned {type(report).__name__}; it must return a Report")
    return report, settle_accesses(recorder.accesses, job, variables)


def _recorder_of(work: Job | MapItem) -> AccessRecorder:
    counts = code_counts(work.root, work.is_versioned)
    own = [work.answers] if isinstance(work, Job) and work.answers else []
    return AccessRecorder(work.root, work.folders["out"], work.inputs, work.guarded, counts, Accesses(), own=own)


def _context(job: Job, channel: Channel, task: Task, recorder: AccessRecorder) -> Context:
    return _RecordingContext(
        out=job.out,
        day=job.day,
        date=job.date,
        root=job.root,
        models=job.models,
        servers=job.servers,
        jobs=job.threads,
        progress=lambda done, total, what="": channel.send(_progress(done, total, what)),
        cache_dir=job.cache_dir,
        cache_key=job.cache_key,
        answers=AnswerStore(job.answers, job.answers_begin, Redactor.of(os.environ)),
        map_over=lambda function, items: map_over(job, channel, recorder, function, items),
        log=logging.getLogger(task.name),
    ).noting(recorder.accesses)


def _progress(done: Any, total: Any, what: Any) -> Progress:
    try:
        numbers = float(done), float(total)
    except (TypeError, ValueError):
        numbers = (math.nan, math.nan)
    if not all(map(math.isfinite, numbers)):
        raise TaskError(f"ctx.progress({done!r}, {total!r}): how much is done, and of how much, are numbers")
    return Progress(*numbers, str(what))


class _RecordingContext(Context):
    """A context that notes whether the task asks for the day or its date."""

    def noting(self, accesses: Accesses) -> Context:
        object.__setattr__(self, "_accesses", accesses)
        return self

    def model(self, name: str) -> Model:
        object.__getattribute__(self, "__dict__")["_accesses"].models.add(name)
        return super().model(name)

    def __getattribute__(self, name: str) -> Any:
        if name in ("day", "date", "__dict__"):
            accesses = object.__getattribute__(self, "__dict__").get("_accesses")
            for one in ("day", "date") if accesses and name == "__dict__" else [name] if accesses else ():
                setattr(accesses, one, True)
        return object.__getattribute__(self, name)


def _words_of(error: BaseException) -> str:
    """Return an error's words, if it has any: its class may be the step's own."""
    try:
        return str(error)
    except Exception:
        return "(its words can't be read)"


def _print_error(error: BaseException) -> None:
    """Print an error to the log, with the traceback from the task's own code on."""
    here, trace = str(Path(__file__).parents[1]), error.__traceback__
    while trace and trace.tb_next and trace.tb_frame.f_code.co_filename.startswith(here):
        trace = trace.tb_next
    lines = [*traceback.format_tb(trace), *traceback.format_exception_only(error)]
    print("".join(lines), file=sys.stderr)


def _sync(folder: Path) -> None:
    """Flush a result to disk before it counts as done, so that a power failure leaves no partial result."""
    for where, _, names in os.walk(folder):
        for name in names:
            with Path(where, name).open("rb") as stream:
                os.fsync(stream.fileno())


def _pickled_error(error: Exception, folders: Folders) -> bytes:
    try:
        data = pickle_value(error, folders).data
        unpickle_value(data, folders)
    except Exception:  # an exception of a library may not survive the journey
        return pickle_value(TaskError(f"{type(error).__name__}: {error}"), folders).data
    return data


def _write_output_to(log: Path) -> None:
    """Redirect all output of the step, from whatever library, to its log."""
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.close(stream)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr, force=True)
