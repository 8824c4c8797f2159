"""The drawings that scenes are made of, cropped and scaled: square sprites with a transparent ground."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

DRAWINGS = Path(__file__).parent / "drawings"


@cache
def make_sprite(thing: str, side_px: int) -> NDArray[np.float32]:
    """Return a drawing, cropped and scaled into a square, as RGBA in 0..255 with straight alpha."""
    import numpy as np
    from PIL import Image

    square = Image.new("RGBA", (side_px, side_px))
    width, height = drawn_size(thing, side_px)
    drawing = _drawing(thing).convert("RGBa").resize((width, height), Image.Resampling.LANCZOS).convert("RGBA")
    square.paste(drawing, ((side_px - width) // 2, (side_px - height) // 2))
    return np.asarray(square, np.float32)


def drawn_size(thing: str, side_px: int) -> tuple[int, int]:
    """Return width and height in pixels of a drawing that just fits into a square."""
    width, height = _drawing(thing).size
    scale = side_px / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


@cache
def _drawing(thing: str) -> Image:
    from PIL.Image import open as open_image

    with open_image(DRAWINGS / f"{thing}.png") as opened:
        picture = opened.convert("RGBA")
    return picture.crop(picture.getchannel("A").getbbox())
