"""Train the judge: `python -m emoji_scenes.training.train_judge FILE.safetensors`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emoji_scenes.judge import as_input, make_network, split_logits
from emoji_scenes.training.check_judge import check_judge
from emoji_scenes.training.garbled import make_example

if TYPE_CHECKING:
    import torch

    from emoji_scenes.scenes import Pixels

FIRST_TRAINING_SEED = 10_000_000


def main() -> None:
    """Train the judge, write its weights in half precision, and print how good it is."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path, help="the .safetensors file to write")
    parser.add_argument("--steps", type=int, default=4000, help="default: %(default)s")
    parser.add_argument("--batch", type=int, default=64, help="pictures a step (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--test-pictures", type=int, default=2000, help="to test it with (default: %(default)s)")
    chosen = parser.parse_args()
    save_judge(train_judge(chosen.steps, chosen.batch, chosen.seed), chosen.out)
    print(check_judge(chosen.test_pictures, chosen.out))


def save_judge(network: torch.nn.Sequential, path: Path) -> None:
    """Write a judge's weights as they ship."""
    from safetensors.torch import save_file

    save_file({name: tensor.half() for name, tensor in network.state_dict().items()}, path)


def train_judge(steps: int, batch: int, seed: int) -> torch.nn.Sequential:
    """Train a judge on scenes of every order, in its own range of seeds."""
    import torch

    torch.manual_seed(seed)
    network = make_network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        seeds = range(FIRST_TRAINING_SEED + step * batch, FIRST_TRAINING_SEED + (step + 1) * batch)
        loss = _loss(network, [make_example(seed) for seed in seeds])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network


def _loss(network: torch.nn.Sequential, examples: list[tuple[Pixels, tuple[int, int, int]]]) -> torch.Tensor:
    import numpy as np
    import torch
    from torch.nn.functional import cross_entropy

    pixels = _disturb(as_input(np.stack([pixels for pixels, _ in examples])))
    labels = torch.tensor([label for _, label in examples]).unbind(-1)
    heads = split_logits(network(pixels))
    losses = [cross_entropy(head, label, ignore_index=-1) for head, label in zip(heads, labels, strict=True)]
    return torch.stack(losses).sum()


def _disturb(pixels: torch.Tensor) -> torch.Tensor:
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


if __name__ == "__main__":
    main()
