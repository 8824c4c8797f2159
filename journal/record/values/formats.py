"""How a value is written: digits, per cent, a unit, words, or as another language writes numbers."""

from __future__ import annotations

import re

from journal.api.numbers import Number, format_number
from journal.errors import EntryError
from journal.text.workspace import Amount

_SPEC = re.compile(r"[+ ]?0?\d*[,_]?(?:\.\d+)?[eEfFgGd%]?")
_UNIT = re.compile(r"%|[A-Za-zµ°€£$][\w/²³°]{0,11}")
_TIMES = ("s", "min", "h")
_SMALL = [
    *["nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
    *["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_LARGE = ((1_000_000, "million"), (1_000, "thousand"))
_LARGEST = 999_999_999


def is_format(text: str) -> bool:
    """Return whether a text says how a number is written."""
    try:
        write_number(Number(1.0, _unit_of(text)), text)
    except EntryError:
        return False
    return True


def write_number(number: Number, how: str) -> str:
    """Return a number as a format asks for it; without one, its digits as the report shows them.

    ``how`` is up to one of each: Python's format (``.3f``), ``%`` or a unit, ``words``, a language (``de``). Raises
    ``EntryError`` where it is none of these, or the number has no such unit.
    """
    spec, unit, in_words, language = _read(how)
    if in_words:
        return _in_words(number if not unit else _converted(number, unit))
    found = _converted(number, unit) if unit else number
    text = _digits(found, spec)
    text = _localised(text, language) if language else text
    return f"{text} {unit}" if unit else text


def _read(how: str) -> tuple[str, str, bool, str]:
    spec, unit, in_words, language = "", "", False, ""
    for word in how.split():
        if word == "words" and not in_words:
            in_words = True
        elif not spec and word != "%" and _SPEC.fullmatch(word) and _is_spec(word):
            spec = word
        elif not language and _is_language(word):
            language = word
        elif not unit and _UNIT.fullmatch(word):
            unit = word
        else:
            raise EntryError(f"'{word}' is no format; write %, a unit, words, a language such as de, or Python's .2f")
    if in_words and (spec or language):
        raise EntryError("words are written without digits and in English; leave the rest of the format out")
    return spec, unit, in_words, language


def _unit_of(how: str) -> str:
    """Return the unit that a format names, so that a number of it can be written for a trial."""
    units = [word for word in how.split() if word not in ("words", "%") and _UNIT.fullmatch(word)]
    units = [word for word in units if not _is_language(word) and not _is_spec(word)]
    return units[0] if units else ""


def _is_spec(word: str) -> bool:
    if not re.search(r"\d|[,_%]", word):
        return False
    try:
        format(1.0, word)
    except ValueError:
        return False
    return True


def _is_language(word: str) -> bool:
    if not re.fullmatch(r"[a-z]{2}(?:[_-][A-Z]{2})?", word):
        return False
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(word.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _converted(number: Number, unit: str) -> Number:
    """Return a number in a unit; digits are the report's only where the unit is."""
    if unit == number.unit:
        return number
    if unit == "%" and not number.unit:
        return Number(100 * number.value, "%", figures=4)
    if unit in _TIMES and number.unit in _TIMES:
        return Number(Amount(number.value, number.unit).to(unit), unit, figures=4)
    if not number.unit:  # a count's noun, such as "clips", is the author's
        return Number(number.value, unit, number.digits, number.figures)
    raise EntryError(f"it is in {number.unit}, which can't be written in {unit}")


def _digits(number: Number, spec: str) -> str:
    value = float(number.value)
    if spec.endswith("%"):
        return format(value / 100 if number.unit == "%" else value, spec)
    if spec:
        return format(round(value) if spec.endswith("d") else value, spec)
    if number.figures is None and number.digits is None and value == int(value):
        return format_number(int(value))
    return str(Number(value, "", number.digits, number.figures))


def _localised(text: str, language: str) -> str:
    """Return digits with the signs that a language writes between them."""
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = language.replace("-", "_")
    signs = {".": get_decimal_symbol(locale), ",": get_group_symbol(locale)}
    return "".join(signs.get(sign, sign) for sign in text)


def _in_words(number: Number) -> str:
    """Return a whole number in English words, as far as people write them."""
    value = float(number.value)
    if value != round(value) or abs(value) > _LARGEST:
        raise EntryError(f"{format_number(value)} can't be written in words; only whole numbers can")
    words = _spelled(abs(int(value)))
    return f"minus {words}" if value < 0 else words


def _spelled(value: int) -> str:
    for size, name in _LARGE:
        if value >= size:
            rest = value % size
            joint = " and " if 0 < rest < 100 else " "
            return f"{_spelled(value // size)} {name}" + (f"{joint}{_spelled(rest)}" if rest else "")
    if value >= 100:
        rest = value % 100
        return f"{_SMALL[value // 100]} hundred" + (f" and {_spelled(rest)}" if rest else "")
    if value >= 20:
        tens, ones = divmod(value, 10)
        return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")
    return _SMALL[value]
