"""Where the addresses in an entry lead on its page, and which files they take along into the site."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from journal.blog.addresses import day_address, way
from journal.blog.drawings import inline_drawing
from journal.files import file_stat, is_file
from journal.text.entry import Entry
from journal.text.workspace import Workspace

_SHOWN = re.compile(r'<img[^>]*?\bsrc="([^"]*)"[^>]*?\balt="([^"]*)"')
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".avif")
_SOUNDS = (".flac", ".mp3", ".ogg", ".opus", ".wav", ".m4a")


class Links:
    """Where the addresses in an entry lead on its page."""

    def __init__(self, entry: Entry, workspace: Workspace, days: Mapping[str, int]) -> None:
        self.entry, self.workspace, self.days = entry, workspace, days
        self.page = day_address(entry.day)
        self.files: dict[str, str] = {}
        self.pictures: list[tuple[str, str]] = []
        self.sounds: list[tuple[str, str]] = []
        self.hosts: set[str] = set()
        self.entries: dict[str, int | None] = {}
        self.elsewhere: dict[str, str] = {}
        self.anchors: list[tuple[str, str]] = []
        self.warnings: list[str] = []

    def resolve(self, tag: str, address: str) -> str | None:
        """Return where an address leads, seen from the day's page; files that it leads to are noted."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        if parts.scheme or parts.netloc:
            if tag not in ("a", "blockquote", "q", "del", "ins") and parts.netloc:
                self.hosts.add(parts.hostname or "")
            return address
        if not parts.path and parts.fragment and tag == "a":
            self.anchors.append(("", unquote(parts.fragment)))
        if not parts.path or parts.path.startswith("/"):
            return address
        tail = f"#{parts.fragment}" if parts.fragment else ""
        return self._local(tag, unquote(parts.path), tail) or address

    def inline(self, address: str, alt: str) -> str | None:
        """Return a drawing that a step made as HTML, so that it takes the page's colours; else None."""
        path = self._path(address)
        if path is None or path.suffix != ".svg" or not path.is_relative_to(self.entry.artifacts):
            return None
        drawing = inline_drawing(path, alt)
        if drawing:
            self._note(path, alt)
        return drawing

    def size(self, address: str) -> tuple[int, int] | None:
        """Return the width and height of a picture in pixels."""
        path = self._path(address)
        if path is None or path.suffix.lower() not in _PICTURES or path.suffix == ".svg":
            return None
        from PIL import Image

        try:
            with Image.open(path) as picture:
                return picture.size
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None

    def watch(self, path: Path) -> Path:
        """Have the page made again when a file outside the entry's folder comes, goes or changes."""
        self.elsewhere[os.path.relpath(path, self.workspace.entries)] = stat_of(path)
        return path

    def attach(self, path: Path) -> str:
        """Have a file go out beside the day's page, and return where."""
        place = f"day/{self.entry.day}/{path.name}"
        self.files[place] = path.relative_to(self.workspace.root).as_posix()
        return place

    def _local(self, tag: str, link: str, tail: str) -> str | None:
        name = posixpath.normpath(link)
        if name.endswith(".md"):
            return self._entry(name, tail)
        if name.startswith(".."):
            self._warn(f"{link} lies outside entries/, so the page can't have it")
            return None
        path = self.entry.path.parent / name
        if not path.is_relative_to(self.entry.artifacts):
            self.elsewhere[name] = stat_of(path)
        if not is_file(path):
            self._warn(f"there is no file {link}")
            return None
        self._note(path, "", is_shown=tag in ("img", "audio", "video", "source"))
        return way(self.page, self._place(path)) + tail

    def _entry(self, name: str, tail: str) -> str | None:
        day = self.entries[name] = self.days.get(name)
        if day is None:
            self._warn(f"there is no entry {name}")
            return None
        if tail:
            self.anchors.append((name, unquote(tail[1:])))
        return way(self.page, day_address(day)) + tail

    def _warn(self, what: str) -> None:
        line = f"{self.entry.display_path}: a link leads nowhere: {what}"
        if line not in self.warnings:
            self.warnings.append(line)

    def _path(self, address: str) -> Path | None:
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        if parts.scheme or parts.netloc or not parts.path or ".." in parts.path.split("/"):
            return None
        path = self.entry.path.parent / unquote(parts.path)
        return path if is_file(path) else None

    def _note(self, path: Path, alt: str, *, is_shown: bool = True) -> None:
        place = self._place(path)
        source = path.relative_to(self.workspace.root).as_posix()
        suffix = path.suffix.lower()
        if is_shown and suffix in _PICTURES and all(place != one for one, _ in self.pictures):
            self.pictures.append((place, alt))
        if is_shown and suffix in _SOUNDS and place not in self.files:
            self.sounds.append((place, alt))
        self.files[place] = source

    def _place(self, path: Path) -> str:
        """Return where a file stands in the site: with its day, or among those that days share."""
        if path.is_relative_to(self.entry.artifacts):
            return f"day/{self.entry.day}/{path.relative_to(self.entry.artifacts).as_posix()}"
        return f"files/{path.relative_to(self.workspace.entries).as_posix()}"

    def described(self, html: str) -> list[tuple[str, str]]:
        """Return the pictures with the descriptions that the page gives them."""
        said = {unquote(src): unescape(alt) for src, alt in _SHOWN.findall(html)}
        return [(place, alt or said.get(unquote(way(self.page, place)), "")) for place, alt in self.pictures]


def stat_of(path: Path) -> str:
    """Return a file's stat, empty where there is none."""
    try:
        return file_stat(path)
    except OSError:
        return ""
