"""A report as Markdown: the text of a block."""

from __future__ import annotations

import html
import re
from itertools import groupby
from typing import Any
from urllib.parse import quote as quote_url

from journal.ledger import Ledgers
from journal.report import (
    Audio,
    Cell,
    FileLink,
    Gallery,
    Image,
    Item,
    Metric,
    Quote,
    Report,
    Table,
    Text,
    Total,
    format_number,
)


def render_report(report: Report, folder: str, day: int, ledgers: Ledgers) -> str:
    """Return a report as Markdown; ``folder`` leads from the entry to the step's artifacts. Ends with a newline."""
    parts = []
    for kind, group in groupby(report.items, type):
        items: list[Any] = list(group)
        if kind is Metric:
            parts.append(_metrics(items))
        else:
            parts += [_render(item, folder, day, ledgers) for item in items]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_failure(message: str, last_good: str | None) -> str:
    """Return the block of a step that failed: why, then the last good result if there is one."""
    notice = f"> **This step failed.** {escape(message)}"
    if last_good is None:
        return f"{notice}\n"
    return f"{notice}\n>\n> What follows is its last good result.\n\n{last_good}"


def escape(text: str) -> str:
    """Return text so that Markdown and HTML show it as it is, on one line."""
    escaped = re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _render(item: Item, folder: str, day: int, ledgers: Ledgers) -> str:
    match item:
        case Table():
            return _table(item)
        case Image():
            return _image(item, folder)
        case Gallery():
            return _gallery(item, folder)
        case Audio():
            return _audio(item, folder)
        case Text():
            return item.markdown.strip("\n")
        case Quote():
            return _quote(item)
        case FileLink():
            return f"[{escape(item.title or item.path)}]({_link(folder, item.path)})"
        case Total():
            return f"**{escape(ledgers.ledger(item.ledger).sentence(day))}**"
        case _:
            return ""


def _metrics(metrics: list[Metric]) -> str:
    return "\n".join(
        f"- {escape(one.name)}: **{_amount(one.value, one.unit, one.digits)}**" for one in metrics if one.shown
    )


def _amount(value: Cell, unit: str, digits: int | None) -> str:
    return escape(f"{format_number(value, digits)} {unit}".strip())


def _table(table: Table) -> str:
    numeric = [_is_numeric([row[index] for row in table.rows]) for index in range(len(table.columns))]
    rule = ["--:" if number else ":--" for number in numeric]
    lines = [_row([escape(name) for name in table.columns]), _row(rule)]
    lines += [_row([_cell(cell, table) for cell in row]) for row in table.rows]
    title = f"**{escape(table.title)}**\n\n" if table.title else ""
    return title + "\n".join(lines)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _is_numeric(cells: list[Cell]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known)


def _cell(cell: Cell, table: Table) -> str:
    text = escape(format_number(cell, table.digits))
    strong = table.strong is not None and isinstance(cell, float) and abs(cell) >= table.strong
    return f"**{text}**" if strong else text


def _link(folder: str, path: str) -> str:
    return quote_url(f"{folder}/{path}")


def _image(image: Image, folder: str) -> str:
    caption = f"\n*{escape(image.caption)}*" if image.caption else ""
    return f"![{escape(image.alt)}]({_link(folder, image.path)}){caption}"


def _gallery(gallery: Gallery, folder: str) -> str:
    """Return a table of linked pictures: GitHub and the blog both show it as a grid."""
    cells = [_picture(picture, folder) for picture in gallery.pictures]
    width = max(1, gallery.columns)
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    rows[-1] += [""] * (width - len(rows[-1])) if rows else []
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    title = f"**{escape(gallery.title)}**\n\n" if gallery.title else ""
    return f'{title}<table class="gallery">\n{body}\n</table>'


def _picture(picture: Image, folder: str) -> str:
    link, alt = html.escape(_link(folder, picture.path)), _attribute(picture.alt)
    return f'<a href="{link}"><img src="{link}" alt="{alt}" width="192"></a><br>{_text(picture.caption)}'


def _audio(audio: Audio, folder: str) -> str:
    link = html.escape(_link(folder, audio.path))
    label = _attribute(audio.caption or audio.path)
    player = f'<audio controls preload="none" src="{link}" aria-label="{label}"></audio>'
    return f'<p class="audio">{player} {_text(audio.caption)}</p>'


def _quote(quote: Quote) -> str:
    """Return model text as preformatted text: no character of it can begin Markdown or HTML."""
    title = f"**{escape(quote.title)}**\n\n" if quote.title else ""
    return f'{title}<pre class="quote">{_text(quote.text)}</pre>'


_INERT: dict[int, str] = {ord(character): f"&#{ord(character)};" for character in "`~$*_[]{}:\\"}


def _text(text: str) -> str:
    """Escape for HTML, and take from Markdown's preprocessors what they look for."""
    lines = html.escape(text, quote=False).translate(_INERT).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line or "&#8203;" for line in lines)


def _attribute(text: str) -> str:
    return html.escape(" ".join(text.split())).translate(_INERT)
