"""The judge, a classifier: it predicts which things a picture of an emoji scene shows, and in which relation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from emoji_scenes.captions import Claim, parse_claim
from emoji_scenes.scenes import ALONE, BACKGROUNDS, LEFT, RELATIONS, THINGS

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from emoji_scenes.scenes import Pixels

WEIGHTS = Path(__file__).parent / "judge.safetensors"
UNKNOWN = "unknown"
NAMES = (UNKNOWN, *THINGS)
LEAST_SURE = 0.8
"""Below it the judge had better not say. Chosen on 1,500 scenes; of 1,500 others it then leaves 0.6 %, and of as many
garbled ones, which are none, it takes 9 % for scenes, not 21 %."""


@dataclass(frozen=True)
class Prediction:
    """What a picture shows: `first` rides, is above, or is left of `second`; `second` is None for a thing alone."""

    relation: str
    first: str
    second: str | None
    confidence: float = 1.0

    @property
    def things(self) -> tuple[str, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)

    def has_things_of(self, claim: Claim) -> bool:
        """Say whether exactly the claimed things are seen, in whatever relation."""
        claimed = [claim.first] if claim.second is None else [claim.first, claim.second]
        return sorted(self.things) == sorted(claimed)

    def agrees_with(self, claim: Claim) -> bool:
        """Say whether things, relation and roles are all as claimed."""
        if claim.relation == "next to":
            return self.relation == LEFT and self.has_things_of(claim)
        return (self.relation, self.first, self.second) == (claim.relation, claim.first, claim.second)


@dataclass(frozen=True)
class Accuracy:
    """How many pictures show the right things, and how many also the right relation with the right roles."""

    pictures: int
    right_things: int
    right_relation: int

    @property
    def things_rate(self) -> float:
        return self.right_things / self.pictures

    @property
    def relation_rate(self) -> float:
        return self.right_relation / self.pictures


def measure_accuracy(claims: Sequence[Claim | str], images: Sequence[Image]) -> Accuracy:
    """Compare what images show with their claims or captions."""
    parsed = [parse_claim(claim) if isinstance(claim, str) else claim for claim in claims]
    return accuracy_of(parsed, judge_images(images))


def accuracy_of(claims: Sequence[Claim], predictions: Sequence[Prediction]) -> Accuracy:
    """Count the predictions that agree with their claims."""
    pairs = list(zip(claims, predictions, strict=True))
    things = sum(prediction.has_things_of(claim) for claim, prediction in pairs)
    return Accuracy(len(pairs), things, sum(prediction.agrees_with(claim) for claim, prediction in pairs))


def judge_images(images: Iterable[Image]) -> list[Prediction]:
    """Return what each image shows; images of another size than 64x64 are scaled to it."""
    import numpy as np

    stack = [np.asarray(image.convert("RGB").resize((64, 64)), np.uint8) for image in images]
    return judge_pixels(np.stack(stack)) if stack else []


def background_of(image: Image) -> str:
    """Return the name of the colour nearest to that of most of a picture's edge."""
    import numpy as np

    pixels = np.asarray(image.convert("RGB").resize((64, 64)), np.float32)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    middle = np.median(edge, axis=0)
    return min(BACKGROUNDS, key=lambda name: float(np.abs(middle - BACKGROUNDS[name]).sum()))


def judge_pixels(pixels: Pixels, weights: Path = WEIGHTS) -> list[Prediction]:
    """Return what each picture of a uint8 batch (n, 64, 64, 3) shows."""
    import torch

    with torch.inference_mode():
        heads = [head.softmax(-1).max(-1) for head in split_logits(load_judge(weights)(as_input(pixels)))]
    rows = zip(*(head.indices.tolist() for head in heads), *(head.values.tolist() for head in heads), strict=True)
    return [_prediction(*row) for row in rows]


def _prediction(relation: int, first: int, second: int, *sureness: float) -> Prediction:
    alone = RELATIONS[relation] == ALONE
    return Prediction(RELATIONS[relation], NAMES[first], None if alone else NAMES[second], min(sureness[: 3 - alone]))


def as_input(pixels: Pixels) -> torch.Tensor:
    """Return a uint8 batch (n, 64, 64, 3) as the network takes it."""
    import torch

    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def split_logits(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the logits of the relation, of the first thing and of the second."""
    first, second = len(RELATIONS), len(RELATIONS) + len(NAMES)
    return logits[:, :first], logits[:, first:second], logits[:, second:]


@cache
def load_judge(weights: Path = WEIGHTS) -> torch.nn.Sequential:
    """Return a trained network, the one that ships unless another's weights are given."""
    from safetensors.torch import load_file

    network = make_network()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(weights).items()})
    return network.eval()


def make_network() -> torch.nn.Sequential:
    """Return an untrained judge: convolutions down to 4x4, then logits for relation, first and second thing."""
    from torch import nn

    widths = (3, 24, 48, 96, 96)
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.Conv2d(after, after, 3, padding=1, groups=after // 24), nn.BatchNorm2d(after), nn.ReLU()]
    logits = len(RELATIONS) + 2 * len(NAMES)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(96 * 16, 128), nn.ReLU(), nn.Linear(128, logits))
