"""The task diffusion.sample: pictures from prompts, each with the recipe that makes it again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from journal import Context, Field, File, Model, Report, TaskError, task
from tasks.diffusion.drawing import draw_grid, draw_strip, save_with_recipe
from tasks.diffusion.judging import Verdict, judge_pictures
from tasks.diffusion.pipeline import choose_scheduler, load_pipeline, picture_size
from tasks.diffusion.sampling import Recipe, sample_pictures

if TYPE_CHECKING:
    from PIL.Image import Image

_LIBRARIES = ("torch", "diffusers", "transformers")


@task("diffusion.sample", libraries=_LIBRARIES, resources={"cpu": 8})
def sample(
    prompts: Annotated[list[str], Field(min_length=1, description="what the pictures shall show")],
    ctx: Context,
    model: Model = "emoji-scenes",
    seeds: Annotated[list[int] | int, Field(description="a list of seeds, or how many from 0 on")] = 4,
    steps: Annotated[int, Field(ge=1, le=1000, description="denoising steps")] = 10,
    guidance: Annotated[float, Field(ge=0, description="classifier-free guidance scale; 1 is none")] = 3.0,
    scheduler: Annotated[str, Field(description="default, euler, dpm++2m, ddim or lcm")] = "dpm++2m",
    negative: Annotated[str, Field(description="what they shall not show")] = "",
    width: Annotated[int, Field(ge=0, description="pixels; 0 is the model's own")] = 0,
    height: Annotated[int, Field(ge=0, description="pixels; 0 is the model's own")] = 0,
    start: Annotated[File | None, Field(description="a picture to start from (image-to-image)")] = None,
    strength: Annotated[float, Field(gt=0, le=1, description="how much of the start picture is noised away")] = 0.8,
    safety: Annotated[bool, Field(description="keep the pipeline's safety checker, if it has one")] = True,
    batch: Annotated[int, Field(ge=1, description="pictures at a time")] = 8,
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
    checker = _set_safety(pipeline, keep=safety)
    across, down = picture_size(pipeline, width, height)
    opened, digest = _open_start(start, across, down)
    how = (steps, guidance, kind, across, down, negative, digest, strength if start else 1.0)
    recipes = [Recipe(prompt, seed, *how) for prompt in dict.fromkeys(prompts) for seed in dict.fromkeys(chosen)]
    named = {"model": source.source, "digest": source.digest, "scheduler": scheduler}
    run = _Sampling(ctx, pipeline, named, _relative(start, ctx.root) if start else "")
    made = run.make(recipes, batch, opened)
    verdicts = judge_pictures([(one.recipe.prompt, one.path) for one in made]) if judge != "none" else {}
    return _describe(made, run.strip, checker, model, source.digest, verdicts)


@dataclass
class _Made:
    """A picture's recipe and its file."""

    recipe: Recipe
    path: Path


class _Sampling:
    """Makes the pictures that no earlier run has made, and remembers each as soon as it is there."""

    def __init__(self, ctx: Context, pipeline: Any, model: dict[str, str], start: str) -> None:
        self.ctx, self.pipeline, self.model, self.start = ctx, pipeline, model, start
        self.strip: Path | None = None

    def make(self, recipes: list[Recipe], batch: int, start: Image | None) -> list[_Made]:
        paths = {recipe: self.ctx.recall(self._key(recipe), _file_name(recipe)) for recipe in recipes}
        self.strip = self.ctx.recall({"strip": self._key(recipes[0])}, "forming.png")
        first_again = start is None and self.strip is None
        missing = [one for one, path in paths.items() if path is None or (first_again and one == recipes[0])]
        pipeline = _image_to_image(self.pipeline) if start is not None and missing else self.pipeline
        for recipe, picture, stages in sample_pictures(pipeline, missing, batch, self._progress, start):
            paths[recipe] = self._keep(recipe, picture)
            if stages and recipe == recipes[0]:
                self.strip = self.ctx.out / "forming.png"
                draw_strip(stages).save(self.strip, optimize=True)
                self.ctx.remember({"strip": self._key(recipe)}, self.strip)
        return [_Made(recipe, path) for recipe, path in paths.items() if path is not None]

    def _keep(self, recipe: Recipe, picture: Image) -> Path:
        path = self.ctx.out / _file_name(recipe)
        versions = {name: version(name) for name in _LIBRARIES}
        note = {"task": "diffusion.sample", "parameters": self._parameters(recipe), "digest": self.model["digest"]}
        save_with_recipe(picture, {**note, "versions": versions}, path)
        self.ctx.remember(self._key(recipe), path)
        return path

    def _parameters(self, recipe: Recipe) -> dict[str, Any]:
        """Return what the task is to be given to make this picture alone."""
        same = {name: value for name, value in asdict(recipe).items() if name not in ("prompt", "seed", "start")}
        more = {"start": self.start} if recipe.start else {}
        named = {"model": self.model["model"], "scheduler": self.model["scheduler"]}
        return {**same, **more, **named, "prompts": [recipe.prompt], "seeds": [recipe.seed]}

    def _key(self, recipe: Recipe) -> dict[str, Any]:
        return {**asdict(recipe), "digest": self.model["digest"]}

    def _progress(self, done: int, total: int) -> None:
        self.ctx.progress(done, total, "denoising steps")


def _check(prompts: Sequence[str], seeds: Sequence[int]) -> None:
    if any(not prompt.strip() for prompt in prompts):
        raise TaskError("a prompt is empty; say what the picture shall show")
    if not seeds or any(seed < 0 for seed in seeds):
        raise TaskError("no seeds; give a list of numbers from 0 such as [0, 1, 2], or how many")


def _set_safety(pipeline: Any, *, keep: bool) -> str:
    """Turn a pipeline's safety checker off where the entry says so; returns what the report tells of it."""
    if not hasattr(pipeline, "journal_checker"):
        pipeline.journal_checker = getattr(pipeline, "safety_checker", None)
    if pipeline.journal_checker is None:
        return "the pipeline has none"
    pipeline.safety_checker = pipeline.journal_checker if keep else None
    return "on" if keep else "off, as the entry says"


def _open_start(start: Path | None, width: int, height: int) -> tuple[Image | None, str]:
    """Open the start picture at the size asked for, with the digest of its file."""
    if start is None:
        return None, ""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(start) as picture:
            return picture.convert("RGB").resize((width, height)), hashlib.sha256(start.read_bytes()).hexdigest()
    except (UnidentifiedImageError, OSError) as error:
        raise TaskError(f"{start.name} is no picture that can be read; give a PNG or JPEG") from error


def _image_to_image(pipeline: Any) -> Any:
    from diffusers import AutoPipelineForImage2Image

    try:
        made = AutoPipelineForImage2Image.from_pipe(pipeline)
    except ValueError as error:
        raise TaskError(f"{type(pipeline).__name__} can't start from a picture; leave 'start' out") from error
    made.set_progress_bar_config(disable=True)
    return made


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _file_name(recipe: Recipe) -> str:
    words = "".join(
        letter if letter.isascii() and letter.isalnum() else " " for letter in recipe.prompt.lower()
    ).split()
    digest = hashlib.sha256(recipe.prompt.encode()).hexdigest()[:6]
    return f"{'-'.join(words)[:48].strip('-') or 'picture'}-{digest}-{recipe.seed}.png"


def _describe(
    made: list[_Made], strip: Path | None, checker: str, name: str, digest: str, verdicts: Mapping[Path, Verdict]
) -> Report:
    by_prompt: dict[str, list[_Made]] = {}
    for one in made:
        by_prompt.setdefault(one.recipe.prompt, []).append(one)
    seeds = [one.recipe.seed for one in next(iter(by_prompt.values()))]
    report = Report().headline(f"{len(made)} pictures, {len(by_prompt)} prompts × {len(seeds)} seeds")
    pictures = [(one.path, _caption(one, verdicts.get(one.path))) for one in made]
    report.gallery(pictures, columns=len(seeds))
    if verdicts:
        _tell_verdicts(report, by_prompt, verdicts)
    grid = made[0].path.parent / "grid.png"
    rows = [(prompt, [one.path for one in ones]) for prompt, ones in by_prompt.items()]
    draw_grid(rows, [f"seed {seed}" for seed in seeds]).save(grid, optimize=True)
    report.file(grid, title="all pictures, large")
    if strip:
        report.image(strip, alt=f"The first picture forming over the steps: {made[0].recipe.prompt}")
    report.table(
        [[key, str(value)] for key, value in _settings(made[0].recipe, checker, name, digest)], ["setting", "value"]
    )
    report.metric("pictures", len(made), shown=False)
    return report.output("pictures", [one.path for one in made]).output("grid", grid)


def _caption(made: _Made, verdict: Verdict | None) -> str:
    seen = f" (seen: {verdict.seen})" if verdict else ""
    return f"{made.recipe.prompt}, seed {made.recipe.seed}{seen}"


def _tell_verdicts(report: Report, by_prompt: Mapping[str, list[_Made]], verdicts: Mapping[Path, Verdict]) -> None:
    rows = []
    for prompt, ones in by_prompt.items():
        things = sum(verdicts[one.path].right_things for one in ones)
        relation = sum(verdicts[one.path].right_relation for one in ones)
        rows.append([prompt, len(ones), things, relation])
        report.metric(f"{prompt}: right things", 100 * things / len(ones), "%", digits=0, shown=False)
        report.metric(f"{prompt}: right relation", 100 * relation / len(ones), "%", digits=0, shown=False)
    columns = ["prompt", "pictures", "with the right things", "in the right relation"]
    report.table(rows, columns, title="What a classifier sees in them")
    right = sum(verdict.right_relation for verdict in verdicts.values())
    report.headline(f"{report.headline_text}, {right} as asked")


def _settings(recipe: Recipe, checker: str, name: str, digest: str) -> list[tuple[str, object]]:
    more = [("negative prompt", recipe.negative)] if recipe.negative else []
    more += [("starts from a picture, strength", f"{recipe.strength:g}")] if recipe.start else []
    return [
        ("model", f"{name} ({digest[:12]})"),
        ("scheduler", recipe.scheduler),
        ("steps", recipe.steps),
        ("guidance scale", f"{recipe.guidance:g}"),
        ("size", f"{recipe.width} × {recipe.height}"),
        *more,
        ("safety checker", checker),
    ]
