"""Which steps can run: those whose needs are met and for which resources are free."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from journal.plan.steps import PlannedStep
from journal.run.resources import Claims, ResourcePool
from journal.run.steps import Ready


class Order:
    """Releases each step once all steps it needs have ended."""

    def __init__(self, steps: list[PlannedStep]) -> None:
        known = {step.id for step in steps}
        self.steps = {step.id: step for step in steps}
        self.unmet = {step.id: sum(need in known for need in step.needs) for step in steps}
        self.followers: dict[str, list[str]] = defaultdict(list)
        for step in steps:
            for need in step.needs:
                self.followers[need].append(step.id)
        self.released = deque(step for step in steps if not self.unmet[step.id])

    def repeat(self, steps: tuple[str, ...], waiting: PlannedStep) -> None:
        """Release steps once more, and after them the one that waits for them."""
        self.unmet[waiting.id] = len(steps)
        for step in steps:
            self.followers[step].append(waiting.id)
            self.released.append(self.steps[step])

    def end(self, step_id: str) -> None:
        """Note that a step has ended, successfully or not."""
        for follower in self.followers.pop(step_id, ()):
            self.unmet[follower] -= 1
            if not self.unmet[follower]:
                self.released.append(self.steps[follower])


@dataclass(frozen=True)
class Waiting:
    """A step that has to run and is waiting for resources."""

    number: int
    planned: PlannedStep
    ready: Ready
    claims: Claims
    gpus: tuple[str, ...] = ()
    """The GPUs it was given."""


class ReadyQueue:
    """Steps waiting for resources; steps with equal claims share a queue, which keeps lookups fast."""

    def __init__(self, resources: ResourcePool) -> None:
        self.resources = resources
        self.queues: dict[tuple[tuple[str, float], ...], deque[Waiting]] = {}
        self.count = 0

    def __len__(self) -> int:
        return sum(map(len, self.queues.values()))

    def add(self, planned: PlannedStep, ready: Ready, claims: Claims) -> None:
        self.count += 1
        key = tuple(sorted(claims.items()))
        self.queues.setdefault(key, deque()).append(Waiting(self.count, planned, ready, claims))

    def pop_fitting(self) -> Iterator[Waiting]:
        """Yield the steps for which resources are free, longest waiting first, claiming the resources of each.

        Resources that the first other step lacks are reserved for it, so that small steps can't starve a big one.
        """
        reserved: set[str] = set()
        heads = sorted((queue for queue in self.queues.values() if queue), key=lambda queue: queue[0].number)
        for queue in heads:
            while queue and not (lacking := self.resources.lacking(queue[0].claims, reserved)):
                waiting = queue.popleft()
                yield replace(waiting, gpus=self.resources.claim(waiting.claims))
            if queue:
                reserved.update(lacking)
