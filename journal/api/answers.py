"""Answers kept as they come, one a line beside the entry, so that what was paid for once is not asked for again.

A line is only ever added: an answer that was asked for again stands below the former one, and counts from then on. A
line that was cut off by a kill, or changed since, counts for nothing and stays.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from journal.errors import TaskError
from journal.files import cause
from journal.text.secrets import Redactor


@dataclass(frozen=True)
class KeptAnswer:
    """An answer, what was asked for it, and what readers want to know of it beside; all of it plain data."""

    asked: Mapping[str, Any]
    answer: Mapping[str, Any]
    about: Mapping[str, Any]


@dataclass
class AnswerStore:
    """The answers of a step; ``ctx.answers`` is its own."""

    path: Path | None = None
    """The file of answers; None keeps them for this run alone."""
    begins_at: int = 0
    """The byte before which answers don't count, as they are to be asked for again."""
    redactor: Redactor = field(default_factory=Redactor)

    def find(self, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the last answer to exactly what is asked (plain data), or None."""
        return self._known.get(_digest(asked))

    def add(self, asked: Mapping[str, Any], answer: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Keep an answer durably. Raises ``TaskError`` where it can't be written."""
        clean = self.redactor.clean_data
        line = {"id": _digest(asked), "about": clean(about), "asked": clean(asked), "answer": clean(answer)}
        if self.path:
            try:
                append_lines(self.path, _line(line))
            except OSError as error:
                raise TaskError(f"{self.path.name} can't be written: {cause(error)}") from error
        self._known[line["id"]] = line["answer"]

    @cached_property
    def _known(self) -> dict[str, Mapping[str, Any]]:
        data = _read(self.path)[self.begins_at :] if self.path else b""
        return {str(line["id"]): line["answer"] for line in _lines(data)}


def read_answers(path: Path) -> list[KeptAnswer]:
    """Return all answers in a file, the oldest first; lines that are not as they were written are left out."""
    return [KeptAnswer(line["asked"], line["answer"], line["about"]) for line in _lines(_read(path))]


def append_lines(path: Path, lines: bytes) -> None:
    """Add whole lines to a file of answers and flush them to disk, after a line of its own that a kill cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    before = b"" if _ends_with_a_line(path) else b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(before + lines)
        stream.flush()
        os.fsync(stream.fileno())


def _ends_with_a_line(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"
    except OSError:  # there is none, or it is empty
        return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _lines(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the lines that are as they were written."""
    for text in data.split(b"\n"):
        try:
            line = json.loads(text)
            checksum = line.pop("checksum")
            is_whole = checksum == _digest(line) and all(
                isinstance(line[name], dict) for name in ("asked", "answer", "about")
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if is_whole:
            yield line


def _line(line: Mapping[str, Any]) -> bytes:
    plain = json.loads(_text(line))  # as it will be read
    return (_text({**plain, "checksum": _digest(plain)}) + "\n").encode()


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:32]


def _text(data: Mapping[str, Any]) -> str:
    """Return JSON on one line, in which a half of a letter, which UTF-8 can't hold, is a question mark."""
    return json.dumps(data, ensure_ascii=False).encode("utf-8", "replace").decode()
