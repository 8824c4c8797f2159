"""The task diffusion.sample: pictures from prompts, each with the recipe that makes it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from journal import Context, Field, Model, Report, TaskError, task
from tasks.diffusion.pipeline import Recipe, choose_scheduler, load_pipeline, sample_pictures

if TYPE_CHECKING:
    from PIL.Image import Image

_LIBRARIES = ("torch", "diffusers", "transformers")


@task("diffusion.sample", libraries=_LIBRARIES, resources={"cpu": 8})
def sample(
    prompts: Annotated[list[str], Field(min_length=1, description="what the pictures shall show")],
    ctx: Context,
    model: Model = "emoji-scenes",
    seeds: Annotated[list[int] | int, Field(description="a list of seeds, or how many from 0 on")] = 4,
    steps: Annotated[int, Field(ge=1, le=1000, description="denoising steps")] = 20,
    guidance: Annotated[float, Field(ge=0, description="classifier-free guidance scale; 1 is none")] = 3.0,
    scheduler: Annotated[str, Field(description="default, euler, dpm++2m, ddim or lcm")] = "dpm++2m",
    negative: Annotated[str, Field(description="what they shall not show")] = "",
    size: Annotated[int, Field(ge=0, description="width and height in pixels; 0 is the model's own")] = 0,
    batch: Annotated[int, Field(ge=1, description="pictures at a time")] = 8,
) -> Report:
    """Sample pictures from a text-to-image model: a grid of prompts by seeds, and the settings that made it."""
    chosen = seeds if isinstance(seeds, list) else list(range(seeds))
    _check(prompts, chosen)
    source = ctx.model(model)
    pipeline = load_pipeline(source)
    kind = choose_scheduler(pipeline, scheduler)
    pixels = _size(pipeline, size)
    recipes = [Recipe(p, s, steps, guidance, kind, pixels, pixels, negative) for p in prompts for s in chosen]
    facts = {"model": source.source, "digest": source.digest, **{name: version(name) for name in _LIBRARIES}}
    report = Report().headline(f"{len(recipes)} pictures, {len(prompts)} prompts × {len(chosen)} seeds")
    pictures: list[tuple[Recipe, Path]] = []
    for recipe, picture in sample_pictures(pipeline, recipes, batch, lambda n, of: ctx.progress(n, of, "denoising")):
        pictures.append((recipe, _save(picture, recipe, facts, ctx.out)))
    return _describe(report, pictures, chosen, source.name, facts)


def _check(prompts: list[str], seeds: list[int]) -> None:
    if any(not prompt.strip() for prompt in prompts):
        raise TaskError("a prompt is empty; say what the picture shall show")
    if not seeds or any(seed < 0 for seed in seeds):
        raise TaskError("no seeds; give a list of numbers from 0 such as [0, 1, 2], or how many")


def _size(pipeline: Any, size: int) -> int:
    """Return the pictures' side in pixels; raises TaskError for one that the model can't make."""
    factor = int(getattr(pipeline, "vae_scale_factor", 8))
    own = getattr(getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None), "config", None)
    natural = int(getattr(own, "sample_size", 64)) * factor
    if size % 8:
        raise TaskError(f"size {size} is no multiple of 8; this model's own size is {natural}")
    return size or natural


def _save(picture: Image, recipe: Recipe, facts: Mapping[str, str], out: Path) -> Path:
    """Write a PNG that carries its recipe in the text chunk ``journal``."""
    from PIL.PngImagePlugin import PngInfo

    note = PngInfo()
    note.add_itxt("journal", json.dumps({**vars(recipe), **facts}, ensure_ascii=False))
    path = out / f"{_slug(recipe.prompt)}-{recipe.seed}.png"
    picture.save(path, pnginfo=note, optimize=True)
    return path


def _slug(text: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in text.lower()).split()
    return "-".join(words)[:60] or "picture"


def _describe(
    report: Report, pictures: list[tuple[Recipe, Path]], seeds: list[int], name: str, facts: Mapping[str, str]
) -> Report:
    shown = [(path, f"{recipe.prompt}, seed {recipe.seed}") for recipe, path in pictures]
    report.gallery(shown, columns=len(seeds))
    first = pictures[0][0]
    settings = {
        "model": name,
        "scheduler": first.scheduler,
        "steps": first.steps,
        "guidance": first.guidance,
        "size": f"{first.width} × {first.height}",
        "seeds": ", ".join(map(str, seeds)),
        "model digest": facts["digest"][:12],
    }
    report.table([{"setting": key, "value": str(value)} for key, value in settings.items()])
    return report.output("pictures", [path for _, path in pictures])
