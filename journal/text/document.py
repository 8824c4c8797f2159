"""YAML with line numbers: the reader of journal.yml and of entries' front matter."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

import yaml

from journal.errors import EntryError

_Base: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True)
class Document:
    """Plain data, with the line number of every key."""

    data: dict[str, Any]
    where: str
    """The file's name, for messages."""
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def place(self, *keys: str) -> str:
        """Return ``file:line`` of a key, or of the nearest key above it."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.lines:
                return f"{self.where}:{self.lines[keys[:length]]}"
        return f"{self.where}:{self.lines.get((), 1)}"


def parse_yaml(text: str, where: str, first_line: int = 1) -> Document:
    """Parse one YAML mapping by the rules of YAML 1.2, where ``on`` and ``no`` are words, not booleans.

    ``first_line`` is the line of the file on which the text begins. Raises ``EntryError`` where the text is not valid.
    """
    _check_characters(text, where, first_line)
    try:
        _check_depth(text, where, first_line)
        node = yaml.compose(text, Loader=_Base)
    except yaml.MarkedYAMLError as error:
        line = first_line + (error.problem_mark.line if error.problem_mark else 0)
        if "nesting depth" in (error.problem or ""):  # newer libraries have a limit of their own
            raise _too_deep(where, line) from error
        from journal.text.yaml_faults import explain

        number, what = explain(text, error)
        raise EntryError(f"{where}:{first_line + number}: {what}") from error
    if node is None:
        return Document({}, where, {(): first_line})
    if not isinstance(node, yaml.MappingNode):
        kind = type(node).__name__.removesuffix("Node").lower()
        raise EntryError(f"{where}:{first_line}: expected 'key: value' lines, found a {kind}; write 'key: value' lines")
    lines: dict[tuple[str, ...], int] = {(): first_line}
    return Document(_Reader(where, first_line, lines).mapping(node, ()), where, lines)


def _check_characters(text: str, where: str, first_line: int) -> None:
    """Raise ``EntryError`` where the text has characters that YAML forbids; the parser wouldn't tell the line."""
    if bad := _FORBIDDEN.search(text):
        line = first_line + text.count("\n", 0, bad.start())
        if "\ud800" <= bad[0] <= "\udfff":
            raise EntryError(f"{where}:{line}: not UTF-8 text; save the file as UTF-8")
        raise EntryError(f"{where}:{line}: a control character (code {ord(bad[0])}); remove it")


def _check_depth(text: str, where: str, first_line: int) -> None:
    """Raise ``EntryError`` where nesting is too deep, which would crash libyaml by overflowing its stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_Base):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            line = first_line + (event.start_mark.line if event.start_mark else 0)
            raise _too_deep(where, line)


def _too_deep(where: str, line: int) -> EntryError:
    return EntryError(f"{where}:{line}: values nested more than {_DEEPEST} deep; make it flatter")


class _Reader:
    """Builds plain data from YAML nodes and notes the lines of keys."""

    def __init__(self, where: str, first_line: int, lines: dict[tuple[str, ...], int]) -> None:
        self.where, self.first_line, self.lines = where, first_line, lines
        self.open: list[yaml.Node] = []
        self.count = 0

    def value(self, node: yaml.Node, path: tuple[str, ...]) -> Any:
        self.count += 1
        if self.count > _MOST:
            raise EntryError(f"{self.where}:{self.line(node)}: more than {_MOST} values; use fewer aliases")
        if any(node is above for above in self.open):
            raise EntryError(f"{self.where}:{self.line(node)}: an alias contains itself; write the value out")
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.style in _QUOTED else plain_scalar(node.value)
        self.open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, str(index))) for index, item in enumerate(node.value)]
            return self.mapping(node, path)
        finally:
            self.open.pop()

    def mapping(self, node: yaml.Node, path: tuple[str, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value
            if not isinstance(name, str) or not name:
                raise EntryError(f"{self.where}:{self.line(key)}: a key must be a word; put it in quotes")
            if name == "<<":
                raise EntryError(
                    f"{self.where}:{self.line(key)}: '<<' merge keys are not supported; write the values out"
                )
            if name in data:
                raise EntryError(f"{self.where}:{self.line(key)}: the key '{name}' appears twice; remove one")
            self.lines[(*path, name)] = self.line(key)
            data[name] = self.value(value, (*path, name))
        return data

    def line(self, node: yaml.Node) -> int:
        return self.first_line + int(node.start_mark.line)


_DEEPEST = 50
_MOST = 100_000
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_QUOTED = ("'", '"', "|", ">")
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


def as_yaml(value: Any) -> str:
    """Return plain data as one line of YAML: JSON, plus escapes for the characters that only YAML forbids."""
    written = json.dumps(value, ensure_ascii=False, default=str)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in written)


def plain_scalar(text: str) -> Any:
    """Return the value of an unquoted YAML 1.2 scalar; YYYY-MM-DD becomes a date."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text) if isfinite(float(text)) else text
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text
