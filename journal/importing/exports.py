"""Exports in XML: the Atom feed of Blogger, and WordPress's WXR."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree as Tree

from journal.errors import EntryError
from journal.importing.from_html import to_markdown
from journal.importing.posts import Post, named_day
from journal.text.document import as_yaml

_ATOM = "{http://www.w3.org/2005/Atom}"
_BLOGGER = "{http://schemas.google.com/blogger/2018}"
_APP = ("{http://purl.org/atom/app#}", "{http://www.w3.org/2007/app}")
_KIND = "http://schemas.google.com/g/2005#kind"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_HEAD_BYTES = 1 << 16


@dataclass
class Export:
    """What an export holds: its posts, and what is left out of it, by kind."""

    program: str
    posts: list[Post] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_export(path: Path) -> Export:
    """Read an export. Raises ``EntryError`` where it is none of Blogger or WordPress, or can't be read."""
    root = _parse(path)
    if root.tag == f"{_ATOM}feed" and "blogger" in Tree.tostring(root, "unicode")[:20_000].lower():
        return _read(path, "Blogger", root.iter(f"{_ATOM}entry"), _of_blogger)
    if root.tag == "rss" and any(one.tag.startswith("{http://wordpress.org/export/") for one in root.iter()):
        return _read(path, "WordPress", root.iter("item"), _of_wordpress)
    raise EntryError(f"{path}: is no export of Blogger or WordPress; give a post, a folder of posts, or such an export")


def _parse(path: Path) -> Tree.Element:
    """Parse XML that defines no entities: a few lines of them can stand for gigabytes, or for files of this machine."""
    try:
        with path.open("rb") as stream:
            if b"<!ENTITY" in stream.read(_HEAD_BYTES):
                raise EntryError(f"{path}: defines entities, which no export does; it is not read")
        return Tree.parse(path).getroot()
    except OSError as error:
        raise EntryError(f"{path}: can't be read: {error.strerror}") from error
    except Tree.ParseError as error:
        line, column = error.position
        raise EntryError(f"{path}:{line}: is not valid XML at column {column}; export it again") from error


def _read(
    path: Path, program: str, items: Iterator[Tree.Element], read: Callable[[Path, Tree.Element], Post | str]
) -> Export:
    export = Export(program)
    for item in items:
        found = read(path, item)
        if isinstance(found, Post):
            export.posts.append(found)
        else:
            export.left_out[found] += 1
    return export


def _of_blogger(path: Path, entry: Tree.Element) -> Post | str:
    """Return a post, or the kind of what is none. Both today's export and that of before 2024 are read."""
    kinds = [
        one.get("term", "").rpartition("#")[2]
        for one in entry.findall(f"{_ATOM}category")
        if one.get("scheme") == _KIND
    ]
    kind = (entry.findtext(f"{_BLOGGER}type") or "".join(kinds[:1])).lower()
    if kind != "post":
        return kind or "other"
    status = (entry.findtext(f"{_BLOGGER}status") or "").upper()
    if status in ("SOFT_TRASHED", "TRASHED"):
        return "post in the bin"
    drafts = [entry.findtext(f"{app}control/{app}draft") for app in _APP]
    links = [one.get("href", "") for one in entry.findall(f"{_ATOM}link") if one.get("rel") == "alternate"]
    address = "".join(links[:1]) or entry.findtext(f"{_BLOGGER}filename") or ""
    labels = [one.get("term", "") for one in entry.findall(f"{_ATOM}category") if one.get("scheme") != _KIND]
    return _post(
        path,
        title=entry.findtext(f"{_ATOM}title") or "",
        body=entry.findtext(f"{_ATOM}content") or "",
        when=_day_of(entry.findtext(f"{_ATOM}published")),
        address=address,
        categories=labels,
        is_draft="yes" in drafts or status == "DRAFT",
    )


def _of_wordpress(path: Path, item: Tree.Element) -> Post | str:
    def of(name: str) -> str:
        return next(
            (one.text or "" for one in item if one.tag.endswith(f"}}{name}") and "wordpress.org" in one.tag), ""
        )

    kind, status = of("post_type"), of("status")
    if kind != "post":
        return kind or "other"
    if status in ("trash", "auto-draft", "inherit"):
        return "post in the bin" if status == "trash" else status
    words = {
        name: [one.text or "" for one in item.findall("category") if one.get("domain") == name]
        for name in ("category", "post_tag")
    }
    return _post(
        path,
        title=item.findtext("title") or "",
        body=item.findtext(_CONTENT) or "",
        when=_day_of(of("post_date")) or _day_of_mail(item.findtext("pubDate")),
        address=item.findtext("link") or "",
        categories=[one for one in words["category"] if one.lower() != "uncategorized"],
        tags=words["post_tag"],
        is_draft=status in ("draft", "private", "pending") or bool(of("post_password")),
    )


def _post(
    path: Path,
    *,
    title: str,
    body: str,
    when: date | None,
    address: str,
    categories: list[str],
    is_draft: bool,
    tags: list[str] | None = None,
) -> Post:
    title = " ".join(title.split())
    named = named_day(title)
    front = {
        "title": title or (f"Day {named}" if named is not None else f"Untitled, {when}"),
        **({"categories": sorted(set(categories))} if categories else {}),
        **({"tags": sorted(set(tags))} if tags else {}),
        **({"draft": True} if is_draft else {}),
    }
    former = urlsplit(address).path
    if former.strip("/"):
        front["redirect_from"] = [former]
    lines = "".join(f"{name}: {as_yaml(value)}\n" for name, value in front.items())
    return Post(path, lines, to_markdown(body), when, named_day=named, address=address, title=title)


def _day_of(text: str | None) -> date | None:
    """Return the date that a time begins with, as its author's clock showed it."""
    found = re.match(r"\d{4}-\d{2}-\d{2}", text or "")
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:  # WordPress gives drafts the date 0000-00-00
        return None


def _day_of_mail(text: str | None) -> date | None:
    try:
        return parsedate_to_datetime(text or "").date()
    except (ValueError, TypeError):
        return None
