"""A ``ctx.map`` call, whose items go one at a time to the step's own worker and to idle ones."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from journal.run.job import MapRequest
from journal.run.messages import Answer, Answers

if TYPE_CHECKING:
    from journal.run.process import Worker


class MapCall:
    """A running ``ctx.map`` call."""

    def __init__(self, request: MapRequest, caller: Worker) -> None:
        self.request, self.caller = request, caller
        self.pending = deque(range(len(request.values)))
        self.results: dict[int, bytes] = {}
        self.at_work: dict[Worker, int] = {}
        self.lost: set[int] = set()
        self.error: bytes | None = None

    @property
    def is_over(self) -> bool:
        return not self.pending and not self.at_work

    def send_next(self, worker: Worker) -> bool:
        """Send a worker the next item, and return whether there was one."""
        if not self.pending:
            return False
        number = self.pending.popleft()
        self.at_work[worker] = number
        worker.send(self.request.item(number))
        return True

    def receive(self, worker: Worker, answer: Answer) -> None:
        """Take a worker's answer; an error ends the call."""
        self.at_work.pop(worker, None)
        self.results[answer.number] = answer.result
        if answer.error is not None:
            self.fail(self.error or answer.error)

    def fail(self, error: bytes) -> None:
        """End the call with an error once the running items have ended."""
        self.error = error
        self.pending.clear()

    def worker_died(self, worker: Worker) -> bool:
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
        self.caller.send(Answers(results, self.error))
