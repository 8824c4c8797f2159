"""A report as Markdown: the text of a block."""

from __future__ import annotations

import html
import re
from itertools import groupby
from typing import Any
from urllib.parse import quote as quote_url

from journal.api.report import (
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
from journal.record.ledger import Ledgers


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
    notice = f"> **This step failed.** {escape(_OF_THIS_RUN.sub(_without_place, message))}"
    if last_good is None:
        return f"{notice}\n"
    return f"{notice}\n>\n> What follows is its last good result.\n\n{last_good}"


_OF_THIS_RUN = re.compile(r"(?<![\w.:/<])/(?:[\w.@+~-]+/)+(?=\S)|\b0x[0-9a-f]{6,}\b")
"""What a message tells of the machine and of one run alone: the folders of an absolute path, addresses in memory."""


def _without_place(match: re.Match[str]) -> str:
    return "…/" if match[0].startswith("/") else "0x…"


def escape(text: str) -> str:
    """Return text so that Markdown and HTML show it as it is, on one line."""
    escaped = _one_line(text).translate(_MARKDOWN)
    return _LIST_SIGN.sub(lambda match: f"{match[1]}\\{match[2]}", escaped)


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
            return item.markdown.strip("\n") if stands_alone(item.markdown) else _quote(Quote(item.markdown))
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
    return _title(table.title) + ("\n".join(lines) if table.columns else "")


def _title(text: str) -> str:
    return f"**{escape(text)}**\n\n" if text.strip() else ""


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _is_numeric(cells: list[Cell]) -> bool:
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(_looks_numeric(cell) for cell in known)


def _looks_numeric(cell: Cell) -> bool:
    """Return whether a cell stands at the right, digit under digit; also one that a task formatted itself."""
    if isinstance(cell, str):
        return bool(re.fullmatch(r"[-−]?\d+(\.\d+)?", cell))
    return not isinstance(cell, bool)


def _cell(cell: Cell, table: Table) -> str:
    text = escape(format_number(cell, table.digits))
    strong = table.strong is not None and isinstance(cell, float) and abs(cell) >= table.strong
    return f"**{text}**" if strong else text


def _link(folder: str, path: str) -> str:
    return quote_url(f"{folder}/{path}")


def _image(image: Image, folder: str) -> str:
    caption = f"\n*{escape(image.caption)}*" if image.caption.strip() else ""
    return f"![{escape(image.alt)}]({_link(folder, image.path)}){caption}"


def _gallery(gallery: Gallery, folder: str) -> str:
    """Return a table of linked pictures: GitHub and the blog both show it as a grid."""
    cells = [_picture(picture, folder) for picture in gallery.pictures]
    width = max(1, gallery.columns)
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    rows[-1] += [""] * (width - len(rows[-1])) if rows else []
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'{_title(gallery.title)}<table class="gallery">\n{body}\n</table>'


def _picture(picture: Image, folder: str) -> str:
    link, alt = html.escape(_link(folder, picture.path)), _text(picture.alt)
    return f'<a href="{link}"><img src="{link}" alt="{alt}" width="192"></a><br>{_text(picture.caption)}'


def _audio(audio: Audio, folder: str) -> str:
    link = html.escape(_link(folder, audio.path))
    label = _text(audio.caption or audio.path)
    player = f'<audio controls preload="none" src="{link}" aria-label="{label}"></audio>'
    return f'<p class="audio">{player} {_text(audio.caption)}</p>'


def stands_alone(markdown: str) -> bool:
    """Return whether what follows a Markdown text is no part of it: it holds no open fence or comment, no marker."""
    if not re.search(r"```|~~~|<", markdown):
        return True
    from markdown_it import MarkdownIt

    last = MarkdownIt("commonmark").parse(f"{markdown}\n\n<!-- end -->\n")[-1]
    return last.type == "html_block" and last.content == "<!-- end -->\n" and not _MARKER.search(markdown)


def _quote(quote: Quote) -> str:
    """Return model text as preformatted text: no character of it can begin Markdown or HTML."""
    return f'{_title(quote.title)}<pre class="quote">{_preformatted(quote.text)}</pre>'


_MARKER = re.compile(r"^\s*<!--\s*/?journal:", re.MULTILINE)
_LIST_SIGN = re.compile(r"\A(\d*)([-+.)](?=\s|\Z))")
_CONTROLS: dict[int, str] = dict.fromkeys((*range(9), 11, *range(14, 32), 127, *range(0xD800, 0xE000)), "\ufffd")
_HTML: dict[int, str] = {
    ord(sign): f"&{name};" for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"))
}
_INERT = _CONTROLS | _HTML | {ord(sign): f"&#{ord(sign)};" for sign in "`~$*_[]{}:\\|!#\t\f\u0085\u2028\u2029"}
"""For HTML: what Markdown and its extensions look for becomes a number, in HTML too."""
_MARKDOWN = _CONTROLS | _HTML | {ord('"'): '"'} | {ord(sign): f"\\{sign}" for sign in "\\`*_[]#"}
_MARKDOWN |= {ord(sign): f"&#{ord(sign)};" for sign in "|~${}"}
"""For Markdown: backslashes where every flavour knows them, numbers elsewhere."""


def _preformatted(text: str) -> str:
    """Escape for ``<pre>``: to the last space and blank line the text that was given."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(_INERT).split("\n")
    for index, line in enumerate(lines):
        if line and not line.strip(" "):
            lines[index] = "&#32;" * len(line)
    first = [""] if lines[0] == "" else []  # HTML leaves out a line end right after <pre>
    return re.sub(r"\n(?=\n)", "&#10;", "\n".join([*first, *lines]))


def _text(text: str) -> str:
    """Escape for HTML, on one line."""
    return _one_line(text).translate(_INERT)


def _one_line(text: str) -> str:
    return " ".join(text.split())
