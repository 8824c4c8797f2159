"""Worker processes: started when needed, kept for the steps that follow, replaced when they die."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from typing import Any

from journal.errors import TaskError
from journal.run.job import Event, FanOut, Item, Job
from journal.run.map_call import Fan
from journal.run.process import Worker
from journal.run.resources import Claims

Delegate = Callable[[FanOut], tuple[list[bytes], bytes | None]]


class Pool:
    """Runs jobs in workers of this machine. ``wait`` tells what happened."""

    place = "local"

    def __init__(self, cores: int = 1, delegate: Delegate | None = None) -> None:
        self.cores = cores
        """Threads that steps and their fan-outs may use together."""
        self.delegate = delegate
        """Takes fan-outs elsewhere."""
        self.workers: list[Worker] = []
        self.fans: dict[Worker, Fan] = {}
        """The fan-out that each worker takes items of."""

    def start(self, key: str, job: Job, timeout_s: float | None, claims: Claims | None = None) -> None:
        """Give a job to the idle worker that suits it best, or to a new one; its room is taken already."""
        self._free(job)
        for worker in sorted(self._idle(job.threads, job.cards), key=lambda worker: -worker.suits(job)):
            if worker.take(key, job, timeout_s):
                return
            self._remove(worker)  # it died while it was idle
        self._new(job.threads, job.cards).take(key, job, timeout_s)

    def wait(self, at_most_s: float | None = None) -> Iterator[Event]:
        """Wait until a worker says something, dies or runs past its time; yield what happened."""
        busy = {worker.connection: worker for worker in self.workers if worker.is_busy}
        pauses = [worker.deadline - time.monotonic() for worker in busy.values() if worker.deadline]
        pauses += [at_most_s] if at_most_s is not None else []
        pause = max(0.0, min(pauses)) if pauses else None
        for connection in wait(list(busy), pause):
            yield from self._receive(busy[connection])  # type: ignore[index]  # only connections are waited for
        for worker in [worker for worker in busy.values() if worker.is_late]:
            yield self._end(worker, f"took longer than its timeout of {worker.timeout_s:g} s and was ended")

    def answer(self, item: Item) -> tuple[Any, ...]:
        """Have a worker take one item of another's fan-out, and wait for it."""
        idle = self._idle(threads=1, cards=())
        worker = idle[0] if idle else self._new(threads=1, cards=())
        worker.send(item)
        try:
            return tuple(worker.connection.recv())
        except (EOFError, OSError):
            error = TaskError(f"one of its items: {worker.cause_of_death()}")
            self._remove(worker)
            return ("answer", item.number, b"", pickle.dumps(error))

    def close(self) -> None:
        """End every worker, whatever it is at."""
        for worker in self.workers:
            worker.stop()
        self.workers.clear()

    def _idle(self, threads: int, cards: tuple[str, ...]) -> list[Worker]:
        """Return the workers that wait for work, without those that died meanwhile, as with the thread they are of."""
        for worker in [worker for worker in self.workers if not worker.is_busy and worker.is_gone]:
            self._remove(worker)
        idle = [worker for worker in self.workers if not worker.is_busy]
        return [worker for worker in idle if (worker.threads, worker.cards) == (threads, cards)]

    def _free(self, job: Job) -> None:
        """End the idle workers that may still hold memory of a job's graphics cards and can't take it themselves."""
        for worker in [worker for worker in self.workers if not worker.is_busy and set(worker.cards) & set(job.cards)]:
            if (worker.threads, worker.cards) != (job.threads, job.cards):
                self._remove(worker)

    def _new(self, threads: int, cards: tuple[str, ...]) -> Worker:
        self.workers.append(Worker(threads, cards))
        return self.workers[-1]

    def _remove(self, worker: Worker) -> None:
        worker.stop()
        self.workers.remove(worker)

    def _receive(self, worker: Worker) -> Iterator[Event]:
        try:
            kind, *values = worker.connection.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            yield from self._bury(worker)
            return
        if kind == "map":
            self._fan_out(worker, values[0])
        elif kind == "answer":
            self._take_answer(worker, *values)
        else:
            key = worker.key or ""
            if kind != "progress":
                worker.rest()
            yield Event(key, kind, tuple(values))

    def _bury(self, worker: Worker) -> Iterator[Event]:
        """See to what a worker that died was at."""
        message = worker.cause_of_death()
        fan = self.fans.pop(worker, None)
        if fan is None or fan.caller is worker:
            yield self._end(worker, message)
            return
        self._remove(worker)
        if not fan.lose(worker):
            fan.error = pickle.dumps(TaskError(f"one of its items: {message}"))
            fan.pending.clear()
        self._go_on(fan)

    def _end(self, worker: Worker, message: str) -> Event:
        """End a step's worker, and those that help it."""
        for helper in [helper for helper, fan in self.fans.items() if fan.caller is worker]:
            del self.fans[helper]
            if helper is not worker:
                self._remove(helper)
        key = worker.key or ""
        self._remove(worker)
        return Event(key, "failed", (message,))

    def _fan_out(self, caller: Worker, asked: FanOut) -> None:
        if self.delegate:
            caller.send(self.delegate(asked))
        else:
            self._go_on(Fan(asked, caller))

    def _take_answer(self, worker: Worker, number: int, result: bytes, error: bytes | None) -> None:
        fan = self.fans.pop(worker)
        fan.take(worker, number, result, error)
        worker.helps = False
        self._go_on(fan)

    def _go_on(self, fan: Fan) -> None:
        """Give items to the step's worker and to as many helpers as there are threads to spare."""
        if fan.caller not in fan.at_work and fan.give(fan.caller):
            self.fans[fan.caller] = fan
        while fan.pending and self._spare() >= fan.caller.threads:
            like = (fan.caller.threads, fan.caller.cards)
            idle = self._idle(*like)
            helper = idle[0] if idle else self._new(*like)
            helper.helps = True
            self.fans[helper] = fan
            fan.give(helper)
        if fan.is_over:
            fan.close()

    def _spare(self) -> int:
        return self.cores - sum(worker.threads for worker in self.workers if worker.is_busy)
