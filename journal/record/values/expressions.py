"""What a value names: one name, or simple arithmetic of names and numbers, and behind it how it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from journal.api.numbers import Number
from journal.errors import EntryError
from journal.record.values.formats import is_format
from journal.text.workspace import Amount

Named = Number | str
"""What a name stands for: a number with its unit, or a text."""
_TOKEN = re.compile(r"\s(?P<operator>[-+*/])\s|(?P<open>\()|(?P<close>\))|(?P<bracket>\[[^\]]*\]?)|.", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LONGEST_FORMAT = 4
"""Words: a spec, words or a unit, a language."""


@dataclass(frozen=True)
class Operation:
    """Two operands and the sign between them."""

    sign: str
    left: Expression
    right: Expression


Expression = Operation | str
"""An operation, or a name or number as written."""


def parse_call(call: str, knows: Callable[[str], bool]) -> tuple[Expression, str]:
    """Split what a value says into an expression and a format, such as "factors.KMO" and ".2f".

    Names may hold blanks, so as much as names something is taken for the name. Raises ``EntryError`` where it can't
    be read.
    """
    tokens = _tokens(" ".join(call.split()))
    *before, last = tokens
    if last[-2:].strip() in ("+", "-", "*", "/"):
        raise EntryError(f"'{call}': a name or number is missing at its end")
    if last == ")":
        raise_unless_even(tokens, call)
        return _parse(tokens, call), ""
    name, how = _cut(last, knows, is_behind_bracket=bool(before) and before[-1] == ")")
    rest = [*before, name] if name else before
    raise_unless_even(rest, call)
    return _parse(rest, call), how


def raise_unless_even(tokens: Sequence[str], call: str) -> None:
    """Raise ``EntryError`` where brackets do not pair."""
    if tokens.count("(") != tokens.count(")"):
        raise EntryError(f"'{call}': its brackets do not pair; write one ) for each (")


def compute(expression: Expression, find: Callable[[str], Named]) -> Named:
    """Return what an expression comes to. Raises ``EntryError`` where units or texts can't be computed with."""
    if isinstance(expression, str):
        return Number(float(expression)) if _NUMBER.fullmatch(expression) else find(expression)
    left, right = compute(expression.left, find), compute(expression.right, find)
    if isinstance(left, str) or isinstance(right, str):
        text = left if isinstance(left, str) else right
        raise EntryError(f"“{text}” is text; only numbers can be computed with")
    return _apply(expression.sign, left, right)


def _apply(sign: str, left: Number, right: Number) -> Number:
    digits = max((one.digits or 0 for one in (left, right)), default=0) or None
    if sign in "+-":
        other = _in_unit(right, left.unit) if right.unit != left.unit else right.value
        return Number(left.value + other if sign == "+" else left.value - other, left.unit, digits)
    if sign == "*":
        if left.unit and right.unit:
            raise EntryError(f"{left.unit} times {right.unit} has no unit here; multiply by a bare number")
        return Number(left.value * right.value, left.unit or right.unit, digits)
    divisor = _in_unit(right, left.unit) if right.unit and left.unit else right.value
    if divisor == 0:
        raise EntryError("this divides by nought")
    if right.unit and not left.unit:
        raise EntryError(f"a bare number divided by {right.unit} has no unit here; divide by a bare number")
    return Number(left.value / divisor, "" if right.unit else left.unit, figures=4)


def _in_unit(number: Number, unit: str) -> float:
    try:
        return Amount(number.value, number.unit).to(unit)
    except ValueError as error:
        raise EntryError(str(error)) from error


def _tokens(text: str) -> list[str]:
    """Return operators, brackets and what stands between them, at least one of it."""
    found: list[str] = []
    word = ""
    for match in _TOKEN.finditer(text):
        if match["operator"] or match["open"] or match["close"]:
            found += [word.strip()] if word.strip() else []
            found.append((match["operator"] or match["open"] or match["close"]).strip())
            word = ""
        else:
            word += match[0]
    return [*found, word.strip()] if word.strip() or not found else found


def _cut(text: str, knows: Callable[[str], bool], *, is_behind_bracket: bool) -> tuple[str, str]:
    """Split the last operand from the format behind it."""
    if is_behind_bracket:
        return "", _checked(text)
    words = _words(text)
    for count in range(min(len(words) - 1, _LONGEST_FORMAT) + 1):
        name, how = " ".join(words[: len(words) - count]), " ".join(words[len(words) - count :])
        if (_NUMBER.fullmatch(name) or knows(name)) and (not how or is_format(how)):
            return name, how
    for count in range(min(len(words) - 1, _LONGEST_FORMAT), -1, -1):  # an unknown name; the format is taken off it
        name, how = " ".join(words[: len(words) - count]), " ".join(words[len(words) - count :])
        if not how or is_format(how):
            return name, how
        if knows(name):
            return name, _checked(how)
    return text, ""


def _words(text: str) -> list[str]:
    """Return the words of a text; what stands in square brackets holds together."""
    return re.findall(r"(?:\[[^\]]*\]?|\S)+", text)


def _checked(how: str) -> str:
    if not is_format(how):
        raise EntryError(
            f"'{how}' is no format; write %, a unit, words, a language such as de, or Python's such as .2f"
        )
    return how


def _parse(tokens: Sequence[str], call: str) -> Expression:
    """Return tokens as an expression: times and divided by before plus and minus, from left to right."""
    rest = list(tokens)
    found = _sum(rest, call)
    if rest:
        raise EntryError(f"'{call}': '{rest[0]}' is not expected there; put a blank on both sides of + - * /")
    return found


def _sum(rest: list[str], call: str) -> Expression:
    found = _product(rest, call)
    while rest and rest[0] in ("+", "-"):
        sign = rest.pop(0)
        found = Operation(sign, found, _product(rest, call))
    return found


def _product(rest: list[str], call: str) -> Expression:
    found = _operand(rest, call)
    while rest and rest[0] in ("*", "/"):
        sign = rest.pop(0)
        found = Operation(sign, found, _operand(rest, call))
    return found


def _operand(rest: list[str], call: str) -> Expression:
    if not rest or rest[0] in ("+", "-", "*", "/", ")"):
        raise EntryError(f"'{call}': a name or number is missing {f'before {rest[0]}' if rest else 'at its end'}")
    token = rest.pop(0)
    if token != "(":
        return token
    found = _sum(rest, call)
    if not rest or rest.pop(0) != ")":
        raise EntryError(f"'{call}': its brackets do not pair; write one ) for each (")
    return found
