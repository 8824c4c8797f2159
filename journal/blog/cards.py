"""Cards: the picture of a day that other sites show where somebody links to it."""

from __future__ import annotations

import io
from pathlib import Path
from textwrap import wrap

from PIL import Image, ImageDraw, ImageFont  # noqa: TID253  # imported where a card is drawn

SIZE = (1200, 630)
_MARGIN = 70
_INK, _PAPER, _QUIET = "#1d2327", "#fbfaf7", "#5b646b"


def draw_card(title: str, when: str, blog: str, accent: str, picture: Path | None) -> bytes:
    """Return a PNG of 1200 by 630 pixels with a title, a date, the blog's name and a picture if there is one.

    The same values give the same bytes.
    """
    card = Image.new("RGB", SIZE, _PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 18, SIZE[1]), fill=accent)
    width = SIZE[0] - 2 * _MARGIN
    if picture and (shown := _thumbnail(picture)):
        card.paste(shown, (SIZE[0] - _MARGIN - shown.width, (SIZE[1] - shown.height) // 2))
        width -= shown.width + _MARGIN // 2
    font = ImageFont.load_default(54)
    lines = wrap(title, max(8, int(width / draw.textlength("n", font=font))), max_lines=5, placeholder=" …")
    draw.multiline_text((_MARGIN, 90), "\n".join(lines), font=font, fill=_INK, spacing=16)
    draw.text((_MARGIN, SIZE[1] - 110), f"{blog}   {when}", font=ImageFont.load_default(30), fill=_QUIET)
    stream = io.BytesIO()
    card.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(stream, "PNG", compress_level=3)
    return stream.getvalue()


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
