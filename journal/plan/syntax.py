"""The digest of Python code as syntax: comments and formatting don't count, and every Python gives the same."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from typing import Any

_LEFT_OUT = {"ctx", "kind", "type_comment", "type_ignores"}
"""Fields that follow from others, or that don't affect what code does."""


def syntax_digest(content: bytes) -> str:
    """Return the SHA-256 of a module's syntax, docstrings included; of the bytes where they are not valid Python."""
    try:
        text = "".join(_written(ast.parse(content)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()


def _written(node: Any) -> Iterator[str]:
    """Yield a syntax tree as text. Fields that are empty are left out, since each Python adds some of its own."""
    if isinstance(node, ast.Constant):
        yield f"{type(node.value).__name__}:{_constant(node.value)}"
    elif isinstance(node, ast.AST):
        yield f"{type(node).__name__}("
        for name in sorted(set(node._fields) - _LEFT_OUT):
            value = getattr(node, name, None)
            if value is not None and value != []:
                yield f"{name}="
                yield from _written(_joined(value) if isinstance(node, ast.JoinedStr) else value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for one in node:
            yield from _written(one)
            yield ","
        yield "]"
    else:
        yield _constant(node)


def _joined(parts: list[ast.expr]) -> list[ast.expr]:
    """Return the parts of an f-string with neighbouring texts as one, since where they are split differs."""
    joined = list[ast.expr]()
    for part in parts:
        if isinstance(part, ast.Constant) and joined and isinstance(joined[-1], ast.Constant):
            joined[-1] = ast.Constant(str(joined[-1].value) + str(part.value))
        elif not (isinstance(part, ast.Constant) and part.value == ""):
            joined.append(part)
    return joined


def _constant(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value)  # decimal digits have a limit
    if isinstance(value, tuple | frozenset):
        return repr(sorted(map(ascii, value)) if isinstance(value, frozenset) else [ascii(one) for one in value])
    return ascii(value)  # what ``repr`` escapes depends on the Unicode tables of a Python
