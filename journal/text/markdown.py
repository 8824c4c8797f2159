"""The one parser of an author's Markdown: CommonMark with GitHub's additions, mathematics, notes and definitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_MATH_AS_CODE = re.compile(r"\$`([^`\n]+)`\$(?!\w)")
_EMOJI = re.compile(r":[a-z0-9_+\-]+:")
_ADDRESS = re.compile(r"(?<![\w/.])https?://[\w\-]+(?:\.[\w\-]+)+[^\s<>]*", re.IGNORECASE)
_AFTER_ADDRESS = "?!.,:;*_~'\"[]"


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """Return the parser for whole texts; its tokens carry the lines they come from.

    Beyond CommonMark: tables, task lists, strikethrough, autolinks, alerts, footnotes and ``:smile:`` as GitHub has
    them, ``$…$``, ``$`…`$`` and ``$$…$$``, ``!!! note`` and definition lists.
    """
    from markdown_it import MarkdownIt
    from mdit_py_plugins.admon import admon_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.gfm import gfm_plugin

    markdown = MarkdownIt("commonmark", {"html": True, "linkify": False, "typographer": False})
    markdown.use(gfm_plugin)
    markdown.use(dollarmath_plugin, allow_space=False, allow_digits=False, allow_blank_lines=False, allow_labels=False)
    markdown.inline.ruler.at("math_inline", _formula_rule())
    markdown.core.ruler.after("inline", "words", _finish_words)
    return markdown.use(admon_plugin).use(deflist_plugin)


def _formula_rule() -> Callable[[StateInline, bool], bool]:
    """Return the rule for formulas in a line, with GitHub's care for dollars that are none of a formula.

    No blank inside the dollars, no letter or digit outside them, no code between them: "$5 and $10", "US$ 5",
    "$HOME/$USER" and "$5 for `a$`" stay as they are.
    """
    from mdit_py_plugins.dollarmath.index import math_inline_dollar

    in_dollars = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)

    def rule(state: StateInline, silent: bool) -> bool:
        start = state.pos
        if state.src[start] != "$" or (start and state.src[start - 1].isalnum()):
            return False
        if as_code := _MATH_AS_CODE.match(state.src, start, state.posMax):
            if not silent:
                state.push("math_inline", "math", 0).content = as_code[1]
            state.pos = as_code.end()
            return True
        is_formula = in_dollars(state, True) and state.pos <= state.posMax
        end, state.pos = state.pos, start
        if not is_formula or "`" in state.src[start:end] or state.src[end : end + 1].isalnum():
            return False
        return in_dollars(state, silent)

    return rule


def _finish_words(state: StateCore) -> None:
    """Make pictures of emoji's names, and links of addresses that GitHub's rule leaves: in quotes, in capitals."""
    for token in state.tokens:
        if token.children and token.type == "inline" and ("://" in token.content or _EMOJI.search(token.content)):
            token.children = list(_finished(token.children))


def _finished(children: list[Token]) -> Iterator[Token]:
    in_links = 0
    for child in children:
        in_links += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type != "text":
            yield child
            continue
        if _EMOJI.search(child.content):
            from emoji import emojize

            child.content = emojize(child.content, language="alias")
        yield from [child] if in_links else _with_links(child)


def _with_links(text: Token) -> Iterator[Token]:
    """Yield a text's words and the addresses in it as links."""
    from markdown_it.token import Token

    place = 0
    for found in _ADDRESS.finditer(text.content):
        address = found[0].rstrip(_AFTER_ADDRESS)
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(_AFTER_ADDRESS)
        yield text.copy(content=text.content[place : found.start()])
        yield Token("link_open", "a", 1, {"href": address})
        yield Token("text", "", 0, content=address)
        yield Token("link_close", "a", -1)
        place = found.start() + len(address)
    yield text.copy(content=text.content[place:]) if place else text


@lru_cache(maxsize=1)
def _outline() -> MarkdownIt:
    from markdown_it import MarkdownIt

    outline = MarkdownIt("commonmark")
    return outline.enable("table").disable("inline")


def block_tokens(text: str) -> list[Token]:
    """Return a text's block structure alone, without what is in its paragraphs: a fraction of a full parse."""
    return _outline().parse(text)
