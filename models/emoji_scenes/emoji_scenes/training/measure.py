"""Measure the shipped model with the judge: how often its pictures show what the prompt says."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoji_scenes import WEIGHTS
from emoji_scenes.captions import Claim
from emoji_scenes.judge import Accuracy, measure_accuracy
from emoji_scenes.scenes import ABOVE, ALONE, HELD_OUT, LEFT, RIDING, THINGS, ordered_pairs
from emoji_scenes.training.check_judge import check_judge
from emoji_scenes.training.networks import SAMPLING

if TYPE_CHECKING:
    from PIL.Image import Image

STEPS, GUIDANCE = int(SAMPLING["num_inference_steps"]), SAMPLING["guidance_scale"]
BATCH = 32
SHEET_SEEDS = 3
SHEET_PROMPTS = (
    "a horse riding an astronaut",
    "an astronaut riding a horse",
    "a cat riding a robot on a blue background",
    "a robot riding a cat on a blue background",
    "a moon above a house on a black background",
    "a tree to the left of a rocket on a white background",
    "a small dog next to an umbrella",
    "a big penguin on a pink background",
)


@dataclass(frozen=True)
class Sampler:
    """How pictures are drawn: scheduler ("dpm++2m", "ddim" or "euler"), steps and guidance scale."""

    scheduler: str = "dpm++2m"
    steps: int = STEPS
    guidance: float = GUIDANCE


SAMPLERS = (
    *(Sampler("dpm++2m", 10, guidance) for guidance in (1.5, 2.0, 3.0, 4.5, 6.0)),
    *(Sampler("dpm++2m", steps, guidance) for steps, guidance in ((15, 1.75), (20, 2.0), (20, 3.0), (6, 4.5))),
    Sampler("ddim", 20, 3.0),
    Sampler("euler", 20, 4.5),
)
"""The rows of the model card's table of samplers."""


def load_pipeline(folder: Path = WEIGHTS) -> Any:
    """Load the pipeline as anybody would, in single precision."""
    import torch
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder).to(torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(
    pipeline: Any, prompts: Sequence[str], first_seed: int = 0, sampler: Sampler | None = None, batch: int = BATCH
) -> list[Image]:
    """Draw one picture a prompt, the n-th from seed `first_seed + n`."""
    import torch

    sampler = sampler or Sampler()
    pipeline.scheduler = _make_scheduler(pipeline, sampler.scheduler)
    pictures: list[Image] = []
    for start in range(0, len(prompts), batch):
        some = list(prompts[start : start + batch])
        seeds = range(first_seed + start, first_seed + start + len(some))
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        drawn = pipeline(some, 64, 64, sampler.steps, guidance_scale=sampler.guidance, generator=generators)
        pictures += drawn.images
    return pictures


def _make_scheduler(pipeline: Any, name: str) -> Any:
    import diffusers

    classes = {"dpm++2m": "DPMSolverMultistepScheduler", "ddim": "DDIMScheduler", "euler": "EulerDiscreteScheduler"}
    return getattr(diffusers, classes[name]).from_config(pipeline.scheduler.config)


def shown_claims(relation: str) -> list[Claim]:
    """Return every claim of a relation that training shows."""
    if relation == ALONE:
        return [Claim(ALONE, thing) for thing in THINGS]
    pairs = (pair for pair in ordered_pairs(relation) if pair not in HELD_OUT[relation])
    return [Claim(relation, first, second) for first, second in pairs]


def unshown_claims(relation: str, swapped: bool = False) -> list[Claim]:
    """Return the claims that training never shows, or their swapped, shown orders."""
    pairs = sorted(HELD_OUT[relation])
    return [Claim(relation, *(pair[::-1] if swapped else pair)) for pair in pairs]


def claim_groups(count: int) -> dict[str, list[Claim]]:
    """Return the table's rows: a name and about `count` claims each."""
    rng = random.Random(5)
    spatial = [claim for relation in (ABOVE, LEFT) for claim in shown_claims(relation)]
    unshown = [claim for relation in (ABOVE, LEFT) for claim in unshown_claims(relation)]
    beside = [Claim("next to", claim.first, claim.second) for claim in shown_claims(LEFT)]
    return {
        "one thing": _repeat(shown_claims(ALONE), count),
        "riding, orders shown in training": rng.choices(shown_claims(RIDING), k=count),
        "above and left of, shown": rng.choices(spatial, k=count),
        "next to": rng.choices(beside, k=count // 2),
        "swap test, riding: the shown orders": _repeat(unshown_claims(RIDING, swapped=True), count),
        "swap test, riding: their swaps, never shown": _repeat(unshown_claims(RIDING), count),
        "above and left of, never shown": _repeat(unshown, count),
        "an astronaut riding a horse (shown)": _repeat([Claim(RIDING, "astronaut", "horse")], count // 2),
        "a horse riding an astronaut (never shown)": _repeat([Claim(RIDING, "horse", "astronaut")], count // 2),
    }


def _repeat(claims: list[Claim], count: int) -> list[Claim]:
    return [claims[number % len(claims)] for number in range(count)]


def measure(pipeline: Any, claims: Sequence[Claim], sampler: Sampler | None = None) -> Accuracy:
    """Draw and judge one picture a claim."""
    return measure_accuracy(claims, draw(pipeline, [claim.caption for claim in claims], sampler=sampler))


def wilson_interval(right: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the score interval of a rate, of 95 % by default (Wilson 1927)."""
    weight = z * z / count
    centre = (right / count + weight / 2) / (1 + weight)
    spread = z / (1 + weight) * (right / count * (1 - right / count) / count + weight / (4 * count)) ** 0.5
    return max(0.0, centre - spread), min(1.0, centre + spread)


def print_quality(pipeline: Any, count: int) -> None:
    """Print the model card's table."""
    print("| pictures of | n | right things | right relation and roles (95 % interval) |\n|---|---|---|---|")
    for name, claims in claim_groups(count).items():
        found = measure(pipeline, claims)
        low, high = wilson_interval(found.right_relation, found.pictures)
        rates = f"{found.things_rate:.1%} | {found.relation_rate:.1%} ({low:.0%} to {high:.0%})"
        print(f"| {name} | {found.pictures} | {rates} |", flush=True)


def print_sampler_table(pipeline: Any, count: int) -> None:
    """Print quality against scheduler, steps and guidance, on a mix of shown and never shown claims."""
    rng = random.Random(6)
    claims = rng.sample([claim for name, group in claim_groups(count).items() for claim in group], count)
    print("| scheduler | steps | guidance | right things | right relation and roles |\n|---|---|---|---|---|")
    for sampler in SAMPLERS:
        found = measure(pipeline, claims, sampler)
        rates = f"{found.things_rate:.1%} | {found.relation_rate:.1%}"
        print(f"| {sampler.scheduler} | {sampler.steps} | {sampler.guidance} | {rates} |", flush=True)


def draw_sheet(pipeline: Any, path: Path) -> None:
    """Draw the model card's pictures: a column a prompt, a row a seed, in double size."""
    from PIL import Image

    sheet = Image.new("RGB", (128 * len(SHEET_PROMPTS), 128 * SHEET_SEEDS))
    for row in range(SHEET_SEEDS):
        for column, picture in enumerate(draw(pipeline, SHEET_PROMPTS, first_seed=row * len(SHEET_PROMPTS))):
            sheet.paste(picture.resize((128, 128), Image.Resampling.NEAREST), (column * 128, row * 128))
    sheet.save(path, optimize=True)


def main() -> None:
    """Print how good the judge and the model are; writes no file but that of --sheet."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--count", type=int, default=200, help="pictures a row (default: %(default)s)")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="a pipeline folder; the shipped one if left out")
    parser.add_argument("--samplers", action="store_true", help="print the table of samplers instead")
    parser.add_argument("--sheet", type=Path, help="draw the model card's pictures into this file instead")
    chosen = parser.parse_args()
    pipeline = load_pipeline(chosen.weights)
    if chosen.sheet:
        draw_sheet(pipeline, chosen.sheet)
    elif chosen.samplers:
        print_sampler_table(pipeline, chosen.count)
    else:
        print(check_judge())
        print_quality(pipeline, chosen.count)


if __name__ == "__main__":
    main()
