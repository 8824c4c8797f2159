"""Where the posts of one import stood before, so that links between them lead to entries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from journal.importing.posts import TEXTS, Post

_TAG = re.compile(r"""\{[%{]<?\s*(?:post_url|link|ref|relref)\s+["']?([^\s"'%>}]+)["']?.*?[%}]\}""")
"""Jekyll's and Hugo's ways to name another post."""


class Destinations:
    """The entries of posts by where these stood: their files, their addresses, and their names."""

    def __init__(self, placed: Iterable[tuple[Post, Path]]) -> None:
        self.entries: dict[str, Path] = {}
        self.hosts: set[str] = set()
        for post, entry in placed:
            if post.address:
                parts = urlsplit(post.address)
                self.entries[_path_key(parts.path)] = entry
                self.hosts |= {_host(parts.netloc)} if parts.netloc else set()
            if post.path.suffix.lower() in TEXTS:
                self.entries[str(post.path.resolve())] = entry
                name = post.path.parent.name if post.path.stem == "index" else post.path.stem
                self.entries.setdefault(name, entry)
        self.entries.pop(_path_key("/"), None)

    def find(self, link: str, folder: Path) -> tuple[Path, str] | None:
        """Return the entry that a link leads to, seen from a folder, and the rest of the link: its anchor."""
        if tagged := _TAG.match(link):
            named = Path(tagged[1])
            entry = self.entries.get(named.name.removesuffix(named.suffix)) or self.entries.get(named.name)
            return (entry, link[tagged.end() :]) if entry else None
        parts = urlsplit(link)
        anchor = f"#{parts.fragment}" if parts.fragment else ""
        if parts.scheme in ("http", "https") or link.startswith("//"):
            entry = self.entries.get(_path_key(parts.path)) if _host(parts.netloc) in self.hosts else None
        elif parts.scheme or not parts.path:
            return None
        elif parts.path.startswith("/"):
            entry = self.entries.get(_path_key(parts.path))
        else:
            entry = self.entries.get(str((folder / unquote(parts.path)).resolve()))
        return (entry, anchor) if entry else None

    def is_own(self, link: str) -> bool:
        """Return whether a link leads to the blog that the posts come from."""
        parts = urlsplit(link)
        return bool(parts.netloc) and _host(parts.netloc) in self.hosts


def _host(name: str) -> str:
    return name.lower().removeprefix("www.")


def _path_key(path: str) -> str:
    """Return an address's path as a key: with or without a slash at its end, or ``index.html``, it is the same page."""
    return "/" + unquote(path).removesuffix("index.html").strip("/")
