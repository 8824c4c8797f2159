"""An entry's Markdown as the HTML of its page, with what listings, feeds and search want to know of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import TYPE_CHECKING, Any, cast

from journal.blog.mathematics import mathml
from journal.blog.safe_html import clean_html
from journal.text.blocks import is_opaque
from journal.text.markdown import parser

if TYPE_CHECKING:
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token

_START = re.compile(r"\s*<!--\s*journal:(?P<id>[A-Za-z0-9][A-Za-z0-9_-]*)\s*-->\s*")
_END = re.compile(r"\s*<!--\s*/journal:(?P<id>[A-Za-z0-9][A-Za-z0-9_-]*)(?:\s+[0-9a-f]{8})?\s*-->\s*")
_EDITED = "<p><em>Edited by hand since it was computed.</em></p>\n"
_HELD = re.compile("\ue000(\\d+)\ue001")
DIAGRAM = '<pre class="diagram">'
"""Begins a diagram in mermaid's words, which the page's own script draws."""
_EXCERPT = 320
_ALIGNED = {"text-align:right": "right", "text-align:center": "center", "text-align:left": "left"}


@dataclass(frozen=True)
class Heading:
    """A heading of a page, with the anchor that leads to it."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Prose:
    """A text ready for a page."""

    html: str
    headings: tuple[Heading, ...] = ()
    excerpt: str = ""
    """The beginning of the author's own words, as plain text."""
    words: int = 0
    """How many words the author wrote."""
    text: str = ""
    """All words of the page, for the search."""
    uses: frozenset[str] = frozenset()
    """What the page needs beside its HTML: "mermaid", "math"."""


@dataclass
class Reading:
    """How a text is read: where addresses lead, which pictures stand inline, which blocks were edited."""

    resolve: Callable[[str, str], str | None] = lambda tag, address: address
    inline: Callable[[str, str], str | None] = lambda address, alt: None
    """Returns a drawing as HTML for an address and its description, or None to show it as a picture."""
    size: Callable[[str], tuple[int, int] | None] = lambda address: None
    frames: Collection[str] = ()
    edited: Collection[str] = ()
    uses: Mapping[str, str] = field(default_factory=dict)
    """The task of each step."""


def read_prose(text: str, reading: Reading) -> Prose:
    """Return a text as safe HTML, with its headings, its excerpt and its words."""
    env: dict[str, Any] = {}
    tokens = parser().parse(text.replace("\ue000", "\ufffd").replace("\ue001", "\ufffd"), env)
    tokens = [part for token in tokens for part in _with_markers_apart(token)]
    page = _PageWriter(reading)
    own = list(_own(tokens))
    page.prepare(tokens)
    raw = page.render(tokens, env)
    clean = clean_html(raw, reading.resolve, reading.frames)
    words = " ".join(_plain(token) for token in tokens if token.type in ("inline", "fence", "code_block"))
    return Prose(
        _HELD.sub(lambda match: page.held[int(match[1])], clean),
        tuple(page.headings),
        excerpt_of(own),
        sum(len(_plain(token).split()) for token in own if token.type == "inline"),
        words,
        frozenset(page.needs),
    )


def excerpt_of(tokens: Sequence[Token]) -> str:
    """Return the beginning of a text's paragraphs as plain text: its quick summary where it has one."""
    paragraphs = list(_paragraphs(tokens))
    summary = next((place for place, (kind, text) in enumerate(paragraphs) if _announces_summary(kind, text)), None)
    if summary is not None and paragraphs[summary + 1 : summary + 2]:
        kind, text = paragraphs[summary + 1]
        if kind == "list":
            return _shortened(text)
    words = ""
    for _, text in paragraphs:
        words = f"{words} {text}".strip()
        if not words.endswith(":"):
            break
    return _shortened(words)


def _announces_summary(kind: str, text: str) -> bool:
    return kind == "paragraph" and "quick summary" in text.lower() and text.rstrip().endswith(":")


def _shortened(words: str) -> str:
    return words if len(words) <= _EXCERPT else words[:_EXCERPT].rsplit(" ", 1)[0] + " …"


def _paragraphs(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Yield the paragraphs and lists at the top level, each as its kind and its plain text."""
    items: list[str] = []
    for place, token in enumerate(tokens):
        if token.type in ("bullet_list_close", "ordered_list_close") and token.level == 0:
            yield "list", "; ".join(items)
            items = []
        elif token.type == "inline" and tokens[place - 1].type == "paragraph_open":
            text = " ".join(_plain(token).split())
            if tokens[place - 1].level == 0 and text:
                yield "paragraph", text
            elif text and _is_item(tokens, place):
                items.append(text)


def _is_item(tokens: Sequence[Token], place: int) -> bool:
    return place >= 2 and tokens[place - 2].type == "list_item_open"


def _with_markers_apart(token: Token) -> list[Token]:
    """Return an HTML block as several, so that each marker in it is one of its own."""
    if token.type != "html_block" or token.level or "journal:" not in token.content or is_opaque(token.content):
        return [token]
    found: list[Token] = []
    for line in token.content.splitlines(keepends=True):
        is_marker = bool(_START.fullmatch(line) or _END.fullmatch(line))
        if found and not is_marker and not (_START.fullmatch(found[-1].content) or _END.fullmatch(found[-1].content)):
            found[-1].content += line
        else:
            found.append(token.copy(content=line))
    return found


def _own(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens outside blocks: what the author wrote."""
    inside = False
    for token in tokens:
        if token.type == "html_block" and token.level == 0:
            inside = bool(_START.fullmatch(token.content)) or (inside and not _END.fullmatch(token.content))
        elif not inside:
            yield token


def _plain(token: Token) -> str:
    """Return a token's words, without markup and without what a picture is called."""
    if token.type != "inline":
        return token.content
    parts = []
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type in ("text", "code_inline", "math_inline", "math_inline_double"):
            parts.append(child.content)
    return "".join(parts)


class _PageWriter:
    """Renders tokens as HTML; what was made here, and not by an author, is held back from the cleaning."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.held: list[str] = []
        self.headings: list[Heading] = []
        self.needs: set[str] = set()
        self._anchors: set[str] = set()
        self._open: str | None = None

    def prepare(self, tokens: list[Token]) -> None:
        """Give headings their anchors, blocks their sections, tables their frames and pictures their figures."""
        blocks = (_START.fullmatch(token.content) for token in tokens if token.type == "html_block")
        self._anchors.update(start["id"] for start in blocks if start)
        for place, token in enumerate(tokens):
            if token.type == "heading_open":
                self._name(token, tokens[place + 1])
            elif token.type == "html_block" and token.level == 0:
                token.content = self._section(token.content)
            elif token.type == "inline":
                self._inline(token, tokens[place - 1], tokens[place + 1])
            elif token.type in ("th_open", "td_open"):
                style = str(token.attrs.pop("style", ""))
                if style in _ALIGNED:
                    token.attrSet("class", _ALIGNED[style])

    def render(self, tokens: list[Token], env: dict[str, Any]) -> str:
        renderer = _renderer()
        rules = {
            "fence": self._fence, "code_block": self._code, "math_inline": self._math, "math_block": self._math,
            "math_inline_double": self._math, "table_open": _table_open, "table_close": _table_close,
            "image": self._image,
        }  # fmt: skip
        found = []
        for place, token in enumerate(tokens):
            if token.type == "inline":
                found.append(self._render_inline(token.children or [], env, rules))
            elif token.type in rules:
                found.append(rules[token.type](token))
            else:
                rule = renderer.rules.get(token.type)
                found.append(
                    rule(tokens, place, parser().options, env)
                    if rule
                    else renderer.renderToken(tokens, place, parser().options, env)
                )
        return "".join(found) + ("</section>\n" if self._open else "")

    def _render_inline(self, children: list[Token], env: dict[str, Any], rules: Mapping[str, Any]) -> str:
        renderer, options = _renderer(), parser().options
        found = []
        for place, child in enumerate(children):
            if child.type in rules:
                found.append(rules[child.type](child))
            elif rule := renderer.rules.get(child.type):
                found.append(rule(children, place, options, env))
            else:
                found.append(renderer.renderToken(children, place, options, env))
        return "".join(found)

    def _hold(self, made: str) -> str:
        self.held.append(made)
        return f"\ue000{len(self.held) - 1}\ue001"

    def _name(self, token: Token, inline: Token) -> None:
        text = " ".join(_plain(inline).split())
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") or "part"
        names = chain([slug], (f"{slug}-{number}" for number in count(1)))
        anchor = next(name for name in names if name not in self._anchors)
        self._anchors.add(anchor)
        token.attrSet("id", anchor)
        if token.level == 0 and text:
            self.headings.append(Heading(int(token.tag[1]), anchor, text))

    def _section(self, content: str) -> str:
        if start := _START.fullmatch(content):
            closing = "</section>\n" if self._open else ""
            self._open = start["id"]
            label = html.escape(f"Results of {self._open}")
            return f'{closing}<section class="block" id="{self._open}" aria-label="{label}">\n'
        if (end := _END.fullmatch(content)) and self._open == end["id"]:
            self._open = None
            return f"{_EDITED if end['id'] in self.reading.edited else ''}</section>\n"
        return content

    def _inline(self, token: Token, before: Token, after: Token) -> None:
        """Make a figure of a paragraph that is a picture, and the emphasised line below it its caption."""
        children = token.children or []
        if before.type != "paragraph_open" or not children or children[0].type != "image":
            return
        rest = children[1:]
        is_caption = len(rest) >= 4 and rest[0].type == "softbreak" and rest[1].type == "em_open"
        if rest and not (is_caption and rest[-1].type == "em_close"):
            return
        before.tag = after.tag = "figure"
        before.hidden = after.hidden = False
        if rest:
            rest[0].type, rest[0].content = "text", ""
            rest[1].tag = rest[-1].tag = "figcaption"

    def _image(self, token: Token) -> str:
        address = str(token.attrs.get("src", ""))
        alt = "".join(child.content for child in token.children or [])
        if drawing := self.reading.inline(address, alt):
            return self._hold(drawing)
        size = self.reading.size(address)
        measures = f' width="{size[0]}" height="{size[1]}"' if size else ""
        title = f' title="{html.escape(str(token.attrs["title"]))}"' if token.attrs.get("title") else ""
        return (
            f'<img src="{html.escape(address)}" alt="{html.escape(alt)}"{title}{measures} loading="lazy" '
            'decoding="async">'
        )

    def _fence(self, token: Token) -> str:
        language = token.info.strip().split(" ")[0].strip("{}.").lower() if token.info else ""
        if language == "mermaid":
            self.needs.add("mermaid")
            return f"{DIAGRAM}{html.escape(token.content)}</pre>\n"
        if language == "math":
            self.needs.add("math")
            return self._hold(_mathml(token.content, is_block=True)) + "\n"
        return self._highlighted(token.content, language)

    def _code(self, token: Token) -> str:
        return self._highlighted(token.content, "")

    def _highlighted(self, code: str, language: str) -> str:
        inner = _highlight(code, language) if language else html.escape(code)
        name = f' class="language-{html.escape(language)}"' if language else ""
        return self._hold(f'<div class="highlight"><pre tabindex="0"><code{name}>{inner}</code></pre></div>') + "\n"

    def _math(self, token: Token) -> str:
        self.needs.add("math")
        is_block = token.type != "math_inline"
        return self._hold(_mathml(token.content, is_block)) + ("\n" if token.type == "math_block" else "")


def _renderer() -> RendererHTML:
    return cast("RendererHTML", parser().renderer)


def _table_open(token: Token) -> str:
    return '<div class="table" tabindex="0">\n<table>\n'


def _table_close(token: Token) -> str:
    return "</table>\n</div>\n"


def _highlight(code: str, language: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return html.escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _mathml(formula: str, is_block: bool) -> str:
    found = mathml(formula, is_block=is_block)
    if found is None:  # what is no formula is shown as it was written
        return f'<code class="math">{html.escape(formula)}</code>'
    return f'<span class="math" tabindex="0">{found}</span>' if is_block else found
