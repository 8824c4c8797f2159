"""Pictures from recipes: each picture depends on its recipe and the model alone, whatever is sampled beside it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from journal import TaskError

from .memory_budget import free_cached_memory, is_out_of_memory

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

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
    checker: str = ""
    """The pipeline's safety checker, which may blacken a picture: "on", "off", or "" where there is none."""


@dataclass(frozen=True)
class SampledPicture:
    """A picture as it came out."""

    recipe: Recipe
    picture: Image
    batch: int = 1
    """In a batch of how many it was sampled: on another machine, rounding may differ with it."""
    blackened: bool = False
    """Whether the pipeline's safety checker took it away."""
    stages: list[Image] = field(default_factory=list)
    """Of the first picture: how it looked at some of its steps."""


def sample_pictures(
    pipeline: Any, recipes: list[Recipe], batch: int, stepped: Callable[[int, int], None], start: Image | None = None
) -> Iterator[SampledPicture]:
    """Yield a picture for each recipe, and the stages of the first one; recipes differ by prompt and seed alone.

    ``stepped(done, total)`` counts denoising steps over all pictures. The noise comes from a CPU generator for each
    picture, seeded by its recipe: the same on any device. Each batch is filled up to its size, so that no rounding
    depends on how many pictures are missing. ``start`` is a picture to begin from.
    Raises TaskError where the pictures are no numbers, or memory doesn't suffice for one of them.
    """
    total, done, at_once = sum(recipe.steps for recipe in recipes), 0, batch
    waiting = list(recipes)
    while waiting:
        group = waiting[:at_once]
        first = len(waiting) == len(recipes) and start is None
        stages = _Stages(pipeline, group[0]) if first else None
        try:
            callback = _StepCallback(stepped, done, total, len(group), stages)
            filled = [*group, *group[-1:] * (at_once - len(group))]
            made = _sample(pipeline, filled, callback, start)[: len(group)]
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            at_once = _smaller(filled, error)
            continue
        yield from made
        done += len(group) * group[0].steps
        del waiting[: len(group)]


def _smaller(group: list[Recipe], error: RuntimeError) -> int:
    """Return half of a batch for which memory did not suffice; raises TaskError where it was one picture."""
    free_cached_memory()
    if len(group) == 1:
        size = f"{group[0].width} × {group[0].height}"
        raise TaskError(f"memory does not suffice for one picture of {size}; ask for a smaller one") from error
    return len(group) // 2


@dataclass
class _StepCallback:
    """What diffusers calls after each denoising step."""

    stepped: Callable[[int, int], None]
    done: int
    total: int
    size: int
    stages: _Stages | None

    def __call__(self, _: object, step: int, __: object, values: dict[str, Any]) -> dict[str, Any]:
        self.stepped(self.done + self.size * (step + 1), self.total)
        if self.stages is not None and "latents" in values:
            self.stages.note(step, values["latents"])
        return values


class _Stages:
    """Keeps the latents of the first picture at a few steps, and decodes them when all is done."""

    def __init__(self, pipeline: Any, recipe: Recipe) -> None:
        self.pipeline, self.recipe = pipeline, recipe
        self.wanted = {round(stage * (recipe.steps - 1) / (STRIP - 1)) for stage in range(STRIP)}
        self.latents: list[Tensor] = []

    def note(self, step: int, latents: Tensor) -> None:
        if step in self.wanted:
            self.latents.append(latents[:1].detach().clone())

    def pictures(self) -> list[Image]:
        vae = getattr(self.pipeline, "vae", None)
        if vae is None or not hasattr(self.pipeline, "image_processor"):
            return []
        import torch

        with torch.no_grad():
            decoded = [vae.decode(self._scaled(one), return_dict=False)[0] for one in map(self._square, self.latents)]
        return [self.pipeline.image_processor.postprocess(one, output_type="pil")[0] for one in decoded]

    def _square(self, latents: Tensor) -> Tensor:
        """Return latents as (1, channels, height, width); transformers of the Flux kind pack them in a row."""
        if latents.ndim == 4:
            return latents
        size = (self.recipe.height, self.recipe.width)
        unpacked: Tensor = self.pipeline._unpack_latents(latents, *size, self.pipeline.vae_scale_factor)
        return unpacked

    def _scaled(self, latents: Tensor) -> Tensor:
        settings = self.pipeline.vae.config
        shift = getattr(settings, "shift_factor", None) or 0.0
        scaled: Tensor = latents.to(self.pipeline.vae.dtype) / settings.scaling_factor + shift
        return scaled


def _sample(pipeline: Any, group: list[Recipe], callback: _StepCallback, start: Image | None) -> list[SampledPicture]:
    import numpy as np
    from PIL import Image

    made = pipeline(**_arguments(pipeline, group, callback, start))
    pixels = np.asarray(made.images)
    if not np.isfinite(pixels).all():
        raise TaskError("the model gave pictures of no numbers (NaN); lower the guidance, or use another scheduler")
    pictures = [Image.fromarray((one * 255).round().astype("uint8")) for one in pixels]
    black = getattr(made, "nsfw_content_detected", None) or [False] * len(group)
    stages = callback.stages.pictures() if callback.stages else []
    return [
        SampledPicture(recipe, picture, len(group), bool(taken), stages if recipe is group[0] else [])
        for recipe, picture, taken in zip(group, pictures, black, strict=True)
    ]


def _arguments(pipeline: Any, group: list[Recipe], callback: _StepCallback, start: Image | None) -> dict[str, Any]:
    """Return what a pipeline's call takes, without what this class of pipeline does not know."""
    import torch

    first = group[0]
    wanted: dict[str, Any] = {
        "prompt": [recipe.prompt for recipe in group],
        "negative_prompt": [first.negative] * len(group) if first.negative else None,
        "num_inference_steps": first.steps,
        "guidance_scale": first.guidance,
        "width": first.width,
        "height": first.height,
        "generator": [torch.Generator("cpu").manual_seed(recipe.seed) for recipe in group],
        "callback_on_step_end": callback,
        "output_type": "np",
    }
    if start is not None:
        wanted |= {"image": [start] * len(group), "strength": first.strength}
    known = inspect.signature(pipeline.__call__).parameters
    if first.negative and "negative_prompt" not in known:
        raise TaskError(f"{type(pipeline).__name__} takes no negative prompt; leave it out")
    return {name: value for name, value in wanted.items() if name in known and value is not None}
