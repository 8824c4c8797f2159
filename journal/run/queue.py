"""Which steps can run: those whose needs have ended, and of these the ones for which there is room."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from journal.plan.steps import PlannedStep
from journal.run.resources import Claims, Room
from journal.run.steps import Ready


class Order:
    """Releases each step once all that it needs have ended."""

    def __init__(self, steps: list[PlannedStep]) -> None:
        known = {step.id for step in steps}
        self.steps = {step.id: step for step in steps}
        self.unmet = {step.id: sum(need in known for need in step.needs) for step in steps}
        self.followers: dict[str, list[str]] = defaultdict(list)
        for step in steps:
            for need in step.needs:
                self.followers[need].append(step.id)
        self.released = deque(step for step in steps if not self.unmet[step.id])

    def end(self, step_id: str) -> None:
        """Note that a step has ended, however."""
        for follower in self.followers.pop(step_id, ()):
            self.unmet[follower] -= 1
            if not self.unmet[follower]:
                self.released.append(self.steps[follower])


@dataclass(frozen=True)
class Waiting:
    """A step that has to run and waits for room."""

    number: int
    planned: PlannedStep
    ready: Ready
    claims: Claims
    cards: tuple[str, ...] = ()
    """The graphics cards that it has, once there was room."""


class Line:
    """Steps that wait for room, those of equal claims in one queue, so that a look takes no time however many wait."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.queues: dict[tuple[tuple[str, float], ...], deque[Waiting]] = {}
        self.count = 0

    def __len__(self) -> int:
        return sum(map(len, self.queues.values()))

    def join(self, planned: PlannedStep, ready: Ready, claims: Claims) -> None:
        self.count += 1
        key = tuple(sorted(claims.items()))
        self.queues.setdefault(key, deque()).append(Waiting(self.count, planned, ready, claims))

    def leave(self) -> Iterator[Waiting]:
        """Yield the steps that fit, the longest waiting first; each has taken its room.

        What the first one that doesn't fit lacks is kept for it: small steps can't hold up a big one for ever.
        """
        reserved: set[str] = set()
        heads = sorted((queue for queue in self.queues.values() if queue), key=lambda queue: queue[0].number)
        for queue in heads:
            while queue and not (lacking := self.room.lacking(queue[0].claims, reserved)):
                waiting = queue.popleft()
                yield replace(waiting, cards=self.room.take(waiting.claims))
            if queue:
                reserved.update(lacking)
