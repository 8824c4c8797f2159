"""Say which things a picture of an emoji scene shows and in which relation, and score pictures against captions."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from emoji_scenes.captions import Claim, parse_claim
from emoji_scenes.scenes import ALONE, LEFT, RELATIONS, SIDE_PX, THINGS, Placed, Scene, draw_things, make_scene, render

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from emoji_scenes.scenes import Pixels

WEIGHTS = Path(__file__).parent / "judge.safetensors"
UNKNOWN = "unknown"
NAMES = (UNKNOWN, *THINGS)
FIRST_TRAINING_SEED, FIRST_TEST_SEED = 10_000_000, 30_000_000
GARBLED_RATE, DOUBLED_RATE = 0.25, 0.5


@dataclass(frozen=True)
class Judgement:
    """What the judge sees: `first` rides, is above, or is left of `second`; `second` is None for a thing alone."""

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
class Score:
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


def score(claims: Sequence[Claim | str], images: Sequence[Image]) -> Score:
    """Judge each image against its claim or caption."""
    parsed = [parse_claim(claim) if isinstance(claim, str) else claim for claim in claims]
    pairs = list(zip(parsed, judge_images(images), strict=True))
    things = sum(judgement.has_things_of(claim) for claim, judgement in pairs)
    return Score(len(pairs), things, sum(judgement.agrees_with(claim) for claim, judgement in pairs))


def judge_images(images: Iterable[Image]) -> list[Judgement]:
    """Return what each image shows; images of another size than 64x64 are scaled to it."""
    import numpy as np

    stack = [np.asarray(image.convert("RGB").resize((64, 64)), np.uint8) for image in images]
    return judge_pixels(np.stack(stack)) if stack else []


def judge_pixels(pixels: Pixels) -> list[Judgement]:
    """Return what each picture of a uint8 batch (n, 64, 64, 3) shows."""
    import torch

    with torch.inference_mode():
        heads = [head.softmax(-1).max(-1) for head in _split(load_judge()(_as_input(pixels)))]
    rows = zip(*(head.indices.tolist() for head in heads), *(head.values.tolist() for head in heads), strict=True)
    return [_judgement(*row) for row in rows]


def _judgement(relation: int, first: int, second: int, *sureness: float) -> Judgement:
    alone = RELATIONS[relation] == ALONE
    return Judgement(RELATIONS[relation], NAMES[first], None if alone else NAMES[second], min(sureness[: 3 - alone]))


def _as_input(pixels: Pixels) -> torch.Tensor:
    import torch

    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def _split(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the logits of the relation, of the first thing and of the second."""
    first, second = len(RELATIONS), len(RELATIONS) + len(NAMES)
    return logits[:, :first], logits[:, first:second], logits[:, second:]


@cache
def load_judge() -> torch.nn.Sequential:
    """Return the trained network that ships with the model."""
    from safetensors.torch import load_file

    network = make_network()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(WEIGHTS).items()})
    return network.eval()


def make_network() -> torch.nn.Sequential:
    """Return an untrained judge: convolutions down to 4x4, then logits for relation, first and second thing."""
    from torch import nn

    widths = (3, 24, 48, 96, 96)
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        layers += [nn.Conv2d(after, after, 3, padding=1, groups=after // 24), nn.BatchNorm2d(after), nn.ReLU()]
    answers = len(RELATIONS) + 2 * len(NAMES)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(96 * 16, 128), nn.ReLU(), nn.Linear(128, answers))


# --- training ---


def train(steps: int = 4000, batch: int = 64, seed: int = 0, path: Path = WEIGHTS) -> None:
    """Train the judge on scenes of every order, in its own range of seeds, and write its weights."""
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    network = make_network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        seeds = range(FIRST_TRAINING_SEED + step * batch, FIRST_TRAINING_SEED + (step + 1) * batch)
        loss = _loss(network, [make_example(seed) for seed in seeds])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        rate.step()
    save_file({name: tensor.half() for name, tensor in network.state_dict().items()}, path)


def _loss(network: torch.nn.Sequential, examples: list[tuple[Pixels, tuple[int, int, int]]]) -> torch.Tensor:
    import numpy as np
    import torch
    from torch.nn.functional import cross_entropy

    pixels = _disturbed(_as_input(np.stack([pixels for pixels, _ in examples])))
    answers = torch.tensor([answer for _, answer in examples]).unbind(-1)
    heads = _split(network(pixels))
    losses = [cross_entropy(head, answer, ignore_index=-1) for head, answer in zip(heads, answers, strict=True)]
    return torch.stack(losses).sum()


def _disturbed(pixels: torch.Tensor) -> torch.Tensor:
    """Shift, blur, tint and roughen pictures as a model might, so that the judge looks past such flaws."""
    import torch
    from torch.nn.functional import avg_pool2d, pad

    count = len(pixels)
    dx, dy = torch.randint(0, 5, (2,)).tolist()
    pixels = pad(pixels, (2, 2, 2, 2), mode="replicate")[:, :, dy : dy + 64, dx : dx + 64]
    blur = torch.rand(count, 1, 1, 1) * (torch.rand(count, 1, 1, 1) < 0.5)
    pixels = pixels + blur * (avg_pool2d(pixels, 3, stride=1, padding=1, count_include_pad=False) - pixels)
    tint = 1 + 0.1 * torch.randn(count, 3, 1, 1)
    return pixels * tint + 0.1 * torch.rand(count, 1, 1, 1) * torch.randn_like(pixels)


def make_example(seed: int, garbled_rate: float = GARBLED_RATE) -> tuple[Pixels, tuple[int, int, int]]:
    """Return a picture and its answers: relation, first and second thing, -1 where there is none."""
    rng, scene = random.Random(f"judge {seed}"), make_scene(seed, everything=True)
    names = [scene.first.thing, scene.second.thing if scene.second else None]
    pixels = render(scene)
    if rng.random() < garbled_rate:
        slot = rng.randrange(len(scene.things))
        pixels, names[slot] = garble(scene, slot, rng), UNKNOWN
    first, second = (-1 if name is None else NAMES.index(name) for name in names)
    return pixels, (RELATIONS.index(scene.relation), first, second)


def garble(scene: Scene, slot: int, rng: random.Random) -> Pixels:
    """Draw a scene in which one thing is half another thing, or there twice: a picture that no claim should fit."""
    placed = scene.first if slot == 0 or scene.second is None else scene.second
    if rng.random() < DOUBLED_RATE:
        return _doubled(scene, placed, rng)
    other = replace(placed, thing=rng.choice([thing for thing in THINGS if thing not in scene.things]))
    mixed = replace(scene, first=other) if slot == 0 else replace(scene, second=other)
    pixels, strange = render(scene), render(mixed)
    for top, left, height, width in _half_of(placed, rng):
        window = slice(top, top + height), slice(left, left + width)
        pixels[window] = strange[window]
    return pixels


def _doubled(scene: Scene, placed: Placed, rng: random.Random) -> Pixels:
    """Draw a scene with a second copy of a thing, maybe a faint one, 8 or 16 pixels away, behind or before all else."""
    free = range(SIDE_PX - placed.side_px + 1)
    shifts = [(across, down) for across in (-16, -8, 0, 8, 16) for down in (-16, -8, 0, 8, 16) if across or down]
    places = [(placed.x + across, placed.y + down) for across, down in shifts]
    x, y = rng.choice([(x, y) for x, y in places if x in free and y in free])
    copy = replace(placed, x=x, y=y)
    things = [one for one in (scene.second, scene.first) if one is not None]
    drawn = [copy, *things] if rng.random() < 0.5 else [*things, copy]
    return draw_things(scene.background, drawn, {copy: rng.uniform(0.6, 1.0)})


def _half_of(placed: Placed, rng: random.Random) -> list[tuple[int, int, int, int]]:
    """Return half of a thing's square: its upper or its left half, or every second of 4 x 4 tiles."""
    side, half, tile = placed.side_px, placed.side_px // 2, placed.side_px // 4
    kind = rng.randrange(3)
    if kind < 2:
        return [(placed.y, placed.x, half, side) if kind else (placed.y, placed.x, side, half)]
    tiles = [(row, column) for row in range(4) for column in range(4) if (row + column) % 2]
    return [(placed.y + row * tile, placed.x + column * tile, tile, tile) for row, column in tiles]


# --- its own accuracy ---


@dataclass(frozen=True)
class Accuracy:
    """How often the judge is right on pictures it never saw."""

    pictures: int
    things: float
    relation: float
    garbled_noticed: float


def measure_accuracy(pictures: int = 2000) -> Accuracy:
    """Measure the judge on scenes of a third range of seeds, and on garbled ones."""
    import numpy as np

    seeds = range(FIRST_TEST_SEED, FIRST_TEST_SEED + pictures)
    some = [make_scene(seed, everything=True) for seed in seeds]
    claims = [Claim(s.relation, s.first.thing, s.second.thing if s.second else None) for s in some]
    judged = judge_pixels(np.stack([render(scene) for scene in some]))
    pairs = list(zip(claims, judged, strict=True))
    garbled = judge_pixels(np.stack([make_example(seed, garbled_rate=1.0)[0] for seed in seeds]))
    return Accuracy(
        pictures,
        sum(judgement.has_things_of(claim) for claim, judgement in pairs) / pictures,
        sum(judgement.agrees_with(claim) for claim, judgement in pairs) / pictures,
        sum(UNKNOWN in judgement.things for judgement in garbled) / pictures,
    )


if __name__ == "__main__":
    train()
    print(measure_accuracy())
