"""The one parser of an author's Markdown: CommonMark with GitHub's additions, mathematics, notes and definitions."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


@lru_cache(maxsize=1)
def parser() -> MarkdownIt:
    """Return the parser for whole texts; its tokens carry the lines they come from.

    Beyond CommonMark: tables, task lists, strikethrough, autolinks, alerts and footnotes as GitHub has them, ``$…$``
    and ``$$…$$``, ``!!! note`` and definition lists.
    """
    from markdown_it import MarkdownIt
    from mdit_py_plugins.admon import admon_plugin
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.gfm import gfm_plugin

    markdown = MarkdownIt("commonmark", {"html": True, "linkify": False, "typographer": False})
    markdown.use(gfm_plugin)
    # as on GitHub: no blank beside the dollars, no digit after them, so that "$5 and $10" stay prices
    markdown.use(dollarmath_plugin, allow_space=False, allow_digits=False, allow_blank_lines=False, allow_labels=False)
    return markdown.use(admon_plugin).use(deflist_plugin)


@lru_cache(maxsize=1)
def _outline() -> MarkdownIt:
    from markdown_it import MarkdownIt

    outline = MarkdownIt("commonmark")
    return outline.enable("table").disable("inline")


def block_tokens(text: str) -> list[Token]:
    """Return a text's block structure alone, without what is in its paragraphs: a fraction of a full parse."""
    return _outline().parse(text)
