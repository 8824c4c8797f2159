"""The look of the blog: its style sheet, in the author's colour as far as that can be read."""

from __future__ import annotations

import colorsys
from pathlib import Path

_SHEET = Path(__file__).parent / "journal.css"
_LIGHT, _DARK = "#ffffff", "#1b1f23"
_READABLE = 4.6
"""The contrast that text needs, a little above WCAG's 4.5."""


def style_sheet(accent: str) -> str:
    """Return the style sheet; the accent is darkened or lightened until it can be read on either ground."""
    light, dark = readable(accent, _LIGHT), readable(accent, _DARK)
    head = f':root{{--journal-accent:{light}}}\n[data-md-color-scheme="slate"]{{--journal-accent:{dark}}}\n'
    return head + _SHEET.read_text(encoding="utf-8")


def readable(colour: str, ground: str) -> str:
    """Return the colour, with its lightness changed as little as needed to be read on a ground."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    step = -0.01 if _luminance(ground) > 0.5 else 0.01
    while contrast(colour, ground) < _READABLE and 0 <= lightness + step <= 1:
        lightness += step
        colour = "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return colour


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue
