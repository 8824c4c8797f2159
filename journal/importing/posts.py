"""Posts as other programs keep them: Markdown with front matter (Jekyll, Hugo, Quarto) or without, and jrnl's JSON."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from journal.document import parse_yaml
from journal.entry import LAST_DAY, split_front_matter
from journal.errors import EntryError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = re.compile(r"\bday[ _-]?([0-9]{1,6})\b", re.IGNORECASE)
_HEADING = re.compile(r"\s*# +(.+?)[ \t#]*(\r\n|\n|\r|\Z)")
_TOML = re.compile(r"\+\+\+[ \t]*\r?\n(.*?)^\+\+\+[ \t]*(\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_OTHER_NAMES = {"category": "categories", "tag": "tags"}


@dataclass(frozen=True)
class Post:
    """One post, as far as it says what an entry must; its words are as they were."""

    path: Path
    title: str
    body: str
    day: int | None = None
    date: date | None = None
    front: str = ""
    """Lines of front matter to keep: all but day and date, and the title where it came from elsewhere."""
    data: Mapping[str, Any] = field(default_factory=dict)


def read_posts(path: Path) -> list[Post]:
    """Return the posts in a file, of jrnl's JSON one for each date; raises EntryError where it holds none."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise EntryError(f"{path}: can't be read: {error.strerror}; give Markdown files") from error
    except UnicodeDecodeError as error:
        raise EntryError(f"{path}: not UTF-8 text; save the file as UTF-8") from error
    return list(_posts_of_jrnl(path, text)) if path.suffix.lower() == ".json" else [_post(path, text)]


def _post(path: Path, text: str) -> Post:
    data, front, body = _split(path, text)
    title = str(data.get("title") or "")
    if not title and (heading := _HEADING.match(body)):
        title, body = heading[1], body[heading.end() :].lstrip("\r\n")
    title = title or path.stem
    return Post(path, title, body, _day(data, path, title), _date(data, path), front, data)


def _split(path: Path, text: str) -> tuple[Mapping[str, Any], str, str]:
    """Return front matter as data, the lines of it to keep, and the body."""
    if match := _TOML.match(text):
        try:
            data = tomllib.loads(match[1])
        except tomllib.TOMLDecodeError as error:
            raise EntryError(f"{path}: front matter that is no valid TOML: {error}; mend it there") from error
        data = {_OTHER_NAMES.get(name, name): value for name, value in data.items()}
        kept = {name: value for name, value in data.items() if name not in ("day", "date")}
        return data, yaml.safe_dump(kept, allow_unicode=True, sort_keys=False) if kept else "", text[match.end() :]
    if not text.startswith("---"):
        return {}, "", text
    written, line, start = split_front_matter(text, str(path))
    document = parse_yaml(written, str(path), line)
    lines = written.splitlines(keepends=True)
    tops = sorted((number - line, keys[0]) for keys, number in document.lines.items() if len(keys) == 1)
    kept_lines = lines[: tops[0][0]] if tops else lines
    for (first, name), (end, _) in pairwise([*tops, (len(lines), "")]):
        if name not in ("day", "date"):
            kept_lines += [_renamed(lines[first], name), *lines[first + 1 : end]]
    data = {_OTHER_NAMES.get(name, name): value for name, value in document.data.items()}
    return data, "".join(kept_lines), text[start:]


def _renamed(line: str, name: str) -> str:
    return line.replace(name, _OTHER_NAMES.get(name, name), 1)


def _day(data: Mapping[str, Any], path: Path, title: str) -> int | None:
    """Return the day that a post's front matter, file name or title tells."""
    stated = data.get("day")
    if isinstance(stated, int) and not isinstance(stated, bool) and 0 <= stated <= LAST_DAY:
        return stated
    found = _DAY.search(path.stem) or _DAY.search(title)
    return int(found[1]) if found else None


def _date(data: Mapping[str, Any], path: Path) -> date | None:
    """Return the date that a post's front matter or file name tells, without the time of the day."""
    stated = data.get("date")
    found = _DATE.match(str(path.stem if stated is None else stated))
    if found is None and stated is None:
        return None
    try:
        return date.fromisoformat(found[0] if found else "")
    except ValueError as error:
        raise EntryError(
            f"{path}: its date is '{found[0] if found else stated}'; write one such as 2024-05-13"
        ) from error


def _posts_of_jrnl(path: Path, text: str) -> Iterator[Post]:
    """Yield a post for each date of `jrnl --format json`: its entries under each other, each below its title."""
    try:
        by_date: dict[str, list[Mapping[str, Any]]] = {}
        for one in json.loads(text)["entries"]:
            by_date.setdefault(str(one["date"]), []).append(one)
        for when, entries in by_date.items():
            parts = [f"## {one['title']}\n\n{str(one['body']).strip()}\n" for one in entries]
            tags = sorted({str(tag).lstrip("@") for one in entries for tag in one.get("tags", [])})
            front = f"tags: {json.dumps(tags, ensure_ascii=False)}\n" if tags else ""
            first = str(entries[0]["title"])
            body = parts[0].partition("\n\n")[2] if len(parts) == 1 else "\n".join(parts)
            yield Post(path, first, body, None, _date({"date": when}, path), front)
    except (ValueError, KeyError, TypeError) as error:
        raise EntryError(f"{path}: no JSON as jrnl exports it; make it with: jrnl --format json") from error
