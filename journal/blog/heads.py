"""What stands in a page's head: description, address, feeds, and the card that other sites show of it."""

from __future__ import annotations

import html
import json
from urllib.parse import urljoin, urlsplit

from journal.blog.addresses import ATOM, JSON_FEED, public, way
from journal.blog.frame import POLICY
from journal.text.workspace import Workspace

_PLACEHOLDERS = ("example.org", "example.com", "example.net")


def site_url(workspace: Workspace) -> str:
    """Return the blog's address with a slash at its end, or nothing while journal.yml gives none of one's own."""
    url = workspace.url.strip()
    host = urlsplit(url).hostname or ""
    if not url or not host or any(host == name or host.endswith(f".{name}") for name in _PLACEHOLDERS):
        return ""
    return url if url.endswith("/") else f"{url}/"


def absolute(workspace: Workspace, address: str) -> str:
    """Return a page's or file's address on the web, or nothing where the blog has none."""
    base = site_url(workspace)
    return urljoin(base, public(way("index.html", address))) if base else ""


def head_of(
    workspace: Workspace, address: str, title: str, description: str = "", card: str = "", published: str = ""
) -> str:
    """Return HTML for a page's head; ``card`` is the address of a picture, ``published`` a day's date."""
    lines = [POLICY]
    if description:
        lines.append(f'<meta name="description" content="{_quoted(description)}">')
    if url := absolute(workspace, address):
        lines += _links(workspace, address, url)
        lines += _open_graph(workspace, title, description, url, absolute(workspace, card) if card else "", published)
    return "\n".join(lines)


def _links(workspace: Workspace, address: str, url: str) -> list[str]:
    name = _quoted(workspace.name)
    return [
        f'<link rel="canonical" href="{_quoted(url)}">',
        f'<link rel="alternate" type="application/atom+xml" title="{name}" href="{way(address, ATOM)}">',
        f'<link rel="alternate" type="application/feed+json" title="{name}" href="{way(address, JSON_FEED)}">',
    ]


def _open_graph(workspace: Workspace, title: str, description: str, url: str, card: str, published: str) -> list[str]:
    values = {
        "og:type": "article" if published else "website",
        "og:title": title,
        "og:description": description,
        "og:url": url,
        "og:site_name": workspace.name,
        "og:image": card,
        "article:published_time": published,
        "article:author": workspace.blog.author if published else "",
    }
    found = [f'<meta property="{name}" content="{_quoted(value)}">' for name, value in values.items() if value]
    if card:
        found.append('<meta name="twitter:card" content="summary_large_image">')
    if published:
        data = {"@context": "https://schema.org", "@type": "BlogPosting", "headline": title, "datePublished": published,
                "url": url}  # fmt: skip
        safe = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
        found.append(f'<script type="application/ld+json">{safe}</script>')
    return found


def _quoted(text: str) -> str:
    return html.escape(" ".join(text.split()))
