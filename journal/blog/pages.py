"""The pages of the blog: one per day, and those that list days: home, archive, categories, totals."""

from __future__ import annotations

import html
import json
import re
from calendar import month_name
from datetime import date
from itertools import groupby

from journal.api.numbers import format_number
from journal.record.ledger import Ledger, Ledgers
from journal.text.entry import Entry
from journal.text.escape import escape
from journal.text.workspace import Workspace

NEWEST = 10
_EXCERPT = 320
_MARKUP = ("#", "<", "!", "|", ">", "```", "~~~", "---")  # beginnings of paragraphs that aren't the author's prose


def day_title(entry: Entry) -> str:
    """Return a page's title: "(Day 133) Gathering data"."""
    return f"(Day {entry.day}) {entry.title}"


def day_page(entry: Entry, body: str, before: list[Entry], after: list[Entry]) -> str:
    """Return the Markdown of a day's page, with links to the previous and next days."""
    front = {"title": day_title(entry), "description": entry.description or excerpt(entry)}
    safe = {name: html.escape(value) for name, value in front.items() if value}  # themes escape nothing
    matter = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in safe.items())
    neighbours = [f"[← {escape(day_title(other))}]({other.path.name})" for other in before]
    neighbours += [f"[{escape(day_title(other))} →]({other.path.name})" for other in after]
    foot = f"\n\n---\n\n{' · '.join(neighbours)}\n{{: .neighbours }}\n" if neighbours else "\n"
    head = f"# {escape(day_title(entry))}\n\n{_date_line(entry, '../')}\n{{: .day-meta }}\n\n"
    return f"---\n{matter}\n---\n{head}{body.strip()}{foot}"


def listing_pages(entries: list[Entry], ledgers: Ledgers, workspace: Workspace) -> dict[str, str]:
    """Return the listing pages by file name, from entries in the order of days."""
    newest_first = entries[::-1]
    found = [ledgers.ledger(name) for name in ledgers.names()]
    return {
        "index.md": _home(newest_first, workspace),
        "archive.md": _archive(newest_first),
        "categories.md": _categories(newest_first),
        "totals.md": _totals(found, {entry.day: entry for entry in entries}),
    }


def excerpt(entry: Entry) -> str:
    """Return the beginning of an entry's prose, without markup, including what follows a final colon."""
    words = ""
    for paragraph in re.split(r"\n\s*\n", entry.body.replace("\r\n", "\n")):
        if not paragraph.strip().startswith(_MARKUP):
            words = f"{words} {_plain(paragraph)}".strip()
        if words and not words.endswith(":"):
            break
    return words if len(words) <= _EXCERPT else words[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def _plain(paragraph: str) -> str:
    items = re.split(r"^\s*(?:[-*+]|\d+\.)\s+", paragraph, flags=re.MULTILINE)
    text = "; ".join(" ".join(item.split()) for item in items if item.strip())
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]", r"\1", text)


def category_slug(name: str) -> str:
    """Return a category's anchor on the categories page."""
    spelt = name.lower().replace("+", " plus ").replace("#", " sharp ")
    return re.sub(r"[^\w]+", "-", spelt).strip("-")


def _home(entries: list[Entry], workspace: Workspace) -> str:
    parts = [f"# {escape(workspace.name)}\n"]
    if not entries:
        return parts[0] + "\nNo entries yet. `journal new` creates the first one.\n"
    parts += [
        f"## [{escape(day_title(entry))}](days/{entry.path.name})\n\n{_date_line(entry, '')}\n{{: .day-meta }}\n\n"
        f"{escape(excerpt(entry))}\n"
        for entry in entries[:NEWEST]
    ]
    parts.append(f"[All days](archive.md), {len(entries)} so far.\n")
    return _hidden_toc(workspace.name) + "\n".join(parts)


def _archive(entries: list[Entry]) -> str:
    parts = ["# Archive\n"]
    for month, days in groupby(entries, lambda entry: f"{month_name[entry.date.month]} {entry.date.year}"):
        parts.append(f"## {month}\n\n" + "\n".join(_listed(entry) for entry in days) + "\n")
    return "\n".join(parts)


def _categories(entries: list[Entry]) -> str:
    parts = ["# Categories\n"]
    for name in sorted({category for entry in entries for category in entry.categories}):
        days = [_listed(entry) for entry in entries if name in entry.categories]
        parts.append(f"## {escape(name)} {{: #{category_slug(name)} }}\n\n" + "\n".join(days) + "\n")
    return "\n".join(parts)


def _totals(ledgers: list[Ledger], entries: dict[int, Entry]) -> str:
    parts = ["# Totals\n"]
    for ledger in ledgers:
        last = max(ledger.by_day, default=0)
        parts.append(f"## {escape(ledger.name)}\n\n**{escape(ledger.sentence(last))}**\n\n{_progress(ledger)}")
        rows = [f"| {_day_link(day, entries)} | {format_number(value, 2)} |" for day, value in ledger.by_day.items()]
        if rows:
            parts.append(f"| Day | {escape(ledger.unit) or 'amount'} |\n| :-- | --: |\n" + "\n".join(rows) + "\n")
    return "\n".join(parts) if ledgers else parts[0] + "\nNo report adds to a ledger yet.\n"


def _progress(ledger: Ledger) -> str:
    if not ledger.goal:
        return ""
    return f'<progress max="{ledger.goal:g}" value="{ledger.total:g}" aria-label="{escape(ledger.name)}"></progress>\n'


def _day_link(day: int, entries: dict[int, Entry]) -> str:
    return f"[Day {day}](days/{entries[day].path.name})" if day in entries else f"Day {day}"


def _listed(entry: Entry) -> str:
    return f"- {written_date(entry.date)}: [{escape(day_title(entry))}](days/{entry.path.name})"


def _date_line(entry: Entry, to_root: str) -> str:
    categories = [f"[{escape(name)}]({to_root}categories.md#{category_slug(name)})" for name in entry.categories]
    return " · ".join([written_date(entry.date), *categories])


def written_date(when: date) -> str:
    """Return a date as "13 May 2024", regardless of locale."""
    return f"{when.day} {month_name[when.month]} {when.year}"


def _hidden_toc(title: str) -> str:
    return f"---\ntitle: {json.dumps(html.escape(title), ensure_ascii=False)}\nhide: [toc]\n---\n"
