"""Articles of dev.to, as its API and its export give them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journal.errors import EntryError
from journal.importing.posts import Post, post_of
from journal.text.document import as_yaml


def read_article(path: Path, article: Mapping[str, Any]) -> Post:
    """Return an article as a post; its own front matter, where it has one, says more than what is around it.

    Raises ``EntryError`` where its body is no text.
    """
    body, title = article["body_markdown"], str(article.get("title") or "")
    if not isinstance(body, str):
        raise EntryError(f"{path}: the article '{title}' has no text in body_markdown; export it again")
    if not body.startswith("---"):
        tags = article.get("tag_list") or article.get("tags") or []
        tags = [one.strip() for one in tags.split(",")] if isinstance(tags, str) else [str(one) for one in tags]
        front = {"title": title, "date": str(article.get("published_at") or article.get("created_at") or "")[:10]}
        lines = "".join(f"{name}: {as_yaml(value)}\n" for name, value in front.items() if value)
        lines += f"tags: {as_yaml(tags)}\n" if tags else ""
        lines += "" if article.get("published_at") or article.get("published", True) else "draft: true\n"
        body = f"---\n{lines}---\n{body}"
    return post_of(path, body, address=str(article.get("url") or article.get("canonical_url") or ""))
