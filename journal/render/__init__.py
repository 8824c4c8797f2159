"""Reports rendered as Markdown: the text of blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby

from journal.api.item import Item, file_link, markdown_of
from journal.api.items import Gallery, Metric, Part, Quote, Table
from journal.api.report import Report
from journal.api.report_file import first_metric
from journal.record.ledger import Ledgers
from journal.render.parts import Arrangement, Section, arrange, sections_of
from journal.text.escape import escape, escape_html


@dataclass(frozen=True)
class BlockPage:
    """The page that contains a block; ``folder`` is the path from the entry to the step's artifacts."""

    folder: str
    day: int
    ledgers: Ledgers

    @property
    def step(self) -> str:
        return self.folder.rpartition("/")[2]

    def link(self, path: str) -> str:
        return file_link(self.folder, path)

    def total(self, ledger: str) -> str:
        return self.ledgers.ledger(ledger).sentence(self.day)


def render_report(report: Report, page: BlockPage, wanted: Arrangement = Arrangement()) -> str:  # noqa: B008
    """Return a report as Markdown that ends with a newline: what comes first open, the rest folded."""
    sections = arrange(sections_of(report.items), wanted)
    has_parts = any(isinstance(item, Part) for item in report.items)
    said = "" if report.headline_text == first_metric(report) else report.headline_text  # that metric is shown anyway
    opening = f"**{escape(said)}**" if has_parts and said else ""
    texts = [opening, *(_render_section(section, page) for section in sections)]
    return "\n\n".join(text for text in texts if text) + "\n"


def _render_section(section: Section, page: BlockPage) -> str:
    is_single = section.folded and len(section.items) == 1
    items = [_untitled(item) for item in section.items] if is_single else section.items
    parts = []
    for is_metric, group in groupby(items, lambda item: isinstance(item, Metric)):
        texts = [markdown_of(item, page) for item in group]
        parts += ["\n".join(text for text in texts if text)] if is_metric else texts  # metrics are one list
    text = "\n\n".join(part for part in parts if part)
    if not section.folded or not text:
        return text
    anchor = f"{page.step}-{section.name}"
    return f'<details id="{anchor}">\n<summary>{escape_html(section.title)}</summary>\n\n{text}\n\n</details>'


def _untitled(item: Item) -> Item:
    """Return an item without the title that its fold has already."""
    return replace(item, title="") if isinstance(item, Table | Quote | Gallery) else item


def render_failure(message: str, last_good: str | None) -> str:
    """Return the block of a failed step: the reason, then the last good result if there is one."""
    notice = f"> **This step failed.** {escape(_OF_THIS_RUN.sub(_without_place, message))}"
    if last_good is None:
        return f"{notice}\n"
    return f"{notice}\n>\n> What follows is its last good result.\n\n{last_good}"


_OF_THIS_RUN = re.compile(r"(?<![\w.:/<])/(?:[\w.@+~-]+/)+(?=\S)|\b0x[0-9a-f]{6,}\b")
"""The parts of a message that depend on the machine or the run: folders of absolute paths, memory addresses."""


def _without_place(match: re.Match[str]) -> str:
    return "…/" if match[0].startswith("/") else "0x…"
