"""Pages of Notion, exported as Markdown: a title, the page's properties, and then its text."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from journal.importing.posts import Post, post_of
from journal.text.document import as_yaml

NAME = re.compile(r".+ [0-9a-f]{32}\.md")
"""How Notion names the file of a page."""
_PROPERTY = re.compile(r"([A-Z][\w /-]{0,40}): +(\S.*)")
_DATES = re.compile(r"date|created|created time|day written", re.IGNORECASE)
_TAGS = re.compile(r"tags?|categor(?:y|ies)|topics?", re.IGNORECASE)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def read_page(path: Path, text: str) -> Post:
    """Return a page as a post: its date and tags come from the properties, which are left out of the text."""
    lines = text.replace("\r\n", "\n").split("\n")
    title = lines.pop(0)[2:].strip() if lines[0].startswith("# ") else path.stem.rpartition(" ")[0]
    while lines and not lines[0].strip():
        lines.pop(0)
    front = {"title": title}
    while lines and (found := _PROPERTY.fullmatch(lines[0].strip())):
        if _DATES.fullmatch(found[1]) and (when := _date_of(found[2])):
            front["date"] = when.isoformat()
        elif _TAGS.fullmatch(found[1]):
            front["tags"] = [one.strip() for one in found[2].split(",")]  # type: ignore[assignment]
        lines.pop(0)
    head = "".join(f"{name}: {as_yaml(value)}\n" for name, value in front.items())
    return post_of(path, f"---\n{head}---\n" + "\n".join(lines).lstrip("\n"))


def _date_of(text: str) -> date | None:
    """Return a date as Notion writes it: "May 13, 2024 8:00 PM", "13 May 2024", "2024/05/13"."""
    numbers = re.match(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})", text)
    named = re.match(r"([A-Za-z]{3})[a-z]* (\d{1,2}), (\d{4})", text)
    turned = re.match(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4})", text)
    try:
        if numbers:
            return date(int(numbers[1]), int(numbers[2]), int(numbers[3]))
        if named:
            return date(int(named[3]), _MONTHS.index(named[1].lower()) + 1, int(named[2]))
        if turned:
            return date(int(turned[3]), _MONTHS.index(turned[2].lower()) + 1, int(turned[1]))
    except ValueError:
        return None
    return None
