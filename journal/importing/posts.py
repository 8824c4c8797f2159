"""Posts from other programs: Markdown with front matter (Jekyll, Hugo, Quarto) or without, and jrnl's JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from journal.errors import EntryError
from journal.importing.front_matter import read_front_matter
from journal.layout import LAST_DAY
from journal.text.document import as_yaml

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = re.compile(r"\bday[ _-]?([0-9]{1,6})\b", re.IGNORECASE)
_HEADING = re.compile(r"[\r\n]* {0,3}# +(\S.*?)(?:[ \t]+#+)?[ \t]*(?:\r\n|\n|\r|\Z)[\r\n]*")


@dataclass(frozen=True)
class Post:
    """One post, with what an entry needs from it; its text is unchanged."""

    path: Path
    front: str
    """The lines of front matter, including the title but not day and date."""
    body: str
    date: date | None = None
    day: int | None = None
    """The day stated in its front matter."""
    named_day: int | None = None
    """The day mentioned in its title or file name."""
    first_line: int = 1
    """The line of its file on which the body begins."""
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Its name for messages, with the date if its file (from jrnl) contains many posts."""
        return f"{self.path}, {self.date}" if self.path.suffix.lower() == ".json" else str(self.path)


def read_posts(path: Path) -> Iterator[Post]:
    """Yield the posts in a file, one per date for jrnl's JSON. Raises ``EntryError`` where it can't be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise EntryError(f"{path}: can't be read: {error.strerror}; give a Markdown file, or JSON from jrnl") from error
    except UnicodeDecodeError as error:
        raise EntryError(f"{path}: not UTF-8 text; save the file as UTF-8") from error
    if path.suffix.lower() == ".json":
        yield from _posts_of_jrnl(path, text)
    else:
        yield _post(path, text)


def _post(path: Path, text: str) -> Post:
    front = read_front_matter(text, str(path))
    name = path.parent.name if path.stem == "index" else path.stem  # Hugo's page bundles: a folder for each post
    title, lines, body = str(front.data.get("title") or ""), front.kept, front.body
    if "title" not in front.data:
        heading = _HEADING.match(body)
        title, body = (heading[1], body[heading.end() :]) if heading else (name, body)
        newline = "\r\n" if "\r\n" in text else "\n"
        lines = f"title: {as_yaml(title.encode('utf-8', 'replace').decode())}{newline}{lines}"
    named = _DAY.search(title) or _DAY.search(name)
    above = len(re.findall(r"\r\n|\n|\r", text[: len(text) - len(body)]))
    return Post(
        path=path,
        front=lines,
        body=body,
        date=_date(front.data, name, path),
        day=_day(front.data, path),
        named_day=int(named[1]) if named else None,
        first_line=above + 1,
        notes=front.notes,
    )


def _day(data: Mapping[str, Any], path: Path) -> int | None:
    stated = data.get("day")
    if stated is None:
        return None
    if re.fullmatch("[0-9]{1,6}", str(stated)) and int(stated) <= LAST_DAY:
        return int(stated)
    raise EntryError(f"{path}: day is '{stated}'; write a number such as 133")


def _date(data: Mapping[str, Any], name: str, path: Path) -> date | None:
    """Return the date in a post's front matter or file name. Raises ``EntryError`` where it is not a valid date."""
    stated = data.get("date")
    found = _DATE.match(name if stated is None else str(stated))
    if found is None and stated is None:
        return None
    try:
        return date.fromisoformat(found[0] if found else "")
    except ValueError as error:
        raise EntryError(
            f"{path}: date is '{found[0] if found else stated}'; write a date such as 2024-05-13"
        ) from error


def _posts_of_jrnl(path: Path, text: str) -> Iterator[Post]:
    """Yield a post for each date in the output of ``jrnl --format json``, with all entries of that date."""
    by_date: dict[date | None, list[Mapping[str, Any]]] = {}
    try:
        for entry in json.loads(text)["entries"]:
            texts = [entry["date"], entry["title"], entry["body"], *(entry.get("tags") or [])]
            if not all(isinstance(one, str) and one.encode() is not None for one in texts):  # a lone surrogate raises
                raise TypeError(entry)
            by_date.setdefault(_date(entry, "", path), []).append(entry)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EntryError(f"{path}: not a JSON export of jrnl; create one with: jrnl --format json") from error
    for when, entries in by_date.items():
        tags = sorted({tag.lstrip("@") for entry in entries for tag in entry.get("tags") or []})
        front = f"title: {as_yaml(entries[0]['title'])}\n" + (f"tags: {as_yaml(tags)}\n" if tags else "")
        bodies = [entry["body"].strip("\r\n") + "\n" for entry in entries]
        parts = [f"## {entry['title']}\n\n{body}" for entry, body in zip(entries, bodies, strict=True)]
        yield Post(path, front, bodies[0] if len(bodies) == 1 else "\n".join(parts), when)
