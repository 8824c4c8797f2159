"""Posts from other programs: Markdown with front matter (Jekyll, Hugo, Quarto) or without, and jrnl's JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from journal.errors import EntryError
from journal.importing.front_matter import read_front_matter
from journal.layout import LAST_DAY
from journal.text.document import as_yaml

TEXTS = (".md", ".markdown", ".qmd", ".mdx", ".txt", ".ipynb")
"""The suffixes of files that hold one post."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = re.compile(r"\bday[ _-]?([0-9]{1,6})\b", re.IGNORECASE)
_GREETING = re.compile(r"[*_ ]*(?:hello|hi|hey|good (?:morning|day|evening)|welcome|greetings)\b", re.IGNORECASE)
_LONGEST_GREETING = 100
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
    address: str = ""
    """Where it stood before, if that is known: the whole address, or its path."""
    title: str = ""
    chosen: str = ""
    """Where its title comes from, if it states none."""

    def noting(self, note: str) -> Post:
        """Return the post with one more note for its author."""
        return replace(self, notes=(*self.notes, note))

    @property
    def shown(self) -> str:
        """Its name for messages, with what tells it from the others if its file contains many posts."""
        suffix = self.path.suffix.lower()
        if suffix == ".json":
            return f"{self.path}, {self.title or self.date}"
        return str(self.path) if suffix in TEXTS else f"{self.path}, '{self.title or self.date}'"


def read_posts(path: Path) -> Iterator[Post]:
    """Yield the posts in a file, one per date for jrnl's JSON. Raises ``EntryError`` where it can't be read."""
    text = text_of(path)
    if path.suffix.lower() == ".json":
        yield from _posts_of_jrnl(path, text)
    else:
        yield post_of(path, text)


def text_of(path: Path) -> str:
    """Return a file's text. Raises ``EntryError`` where it can't be read, or is no UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise EntryError(f"{path}: can't be read: {error.strerror}; give a Markdown file, or JSON from jrnl") from error
    except UnicodeDecodeError as error:
        raise EntryError(f"{path}: not UTF-8 text; save the file as UTF-8") from error


def post_of(path: Path, text: str, address: str = "") -> Post:
    """Return a post from its text, with front matter or without. Raises ``EntryError`` where that can't be read."""
    front = read_front_matter(text, str(path))
    name = path.parent.name if path.stem == "index" else path.stem  # Hugo's page bundles: a folder for each post
    stated, lines, body = front.data.get("title"), front.kept, front.body
    title, chosen = "" if stated is None else str(stated), ""
    if stated is None:
        heading = _HEADING.match(body)
        title, body, chosen = (heading[1], body[heading.end() :], "") if heading else (*_choose_title(body, name),)
        newline = "\r\n" if "\r\n" in text else "\n"
        lines = re.sub(r"(?m)^title:[ \t]*(?:null|~)?[ \t]*\r?\n", "", lines)
        lines = f"title: {as_yaml(title.encode('utf-8', 'replace').decode())}{newline}{lines}"
    above = len(re.findall(r"\r\n|\n|\r", text[: len(text) - len(body)]))
    return Post(
        path=path,
        front=lines,
        body=body,
        date=_date(front.data, name, path),
        day=_day(front.data, path),
        named_day=_first(named_day(title), named_day(name)),
        first_line=above + 1,
        notes=front.notes,
        address=address or str(front.data.get("permalink") or front.data.get("url") or ""),
        title=title,
        chosen=chosen,
    )


def named_day(text: str) -> int | None:
    """Return the day that a title or a file's name mentions: "Day 133", "day-187"."""
    found = _DAY.search(text)
    return int(found[1]) if found else None


def _first(*days: int | None) -> int | None:
    return next((day for day in days if day is not None), None)


def _choose_title(body: str, name: str) -> tuple[str, str, str]:
    """Return a title for a post that states none, its body as it is, and where the title comes from."""
    from journal.blog.prose import Reading, read_prose  # the parser of the pages: a # in code is no heading

    prose = read_prose(body, Reading())
    if found := next((one.text.strip() for one in prose.headings if one.text.strip()), ""):
        return found, body, "its first heading"
    first = next((line.strip() for line in body.splitlines() if line.strip()), "")
    if len(first) <= _LONGEST_GREETING and _GREETING.match(first):
        return re.sub(r"[*_`]+", "", first).rstrip(",: "), body, "its greeting"
    words = re.sub(r"^\d{4}-\d{2}-\d{2}[-_ ]*", "", name)
    day = named_day(words)
    words = re.sub(r"^day[-_ ]?\d+[-_ ]*", "", words, flags=re.IGNORECASE)
    spelt = " ".join(word[:1].upper() + word[1:] for word in re.split(r"[-_ ]+", words) if word)
    return spelt or (f"Day {day}" if day is not None else name), body, "its file's name"


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
