"""Files linked from a post: found in its site's folder, and copied beside the entry."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from urllib.parse import quote, unquote

from journal.errors import EntryError
from journal.files import is_file
from journal.importing.destinations import Destinations
from journal.importing.posts import TEXTS, Post
from journal.layout import media_of
from journal.text.blocks import find_blocks

_SITE = (
    "_config.yml",
    "_config.yaml",
    "hugo.toml",
    "hugo.yaml",
    "config.toml",
    "_quarto.yml",
    "mkdocs.yml",
    ".obsidian",
    ".git",
)
_PAGES = (".md", ".markdown", ".qmd", ".html", ".htm", "")
_PLACE = (
    r"<(?P<angle>[^<>\n]+)> | (?P<plain>(?:\\.|[^\s()<>\\{]|\{(?![{%])|\([^\s()]*\))+)"
    r" | (?P<tagged>\{[{%].*?[%}]\}[^\s()]*)"
)
_LINK = re.compile(
    rf"""\\[\\`\[\]<]
    | (?P<ticks>(?<!`)`+(?!`)) .+? (?<!`)(?P=ticks)(?!`)
    | <!--.*?--> | <(?P<verbatim>pre|code|script|style)\b.*?</(?P=verbatim)>
    | (?P<tag><[a-z][^<>]*>)
    | \]\(\s* (?:{_PLACE}) (?=\s*\)|\s+["'(])
    | ^[ ]{{0,3}}\[(?!\^)[^\]\n]+\]:[ \t]* <?(?P<reference>[^\s<>]+)>? (?=[ \t]*(?:$|["'(]))""",
    re.VERBOSE | re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""\b(?:src|href|poster)\s*=\s*(?:"(?P<double>[^"\n]+)"|'(?P<single>[^'\n]+)'|(?P<bare>[^\s"'=<>`]+))""",
    re.IGNORECASE,
)
_LIQUID = re.compile(
    r"""\{\{\s*(?:site\.(?:base)?url\s*\}\}(?P<rest>.*)|["'](?P<path>[^"']+)["']\s*\|\s*(?:relative|absolute)_url\s*\}\})"""
)


class Linked:
    """The files linked from one post."""

    def __init__(self, post: Post, entry: Path, destinations: Destinations) -> None:
        self.post, self.entry, self.media, self.destinations = post, entry, media_of(entry), destinations
        self.folder, self.root = post.path.parent.resolve(), _site_of(post.path)
        self.places: dict[Path, str] = {}
        """The name of each file in the folder beside the entry."""
        self.notes: list[str] = []
        """Notes for the author on what stays unchanged, each with its file and line."""
        self.mapped: list[str] = []
        """Links that lead to other entries now."""
        self._at = 0

    def body(self) -> str:
        """Return the post's body with its links to files updated, leaving code and comments alone."""
        body, done, pieces = self.post.body, 0, list[str]()
        blocks = _blocks(self.post)
        if blocks:
            self.notes.append(f"{self.post.shown}: its journal blocks stay as they are, and their files are not copied")
        for start, end in _passages(body):
            if not any(first <= start < last for first, last in blocks):
                placed = _LINK.sub(lambda found, start=start: self._placed(found, start), body[start:end])  # type: ignore[misc]
                pieces += [body[done:start], placed]
                done = end
        return "".join([*pieces, body[done:]])

    def _placed(self, match: re.Match[str], start: int) -> str:
        self._at = start + match.start()
        if match["tag"]:
            return _ATTRIBUTE.sub(lambda one: self._with_target(one, ("double", "single", "bare")), match[0])
        return self._with_target(match, ("angle", "plain", "tagged", "reference"))

    def _with_target(self, match: re.Match[str], kinds: tuple[str, ...]) -> str:
        kind = next((kind for kind in kinds if match[kind]), None)
        if kind is None:
            return match[0]
        start, end = (position - match.start() for position in match.span(kind))
        return match[0][:start] + self._target(match[kind]) + match[0][end:]

    def _target(self, link: str) -> str:
        """Return a link's new target: the copied file, or the old target."""
        written = html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", link))
        if "{{" in written and (liquid := _LIQUID.fullmatch(written)):
            written = "/" + (liquid["rest"] or liquid["path"] or "").lstrip("/")
        path, tail = re.fullmatch(r"([^?#]*)(.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
        if (leads := self.destinations.find(written, self.folder)) and leads[0] != self.entry:
            self.mapped.append(self._said(f"{link} leads to {leads[0].name} now"))
            return quote(leads[0].name) + leads[1]
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", path) or Path(path).suffix.lower() in _PAGES:
            if self.destinations.is_own(written):
                self.notes.append(self._said(f"{link} is no post of this import; the link was not changed"))
            return link
        found = next((one for one in self._candidates(unquote(path)) if is_file(one)), None)
        if found is None or not found.resolve().is_relative_to(self.root) or not os.access(found, os.R_OK):
            why = "does not exist" if found is None else f"is outside of {self.root.name}, or not readable"
            self.notes.append(self._said(f"{link} {why}; the link was not changed"))
            return link
        return quote(f"{self.media.parent.name}/{self.media.name}/{self._place(found.resolve())}") + tail

    def _said(self, note: str) -> str:
        """Return a note with the file and line of the link that it is about; posts in exports have no lines."""
        if self.post.path.suffix.lower() not in TEXTS:
            return f"{self.post.shown}: {note}"
        return f"{self.post.shown}:{self.post.first_line + self.post.body.count(chr(10), 0, self._at)}: {note}"

    def _candidates(self, path: str) -> list[Path]:
        """Return what a link may point to, relative to the post or to the site's root, of which Hugo has two."""
        if not path.startswith("/"):
            return [self.folder / path]
        return [self.root / part / path.lstrip("/") for part in ("", "static")]

    def _place(self, file: Path) -> str:
        if file not in self.places:
            names = (file.stem + number + file.suffix for number in ("", *(f"-{count}" for count in range(2, 10_000))))
            self.places[file] = next(name for name in names if self._is_free(name, file))
        return self.places[file]

    def _is_free(self, name: str, file: Path) -> bool:
        there = self.media / name
        if name in self.places.values() or (os.path.lexists(there) and not is_file(there)):
            return False
        return not there.exists() or there.read_bytes() == file.read_bytes()


def _site_of(post: Path) -> Path:
    """Return the folder of a post's site; files outside it are not copied."""
    folder = post.parent.resolve()
    above = (folder, *folder.parents)
    return next((one for one in above if any((one / name).exists() for name in _SITE)), folder)


def _blocks(post: Post) -> list[tuple[int, int]]:
    """Return the journal blocks in a post, as offsets in its body. Raises ``EntryError`` where markers are wrong."""
    above = post.first_line - 1
    try:
        found = find_blocks("\n" * above + post.body, above, str(post.path))
    except EntryError as error:
        raise EntryError(f"{error} (these are markers of journal, in a post that was an entry)") from error
    return [(block.inside - above, block.outside - above) for block in found]


def _passages(body: str) -> list[tuple[int, int]]:
    """Return the parts of a body other than code, as offsets: paragraphs and the like, HTML, and lines between them.

    Each part is separate: a backtick in one doesn't pair with one in the next.
    """
    from markdown_it import MarkdownIt

    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", body)), len(body)]
    lines, found = set(range(len(starts) - 1)), list[tuple[int, int]]()
    for token in MarkdownIt("commonmark").parse(body):
        if token.map and token.type in ("inline", "html_block", "fence", "code_block"):
            first, last = token.map[0], min(token.map[1], len(starts) - 1)
            lines -= set(range(first, last))
            found += [(starts[first], starts[last])] if token.type in ("inline", "html_block") else []
    return sorted([*found, *((starts[line], starts[line + 1]) for line in lines)])
