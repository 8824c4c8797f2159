"""Formulas as MathML, set when the site is built by Temml, which knows LaTeX's mathematics as MathJax does."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

_SCRIPT = Path(__file__).with_name("temml.min.js")
_SET = """
var set = (formula, isBlock) => {
  const found = temml.renderToString(formula, {
    displayMode: isBlock, throwOnError: true, trust: false, maxExpand: 1000, maxSize: [20, 200],
    macros: {"\\\\*": "*"},
  });
  return found.slice(0);  // one piece: the interpreter does not hand over a text that is still in several
}
"""
_MEMORY = 64 * 2**20
_SECONDS = 5
_ACTS = re.compile(r"\b(?:href|src|on\w+)\s*=|url\(|<\s*(?:script|img|maction|semantics|annotation)", re.IGNORECASE)
_own = threading.local()
"""Each thread's interpreter: one serves the thread that made it."""


def mathml(formula: str, *, is_block: bool) -> str | None:
    """Return a formula as MathML, or None where it is none, or would act on a page."""
    from quickjs import JSException

    try:
        found = str(_setter()(formula.strip(), is_block))
    except (JSException, TypeError, ValueError) as error:
        if "ParseError" not in str(error):
            _own.__dict__.clear()  # one that ran out of memory or time is of no more use
        return None
    return None if _ACTS.search(found) else found


def _setter() -> Callable[[str, bool], str]:
    if not hasattr(_own, "setter"):
        from quickjs import Context

        context = Context()
        context.set_memory_limit(_MEMORY)
        context.eval(_SCRIPT.read_text("utf-8"))
        context.eval(_SET)
        context.set_time_limit(_SECONDS)
        _own.setter = context.get("set")
    return cast("Callable[[str, bool], str]", _own.setter)
