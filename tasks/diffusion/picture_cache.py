"""The cache of pictures: what an earlier run made is taken from what it kept, the rest is sampled and kept."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal import Context

from .drawing import draw_strip, read_recipe, save_with_recipe
from .memory_budget import steady_threads
from .sampling import Recipe, SampledPicture, sample_pictures

if TYPE_CHECKING:
    from PIL.Image import Image

LIBRARIES = ("torch", "diffusers", "transformers")


@dataclass(frozen=True)
class Origin:
    """Where pictures come from, as their recipes name it."""

    model: str
    digest: str
    scheduler: str
    """As the entry names it."""
    batch: int = 0
    """As the entry gives it: in batches of another size, pictures may be rounded otherwise."""
    start: str = ""
    """The picture that they start from, relative to the workspace."""


@dataclass(frozen=True)
class SavedPicture:
    """A picture's recipe and its file."""

    recipe: Recipe
    path: Path
    blackened: bool = False
    """Whether the pipeline's safety checker took the picture away."""


class PictureCache:
    """Makes the pictures that no earlier run has made, and keeps each batch as soon as it is there."""

    def __init__(self, ctx: Context, origin: Origin) -> None:
        self.ctx, self.origin = ctx, origin
        self.strip: Path | None = None
        """The first picture forming over the steps, once there."""

    def get_or_sample(
        self, recipes: list[Recipe], pipeline: Any, batch: int, start: Image | None = None
    ) -> list[SavedPicture]:
        """Return the pictures of recipes, in their order."""
        paths = {recipe: self._recall(recipe) for recipe in recipes}
        self.strip = self.ctx.recall({"strip": self._key(recipes[0])}, "forming.png")
        first_again = start is None and self.strip is None and hasattr(pipeline, "vae")
        missing = [one for one, path in paths.items() if path is None or (first_again and one == recipes[0])]
        with steady_threads():
            for sampled in sample_pictures(pipeline, missing, batch, self._progress, start):
                paths[sampled.recipe] = self._keep(sampled)
                if sampled.stages and sampled.recipe == recipes[0]:
                    self._keep_strip(sampled)
        return [_saved_picture(recipe, path) for recipe, path in paths.items() if path is not None]

    def _recall(self, recipe: Recipe) -> Path | None:
        """Return a picture that an earlier run made, its recipe naming model and start as this entry does."""
        path = self.ctx.recall(self._key(recipe), file_name(recipe))
        if path is None:
            return None
        from PIL import Image

        saved = read_recipe(path)
        now = self._metadata(recipe, saved["parameters"]["batch"], blackened="blackened" in saved)
        if saved != now:
            with Image.open(path) as picture:
                save_with_recipe(picture.copy(), now, path)
        return path

    def _keep(self, sampled: SampledPicture) -> Path:
        path = self.ctx.out / file_name(sampled.recipe)
        metadata = self._metadata(sampled.recipe, sampled.batch, blackened=sampled.blackened)
        save_with_recipe(sampled.picture, metadata, path)
        self.ctx.remember(self._key(sampled.recipe), path)
        return path

    def _metadata(self, recipe: Recipe, batch: int, *, blackened: bool) -> dict[str, Any]:
        """Return what a picture's file says of how it was made."""
        more = {"blackened": True} if blackened else {}
        return {
            "task": "diffusion.sample",
            "parameters": self._parameters(recipe, batch),
            "digest": self.origin.digest,
            "versions": {name: version(name) for name in LIBRARIES},
            **more,
        }

    def _keep_strip(self, sampled: SampledPicture) -> None:
        self.strip = self.ctx.out / "forming.png"
        draw_strip(sampled.stages).save(self.strip, optimize=True)
        self.ctx.remember({"strip": self._key(sampled.recipe)}, self.strip)

    def _parameters(self, recipe: Recipe, batch: int) -> dict[str, Any]:
        """Return what the task is to be given to make this picture alone."""
        own = ("prompt", "seed", "start", "checker")
        same = {name: value for name, value in asdict(recipe).items() if name not in own}
        more: dict[str, Any] = {"start": self.origin.start} if recipe.start else {}
        more |= {"safety": False} if recipe.checker == "off" else {}
        named = {"model": self.origin.model, "scheduler": self.origin.scheduler}
        return {**same, **more, **named, "batch": batch, "prompts": [recipe.prompt], "seeds": [recipe.seed]}

    def _key(self, recipe: Recipe) -> dict[str, Any]:
        return {**asdict(recipe), "digest": self.origin.digest, "batch": self.origin.batch}

    def _progress(self, done: int, total: int) -> None:
        self.ctx.progress(done, total, "denoising steps")


def _saved_picture(recipe: Recipe, path: Path) -> SavedPicture:
    return SavedPicture(recipe, path, bool(read_recipe(path).get("blackened")))


def file_name(recipe: Recipe) -> str:
    """Return a file's name that tells prompt and seed: "a-horse-riding-an-astronaut-d4f093-0.png"."""
    letters = (letter if letter.isascii() and letter.isalnum() else " " for letter in recipe.prompt.lower())
    words = "-".join("".join(letters).split())[:48].strip("-") or "picture"
    digest = hashlib.sha256(recipe.prompt.encode()).hexdigest()[:6]
    return f"{words}-{digest}-{recipe.seed}.png"
