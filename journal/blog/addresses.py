"""Addresses of pages and files in the site, from its root, and the ways from one to another."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import quote

HOME, ARCHIVE, TOPICS, TOTALS = "index.html", "archive.html", "categories.html", "totals.html"
GALLERY, SEARCH = "gallery.html", "search.html"
ATOM, JSON_FEED, SITEMAP = "feed.xml", "feed.json", "sitemap.xml"


def day_address(day: int) -> str:
    """Return the address of a day's page."""
    return f"day/{day}/index.html"


def former_day_address(file: str) -> str:
    """Return the address that the page of an entry had before days had addresses of their own."""
    return f"days/{file.removesuffix('.md')}.html"


def topic_address(kind: str, name: str) -> str:
    """Return the address of the page of a category or a tag."""
    return f"{kind}/{slug(name)}.html"


def slug(name: str) -> str:
    """Return a name as a part of an address."""
    spelt = name.lower().replace("+", " plus ").replace("#", " sharp ")
    return re.sub(r"[^\w]+", "-", spelt).strip("-") or "other"


def way(start: str, to: str) -> str:
    """Return the relative address of one page or file, seen from another."""
    return quote(posixpath.relpath(to, posixpath.dirname(start) or "."), safe="/~")


def public(address: str) -> str:
    """Return an address as a server shows it: without ``index.html``."""
    return address.removesuffix("index.html")


def file_of_address(address: str) -> str:
    """Return the file that answers for an address, or nothing where that would lie outside the site."""
    path = address.split("://", 1)[-1].partition("/")[2] if "://" in address else address
    path = path.split("?")[0].split("#")[0].strip("/")
    if not path or ".." in path.split("/") or "\\" in path or "\0" in path:
        return ""
    return path if path.endswith((".html", ".htm")) else f"{path}/index.html"
