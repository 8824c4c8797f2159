"""A ``ctx.map`` call, whose items go one at a time to the step's own worker and to idle ones."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from journal.run.job import MapItem, MapRequest
from journal.run.messages import Answer, Answers

if TYPE_CHECKING:
    from journal.run.process import StepProcess


class MapCall:
    """A running ``ctx.map`` call."""

    def __init__(self, request: MapRequest, caller: StepProcess) -> None:
        self.request, self.caller = request, caller
        self.pending = deque(range(len(request.values)))
        self.results: dict[int, bytes] = {}
        self.accesses: dict[StepProcess, bytes] = {}
        """What each process has read so far."""
        self.at_work: dict[StepProcess, int] = {}
        self.idle: list[StepProcess] = []
        """Helpers that have no item just now."""
        self.lost: set[int] = set()
        self.error: bytes | None = None

    @property
    def is_over(self) -> bool:
        return not self.pending and not self.at_work

    def send_next(self, worker: StepProcess) -> bool:
        """Send a worker the next item, and return whether there was one."""
        if not self.pending:
            return False
        item = self.take_next()
        self.at_work[worker] = item.number
        worker.send(item)
        return True

    def take_next(self) -> MapItem:
        """Return the next item, which is then no longer pending."""
        return self.request.item(self.pending.popleft())

    def receive(self, worker: StepProcess, answer: Answer) -> None:
        """Take a worker's answer; an error ends the call."""
        self.at_work.pop(worker, None)
        self.results[answer.number] = answer.result
        self.accesses[worker] = answer.accesses
        if answer.error is not None:
            self.fail(self.error or answer.error)

    def fail(self, error: bytes) -> None:
        """End the call with an error once the running items have ended."""
        self.error = error
        self.pending.clear()

    def worker_died(self, worker: StepProcess) -> bool:
        """Queue a dead helper's item again, and return whether that was possible: each item gets a second try only."""
        number = self.at_work.pop(worker)
        if number in self.lost:
            return False
        self.lost.add(number)
        self.pending.appendleft(number)
        return True

    def close(self) -> None:
        """Send the step's worker all answers, or the error."""
        results = () if self.error else tuple(self.results[number] for number in range(len(self.request.values)))
        self.caller.send(Answers(results, self.error, tuple(self.accesses.values())))
