"""Totals that an entry's blocks show, and that are no longer what the ledgers say as of its day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from journal.api.numbers import format_number
from journal.record import Record
from journal.record.ledger import Ledger, Ledgers
from journal.text.blocks import find_blocks, is_edited
from journal.text.entry import Entry
from journal.text.escape import escape


def outdated_totals(entry: Entry, record: Record, ledgers: Ledgers) -> dict[str, list[str]]:
    """Return by step which totals its block shows otherwise than they are; edited blocks are the author's."""
    counting = {folder.name: record.step(folder).totals for folder in record.folders(entry.path)}
    ledgers_shown = {total.ledger for totals in counting.values() for total in totals}
    if all(escape(ledgers.ledger(name).sentence(entry.day)) in entry.text for name in ledgers_shown):
        return {}  # as almost always, and the Markdown need not be parsed
    found: dict[str, list[str]] = {}
    for block in find_blocks(entry.text, entry.body_start, entry.display_path):
        names = dict.fromkeys(total.ledger for total in counting.get(block.id, ()))
        if names and block.checksum is not None and not is_edited(block, entry.text):
            text = entry.text[block.inside : block.outside]
            said = [line for name in names for line in _changed(text, ledgers.ledger(name), entry.day)]
            found |= {block.id: said} if said else {}
    return found


def outdated_lines(entry: Entry, record: Record, ledgers: Ledgers) -> Iterator[str]:
    """Yield a line for each block of an entry that shows a total which has changed since."""
    for step, said in outdated_totals(entry, record, ledgers).items():
        yield f"{entry.display_path}: block '{step}': {'; '.join(said)}; journal day {entry.day} writes it again"


def _changed(text: str, ledger: Ledger, day: int) -> Iterator[str]:
    if escape(ledger.sentence(day)) in text:
        return
    shown = re.search(rf"{re.escape(escape(ledger.name))}: ([\d.,]+)", text)
    now = format_number(ledger.until(day), 2)
    if shown is None or shown[1] == now:
        yield f"the goal of {ledger.name} changed" if shown else f"total of {ledger.name} changed"
    else:
        yield f"total of {ledger.name} changed, {shown[1]} → {now}"
