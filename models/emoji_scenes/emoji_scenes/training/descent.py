"""What both networks' training shares: precision, learning rate, a step down the gradient, and the loss over steps."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

FALL = 0.3
"""The last part of the steps, in which the learning rate falls to 0: a run can be prolonged until that begins."""


def autocast(device: str) -> contextlib.AbstractContextManager[Any]:
    """Compute in bfloat16 where that is safe."""
    import torch

    return torch.autocast(device.partition(":")[0], torch.bfloat16)


class LossLog:
    """A CSV of the loss over steps, one line for the mean of each 50 steps."""

    def __init__(self, path: Path, *, keep: bool) -> None:
        written = path.read_text(encoding="utf-8").split() if keep and path.exists() else []
        self.last = int(written[-1].partition(",")[0]) if written else 0
        """The last step that it tells of, where it is kept."""
        self.file = path.open("a" if keep else "w", newline="")
        self.losses: list[float] = []

    def __enter__(self) -> LossLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, step: int, loss: float) -> None:
        self.losses.append(loss)
        if len(self.losses) == 50:
            csv.writer(self.file).writerow([step, f"{sum(self.losses) / 50:.5f}"])
            self.file.flush()
            self.losses.clear()


def warm_then_fall(step: int, steps: int, warm_steps: int, start: int = 0) -> float:
    """Return the share of the learning rate: up over the steps from ``start``, level, then down to 0 over the last."""
    return min(1.0, (step + 1 - start) / warm_steps, (steps - step) / (FALL * steps))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give all of an optimizer's weights one learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def descend(loss: torch.Tensor, optimizer: torch.optim.Optimizer, weights: Iterable[Any]) -> None:
    """Take a step down a loss's gradient, which is shortened to a norm of 1 where it is longer."""
    import torch

    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()
