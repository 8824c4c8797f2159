"""A step's items, handed to the step's own worker and to idle ones, one at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from journal.run.job import FanOut

if TYPE_CHECKING:
    from journal.run.process import Worker


class Fan:
    """One ``ctx.map`` that is under way."""

    def __init__(self, asked: FanOut, caller: Worker) -> None:
        self.asked, self.caller = asked, caller
        self.pending = deque(range(len(asked.values)))
        self.answers: dict[int, bytes] = {}
        self.at_work: dict[Worker, int] = {}
        self.lost: set[int] = set()
        self.error: bytes | None = None

    @property
    def is_over(self) -> bool:
        return not self.pending and not self.at_work

    def give(self, worker: Worker) -> bool:
        """Give a worker the next item; False where none is left."""
        if not self.pending:
            return False
        number = self.pending.popleft()
        self.at_work[worker] = number
        worker.send(self.asked.item(number))
        return True

    def take(self, worker: Worker, number: int, result: bytes, error: bytes | None) -> None:
        """Take what a worker answered; an error is the end of the fan-out."""
        self.at_work.pop(worker, None)
        self.answers[number] = result
        if error is not None:
            self.error = self.error or error
            self.pending.clear()

    def lose(self, worker: Worker) -> bool:
        """Note that a helper died; its item is taken once more. False where that was the second time."""
        number = self.at_work.pop(worker)
        if number in self.lost:
            return False
        self.lost.add(number)
        self.pending.appendleft(number)
        return True

    def close(self) -> None:
        """Tell the step's worker all answers, or the error."""
        results: list[Any] = [] if self.error else [self.answers[number] for number in range(len(self.asked.values))]
        self.caller.send((results, self.error))
