"""The local executor: worker processes, reused for later steps."""

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
from journal.run.process import Worker
from journal.run.resources import Claims, ResourcePool

Delegate = Callable[[MapRequest], Answers]


class LocalExecutor(Executor):
    """Runs jobs in worker processes on this machine."""

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
    """Worker processes: started when needed, reused for later steps, replaced when they die."""

    def __init__(self, threads: int = 1, delegate: Delegate | None = None) -> None:
        self.threads = threads
        """Threads for all steps and their ``ctx.map`` together."""
        self.delegate = delegate
        """Runs the items of ``ctx.map`` elsewhere."""
        self.workers: list[Worker] = []
        self.map_calls: dict[Worker, MapCall] = {}
        """The call whose items each worker runs."""

    def start(self, key: str, job: Job, timeout_s: float | None) -> None:
        """Give a job, whose resources are already claimed, to the most suitable idle worker or to a new one."""
        self._free_gpus_for(job)
        for worker in sorted(self._idle(job.threads, job.gpus), key=lambda worker: -worker.affinity(job)):
            if worker.begin(key, job, timeout_s):
                return
            self._remove(worker)  # it died while it was idle
        self._new(job.threads, job.gpus).begin(key, job, timeout_s)

    def wait(self, at_most_s: float | None = None) -> Iterator[Event]:
        """Wait until a worker sends a message, dies or times out, and yield the events."""
        busy = {worker.connection: worker for worker in self.workers if worker.is_busy}
        pauses = [worker.deadline - time.monotonic() for worker in busy.values() if worker.deadline]
        pauses += [at_most_s] if at_most_s is not None else []
        pause = max(0.0, min(pauses)) if pauses else None
        for connection in wait(list(busy), pause):
            yield from self._receive(busy[connection])  # type: ignore[index]  # only connections are waited for
        for worker in [worker for worker in busy.values() if worker.is_late]:
            yield self._end(worker, f"exceeded its timeout of {worker.timeout_s:g} s and was stopped")

    def answer(self, item: MapItem) -> Answer:
        """Have a worker run one item of another machine's ``ctx.map``, and wait for the answer."""
        idle = self._idle(threads=1, gpus=())
        worker = idle[0] if idle else self._new(threads=1, gpus=())
        worker.send(item)
        try:
            return worker.receive_answer()
        except (EOFError, OSError):
            error = TaskError(f"one of its items: {worker.cause_of_death()}")
            self._remove(worker)
            return Answer(item.number, b"", pickle.dumps(error))

    def close(self) -> None:
        """Stop every worker, even a busy one."""
        for worker in self.workers:
            worker.stop()
        self.workers.clear()

    def _idle(self, threads: int, gpus: tuple[str, ...]) -> list[Worker]:
        """Return the matching idle workers, removing those that died, as with the thread that started them."""
        for worker in [worker for worker in self.workers if not worker.is_busy and worker.is_gone]:
            self._remove(worker)
        idle = [worker for worker in self.workers if not worker.is_busy]
        return [worker for worker in idle if (worker.threads, worker.gpus) == (threads, gpus)]

    def _free_gpus_for(self, job: Job) -> None:
        """Stop idle workers that may hold memory on a job's GPUs but can't run the job themselves."""
        for worker in [worker for worker in self.workers if not worker.is_busy and set(worker.gpus) & set(job.gpus)]:
            if (worker.threads, worker.gpus) != (job.threads, job.gpus):
                self._remove(worker)

    def _new(self, threads: int, gpus: tuple[str, ...]) -> Worker:
        self.workers.append(Worker(threads, gpus))
        return self.workers[-1]

    def _remove(self, worker: Worker) -> None:
        worker.stop()
        self.workers.remove(worker)

    def _receive(self, worker: Worker) -> Iterator[Event]:
        try:
            message = worker.receive()
        except (EOFError, OSError, pickle.UnpicklingError):
            yield from self._worker_died(worker)
            return
        if isinstance(message, MapRequest):
            self._begin_map_call(worker, message)
        elif isinstance(message, Answer):
            self._take_answer(worker, message)
        else:
            key = worker.key or ""
            if not isinstance(message, Progress):
                worker.clear_job()
            yield Event(key, message)

    def _worker_died(self, worker: Worker) -> Iterator[Event]:
        """Handle what a dead worker was doing."""
        message = worker.cause_of_death()
        call = self.map_calls.pop(worker, None)
        if call is None or call.caller is worker:
            yield self._end(worker, message)
            return
        self._remove(worker)
        if not call.worker_died(worker):
            call.fail(pickle.dumps(TaskError(f"one of its items: {message}")))
        self._continue(call)

    def _end(self, worker: Worker, message: str) -> Event:
        """Stop a step's worker and its helpers."""
        for helper in [helper for helper, call in self.map_calls.items() if call.caller is worker]:
            del self.map_calls[helper]
            if helper is not worker:
                self._remove(helper)
        key = worker.key or ""
        self._remove(worker)
        return Event(key, Failed(message))

    def _begin_map_call(self, caller: Worker, request: MapRequest) -> None:
        if self.delegate:
            caller.send(self.delegate(request))
        else:
            self._continue(MapCall(request, caller))

    def _take_answer(self, worker: Worker, answer: Answer) -> None:
        call = self.map_calls.pop(worker)
        call.receive(worker, answer)
        worker.helps = False
        self._continue(call)

    def _continue(self, call: MapCall) -> None:
        """Give items to the step's worker, and to as many helpers as there are spare threads."""
        if call.caller not in call.at_work and call.send_next(call.caller):
            self.map_calls[call.caller] = call
        while call.pending and self._spare() >= call.caller.threads:
            like = (call.caller.threads, call.caller.gpus)
            idle = self._idle(*like)
            helper = idle[0] if idle else self._new(*like)
            helper.helps = True
            self.map_calls[helper] = call
            call.send_next(helper)
        if call.is_over:
            call.close()

    def _spare(self) -> int:
        return self.threads - sum(worker.threads for worker in self.workers if worker.is_busy)
