"""Where entries name pictures, sounds and videos: each address with its place in the text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from journal.record import Record
from journal.text.blocks import find_blocks
from journal.text.entry import Entry

_MARKDOWN = re.compile(
    r"!\[(?P<alt>(?:[^\[\]]|\[[^\]]*\])*)\]\(\s*(?:<(?P<pointed>[^<>\n]+)>|(?P<plain>[^\s()<>]+(?:\([^\s()]*\)[^\s()]*)*))"
)
_TAG = re.compile(r"<(?P<tag>img|audio|video|source)\b(?P<inside>[^>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""\b(?P<name>src|poster|alt|aria-label)\s*=\s*(?:"(?P<two>[^"]*)"|'(?P<one>[^']*)'|(?P<bare>[^\s"'>]+))""",
    re.IGNORECASE,
)
_DEFINITION = re.compile(r"^ {0,3}\[(?P<name>[^\]]+)\]:\s*<?(?P<plain>[^\s<>]+)>?", re.MULTILINE)
_USED = re.compile(r"!\[(?P<alt>[^\]]*)\](?:\[(?P<name>[^\]]*)\])?(?!\()")
_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[^\n]*$|`[^`\n]+`|<!--.*?-->", re.MULTILINE | re.DOTALL
)
_SUFFIXES = {
    "picture": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".svg", ".bmp", ".heic"),
    "sound": (".mp3", ".wav", ".flac", ".ogg", ".opus", ".m4a"),
    "video": (".mp4", ".webm", ".mov", ".mkv", ".m4v"),
}


@dataclass(frozen=True)
class Reference:
    """An address of a picture, sound or video in an entry; offsets are into the entry's text."""

    entry: Path
    line: int
    start: int
    end: int
    address: str
    """As a browser reads it, character references resolved."""
    kind: str
    """"picture", "sound" or "video"."""
    has_alt: bool

    @property
    def host(self) -> str:
        """The host that it lives on, or nothing for a file here."""
        parts = urlsplit(self.address if not self.address.startswith("//") else f"https:{self.address}")
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""

    @property
    def url(self) -> str:
        """The address to fetch it from."""
        return f"https:{self.address}" if self.address.startswith("//") else self.address

    def file(self) -> Path | None:
        """Return the file here that it names, whether or not that exists; None for another host's."""
        if self.host or urlsplit(self.address).scheme:
            return None
        return self.entry.parent / unquote(self.address.split("?")[0].split("#")[0])


def references_of(record: Record) -> Iterator[Reference]:
    """Yield those of all entries that can be read, in the order of days."""
    for entry in sorted(record.readable_entries()[0], key=lambda one: one.day):
        yield from references_in(entry)


def references_in(entry: Entry) -> list[Reference]:
    """Return those of an entry's own text, blocks and code left out, in its order."""
    text = _blank_out(entry)
    found = [*_in_markdown(text), *_in_tags(text), *_in_definitions(text)]
    return [
        Reference(
            entry.path, text.count("\n", 0, start) + 1, start, end, html.unescape(entry.text[start:end]), kind, alt
        )
        for start, end, kind, alt in sorted(found)
    ]


def _in_markdown(text: str) -> Iterator[tuple[int, int, str, bool]]:
    for match in _MARKDOWN.finditer(text):
        group = "pointed" if match["pointed"] else "plain"
        yield *match.span(group), _kind(match[group], "picture"), bool(match["alt"].strip())


def _in_tags(text: str) -> Iterator[tuple[int, int, str, bool]]:
    for tag in _TAG.finditer(text):
        attributes = list(_ATTRIBUTE.finditer(tag["inside"]))
        named = any(one["name"].lower() != "src" and (one["two"] or one["one"] or one["bare"] or "").strip()
                    for one in attributes if one["name"].lower() in ("alt", "aria-label"))  # fmt: skip
        usual = {"img": "picture", "audio": "sound", "video": "video"}.get(tag["tag"].lower(), "sound")
        for one in attributes:
            if one["name"].lower() in ("src", "poster"):
                group = next(name for name in ("two", "one", "bare") if one[name] is not None)
                start, end = (tag.start("inside") + place for place in one.span(group))
                kind = "picture" if one["name"].lower() == "poster" else _kind(one[group], usual)
                yield start, end, kind, named or kind != "picture"


def _in_definitions(text: str) -> Iterator[tuple[int, int, str, bool]]:
    """Yield the addresses of reference definitions that a picture uses: ``![alt][name]``."""
    used = {(match["name"] or match["alt"]).lower(): match["alt"] for match in _USED.finditer(text)}
    for match in _DEFINITION.finditer(text):
        if (alt := used.get(match["name"].lower())) is not None:
            yield *match.span("plain"), _kind(match["plain"], "picture"), bool(alt.strip())


def _kind(address: str, usual: str) -> str:
    path = urlsplit(address).path.lower() if "://" in address else address.lower().split("?")[0]
    return next((kind for kind, suffixes in _SUFFIXES.items() if path.endswith(suffixes)), usual)


def _blank_out(entry: Entry) -> str:
    """Return an entry's text with front matter, blocks, code and comments blanked out; all places stay."""
    text = re.sub(r"[^\n]", " ", entry.text[: entry.body_start]) + entry.body
    for block in find_blocks(entry.text, entry.body_start, entry.display_path):
        text = text[: block.start] + re.sub(r"[^\n]", " ", text[block.start : block.end]) + text[block.end :]
    return _CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
