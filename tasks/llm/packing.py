"""Examples in one row: what all of them begin with is computed once, and none attends to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .pairs import IGNORED, Example

if TYPE_CHECKING:
    from torch import Tensor

_SAME = 2e-3
"""How far the loss of a packed batch may be from that of a padded one, relatively: both round in their own way."""


def can_pack(network: Any, batch: Sequence[Example], pad: int) -> bool:
    """Return whether a network gives the same loss when examples are packed, as those with plain attention do."""
    import torch

    from .training import batch_loss

    if len(batch) < 2:
        return False
    network.eval()
    try:
        with torch.inference_mode():
            plain, packed = batch_loss(network, batch, pad).item(), packed_loss(network, batch).item()
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError):
        return False  # each architecture refuses in its own way what it does not know
    return abs(packed - plain) <= _SAME * abs(plain)


def packed_loss(network: Any, batch: Sequence[Example]) -> Tensor:
    """Return the mean cross-entropy of the completion tokens of a batch that is read as a single row.

    Each example's tokens are numbered as if it stood alone and see what all begin with and their own, by a mask
    (1, 1, tokens, tokens).
    """
    import torch

    shared = common_start(batch)
    rests = [len(example.input_ids) - shared for example in batch]
    tokens = [*batch[0].input_ids[:shared], *(token for one in batch for token in one.input_ids[shared:])]
    places = [*range(shared), *(place for rest in rests for place in range(shared, shared + rest))]
    owner = torch.tensor([-1] * shared + [number for number, rest in enumerate(rests) for _ in range(rest)])
    sees = ((owner[:, None] == owner) | (owner == -1)).tril()
    mask = torch.where(sees, 0.0, torch.finfo(torch.float32).min)[None, None].to(network.device)
    targets, scored = _targets(batch, shared, rests)
    logits = network(
        input_ids=torch.tensor([tokens], device=network.device),
        position_ids=torch.tensor([places], device=network.device),
        attention_mask=mask,
        logits_to_keep=torch.tensor(scored, device=network.device),
        use_cache=False,
    ).logits[0]
    return torch.nn.functional.cross_entropy(logits.float(), torch.tensor(targets, device=network.device))


def common_start(batch: Sequence[Example]) -> int:
    """Return with how many tokens all examples begin, none of them a target or an example's last."""
    most = min(min(_first_target(one), len(one.input_ids)) for one in batch) - 1
    first = batch[0].input_ids
    for place in range(max(most, 0)):
        if any(one.input_ids[place] != first[place] for one in batch):
            return place
    return max(most, 0)


def _targets(batch: Sequence[Example], shared: int, rests: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the completion tokens in the row's order, and the places from which each is told."""
    targets, places, begin = [], [], shared
    for example, rest in zip(batch, rests, strict=True):
        for place, label in enumerate(example.labels):
            if label != IGNORED:
                targets.append(label)
                places.append(begin + place - shared - 1)
        begin += rest
    return targets, places


def _first_target(example: Example) -> int:
    return next((place for place, label in enumerate(example.labels) if label != IGNORED), len(example.labels))
