"""The local executor: a process for each step, on this machine."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from pathlib import Path

from journal.errors import TaskError
from journal.run.executor import Executor
from journal.run.job import Job, MapItem, MapRequest
from journal.run.map_call import MapCall
from journal.run.messages import Answer, Answers, Event, Failed, Progress
from journal.run.process import Nursery, StepProcess
from journal.run.resources import Claims, ResourcePool

Delegate = Callable[[MapRequest], Answers]


class LocalExecutor(Executor):
    """Runs jobs on this machine, each in a process of its own."""

    name = "local"
    shares_files = True

    def __init__(self, address: str, resources: ResourcePool, work: Path) -> None:
        super().__init__(address, resources, work)
        self.workers = Workers(int(resources.whole["cpu"]))

    def start(self, key: str, job: Job, timeout_s: float | None, claims: Claims) -> None:
        self.workers.start(key, job, timeout_s)

    def wait(self) -> Iterator[Event]:
        return self.workers.wait()

    def close(self) -> None:
        self.workers.close()


class Workers:
    """The processes of a run's steps, each forked for its step, and those that help with a step's ``ctx.map``."""

    def __init__(self, threads: int = 1, delegate: Delegate | None = None) -> None:
        self.threads = threads
        """Threads for all steps and their ``ctx.map`` together."""
        self.delegate = delegate
        """Runs the items of ``ctx.map`` elsewhere."""
        self.nurseries: dict[tuple[int, tuple[str, ...]], Nursery] = {}
        self.running: list[StepProcess] = []
        self.map_calls: dict[StepProcess, MapCall] = {}
        """The call whose items each process runs."""

    def start(self, key: str, job: Job, timeout_s: float | None) -> None:
        """Start a job, whose resources are already claimed, in a process of its own."""
        self._fork(job, job.threads, job.gpus).begin(key, timeout_s)

    def wait(self, at_most_s: float | None = None) -> Iterator[Event]:
        """Wait until a process sends a message, dies or times out, and yield the events."""
        busy = {process.connection: process for process in self.running}
        exits = {nursery.connection: nursery for nursery in self.nurseries.values()}
        pauses = [process.deadline - time.monotonic() for process in busy.values() if process.deadline]
        pauses += [at_most_s] if at_most_s is not None else []
        pause = max(0.0, min(pauses)) if pauses else None
        for connection in wait([*busy, *exits], pause):
            if connection in exits:
                self._hear(exits[connection])  # only connections are waited for
            elif (process := busy[connection]) in self.running:  # type: ignore[index]
                yield from self._receive(process)
        for process in [process for process in self.running if process.is_late]:
            yield self._end(process, f"exceeded its timeout of {process.timeout_s:g} s and was stopped")

    def answer(self, item: MapItem) -> Answer:
        """Run one item of another machine's ``ctx.map``, and wait for the answer."""
        process = self._fork(item, 1, ())
        try:
            return process.receive_answer()
        except (EOFError, OSError):
            error = TaskError(f"one of its items: {process.cause_of_death()}")
            return Answer(item.number, b"", pickle.dumps(error))
        finally:
            self._remove(process)

    def close(self) -> None:
        """Stop everything."""
        for process in self.running:
            process.connection.close()
        for nursery in self.nurseries.values():
            nursery.close()
        self.running.clear()
        self.nurseries.clear()

    def _fork(self, first: Job | MapItem, threads: int, gpus: tuple[str, ...]) -> StepProcess:
        nursery = self.nurseries.get((threads, gpus))
        if nursery is None or nursery.is_gone:  # it dies with the thread that started it
            nursery = self.nurseries[(threads, gpus)] = Nursery(threads, gpus)
        try:
            process = nursery.fork(first)
        except OSError:
            nursery = self.nurseries[(threads, gpus)] = Nursery(threads, gpus)
            process = nursery.fork(first)
        self.running.append(process)
        return process

    def _hear(self, nursery: Nursery) -> None:
        try:
            nursery.receive()
        except (EOFError, OSError):  # its processes end with it, and are heard of by themselves
            nursery.close()
            self.nurseries = {key: one for key, one in self.nurseries.items() if one is not nursery}

    def _remove(self, process: StepProcess) -> None:
        process.stop()
        self.running.remove(process)

    def _receive(self, process: StepProcess) -> Iterator[Event]:
        try:
            message = process.receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            yield from self._died(process)
            return
        if isinstance(message, MapRequest):
            self._begin_map_call(process, message)
        elif isinstance(message, Answer):
            self._take_answer(process, message)
        else:
            if not isinstance(message, Progress):
                self._remove_with_helpers(process)
            yield Event(process.key or "", message)

    def _died(self, process: StepProcess) -> Iterator[Event]:
        """Handle what a dead process was doing."""
        message = process.cause_of_death()
        call = self.map_calls.pop(process, None)
        if call is None and process.key is None:  # a helper between two items
            self._forget(process)
            return
        if call is None or call.caller is process:
            yield self._end(process, message)
            return
        self._remove(process)
        if not call.worker_died(process):
            call.fail(pickle.dumps(TaskError(f"one of its items: {message}")))
        self._continue(call)

    def _forget(self, helper: StepProcess) -> None:
        for call in set(self.map_calls.values()):
            call.idle = [one for one in call.idle if one is not helper]
        self._remove(helper)

    def _end(self, process: StepProcess, message: str) -> Event:
        """Stop a step's process and its helpers."""
        self._remove_with_helpers(process)
        return Event(process.key or "", Failed(message))

    def _remove_with_helpers(self, process: StepProcess) -> None:
        for helper in [helper for helper, call in self.map_calls.items() if call.caller is process]:
            del self.map_calls[helper]
            if helper is not process:
                self._remove(helper)
        self._remove(process)

    def _begin_map_call(self, caller: StepProcess, request: MapRequest) -> None:
        if self.delegate:
            caller.send(self.delegate(request))
        else:
            self._continue(MapCall(request, caller))

    def _take_answer(self, process: StepProcess, answer: Answer) -> None:
        call = self.map_calls.pop(process)
        call.receive(process, answer)
        if process is not call.caller:
            call.idle.append(process)
        self._continue(call)

    def _continue(self, call: MapCall) -> None:
        """Give items to the step's process, and to as many helpers as there are spare threads."""
        if call.caller not in call.at_work and call.send_next(call.caller):
            self.map_calls[call.caller] = call
        while call.pending and call.idle:
            self._help(call, call.idle.pop())
        while call.pending and self._spare() >= call.caller.threads:
            item = call.take_next()
            helper = self._fork(item, call.caller.threads, call.caller.gpus)
            call.at_work[helper] = item.number
            self.map_calls[helper] = call
        if call.is_over:
            call.close()
            for helper in call.idle:
                self._remove(helper)

    def _help(self, call: MapCall, helper: StepProcess) -> None:
        self.map_calls[helper] = call
        call.send_next(helper)

    def _spare(self) -> int:
        return self.threads - sum(process.threads for process in self.running)
