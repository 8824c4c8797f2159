"""Escaping: text that Markdown and HTML show literally."""

from __future__ import annotations

import re


def escape(text: str) -> str:
    """Return text on one line, escaped so that Markdown and HTML show it literally."""
    escaped = _one_line(text).translate(_MARKDOWN)
    escaped = _NOTE_SIGN.sub(lambda match: f"&#{ord(match[0])};", escaped)
    escaped = _AUTOLINK.sub(lambda match: f"{match[0][:-1]}&#{ord(match[0][-1])};", escaped)
    escaped = _EMOJI.sub(r"&#58;\1", escaped)
    return _LIST_SIGN.sub(lambda match: f"{match[1]}\\{match[2]}", escaped)


def escape_html(text: str) -> str:
    """Return text on one line, escaped for HTML, including attributes."""
    return _one_line(text).translate(_INERT)


def preformatted(text: str) -> str:
    """Return text escaped for ``<pre>``, with every space and blank line preserved."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(_INERT).split("\n")
    for index, line in enumerate(lines):
        if line and not line.strip(" "):
            lines[index] = "&#32;" * len(line)
    first = [""] if lines[0] == "" else []  # HTML leaves out a line end right after <pre>
    return re.sub(r"\n(?=\n)", "&#10;", "\n".join([*first, *lines]))


def stands_alone(markdown: str) -> bool:
    """Return whether a Markdown text is self-contained: no open fence or comment, and no marker."""
    if not re.search(r"```|~~~|<", markdown):
        return True
    from markdown_it import MarkdownIt

    last = MarkdownIt("commonmark").parse(f"{markdown}\n\n<!-- end -->\n")[-1]
    return last.type == "html_block" and last.content == "<!-- end -->\n" and not _MARKER.search(markdown)


def _one_line(text: str) -> str:
    return " ".join(text.split())


_MARKER = re.compile(r"^\s*<!--\s*/?journal:", re.MULTILINE)
_LIST_SIGN = re.compile(r"\A(\d*)([-+.)](?=\s|\Z))")
_NOTE_SIGN = re.compile(r"\A[!?](?=[!?]{2})")
_AUTOLINK = re.compile(r"(?:https?|ftp|mailto|xmpp):|www\.", re.IGNORECASE)
"""Where GitHub's Markdown would make a link of plain words; e-mail addresses lose their sign as well."""
_EMOJI = re.compile(r":((?!\d+:)[a-z0-9_+\\\-]+:|100:|1234:)")
"""What would be an emoji's name, as on GitHub."""
_CONTROLS: dict[int, str] = dict.fromkeys((*range(9), 11, *range(14, 32), 127, *range(0xD800, 0xE000)), "\ufffd")
_HTML: dict[int, str] = {
    ord(sign): f"&{name};" for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"))
}
_INERT = _CONTROLS | _HTML | {ord(sign): f"&#{ord(sign)};" for sign in "`~$*_[]{}:\\|!#\t\f\u0085\u2028\u2029"}
"""For HTML: characters special to Markdown and its extensions become numeric references."""
_MARKDOWN = _CONTROLS | _HTML | {ord('"'): '"'} | {ord(sign): f"\\{sign}" for sign in "\\`*_[]#"}
_MARKDOWN |= {ord(sign): f"&#{ord(sign)};" for sign in "|~${}@"}
"""For Markdown: backslash escapes where every flavour knows them, numeric references elsewhere."""
