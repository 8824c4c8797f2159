"""Front matter of other programs, as data and as the lines that an entry keeps."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from journal.errors import EntryError
from journal.text.document import Document, as_yaml, parse_yaml
from journal.text.entry import split_front_matter

_TOML = re.compile(r"\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*(\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_YES, _NO = ("true", "yes", "on", "y"), ("false", "no", "off", "n")  # as in YAML 1.1, which Jekyll uses
_PLURALS = {"category": "categories", "tag": "tags"}


@dataclass(frozen=True)
class FrontMatter:
    """The front matter of a post, and its body."""

    data: Mapping[str, Any]
    kept: str
    """The lines for an entry, with line ends: all but day and date, with keys renamed as entries need."""
    body: str
    notes: tuple[str, ...] = ()
    """Notes for the author."""


def read_front_matter(text: str, shown: str) -> FrontMatter:
    """Split a post into front matter, YAML between ``---`` or TOML between ``+++`` if any, and its body.

    Raises ``EntryError`` where the front matter is never closed or can't be read.
    """
    if re.match(r"\+\+\+[ \t]*[\r\n]", text):
        return _read_toml(text, shown)
    if re.match(r"\{\s*[\"}]", text):
        return _read_json(text, shown)
    if not re.match(r"---[ \t]*[\r\n]", text):
        return FrontMatter({}, "", text)
    written, line, start = split_front_matter(text, shown)
    document = parse_yaml(written, shown, line)
    replaced, notes = {"day", "date", *_replaced(document.data)}, tuple[str, ...]()
    kept = _without(written.splitlines(keepends=True), document, replaced)
    wanted = {name: value for name, value in document.data.items() if name not in replaced}
    if not _says(f"day: 1\n{kept}", {"day": 1, **wanted}):  # indented, {all: on one line}, an alias of what is left out
        kept, notes = _lines(wanted), ("its front matter was rewritten, with one line per key and without comments",)
    newline = "\r\n" if "\r\n" in written else "\n"
    added = _lines(_added(document.data, written, shown)).replace("\n", newline)
    return FrontMatter(document.data, kept + added, text[start:], notes)


def _read_toml(text: str, shown: str) -> FrontMatter:
    match = _TOML.match(text)
    if not match:
        raise EntryError(f"{shown}:1: the front matter is never closed; end it with a line +++")
    try:
        data = tomllib.loads(match[1].replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        raise EntryError(f"{shown}:1: the front matter is not valid TOML: {error}; fix it there") from error
    replaced = {"day", "date", *_replaced(data)}
    kept = {name: value for name, value in data.items() if name not in replaced}
    return FrontMatter(data, _lines({**kept, **_added(data, match[1], shown)}), text[match.end() :])


def _read_json(text: str, shown: str) -> FrontMatter:
    """Read Hugo's third kind of front matter: an object, with the body after it."""
    try:
        data, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise EntryError(f"{shown}:1: the front matter is not valid JSON: {error}; fix it there") from error
    replaced = {"day", "date", *_replaced(data)}
    kept = {name: value for name, value in data.items() if name not in replaced}
    written = "\n".join(f"{name}: {value}" for name, value in data.items())
    return FrontMatter(data, _lines({**kept, **_added(data, written, shown)}), text[end:].lstrip("\r\n"))


def _replaced(data: Mapping[str, Any]) -> set[str]:
    """Return the keys that entries write differently: under another name, or folded into another key."""
    names = {name for one in _PLURALS if one in data for name in (one, _PLURALS[one])}
    is_known = str(data.get("published")).lower() in (*_YES, *_NO)
    return names | ({"published"} if is_known else set()) | ({"draft"} if _is_unpublished(data) else set())


def _added(data: Mapping[str, Any], written: str, shown: str) -> dict[str, Any]:
    """Return the keys and values that replace them."""
    added: dict[str, Any] = {}
    for one, many in _PLURALS.items():
        if one in data:
            words = [*_words(data, many, written, shown), *_words(data, one, written, shown)]
            added[many] = list(dict.fromkeys(words))
    return added | ({"draft": True} if _is_unpublished(data) else {})


def _is_unpublished(data: Mapping[str, Any]) -> bool:
    return str(data.get("published")).lower() in _NO


def _words(data: Mapping[str, Any], name: str, written: str, shown: str) -> list[str]:
    """Return a key's words; a single one as written, so that 1.10 is not read as a number."""
    value = data.get(name)
    if value in (None, ""):
        return []
    if isinstance(value, Mapping):
        raise EntryError(f"{shown}: {name} is a mapping; write a word or a list of words")
    if isinstance(value, list):
        return [str(word) for word in value if word is not None]
    plain = re.search(rf"^[ \t]*{name}[ \t]*[:=][ \t]*([\w.+-]+)[ \t]*\r?$", written, re.MULTILINE)
    return [plain[1] if plain else str(value)]


def _without(lines: list[str], document: Document, dropped: set[str]) -> str:
    """Return the lines of a document without some of its keys, keeping comments."""
    first = document.lines[()]
    keys = sorted((number - first, path[0]) for path, number in document.lines.items() if len(path) == 1)
    kept = lines[: keys[0][0]] if keys else lines
    for (start, name), (end, _) in pairwise([*keys, (len(lines), "")]):
        kept += [line for line in lines[start:end] if name not in dropped or line.startswith("#")]
    text = "".join(kept)
    return text if not text or text.endswith(("\n", "\r")) else f"{text}\n"


def _says(text: str, data: Mapping[str, Any]) -> bool:
    try:
        return parse_yaml(text, "").data == data
    except EntryError:
        return False


def _lines(data: Mapping[str, Any]) -> str:
    return "".join(
        f"{name if re.fullmatch('[A-Za-z][A-Za-z0-9_-]*', name) else as_yaml(name)}: {as_yaml(value)}\n"
        for name, value in data.items()
    )
