"""Pictures made of pictures: the labelled grid and the strip; and the recipe that each PNG carries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

CHUNK = "journal"
"""The PNG text chunk that holds a recipe."""
_GAP = 8
_LABEL = 22


def save_with_recipe(picture: Image, recipe: Mapping[str, object], path: Path) -> None:
    """Write a PNG that says in its text chunk how to make it again; the same picture gives the same bytes."""
    from PIL.PngImagePlugin import PngInfo

    note = PngInfo()
    note.add_itxt(CHUNK, json.dumps(recipe, ensure_ascii=False, sort_keys=True))
    picture.save(path, pnginfo=note, optimize=True)


def read_recipe(path: Path) -> dict[str, Any]:
    """Return what a PNG of ours says of how it was made."""
    from PIL import Image

    with Image.open(path) as picture:
        recipe: dict[str, Any] = json.loads(getattr(picture, "text", {})[CHUNK])
        return recipe


def draw_grid(rows: Sequence[tuple[str, Sequence[Path]]], columns: Sequence[str], side: int = 256) -> Image:
    """Draw labelled rows of pictures, each scaled to ``side`` pixels across; small pixels stay sharp squares."""
    from PIL import Image, ImageDraw

    width = _GAP + len(columns) * (side + _GAP)
    canvas = Image.new("RGB", (width, _LABEL + len(rows) * (side + _LABEL + _GAP)), "white")
    draw = ImageDraw.Draw(canvas)
    for column, label in enumerate(columns):
        draw.text((_GAP + column * (side + _GAP), 4), label, fill="black", font_size=14)
    for row, (label, paths) in enumerate(rows):
        top = _LABEL + row * (side + _LABEL + _GAP)
        draw.text((_GAP, top + 2), label, fill="black", font_size=14)
        for column, path in enumerate(paths):
            with Image.open(path) as picture:
                canvas.paste(_scaled(picture, side), (_GAP + column * (side + _GAP), top + _LABEL))
    return canvas


def draw_strip(stages: Sequence[Image], side: int = 128) -> Image:
    """Draw the stages of one picture beside each other."""
    from PIL import Image

    canvas = Image.new("RGB", (len(stages) * side, side), "white")
    for index, stage in enumerate(stages):
        canvas.paste(_scaled(stage, side), (index * side, 0))
    return canvas


def _scaled(picture: Image, side: int) -> Image:
    from PIL.Image import Resampling

    height = max(1, round(picture.height * side / picture.width))
    way = Resampling.NEAREST if picture.width < side else Resampling.LANCZOS
    return picture.convert("RGB").resize((side, height), way)
