"""Questions whose right answers are known, read from a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal import TaskError, nearest

_FIELDS = ("text", "expected", "choices", "tags")
_TEXT_NAMES = {"text": "text", "question": "text", "prompt": "text", "expected": "expected", "answer": "expected"}
_TOO_MANY = "\0more"
_LIST_MARK = "|"
"""What stands between choices, tags or accepted answers in a cell of CSV."""


@dataclass(frozen=True)
class KnownQuestion:
    """A question and what is expected of an answer."""

    text: str
    expected: tuple[str, ...]
    """Any of these is right; for a choice, the one that is."""
    choices: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def right_choice(self) -> int:
        """The place of the expected choice."""
        return self.choices.index(self.expected[0])


def read_questions(path: Path) -> list[KnownQuestion]:
    """Read JSON lines, CSV or YAML with ``text``, ``expected``, ``choices``, ``tags``; ``text`` comes once each.

    ``question`` and ``prompt`` are names for ``text`` too, and ``answer`` for ``expected``. Raises ``TaskError`` with
    the place of a row that asks nothing or expects nothing.
    """
    readers = {".jsonl": _json_lines, ".csv": _csv_rows, ".yaml": _yaml_rows, ".yml": _yaml_rows}
    if path.suffix not in readers:
        raise TaskError(f"{path.name} is no file of questions: {', '.join(readers)} are known")
    try:
        found = {place: _question(row, place) for place, row in readers[path.suffix](path)}
    except UnicodeDecodeError as error:
        raise TaskError(f"{path.name} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise TaskError(f"{path.name} can't be read: {error.strerror}; give a file of questions") from error
    if not found:
        raise TaskError(f"{path.name} has no questions; write one a row, with text and expected")
    _check_once(found)
    return list(found.values())


def _check_once(found: Mapping[str, KnownQuestion]) -> None:
    seen: dict[str, str] = {}
    for place, question in found.items():
        if question.text in seen:
            raise TaskError(f"{place}: the same question stands at {seen[question.text]}; leave one out")
        seen[question.text] = place


def _question(row: Mapping[str, Any], place: str) -> KnownQuestion:
    named = {_TEXT_NAMES.get(str(name), str(name)): value for name, value in row.items()}
    for name in named:
        if name not in (*_FIELDS, "split", "id"):
            raise TaskError(f"{place}: '{name}' is none of {', '.join(_FIELDS)}{nearest(name, list(_FIELDS))}")
    text, expected = _texts(named.get("text"), f"{place}: text"), _texts(named.get("expected"), f"{place}: expected")
    if len(text) != 1:
        raise TaskError(f"{place}: there is no question; give it as text")
    if not expected:
        raise TaskError(f"{place}: nothing is expected; give the right answer as expected")
    choices = _texts(named.get("choices"), f"{place}: choices")
    if choices:
        _check_choices(expected, choices, place)
    return KnownQuestion(text[0], expected, choices, _texts(named.get("tags"), f"{place}: tags"))


def _check_choices(expected: tuple[str, ...], choices: tuple[str, ...], place: str) -> None:
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise TaskError(f"{place}: choices are {', '.join(choices)}; give two or more that differ")
    if len(expected) != 1 or expected[0] not in choices:
        near = nearest(expected[0], list(choices))
        raise TaskError(f"{place}: '{expected[0]}' is expected, which is none of the choices{near}")


def _texts(value: Any, place: str) -> tuple[str, ...]:
    """Return the texts of a cell: one, a list of them, or none."""
    several = value if isinstance(value, list | tuple) else [value]
    texts = []
    for one in several:
        if isinstance(one, bool) or not isinstance(one, str | int | float | None):
            raise TaskError(f"{place} is {json.dumps(one, default=str)[:60]}; write text, in quotes")
        texts.append("" if one is None else str(one).strip())
    return tuple(one for one in texts if one)


def _json_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise TaskError(f"{path.name}:{number}: not JSON: {error}; write an object on each line") from error
            yield _row(row, f"{path.name}:{number}")


def _csv_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        head = stream.readline()
        stream.seek(0)
        reader = csv.DictReader(stream, delimiter=max(",;\t", key=head.count), restkey=_TOO_MANY)
        try:
            for row in reader:
                if _TOO_MANY in row:
                    raise TaskError(f"{path.name}:{reader.line_num}: more cells than the header names; quote the text")
                yield f"{path.name}:{reader.line_num}", {name: _cell(name, value) for name, value in row.items()}
        except csv.Error as error:
            raise TaskError(f"{path.name}:{reader.line_num}: not CSV: {error}; quote what holds commas") from error


def _cell(name: str, value: str | None) -> Any:
    return (value or "").split(_LIST_MARK) if name in ("choices", "tags") else value


def _yaml_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        problem = getattr(error, "problem", None) or "it can't be read"
        raise TaskError(f"{place}: not YAML: {problem}; put text with colons in quotes") from error
    if not isinstance(found, list):
        raise TaskError(f"{path.name}: a list of questions is needed, each with text and expected")
    for number, row in enumerate(found, 1):
        yield _row(row, f"{path.name}, question {number}")


def _row(row: Any, place: str) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(row, dict):
        raise TaskError(f"{place}: each question must have names: text and expected")
    return place, row
