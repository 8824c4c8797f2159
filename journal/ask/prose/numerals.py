"""Typed numbers, read as people write them: decimal commas, thousands, powers of ten, units, millions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

UNITS = {
    "%": "%", "percent": "%", "per cent": "%", "pct": "%",
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "m": "m", "min": "min", "mins": "min", "minute": "min", "minutes": "min",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
}  # fmt: skip
SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_OTHER_UNITS = r"k?Hz|kHz|km|cm|mm|kg|g|dB|[kMG]i?B|px|bits?|ms|°C|€|degrees"
_POWERS = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_NUMBER = re.compile(
    r"(?<![\w/#@$€£])(?<![\d][.,:/-])(?<![A-Za-z]-)"
    r"(?P<sign>(?:minus |[-−–])?)"
    r"(?P<digits>\d{1,3}(?:[,.\u2009\u202f ]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?P<power>[eE][-+−]?\d+| ?[×x·] ?10(?:\^[-−]?\d+|[⁻⁰¹²³⁴-⁹]+))?"
    r"(?![\w/]|[.,:]\d)"
    r"(?P<scale> (?:thousand|million|billion)\b)?"
    rf"(?:[ \u00a0\u202f-]?(?P<unit>%|(?:percent|per cent|pct|seconds?|secs?|minutes?|mins?|hours?|hrs?|[smh])\b)"
    rf"|[ \u00a0]?(?P<other>(?:{_OTHER_UNITS})(?![\w])))?",
)
_PLACES = re.compile(
    r"\b(?:chapters?|sections?|figures?|fig\.|tables?|pages?|p\.|pp\.|parts?|days?|versions?|v|lectures?|lessons?|"
    r"exercises?|weeks?|step|no\.|number|question|seed|python|torch|numpy|room|episode|equation|eq\.|layer|line)\s*$",
    re.IGNORECASE,
)
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
         "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: number for number, word in enumerate(_ONES, 1)} | {
    word: 10 * number for number, word in enumerate(_TENS, 2)
}
_WORDS = re.compile(
    rf"\b(?:({'|'.join(_TENS)})(?:[- ]({'|'.join(_ONES[:9])})\b)?|({'|'.join(_ONES[1:])}))\b"
    r"(?! (?:hundred|thousand|million|billion|something|odd|or)\b)"
    r"(?: (?P<unit>percent|per cent|seconds?|minutes?|hours?)\b)?",
    re.IGNORECASE,
)
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@dataclass(frozen=True)
class Reading:
    """One way to read a typed number: its value, and how large one unit of its last typed digit is."""

    value: float
    step: float
    figures: str
    """Its significant digits."""


@dataclass(frozen=True)
class Numeral:
    """A number as typed, with the ways it can be read: 9,966 is nearly ten, or nearly ten thousand."""

    text: str
    start: int
    end: int
    """Where it stands in its sentence, without its unit."""
    unit: str
    """Its unit as reports write it; "m" may be metres or minutes."""
    readings: tuple[Reading, ...]

    @property
    def is_whole(self) -> bool:
        return all(reading.step >= 1 for reading in self.readings)


def read_numerals(sentence: str) -> list[Numeral]:
    """Return the quantities typed in a sentence, leaving out labels, ordinals, years, times, versions and references.

    Numbers from two on may be in words.
    """
    found = [*_in_digits(sentence), *_in_words(sentence)]
    return sorted(found, key=lambda one: one.start)


def _in_words(sentence: str) -> Iterator[Numeral]:
    for match in _WORDS.finditer(sentence):
        tens, ones = _VALUES[(match[1] or match[3]).lower()], _VALUES[match[2].lower()] if match[2] else 0
        unit = UNITS.get((match["unit"] or "").lower(), "")
        reading = Reading(float(tens + ones), 1.0, str(tens + ones))
        yield Numeral(match[0].strip(), match.start(), max(match.end(1), match.end(2), match.end(3)), unit, (reading,))


def _in_digits(sentence: str) -> Iterator[Numeral]:
    for match in _NUMBER.finditer(sentence):
        if not _is_quantity(sentence, match):
            continue
        unit = UNITS.get((match["unit"] or "").lower(), match["other"] or "")
        readings = tuple(_readings(match))
        yield Numeral(match[0].strip(" –"), match.start("digits"), match.end("digits"), unit, readings)


def _is_quantity(sentence: str, match: re.Match[str]) -> bool:
    before, after = sentence[: match.start("digits")], sentence[match.end() :]
    bare = match["digits"].isdigit() and not (match["unit"] or match["other"])
    if bare and _PLACES.search(before):
        return False
    if re.match(r"(?:st|nd|rd|th)\b", sentence[match.end("digits") :]):
        return False
    if bare and 1900 <= int(match["digits"]) < 2100 and re.search(r"\b(?:in|since|from|by|of|until)\s$", before):
        return False
    return not (bare and re.search(r"[²\w]\($", before) and after.startswith(")"))  # χ²(3)


def _readings(match: re.Match[str]) -> Iterator[Reading]:
    sign = -1.0 if match["sign"] and match["sign"] not in ("–",) else 1.0
    factor = _POWERS.get((match["scale"] or "").strip(), 1.0) * 10.0 ** _power(match["power"] or "")
    for plain in _plain_forms(match["digits"]):
        decimals = len(plain.partition(".")[2])
        figures = plain.replace(".", "").lstrip("0")
        yield Reading(sign * float(plain) * factor, 10.0**-decimals * factor, figures)


def _plain_forms(digits: str) -> list[str]:
    """Return the number with a decimal point alone; two forms where a comma or point may be either."""
    digits = re.sub(r"[\u2009\u202f ]", "", digits)
    marks = [mark for mark in digits if mark in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]
        return [digits.replace("." if decimal == "," else ",", "").replace(decimal, ".")]
    if len(marks) > 1:
        return [digits.replace(marks[0], "")]
    if marks == [","]:
        whole, _, rest = digits.partition(",")
        if len(rest) != 3 or whole == "0":
            return [f"{whole}.{rest}"]
        return [whole + rest, f"{whole}.{rest}"]
    return [digits]


def _power(text: str) -> int:
    plain = text.translate(_SUPERSCRIPTS).replace("−", "-")
    found = re.search(r"(?:^[eE]|10\^?)([-+]?\d+)$", plain)
    return int(found[1]) if found else 0
