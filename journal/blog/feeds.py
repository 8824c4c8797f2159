"""What programs read: Atom and JSON feeds with the full text, and a sitemap."""

from __future__ import annotations

import html
import json
import mimetypes
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urljoin

from journal.blog.heads import absolute, site_url
from journal.blog.posts import Post
from journal.text.workspace import Workspace

NEWEST = 20
_ADDRESS = re.compile(r'(?P<name>\b(?:href|src|poster)=")(?P<address>[^"]*)"')


def atom_feed(posts: Sequence[Post], texts: Mapping[int, str], sizes: Mapping[str, int], workspace: Workspace) -> str:
    """Return the Atom feed of the newest days; ``texts`` gives their HTML, ``sizes`` the bytes of their sounds."""
    author = html.escape(workspace.blog.author or workspace.name)
    updated = max((_updated(post) for post in posts), default="1970-01-01")
    entries = "".join(_atom_entry(post, texts[post.day], sizes, workspace) for post in posts)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{html.escape(workspace.name)}</title>\n<id>{html.escape(site_url(workspace))}</id>\n"
        f'<link href="{html.escape(site_url(workspace))}"/>\n'
        f'<link rel="self" type="application/atom+xml" href="{html.escape(absolute(workspace, "feed.xml"))}"/>\n'
        f"<updated>{updated}T00:00:00Z</updated>\n<author><name>{author}</name></author>\n{entries}</feed>\n"
    )


def json_feed(posts: Sequence[Post], texts: Mapping[int, str], sizes: Mapping[str, int], workspace: Workspace) -> str:
    """Return the same as a JSON feed (version 1.1)."""
    items = [
        {
            "id": absolute(workspace, post.address),
            "url": absolute(workspace, post.address),
            "title": post.name,
            "summary": post.description or post.excerpt,
            "content_html": _with_addresses(texts[post.day], absolute(workspace, post.address)),
            "date_published": f"{post.date}T00:00:00Z",
            "tags": [*post.categories, *post.tags],
            "attachments": [
                {"url": url, "mime_type": kind, "size_in_bytes": size}
                for url, kind, size in _sounds(post, sizes, workspace)
            ],
        }
        for post in posts
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": workspace.name,
        "home_page_url": site_url(workspace),
        "feed_url": absolute(workspace, "feed.json"),
        "authors": [{"name": workspace.blog.author or workspace.name}],
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1) + "\n"


def sitemap(addresses: Iterable[str], dates: Mapping[str, str], workspace: Workspace) -> str:
    """Return the sitemap of the pages at these addresses; ``dates`` says when a page was last changed."""
    urls = "".join(
        f"<url><loc>{html.escape(absolute(workspace, address))}</loc>"
        + (f"<lastmod>{dates[address]}</lastmod>" if address in dates else "")
        + "</url>\n"
        for address in addresses
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'
    )


def _atom_entry(post: Post, text: str, sizes: Mapping[str, int], workspace: Workspace) -> str:
    url = absolute(workspace, post.address)
    topics = "".join(f'<category term="{html.escape(name)}"/>\n' for name in (*post.categories, *post.tags))
    sounds = "".join(
        f'<link rel="enclosure" type="{kind}" length="{size}" href="{html.escape(place)}"/>\n'
        for place, kind, size in _sounds(post, sizes, workspace)
    )
    return (
        f"<entry>\n<title>{html.escape(post.name)}</title>\n<id>{html.escape(url)}</id>\n"
        f'<link href="{html.escape(url)}"/>\n<published>{post.date}T00:00:00Z</published>\n'
        f"<updated>{_updated(post)}T00:00:00Z</updated>\n{topics}{sounds}"
        f"<summary>{html.escape(post.description or post.excerpt)}</summary>\n"
        f'<content type="html">{html.escape(_with_addresses(text, url))}</content>\n</entry>\n'
    )


def _updated(post: Post) -> str:
    return post.updated[:10] if re.match(r"\d{4}-\d{2}-\d{2}", post.updated) else post.date


def _sounds(post: Post, sizes: Mapping[str, int], workspace: Workspace) -> list[tuple[str, str, int]]:
    return [
        (absolute(workspace, place), mimetypes.guess_type(place)[0] or "audio/flac", sizes.get(place, 0))
        for place, _ in post.sounds
    ]


def _with_addresses(text: str, page: str) -> str:
    """Return HTML whose addresses hold from anywhere."""
    return _ADDRESS.sub(
        lambda match: f'{match["name"]}{html.escape(urljoin(page, html.unescape(match["address"])))}"', text
    )
