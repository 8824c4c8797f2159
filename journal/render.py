"""Reports rendered as Markdown: the text of blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from journal.api.item import file_link, markdown_of
from journal.api.items import Metric
from journal.api.report import Report
from journal.record.ledger import Ledgers
from journal.text.escape import escape


@dataclass(frozen=True)
class BlockPage:
    """The page that contains a block; ``folder`` is the path from the entry to the step's artifacts."""

    folder: str
    day: int
    ledgers: Ledgers

    def link(self, path: str) -> str:
        return file_link(self.folder, path)

    def total(self, ledger: str) -> str:
        return self.ledgers.ledger(ledger).sentence(self.day)


def render_report(report: Report, page: BlockPage) -> str:
    """Return a report as Markdown that ends with a newline."""
    parts = []
    for is_metric, group in groupby(report.items, lambda item: isinstance(item, Metric)):
        texts = [markdown_of(item, page) for item in group]
        parts += ["\n".join(text for text in texts if text)] if is_metric else texts  # metrics are one list
    return "\n\n".join(part for part in parts if part) + "\n"


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
