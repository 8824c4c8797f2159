"""Plots of steps as part of a page, so that they take its colours, light or dark."""

from __future__ import annotations

import html
import math
import re
from pathlib import Path

_ACTIVE = re.compile(
    r"<\s*(?:script|foreignobject|iframe|object|embed|animate\w*|set|a|audio|video|handler|link|meta|base|form|input)\b"
    r"|\son[a-z]+\s*=|javascript:|@import|url\(\s*(?!['\"]?#)|<!(?:entity|doctype)"
    r"|href\s*=\s*(?!['\"](?:#|data:image/(?:png|jpeg);))",
    re.IGNORECASE,
)
"""What a plot has no use for: scripts, links, animations, and whatever is fetched from elsewhere."""
_VIEW_BOX = re.compile(r"viewBox=\"[-\d.]+ [-\d.]+ ([\d.]+) [\d.]+\"")
_FONT_SIZE = re.compile(r"""font(?:-size)?(?:: *|=['"])([\d.]+)(?:px|['"])""")
_SMALLEST_PX = 11
_PROLOGUE = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE svg PUBLIC \"[^\"]*\"\s+\"[^\"]*\">\s*)?")


def inline_drawing(path: Path, label: str) -> str | None:
    """Return an SVG as HTML, or None where it holds something that could act: then it is shown as a picture."""
    svg = _PROLOGUE.sub("", path.read_text(encoding="utf-8", errors="replace"), count=1).strip()
    if not svg.startswith("<svg") or _ACTIVE.search(svg):
        return None
    width = _least_width(svg)
    style = f' style="--least-width: {width}px"' if width else ""
    # what may scroll has to be reachable by keyboard
    return f'<span class="plot" tabindex="0" role="img" aria-label="{html.escape(label)}"{style}>{svg}</span>'


def _least_width(svg: str) -> int:
    """Return the width in pixels below which its smallest label would be hard to read, or 0 if that isn't known."""
    box = _VIEW_BOX.search(svg)
    sizes = [float(size) for size in _FONT_SIZE.findall(svg)]
    return math.ceil(float(box[1]) * _SMALLEST_PX / min(sizes)) if box and sizes and min(sizes) > 0 else 0
