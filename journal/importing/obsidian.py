"""Notes of Obsidian: links in double brackets, pictures, callouts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from journal.importing.posts import Post

_WIKI = re.compile(r"(!?)\[\[([^\]|#\n]*)(#[^\]|\n]*)?(?:\|([^\]\n]*))?\]\]")
_CALLOUT = re.compile(r"^(>+\s*)\[!([a-zA-Z-]+)\]([+-]?)[ \t]*(.*)$", re.MULTILINE)
_COMMENT = re.compile(r"%%.*?%%", re.DOTALL)
_FENCE = re.compile(r"(^(?:```|~~~).*?^(?:```|~~~)[ \t]*$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_GITHUB = {"note", "tip", "important", "warning", "caution"}
_LIKE = {
    "info": "note", "todo": "note", "abstract": "note", "summary": "note", "quote": "note", "cite": "note",
    "example": "note", "question": "note", "help": "note", "faq": "note", "hint": "tip", "success": "tip",
    "check": "tip", "done": "tip", "attention": "warning", "danger": "caution", "error": "caution", "bug": "caution",
    "failure": "caution", "fail": "caution", "missing": "caution",
}  # fmt: skip
"""What Obsidian's callouts are nearest to, of the five that GitHub shows."""


class Vault:
    """A folder of notes, in which a file is named without its place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, post: Post) -> Post:
        """Return a note with its links, pictures and callouts in the Markdown that all programs read."""
        notes: list[str] = []
        body = _outside_code(post.body, lambda text: self._rewritten(text, post, notes))
        return replace(post, body=body, notes=(*post.notes, *notes))

    @cached_property
    def files(self) -> dict[str, Path]:
        """The files of the vault by name, in small letters; notes also without their suffix."""
        found: dict[str, Path] = {}
        for where, folders, names in os.walk(self.folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                found.setdefault(name.lower(), Path(where, name))
                found.setdefault(name.lower().removesuffix(".md"), Path(where, name))
        return found

    def _rewritten(self, text: str, post: Post, notes: list[str]) -> str:
        text = _COMMENT.sub("", text)
        text = _CALLOUT.sub(_as_alert, text)
        return _WIKI.sub(lambda found: self._link(found, post, notes), text)

    def _link(self, found: re.Match[str], post: Post, notes: list[str]) -> str:
        embeds, name, anchor, shown = found[1], found[2].strip(), found[3] or "", found[4]
        if not name:
            return f"[{shown or anchor.lstrip('#')}](#{_anchor(anchor)})"
        file = self.files.get(Path(name).name.lower())
        if file is None:
            notes.append(f"[[{name}]] is no file of the vault; its words were kept")
            return shown or name
        place = quote(Path(os.path.relpath(file, post.path.parent)).as_posix())
        if embeds and file.suffix.lower() != ".md":
            alt = shown if shown and not re.fullmatch(r"\d+(x\d+)?", shown) else file.stem
            return f"![{alt}]({place})"
        return f"[{shown or name}]({place}{'#' + _anchor(anchor) if anchor else ''})"


def _as_alert(found: re.Match[str]) -> str:
    kind = found[2].lower()
    kind = kind if kind in _GITHUB else _LIKE.get(kind, "note")
    title = f"\n{found[1]}**{found[4].strip()}**" if found[4].strip() else ""
    return f"{found[1]}[!{kind.upper()}]{title}"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w]+", "-", heading.lstrip("#").lower()).strip("-")


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    return "".join(part if number % 2 else change(part) for number, part in enumerate(_FENCE.split(text)))
