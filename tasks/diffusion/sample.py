"""The task diffusion.sample: pictures from prompts, each with the recipe that makes it again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from journal import Context, Field, File, ModelName, Report, TaskError, task

from .judge import judge_pictures
from .memory_budget import fitting_batch
from .picture_cache import LIBRARIES, Origin, PictureCache
from .pipeline import choose_scheduler, image_to_image, load_pipeline, own_settings, picture_size, set_safety
from .prompts import read_prompt
from .report import RunDetails, build_report
from .sampling import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image


Seed = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=1, le=10_000)]


@task("diffusion.sample", version=3, libraries=LIBRARIES, resources={"cpu": 8})
def sample(
    prompts: Annotated[
        list[str], Field(min_length=1, description="what the pictures shall show", examples=[["a red apple"]])
    ],
    ctx: Context,
    model: ModelName = "emoji-scenes",
    seeds: Annotated[list[Seed] | Count, Field(description="a list of seeds, or how many from 0 on")] = 4,
    steps: Annotated[int, Field(ge=0, le=1000, description="denoising steps; 0 is the model's own")] = 0,
    guidance: Annotated[
        float | None, Field(ge=0, description="classifier-free guidance scale; 1 is none; left out, the model's own")
    ] = None,
    scheduler: Annotated[str, Field(description="default (the model's own), euler, dpm++2m, ddim or lcm")] = "default",
    negative: Annotated[str, Field(description="what they shall not show")] = "",
    width: Annotated[int, Field(ge=0, description="pixels; 0 is the model's own")] = 0,
    height: Annotated[int, Field(ge=0, description="pixels; 0 is the model's own")] = 0,
    start: Annotated[File | None, Field(description="a picture to start from (image-to-image)")] = None,
    strength: Annotated[float, Field(gt=0, le=1, description="how much of the start picture is noised away")] = 0.8,
    safety: Annotated[bool, Field(description="keep the pipeline's safety checker, if it has one")] = True,
    batch: Annotated[int, Field(ge=0, le=64, description="pictures at a time; 0 is what suits model and memory")] = 0,
    judge: Annotated[
        Literal["none", "emoji-scenes"], Field(description="who says whether the pictures show what was asked for")
    ] = "none",
) -> Report:
    """Sample pictures from a text-to-image model: a grid of prompts by seeds, and the settings that made it."""
    chosen = seeds if isinstance(seeds, list) else list(range(seeds))
    _check(prompts, chosen)
    source = ctx.model(model)
    pipeline = load_pipeline(source)
    kind = choose_scheduler(pipeline, scheduler)
    checker = set_safety(pipeline, keep=safety)
    across, down = picture_size(pipeline, width, height)
    fits = fitting_batch(pipeline, across, down)
    sampler = image_to_image(pipeline) if start else pipeline
    own_steps, own_guidance = own_settings(sampler, source.path or ctx.root)
    scale = own_guidance if guidance is None else guidance
    opened, digest = _open_start(start, across, down)
    how = (steps or own_steps, scale, kind, across, down, negative, digest, strength if start else 1.0, checker)
    recipes = [Recipe(prompt, seed, *how) for prompt in dict.fromkeys(prompts) for seed in dict.fromkeys(chosen)]
    origin = Origin(source.source, source.digest, scheduler, batch, _relative(start, ctx.root) if start else "")
    cache = PictureCache(ctx, origin)
    pictures = cache.get_or_sample(recipes, sampler, batch or fits, opened)
    predictions = judge_pictures([(one.recipe.prompt, one.path) for one in pictures]) if judge != "none" else {}
    readings = {prompt: read_prompt(pipeline, prompt) for prompt in dict.fromkeys(prompts)}
    return build_report(pictures, RunDetails(model, source.digest, cache.strip, predictions, readings))


def _check(prompts: Sequence[str], seeds: Sequence[int]) -> None:
    if any(not prompt.strip() for prompt in prompts):
        raise TaskError("a prompt is empty; say what the picture shall show")
    if not seeds:
        raise TaskError("no seeds; give a list of numbers from 0 such as [0, 1, 2], or how many")


def _open_start(start: Path | None, width: int, height: int) -> tuple[Image | None, str]:
    """Open the start picture at the size asked for, with the digest of its file."""
    if start is None:
        return None, ""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(start) as opened:
            picture = ImageOps.exif_transpose(opened)  # as it is shown, and not as the camera was held
            return picture.convert("RGB").resize((width, height)), hashlib.sha256(start.read_bytes()).hexdigest()
    except (UnidentifiedImageError, OSError) as error:
        raise TaskError(f"{start.name} is no picture that can be read; give a PNG or JPEG") from error


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
