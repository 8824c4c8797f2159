"""Front matter of other programs: what it says as data, and the lines of it that an entry keeps."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from journal.document import Document, as_yaml, parse_yaml
from journal.entry import split_front_matter
from journal.errors import EntryError

_TOML = re.compile(r"\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*(\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_PLURALS = {"category": "categories", "tag": "tags"}


@dataclass(frozen=True)
class FrontMatter:
    """What a post says before its words."""

    data: Mapping[str, Any]
    kept: str
    """Lines for an entry, each with its end: all but day and date, with the names that entries know."""
    body: str


def read_front_matter(text: str, shown: str) -> FrontMatter:
    """Split a post in YAML between ``---`` or TOML between ``+++`` and its body; raises EntryError for neither."""
    if text.startswith("+++"):
        return _read_toml(text, shown)
    if not text.startswith("---"):
        return FrontMatter({}, "", text)
    written, line, start = split_front_matter(text, shown)
    document = parse_yaml(written, shown, line)
    replaced = _replaced(document.data)
    kept = _without(written.splitlines(keepends=True), document, {"day", "date", "published", *replaced})
    wanted = {
        name: value for name, value in document.data.items() if name not in ("day", "date", "published", *replaced)
    }
    if not _says(f"day: 1\n{kept}", {"day": 1, **wanted}):  # indented, {all: on one line}, an alias of what is left out
        kept = _lines(wanted)
    newline = "\r\n" if "\r\n" in written else "\n"
    return FrontMatter(document.data, kept + _lines(_added(document.data)).replace("\n", newline), text[start:])


def _read_toml(text: str, shown: str) -> FrontMatter:
    match = _TOML.match(text)
    if not match:
        raise EntryError(f"{shown}:1: the front matter has no end; close it with a line +++")
    try:
        data = tomllib.loads(match[1].replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise EntryError(f"{shown}:1: the front matter is no valid TOML: {error}; mend it there") from error
    dropped = {"day", "date", "published", *_replaced(data)}
    kept = {name: value for name, value in data.items() if name not in dropped}
    return FrontMatter(data, _lines({**kept, **_added(data)}), text[match.end() :])


def _replaced(data: Mapping[str, Any]) -> set[str]:
    """Return the names whose values are written under a name that entries know."""
    return {name for one in _PLURALS if one in data for name in (one, _PLURALS[one])}


def _added(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in the place of what an entry knows by another name."""
    added: dict[str, Any] = {}
    for one, many in _PLURALS.items():
        if one in data:
            given = [value if isinstance(value, list) else [value] for value in (data.get(many) or [], data[one])]
            added[many] = list(dict.fromkeys(str(word) for words in given for word in words))
    if data.get("published") is False and "draft" not in data:
        added["draft"] = True
    return added


def _without(lines: list[str], document: Document, dropped: set[str]) -> str:
    """Return the lines of a document without some of its keys; comments stay."""
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
