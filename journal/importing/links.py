"""Files that a post links to: found in the folder of its site, and given a place beside the entry."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

from journal.splice import find_blocks

FOLDER = "_files"
"""Beside an entry: no step's id begins so, and no step's artifacts take its place."""
_SITE = ("_config.yml", "_config.yaml", "hugo.toml", "hugo.yaml", "config.toml", "_quarto.yml", "mkdocs.yml", ".git")
_LINK = re.compile(
    r"""(?P<code>(?P<ticks>(?<!`)`+(?!`))(?:(?!\n[ \t]*\n).)+?(?<!`)(?P=ticks)(?!`))
    | \]\(\s* (?: <(?P<angle>[^<>\n]+)> | (?P<plain>(?:\\.|[^\s()<>\\]|\([^\s()]*\))+) )
    | (?:src|href|poster)= (?: "(?P<double>[^"\n]+)" | '(?P<single>[^'\n]+)' )
    | ^[ ]{0,3}\[[^\]\n]+\]:[ \t]* <?(?P<reference>[^\s<>]+)""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_KINDS = ("angle", "plain", "double", "single", "reference")
_PAGES = (".md", ".markdown", ".qmd", ".html", ".htm", "")


class Linked:
    """The files that one post links to."""

    def __init__(self, post: Path, beside: Path) -> None:
        self.folder, self.root, self.beside = post.parent.resolve(), _site_of(post), beside
        self.places: dict[Path, str] = {}
        """Where each file goes, by its name in the folder beside the entry."""
        self.notes: list[str] = []
        """What the author should know of links that stay as they are."""

    def place_in(self, body: str, shown: str) -> str:
        """Return a post's body with its links to files leading to where these go; code and comments are text."""
        text = list(_protected(body, shown))

        def placed(match: re.Match[str]) -> str:
            kind = next((kind for kind in _KINDS if match[kind]), None)
            if kind is None or any(start <= match.start() < end for start, end in text):
                return match[0]
            start, end = (position - match.start() for position in match.span(kind))
            return match[0][:start] + self._target(match[kind], kind) + match[0][end:]

        return _LINK.sub(placed, body)

    def _target(self, link: str, kind: str) -> str:
        written = html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", link) if kind == "plain" else link)
        path, tail = re.fullmatch(r"([^?#]*)(.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", path) or Path(path).suffix.lower() in _PAGES:
            return link
        found = next((one for one in self._candidates(unquote(path)) if _is_file(one)), None)
        if found is None or not found.resolve().is_relative_to(self.root) or not os.access(found, os.R_OK):
            why = "is not there" if found is None else f"can't be taken from outside of {self.root.name}"
            self.notes.append(f"{link} {why}; its link stays as it is")
            return link
        return quote(f"{self.beside.name}/{FOLDER}/{self._place(found.resolve())}") + tail

    def _candidates(self, path: str) -> list[Path]:
        """Return where a link may lead: from the post's folder, or from the site's, of which Hugo has two."""
        if not path.startswith("/"):
            return [self.folder / path]
        return [self.root / part / path.lstrip("/") for part in ("", "static")]

    def _place(self, file: Path) -> str:
        if file not in self.places:
            names = (file.stem + number + file.suffix for number in ("", *(f"-{count}" for count in range(2, 10_000))))
            self.places[file] = next(name for name in names if self._is_free(name, file))
        return self.places[file]

    def _is_free(self, name: str, file: Path) -> bool:
        there = self.beside / FOLDER / name
        return name not in self.places.values() and (not there.exists() or there.read_bytes() == file.read_bytes())


def _site_of(post: Path) -> Path:
    """Return the folder of the site that a post belongs to; from elsewhere nothing is taken."""
    folder = post.parent.resolve()
    above = (folder, *folder.parents)
    return next((one for one in above if any((one / name).exists() for name in _SITE)), folder)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a null in it
        return False


def _protected(body: str, shown: str) -> Iterator[tuple[int, int]]:
    """Yield what is no Markdown of the author's: code, comments, and blocks of a journal. Offsets in the body."""
    from markdown_it import MarkdownIt

    for block in find_blocks(body, 0, shown):
        yield block.inside, block.outside
    ends = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", body)), len(body), len(body)]
    for token in MarkdownIt("commonmark").parse(body):
        comment = token.type == "html_block" and token.content.lstrip().startswith("<!--")
        if token.map and (comment or token.type in ("fence", "code_block")):
            yield ends[token.map[0]], ends[min(token.map[1], len(ends) - 1)]
