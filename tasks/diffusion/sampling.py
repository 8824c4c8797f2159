"""Pictures from recipes: each picture depends on its recipe and the model alone, whatever is sampled beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from journal import TaskError

STRIP = 6
"""Stages of a picture that its strip shows."""


@dataclass(frozen=True)
class Recipe:
    """All that a picture's pixels depend on, beside the model. Sizes in pixels."""

    prompt: str
    seed: int
    steps: int
    guidance: float
    scheduler: str
    width: int
    height: int
    negative: str = ""
    start: str = ""
    """SHA-256 of the picture that it starts from, if there is one."""
    strength: float = 1.0
    """How much of the start picture is noised away, 0 to 1."""

    @property
    def settings(self) -> tuple[Any, ...]:
        """What pictures of one batch have in common."""
        return tuple(value for name, value in vars(self).items() if name not in ("prompt", "seed"))


def sample_pictures(
    pipeline: Any, recipes: list[Recipe], batch: int, stepped: Callable[[int, int], None], start: Any = None
) -> Iterator[tuple[Recipe, Any, list[Any]]]:
    """Yield each recipe with its PIL picture, and the stages of the first one as PIL pictures.

    ``stepped(done, total)`` counts denoising steps over all pictures. The noise comes from a CPU generator for each
    picture, seeded by its recipe: the same on any device and in any batch. ``start`` is a PIL picture to begin from.
    """
    total = sum(recipe.steps for recipe in recipes)
    done = 0
    for group in _batches(recipes, batch):
        stages = _Stages(pipeline, group[0].steps) if done == 0 and start is None else None
        pictures = _sample(pipeline, group, _Note(stepped, done, total, len(group), stages), start)
        done += len(group) * group[0].steps
        for index, (recipe, picture) in enumerate(zip(group, pictures, strict=True)):
            yield recipe, picture, stages.pictures() if stages and index == 0 else []


@dataclass
class _Note:
    """What diffusers calls after each denoising step."""

    stepped: Callable[[int, int], None]
    done: int
    total: int
    size: int
    stages: _Stages | None

    def __call__(self, _: Any, step: int, __: Any, values: dict[str, Any]) -> dict[str, Any]:
        self.stepped(self.done + self.size * (step + 1), self.total)
        if self.stages is not None and "latents" in values:
            self.stages.note(step, values["latents"])
        return values


class _Stages:
    """Keeps the latents of the first picture at a few steps, and decodes them when all is done."""

    def __init__(self, pipeline: Any, steps: int) -> None:
        self.pipeline = pipeline
        self.wanted = {round(stage * (steps - 1) / (STRIP - 1)) for stage in range(STRIP)}
        self.latents: list[Any] = []

    def note(self, step: int, latents: Any) -> None:
        if step in self.wanted and latents.ndim == 4:  # packed latents of transformers are no picture yet
            self.latents.append(latents[:1].detach().clone())

    def pictures(self) -> list[Any]:
        vae = getattr(self.pipeline, "vae", None)
        if vae is None or not self.latents or not hasattr(self.pipeline, "image_processor"):
            return []
        import torch

        with torch.no_grad():
            shift = getattr(vae.config, "shift_factor", None) or 0.0
            decoded = [
                vae.decode(one / vae.config.scaling_factor + shift, return_dict=False)[0] for one in self.latents
            ]
        return [self.pipeline.image_processor.postprocess(one, output_type="pil")[0] for one in decoded]


def _batches(recipes: list[Recipe], size: int) -> Iterator[list[Recipe]]:
    """Cut recipes that share their settings into groups of at most ``size``."""
    group: list[Recipe] = []
    for recipe in recipes:
        if group and (len(group) == size or recipe.settings != group[0].settings):
            yield group
            group = []
        group.append(recipe)
    if group:
        yield group


def _sample(pipeline: Any, group: list[Recipe], note: _Note, start: Any) -> list[Any]:
    import numpy as np
    from PIL import Image

    pixels = np.asarray(pipeline(**_arguments(pipeline, group, note, start)).images)
    if not np.isfinite(pixels).all():
        raise TaskError("the model gave pictures of no numbers (NaN); lower the guidance, or use another scheduler")
    return [Image.fromarray((one * 255).round().astype("uint8")) for one in pixels]


def _arguments(pipeline: Any, group: list[Recipe], note: _Note, start: Any) -> dict[str, Any]:
    """Return what a pipeline's call takes, without what this class of pipeline does not know."""
    import torch

    first = group[0]
    wanted = {
        "prompt": [recipe.prompt for recipe in group],
        "negative_prompt": [first.negative] * len(group) if first.negative else None,
        "num_inference_steps": first.steps,
        "guidance_scale": first.guidance,
        "width": first.width,
        "height": first.height,
        "generator": [torch.Generator("cpu").manual_seed(recipe.seed) for recipe in group],
        "callback_on_step_end": note,
        "output_type": "np",
    }
    if start is not None:
        wanted |= {"image": [start] * len(group), "strength": first.strength}
    known = inspect.signature(pipeline.__call__).parameters
    if first.negative and "negative_prompt" not in known:
        raise TaskError(f"{type(pipeline).__name__} takes no negative prompt; leave it out")
    return {name: value for name, value in wanted.items() if name in known and value is not None}
