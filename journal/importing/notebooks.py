"""Jupyter notebooks as posts: their text, their code, and what the code put out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from journal.errors import EntryError
from journal.importing.posts import Post, post_of

_COLOURS = re.compile("\x1b\\[[0-9;]*[A-Za-z]")


def read_notebook(path: Path) -> Post:
    """Return a notebook as a post. Raises ``EntryError`` where it is none."""
    try:
        book = json.loads(path.read_bytes())
        cells = book["cells"]
        language = str(book.get("metadata", {}).get("kernelspec", {}).get("language") or "python")
        parts = [part for cell in cells for part in _of_cell(cell, language)]
    except OSError as error:
        raise EntryError(f"{path}: can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EntryError(f"{path}: is no notebook of nbformat 4; open it in Jupyter and save it") from error
    raw = [_text(cell.get("source", "")) for cell in cells[:1] if cell.get("cell_type") == "raw"]
    front = raw[0].rstrip("\n") + "\n" if raw and raw[0].startswith("---") else ""
    pictures = sum("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    post = post_of(path, front + "\n\n".join(parts) + "\n")
    note = f"{pictures} of its pictures are left out; a step of notebook.run shows them" if pictures else ""
    return post.noting(note) if note else post


def _of_cell(cell: Mapping[str, Any], language: str) -> Iterator[str]:
    source = _text(cell.get("source", "")).strip("\n")
    if cell["cell_type"] == "markdown" and source:
        yield source
    if cell["cell_type"] != "code" or not source:
        return
    yield _fenced(source, language)
    for output in cell.get("outputs", []):
        said = _text(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
        if plain := _COLOURS.sub("", said).strip("\n"):
            yield _fenced(plain, "text")


def _fenced(text: str, language: str) -> str:
    longest = max((len(one) for one in re.findall("`{3,}", text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
