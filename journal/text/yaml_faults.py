"""What is wrong with a text that is not valid YAML, in words for the person who wrote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

_KEY = re.compile(r"^(?P<indent>\s*)(?:- +)?(?P<key>[\w. -]+?)\s*:(?:\s+(?P<value>\S.*))?$")
_SPECIAL = "*&%@`!|>#"
_WHAT = {"[": "]", "{": "}"}


def explain(text: str, error: MarkedYAMLError) -> tuple[int, str]:
    """Return the line, from 0, on which the fault is, and what to do about it.

    The parser tells where it could not go on, which may be far below; the fault is looked for from there upwards.
    """
    lines = text.split("\n")
    here = min(error.problem_mark.line if error.problem_mark else 0, max(len(lines) - 1, 0))
    began = min(error.context_mark.line, here) if error.context_mark and error.context else here
    for number in range(here + 1):
        if re.match(r" *\t", lines[number]):
            return number, "a tab can't indent in YAML; use spaces"
    if "scalar" in str(error.context) and "quoted" in str(error.context):
        return began, f"the quote that begins here is never closed; end it with {_quote_of(lines[began])}"
    if "flow" in str(error.context):
        while began and not any(one in lines[began] for one in _WHAT):
            began -= 1  # the parser stops where the next value would have begun
        bracket = next((one for one in _WHAT if one in lines[began]), "[")
        return began, f"the {bracket} here is never closed, or a comma is missing; end it with {_WHAT[bracket]}"
    line = lines[here]
    found = _KEY.match(line)
    value = (found["value"] or "") if found else ""
    if found and value[:1] and value[:1] in _SPECIAL and "mapping values" not in str(error.problem):
        return here, f"a value that begins with {value[0]} needs quotes; write {found['key']}: {_quoted(value)}"
    if "mapping values" in str(error.problem):
        return _explain_colon(lines, here)
    if "block" in str(error.context) or "expected <block end>" in str(error.problem):
        return here, "this line is indented otherwise than those it belongs to; give them the same indent"
    return here, f"not valid YAML: {error.problem}; fix it there"


def _explain_colon(lines: list[str], here: int) -> tuple[int, str]:
    """Tell a line that is indented too far from a value that holds a colon, and from two keys on one line."""
    line, above = lines[here], lines[here - 1] if here else ""
    first = re.match(r"^(\s*)([\w. -]+?):\s+(.*)$", line)
    if first and re.search(r":(\s|$)", first[3]):
        if re.fullmatch(r"[A-Za-z_][\w-]*:\s+\S+", first[3]):
            return here, f"two keys on one line; put {first[3].split(':')[0]}: on a line of its own, indented further"
        return here, f"a value with a colon in it needs quotes; write {first[2]}: {_quoted(first[3])}"
    if above.strip() and _indent(line) > _indent(above):
        return here, "this line is indented otherwise than the one above it; give them the same indent"
    return here, "a colon where none can stand; put the value in quotes"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _quote_of(line: str) -> str:
    found = re.search(r"""[:\[,-]\s*(["'])""", line)
    return found[1] if found else '"'


def _quoted(value: str) -> str:
    value = value.strip()
    return f"'{value}'" if '"' in value or "\\" in value else f'"{value}"'
