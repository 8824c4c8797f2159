"""Measure diffusion.sample beside a tutorial's plain loop, with the judge's rate of both; and steps against quality.

    python bench/diffusion.py                        # pictures a second, and the rate of right ones
    python bench/diffusion.py --steps FILE.png       # draws quality against steps: what the judge says, and the pixels

The plain loop takes one prompt at a time through 50 DDIM steps in single precision. A GPU is used where there is one.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoji_scenes.captions import Claim
from emoji_scenes.judge import measure_accuracy
from emoji_scenes.training.fidelity import nearest_scenes
from emoji_scenes.training.measure import GUIDANCE, STEPS, Sampler, claim_groups, draw
from journal_tasks.diffusion.memory_budget import MAX_BATCH
from journal_tasks.diffusion.pipeline import load_pipeline
from journal_tasks.diffusion.sampling import Recipe, sample_pictures

from journal.api.models import fetch_model
from journal.api.rate import Rate

if TYPE_CHECKING:
    from PIL.Image import Image

ROOT = Path(__file__).parents[1]
MODEL = "package:emoji_scenes/weights"
PLAIN_STEPS = 50
STEP_COUNTS = (2, 3, 4, 6, 8, 10, 15, 20, 30, 50)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=96, help="pictures for each figure (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=2, help="turns of which the best counts (default: %(default)s)")
    parser.add_argument("--steps", type=Path, help="draw quality against steps into this file instead")
    chosen = parser.parse_args()
    pipeline = load_pipeline(fetch_model(MODEL, {}, ROOT))
    claims = mixed_claims(chosen.count)
    if chosen.steps:
        draw_steps(pipeline, claims, chosen.steps)
    else:
        print_speed(pipeline, claims, chosen.turns)


def mixed_claims(count: int) -> list[Claim]:
    """Return claims of every kind, shown in training or not, the same at every call."""
    groups = claim_groups(count).values()
    return random.Random(6).sample([claim for group in groups for claim in group], count)


def print_speed(pipeline: Any, claims: list[Claim], turns: int) -> None:
    print(f"{len(claims)} pictures on {pipeline.device}, best of {turns}, in turn")
    ways: dict[str, Callable[[], list[Image]]] = {
        f"plain loop, {PLAIN_STEPS} DDIM steps": lambda: plain_loop(pipeline, claims),
        f"diffusion.sample, {STEPS} steps, batches of {MAX_BATCH}": lambda: in_batches(pipeline, claims, MAX_BATCH),
        f"diffusion.sample, {STEPS} steps, one at a time": lambda: in_batches(pipeline, claims, 1),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    pictures: dict[str, list[Image]] = {}
    for _ in range(turns):
        for name, way in ways.items():
            begun = time.perf_counter()
            pictures[name] = way()
            taken[name].append(time.perf_counter() - begun)
    first = min(next(iter(taken.values())))
    for name, seconds in taken.items():
        found = measure_accuracy(claims, pictures[name])
        rate = Rate(found.right_relation, found.pictures).sentence("as asked", "pictures")
        print(f"  {name:<46} {len(claims) / min(seconds):6.2f} pictures/s  {first / min(seconds):5.1f} x   {rate}")


def plain_loop(pipeline: Any, claims: list[Claim]) -> list[Image]:
    import torch
    from diffusers import DDIMScheduler

    pipeline.scheduler = DDIMScheduler.from_config(pipeline.journal_scheduler.config)
    return [
        pipeline(
            claim.caption, num_inference_steps=PLAIN_STEPS, guidance_scale=GUIDANCE, height=64, width=64,
            generator=torch.Generator("cpu").manual_seed(seed),
        ).images[0]
        for seed, claim in enumerate(claims)
    ]  # fmt: skip


def in_batches(pipeline: Any, claims: list[Claim], batch: int) -> list[Image]:
    pipeline.scheduler = type(pipeline.journal_scheduler).from_config(pipeline.journal_scheduler.config)
    recipes = [Recipe(claim.caption, seed, STEPS, GUIDANCE, "", 64, 64) for seed, claim in enumerate(claims)]
    return [sampled.picture for sampled in sample_pictures(pipeline, recipes, batch, lambda *_: None)]


def draw_steps(pipeline: Any, claims: list[Claim], path: Path) -> None:
    """Draw, against the steps of DPM++ 2M and DDIM, how many pictures are right, how near to a scene and how varied."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.2), layout="constrained")
    right = figure.add_subplot(1, 3, 1, xlabel="steps", ylabel="pictures as asked, %", xscale="log", ylim=(0, 102))
    close = figure.add_subplot(1, 3, 2, xlabel="steps", ylabel="PSNR to the nearest scene, dB", xscale="log")
    varied = figure.add_subplot(1, 3, 3, xlabel="steps", ylabel="backgrounds, of 10", xscale="log", ylim=(0, 10))
    for shift, scheduler in ((0.98, "dpm++2m"), (1.02, "ddim")):
        rates, nearest = [], []
        for steps in STEP_COUNTS:
            pictures = draw(pipeline, [claim.caption for claim in claims], sampler=Sampler(scheduler, steps))
            found = measure_accuracy(claims, pictures)
            rates.append(Rate(found.right_relation, found.pictures))
            nearest.append(nearest_scenes(claims, pictures))
            nearness = f"{nearest[-1].psnr_db:.2f} dB, {nearest[-1].colours:.1f} backgrounds"
            print(
                f"{scheduler:<8} {steps:>3} steps: {rates[-1].sentence('as asked', 'pictures')}, {nearness}", flush=True
            )
        shares = [100 * rate.good / rate.tries for rate in rates]
        bounds = [[100 * bound for bound in rate.interval()] for rate in rates]
        errors = [[abs(share - bound[side]) for share, bound in zip(shares, bounds, strict=True)] for side in (0, 1)]
        places = [steps * shift for steps in STEP_COUNTS]
        right.errorbar(places, shares, errors, label=scheduler, marker="o", markersize=4, linewidth=1, capsize=2)
        for axes, values in ((close, [one.psnr_db for one in nearest]), (varied, [one.colours for one in nearest])):
            axes.plot(places, values, label=scheduler, marker="o", markersize=4, linewidth=1)
    for axes in (right, close, varied):
        axes.axvline(STEPS, color="gray", linewidth=0.8, linestyle=":", label=f"the default, {STEPS}")
        axes.set_xticks(STEP_COUNTS, [str(steps) for steps in STEP_COUNTS])
        axes.minorticks_off()
        axes.legend(loc="upper right" if axes is close else "lower right", fontsize=8)
    figure.savefig(path, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
