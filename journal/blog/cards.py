"""Cards: the picture of a day that other sites show where somebody links to it."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont  # noqa: TID253  # imported where a card is drawn

SIZE = (1200, 630)
_MARGIN = 70
_INK, _PAPER = (29, 35, 39), (251, 250, 247)
_QUIET, _ACCENT = 90, 1
"""Places in the palette, which goes from ink at 0 to paper at 255: grey words, and the author's colour."""


def draw_card(title: str, when: str, blog: str, accent: str, picture: Path | None) -> bytes:
    """Return a PNG of 1200 by 630 pixels with a title, a date, the blog's name and a picture if there is one.

    The same values give the same bytes.
    """
    shown = _thumbnail(picture) if picture else None
    width = SIZE[0] - 2 * _MARGIN - (shown.width + _MARGIN // 2 if shown else 0)
    card = _words(title, f"{blog}   {when}", accent, width)
    if shown:
        card = card.convert("RGB")
        card.paste(shown, (SIZE[0] - _MARGIN - shown.width, (SIZE[1] - shown.height) // 2))
    stream = io.BytesIO()
    card.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _words(title: str, below: str, accent: str, width: int) -> Image.Image:
    """Draw the words in shades of grey, which the palette then colours: a fraction of the time of true colours."""
    card = Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(card)
    font = _font(54)
    lines = wrap(title, max(8, int(width / draw.textlength("n", font=font))), max_lines=5, placeholder=" …")
    draw.multiline_text((_MARGIN, 90), "\n".join(lines), font=font, fill=0, spacing=16)
    draw.text((_MARGIN, SIZE[1] - 110), below, font=_font(30), fill=_QUIET)
    card = card.point([0 if shade == _ACCENT else shade for shade in range(256)])
    ImageDraw.Draw(card).rectangle((0, 0, 18, SIZE[1]), fill=_ACCENT)
    card.putpalette(_palette(accent))
    return card


def _palette(accent: str) -> list[int]:
    shades = [
        [round(dark + (light - dark) * shade / 255) for dark, light in zip(_INK, _PAPER, strict=True)]
        for shade in range(256)
    ]
    shades[_ACCENT] = [int(accent[start : start + 2], 16) for start in (1, 3, 5)]
    return [part for shade in shades for part in shade]


@lru_cache(maxsize=2)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _thumbnail(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as picture:
            picture.thumbnail((430, 430))
            shown = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if shown.width < 200:  # small pictures of models: crisp, not blurred
        times = max(1, 430 // max(shown.size))
        shown = shown.resize((shown.width * times, shown.height * times), Image.Resampling.NEAREST)
    return shown
