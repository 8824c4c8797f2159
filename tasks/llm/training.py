"""LoRA training (Hu et al. 2021, arXiv:2106.09685): a loop over batches of examples, and the adapter it leaves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from journal import TaskError

from .packing import can_pack, packed_loss
from .pairs import IGNORED, Example

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter
    from torch.optim import Optimizer

Precision = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Training:
    """How to train."""

    epochs: int
    batch_size: int
    learning_rate: float
    warmup: float
    """Part of the steps over which the learning rate rises; it then falls along a cosine to nothing."""
    precision: Precision
    seed: int
    max_gradient_norm: float = 1.0

    def steps(self, examples: int) -> int:
        """Return how many steps training on so many examples takes."""
        return self.epochs * math.ceil(examples / self.batch_size)


@dataclass(frozen=True)
class LossCurve:
    """Mean loss per completion token: of each step's batch, and of all held-out examples now and then."""

    training: list[float] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    """(steps done, loss), from before the first step to after the last; empty where nothing is held out."""


def train(
    network: Any,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    training: Training,
    progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> LossCurve:
    """Train a network's free parameters in place. ``progress`` hears (step, steps, loss).

    Raises TaskError for a loss that is no number and where memory doesn't suffice.
    """
    try:
        return _train(network, examples, held_out, training, progress)
    except (MemoryError, RuntimeError) as error:
        if "memory" not in str(error).lower() and not isinstance(error, MemoryError):
            raise
        raise TaskError(f"out of memory at batch_size {training.batch_size}; lower it, or max_length") from error


def batch_loss(network: Any, batch: Sequence[Example], pad: int, packs: bool = False) -> Tensor:
    """Return the mean cross-entropy of the batch's completion tokens, and compute no other token's logits.

    Padding is on the left, so that completions end together and the network need only score the last few positions.
    ``packs`` puts the examples into one row instead, see ``packed_loss``.
    """
    import torch

    if packs:
        return packed_loss(network, batch)
    longest = max(len(example.input_ids) for example in batch)
    scored = max(example.target_tokens for example in batch)
    tokens = torch.tensor([_pad(example.input_ids, longest, pad) for example in batch], device=network.device)
    labels = torch.tensor([_pad(example.labels, longest, IGNORED) for example in batch], device=network.device)
    mask = torch.tensor([_pad([1] * len(example.input_ids), longest, 0) for example in batch], device=network.device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    places = {"attention_mask": mask, "position_ids": positions, "logits_to_keep": scored + 1, "use_cache": False}
    logits = network(input_ids=tokens, **places).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, -scored:].flatten(), ignore_index=IGNORED)


def mean_loss(network: Any, examples: Sequence[Example], training: Training, pad: int, packs: bool = False) -> float:
    """Return the mean loss over all completion tokens of the examples."""
    import torch

    network.eval()
    total = 0.0
    with torch.inference_mode(), _autocast(training.precision):
        for batch in _batches(examples, training.batch_size):
            total += batch_loss(network, batch, pad, packs).item() * sum(example.target_tokens for example in batch)
    return total / sum(example.target_tokens for example in examples)


def save_adapter(network: Any, folder: Path, base: str) -> Path:
    """Write a PEFT folder whose bytes depend on the adapter alone; ``base`` says what model it is for."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir()
    weights = get_peft_model_state_dict(network, save_embedding_layers=False)
    ordered = {name: weights[name].detach().cpu().contiguous() for name in sorted(weights)}
    save_file(ordered, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {**network.peft_config["default"].to_dict(), "base_model_name_or_path": base, "inference_mode": True}
    text = json.dumps(config, indent=2, sort_keys=True, default=sorted)  # sets have no order of their own
    (folder / "adapter_config.json").write_text(text + "\n", encoding="utf-8")
    return folder


def uses_bfloat16(precision: Precision) -> bool:
    """Say whether matrices are multiplied in bfloat16: "auto" does where the processor can do it natively."""
    import torch

    if precision != "auto":
        return precision == "bfloat16"
    capable: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capable.get(name) for name in ("amx_bf16", "avx512_bf16"))


def _train(
    network: Any,
    examples: Sequence[Example],
    held_out: Sequence[Example],
    training: Training,
    progress: Callable[[int, int, float], None],
) -> LossCurve:
    curve = LossCurve()
    steps = training.steps(len(examples))
    optimizer, schedule = _optimizer(network, training, steps)
    pad = network.config.pad_token_id or 0
    packs = can_pack(network, examples[: training.batch_size], pad)
    _validate(network, held_out, training, pad, packs, curve)
    for batch, epoch_ends in _epochs(examples, training):
        curve.training.append(_step(network, batch, training, pad, packs, optimizer, schedule))
        progress(len(curve.training), steps, curve.training[-1])
        if epoch_ends:
            _validate(network, held_out, training, pad, packs, curve)
    return curve


def _step(
    network: Any,
    batch: Sequence[Example],
    training: Training,
    pad: int,
    packs: bool,
    optimizer: Optimizer,
    schedule: Any,
) -> float:
    import torch

    network.train()
    with _autocast(training.precision):
        loss = batch_loss(network, batch, pad, packs)
    if not torch.isfinite(loss):
        raise TaskError(f"the loss became {loss.item()}; lower learning_rate (it is {training.learning_rate:g})")
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(_trainable(network), training.max_gradient_norm)
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
    return float(loss.item())


def _validate(
    network: Any, held_out: Sequence[Example], training: Training, pad: int, packs: bool, curve: LossCurve
) -> None:
    if held_out:
        curve.held_out.append((len(curve.training), mean_loss(network, held_out, training, pad, packs)))


def _optimizer(network: Any, training: Training, steps: int) -> tuple[Optimizer, Any]:
    import torch
    from transformers import get_cosine_schedule_with_warmup

    optimizer = torch.optim.AdamW(_trainable(network), lr=training.learning_rate, weight_decay=0.0)
    return optimizer, get_cosine_schedule_with_warmup(optimizer, round(training.warmup * steps), steps)


def _trainable(network: Any) -> list[Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _epochs(examples: Sequence[Example], training: Training) -> Iterator[tuple[Sequence[Example], bool]]:
    """Give each epoch's batches in an order of its own, and say which of them is the epoch's last."""
    import torch

    generator = torch.Generator().manual_seed(training.seed)
    for _ in range(training.epochs):
        order = torch.randperm(len(examples), generator=generator).tolist()
        batches = list(_batches([examples[place] for place in order], training.batch_size))
        yield from ((batch, batch is batches[-1]) for batch in batches)


def _batches(examples: Sequence[Example], size: int) -> Iterator[Sequence[Example]]:
    return (examples[start : start + size] for start in range(0, len(examples), size))


def _pad(values: list[int], length: int, value: int) -> list[int]:
    return [value] * (length - len(values)) + values


def _autocast(precision: Precision) -> AbstractContextManager[None]:
    import torch

    return torch.autocast("cpu", torch.bfloat16, enabled=uses_bfloat16(precision))
