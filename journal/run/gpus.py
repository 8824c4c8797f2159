"""GPUs: which of this machine's GPUs each step gets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
_CLOSE = 1e-9


class Gpus:
    """The GPUs by their CUDA names, and how much of each is free; steps that claim halves share one."""

    def __init__(self, names: Sequence[str]) -> None:
        self.free = dict.fromkeys(names, 1.0)

    def __len__(self) -> int:
        return len(self.free)

    def fitting(self, amount: float) -> tuple[str, ...]:
        """Return the GPUs that a step claiming this amount would get; empty if not enough are free."""
        if amount < 1:
            shared = [name for name, free in self.free.items() if free >= amount - _CLOSE]
            return (min(shared, key=self.free.__getitem__),) if amount and shared else ()
        whole = [name for name, free in self.free.items() if free >= 1 - _CLOSE]
        return tuple(whole[: ceil(amount)]) if len(whole) >= amount else ()

    def claim(self, amount: float) -> tuple[str, ...]:
        """Claim GPUs and return their names."""
        taken = self.fitting(amount)
        for name in taken:
            self.free[name] -= min(amount, 1.0)
        return taken

    def release(self, taken: Sequence[str], amount: float) -> None:
        for name in taken:
            self.free[name] += min(amount, 1.0)


def visible_gpus(at_most: int | None = None) -> list[str]:
    """Return the names of the GPUs available to this process: those in ``CUDA_VISIBLE_DEVICES``, or else all.

    ``at_most`` is the number set in the workspace; without a list, GPUs are numbered from 0.
    """
    listed = os.environ.get(VISIBLE)
    if listed is not None:
        names = [name.strip() for name in listed.split(",")]
        known = names.index("-1") if "-1" in names else len(names)  # CUDA ignores those after it
        return [name for name in names[:known] if name][:at_most]
    count = len(list(Path("/dev").glob("nvidia[0-9]*"))) if at_most is None else at_most
    return [str(number) for number in range(count)]
