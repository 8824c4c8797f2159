"""A diffusers pipeline on this machine: loaded safely, and sampled so that each picture depends on its recipe alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from journal import TaskError
from journal.errors import nearest
from journal.models import Model

SCHEDULERS = {
    "euler": "EulerDiscreteScheduler",
    "dpm++2m": "DPMSolverMultistepScheduler",
    "ddim": "DDIMScheduler",
    "lcm": "LCMScheduler",
}


@dataclass(frozen=True)
class Recipe:
    """All that a picture's pixels depend on, beside the model."""

    prompt: str
    seed: int
    steps: int
    guidance: float
    scheduler: str
    width: int
    height: int
    negative: str = ""


def load_pipeline(model: Model) -> Any:
    """Load a pipeline folder with diffusers, safetensors only; raises TaskError where it is none."""
    path = model.path
    if path is None:
        raise TaskError(f"model '{model.source}' is a server; give hf:NAME or a pipeline folder")
    if not (path / "model_index.json").is_file():
        raise TaskError(f"model '{model.name}' is no pipeline folder: it has no model_index.json")
    if not list(path.rglob("*.safetensors")):
        raise TaskError(f"model '{model.name}' has no safetensors weights; convert it, pickles are not loaded")
    return _load(path, model.digest)


def choose_scheduler(pipeline: Any, name: str) -> str:
    """Put a scheduler into a pipeline by its short name; "default" keeps the pipeline's own. Returns its class."""
    if name == "default":
        return type(pipeline.scheduler).__name__
    if name not in SCHEDULERS:
        raise TaskError(f"unknown scheduler '{name}'{nearest(name, list(SCHEDULERS))}")
    import diffusers

    kind = getattr(diffusers, SCHEDULERS[name])
    pipeline.scheduler = kind.from_config(pipeline.scheduler.config)
    return SCHEDULERS[name]


def sample_pictures(
    pipeline: Any, recipes: list[Recipe], batch: int, stepped: Callable[[int, int], None]
) -> Iterator[tuple[Recipe, Any]]:
    """Yield each recipe with its PIL picture. ``stepped(done, total)`` counts denoising steps over all batches.

    Noise comes from a CPU generator per picture, seeded by its recipe, so that it is the same on any device and in
    any batch.
    """
    total = sum(recipe.steps for recipe in recipes)
    done = 0
    for group in _batches(recipes, batch):

        def note(_: Any, step: int, __: Any, values: dict[str, Any], at: int = done, size: int = len(group)) -> Any:
            stepped(at + size * (step + 1), total)
            return values

        pictures = _sample(pipeline, group, note)
        done += len(group) * group[0].steps
        yield from zip(group, pictures, strict=True)


def _batches(recipes: list[Recipe], size: int) -> Iterator[list[Recipe]]:
    """Cut recipes that share their settings into groups of at most ``size``."""
    group: list[Recipe] = []
    for recipe in recipes:
        if group and (len(group) == size or _settings(recipe) != _settings(group[0])):
            yield group
            group = []
        group.append(recipe)
    if group:
        yield group


def _settings(recipe: Recipe) -> tuple[Any, ...]:
    return recipe.steps, recipe.guidance, recipe.scheduler, recipe.width, recipe.height, recipe.negative


def _sample(pipeline: Any, group: list[Recipe], note: Callable[..., Any]) -> list[Any]:
    import numpy as np
    import torch
    from PIL import Image

    first = group[0]
    output = pipeline(
        prompt=[recipe.prompt for recipe in group],
        negative_prompt=[first.negative] * len(group) if first.negative else None,
        num_inference_steps=first.steps,
        guidance_scale=first.guidance,
        width=first.width,
        height=first.height,
        generator=[torch.Generator("cpu").manual_seed(recipe.seed) for recipe in group],
        callback_on_step_end=note,
        output_type="np",
    )
    pixels = np.asarray(output.images)
    if not np.isfinite(pixels).all():
        raise TaskError("the model gave pictures of no numbers (NaN); lower the guidance, or use another scheduler")
    return [Image.fromarray((one * 255).round().astype("uint8")) for one in pixels]


@lru_cache(maxsize=1)
def _load(path: Path, digest: str) -> Any:
    """Load a folder once in a process; the digest makes changed weights another folder."""
    import torch
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        pipeline = DiffusionPipeline.from_pretrained(str(path), use_safetensors=True, local_files_only=True)
    except (OSError, ValueError, KeyError, AttributeError, ImportError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise TaskError(f"model '{path.name}' can't be loaded as a diffusers pipeline: {cause}") from error
    pipeline.set_progress_bar_config(disable=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return pipeline.to(device, torch.float32 if device == "cpu" else torch.float16)
