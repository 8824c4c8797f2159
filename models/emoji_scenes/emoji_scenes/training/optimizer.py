"""What the training of all networks shares: precision, learning rate and the optimizer's step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

DECAY_SHARE = 0.3
"""The last part of the steps, in which the learning rate decays to 0: a run can be prolonged until that begins."""


def autocast(device: str) -> contextlib.AbstractContextManager[Any]:
    """Compute in bfloat16 where that is safe."""
    import torch

    return torch.autocast(device.partition(":")[0], torch.bfloat16)


def warmup_then_decay(step: int, steps: int, warmup_steps: int, start: int = 0) -> float:
    """Return the share of the learning rate: up over the steps from ``start``, level, then down to 0 over the last."""
    return min(1.0, (step + 1 - start) / warmup_steps, (steps - step) / (DECAY_SHARE * steps))


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give all of an optimizer's weights one learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def optimizer_step(loss: torch.Tensor, optimizer: torch.optim.Optimizer, weights: Iterable[Any]) -> None:
    """Take a step down a loss's gradient, which is shortened to a norm of 1 where it is longer."""
    import torch

    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()
