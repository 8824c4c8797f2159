"""Resources, which limit what runs at once: cores, memory, GPUs and whatever else tasks claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from journal.api.machine import cpu_count, free_ram_gb
from journal.run.gpus import Gpus, visible_gpus
from journal.run.ram import rounded_up

Claims = Mapping[str, float]
"""How much of each resource a step takes: "cpu" in threads, "memory" in GB, "gpu" in GPUs, others by count."""


class ResourcePool:
    """How much of each resource is free; totals not set in the workspace are detected."""

    def __init__(self, jobs: int | None = None, gpus: int | None = None, memory_gb: float | None = None) -> None:
        self.gpus = Gpus(visible_gpus(gpus))
        self.whole: dict[str, float] = {
            "cpu": float(jobs or cpu_count()),
            "memory": memory_gb or free_ram_gb(),
            "gpu": float(max(1, len(self.gpus))),
        }
        self.free = dict(self.whole)
        self.unknown = 0.0
        """The total of a resource nobody declared; 0 means that one step at a time may have it."""

    def claims(self, resources: Claims, learned_gb: float | None = None) -> dict[str, float]:
        """Return what a step claims: what its task declares, but never more than the machine has.

        A task that declares nothing gets one thread, and the memory that the step used last time.
        """
        learned = {"memory": rounded_up(learned_gb)} if learned_gb else {}
        wanted = {"cpu": 1.0, **learned, **resources}
        for name, amount in wanted.items():
            if name not in self.whole:
                self.whole[name] = self.free[name] = self.unknown or float(amount)
        return {name: min(float(amount), self.whole[name]) for name, amount in wanted.items()}

    def lacking(self, claims: Claims, reserved: Iterable[str] = ()) -> list[str]:
        """Return the resources of which too little is free, or which are reserved for a step that has waited longer."""
        kept = set(reserved)
        return [name for name, amount in claims.items() if amount and (name in kept or not self._is_free(name, amount))]

    def lift_limits(self) -> None:
        """Remove all limits, for an executor with its own queue."""
        self.unknown = 1e9
        self.gpus = Gpus([])  # each of its machines knows its own GPUs
        self.whole = dict.fromkeys(self.whole, self.unknown)
        self.free = dict(self.whole)

    def claim(self, claims: Claims) -> tuple[str, ...]:
        """Take what a step claims, and return the names of its GPUs."""
        for name, amount in claims.items():
            self.free[name] -= amount
        return self.gpus.claim(claims.get("gpu", 0.0))

    def release(self, claims: Claims, gpus: Sequence[str] = ()) -> None:
        for name, amount in claims.items():
            self.free[name] += amount
        self.gpus.release(gpus, claims.get("gpu", 0.0))

    def _is_free(self, name: str, amount: float) -> bool:
        if name == "gpu" and len(self.gpus):
            return bool(self.gpus.fitting(amount))  # halves of two GPUs don't add up to one
        return self.free[name] >= amount - 1e-9
