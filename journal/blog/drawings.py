"""Plots of steps as part of a page, so that they take its colours, light or dark."""

from __future__ import annotations

import html
import re
from pathlib import Path

_ACTIVE = re.compile(
    r"<\s*(?:script|foreignobject|iframe|object|embed|animate\w*|set|a|audio|video|handler|link|meta|base|form|input)\b"
    r"|\son[a-z]+\s*=|javascript:|@import|url\(\s*(?!['\"]?#)|<!(?:entity|doctype)"
    r"|href\s*=\s*(?!['\"](?:#|data:image/(?:png|jpeg);))",
    re.IGNORECASE,
)
"""What a plot has no use for: scripts, links, animations, and whatever is fetched from elsewhere."""
_PROLOGUE = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE svg PUBLIC \"[^\"]*\"\s+\"[^\"]*\">\s*)?")


def inline_drawing(path: Path, label: str) -> str | None:
    """Return an SVG as HTML, or None where it holds something that could act: then it is shown as a picture."""
    svg = _PROLOGUE.sub("", path.read_text(encoding="utf-8", errors="replace"), count=1).strip()
    if not svg.startswith("<svg") or _ACTIVE.search(svg):
        return None
    return f'<span class="plot" role="img" aria-label="{html.escape(label)}">{svg}</span>'
