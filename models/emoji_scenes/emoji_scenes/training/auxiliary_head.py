"""The auxiliary head: what the text encoder is taught beside drawing, to say who does what to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emoji_scenes.scenes import BACKGROUNDS, RELATIONS, THINGS, make_scene

if TYPE_CHECKING:
    import torch

COUNTS = (len(RELATIONS), len(THINGS), len(THINGS), len(BACKGROUNDS))
UNSAID = -1
WIDTH = 128


class AuxiliaryHead:
    """A linear layer from the text encoder's states to relation, first thing, second thing and background."""

    def __init__(self) -> None:
        import torch

        self.linear = torch.nn.Linear(WIDTH, sum(COUNTS))

    def loss(self, states: torch.Tensor, tokens: torch.Tensor, seeds: list[int], texts: list[str]) -> torch.Tensor:
        """Cross-entropy of the labels at every token from the caption's end on; dropped captions don't count."""
        import torch

        ended = tokens == tokens[:, -1:]
        logits = self.linear(states[ended]).float().split(COUNTS, dim=-1)
        truth = torch.tensor([labels_of(seed, text) for seed, text in zip(seeds, texts, strict=True)])
        repeated = truth.to(tokens.device).repeat_interleave(ended.sum(dim=1), dim=0).unbind(dim=-1)
        return sum((_mean_loss(*pair) for pair in zip(logits, repeated, strict=True)), start=torch.zeros(()))

    def to(self, device: str) -> AuxiliaryHead:
        self.linear.to(device)
        return self

    def parameters(self) -> list[torch.nn.Parameter]:
        return list(self.linear.parameters())

    def state_dict(self) -> dict[str, torch.Tensor]:
        return self.linear.state_dict()

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.linear.load_state_dict(state)


def _mean_loss(logits: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    from torch.nn.functional import cross_entropy

    total = cross_entropy(logits, label, ignore_index=UNSAID, reduction="sum")
    return total / (label != UNSAID).sum().clamp(min=1)


def labels_of(seed: int, text: str) -> tuple[int, int, int, int]:
    """Return the numbers of relation, things and background, as far as the caption says them."""
    scene = make_scene(seed)
    if not text:
        return UNSAID, UNSAID, UNSAID, UNSAID
    second = THINGS.index(scene.second.thing) if scene.second else UNSAID
    background = list(BACKGROUNDS).index(scene.background) if scene.background in text.split() else UNSAID
    return RELATIONS.index(scene.relation), THINGS.index(scene.first.thing), second, background
