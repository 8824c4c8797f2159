"""Compares the numbers in an author's prose with the reports of the same entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import floor, log10

from journal.api.item import numbers_of
from journal.api.numbers import NamedNumber, format_number
from journal.api.report import Report
from journal.record import Record
from journal.record.ledger import Ledger, read_ledgers
from journal.text.blocks import find_blocks
from journal.text.entry import Entry
from journal.text.workspace import Amount

_NUMBER = re.compile(
    r"(?<![\w./#:-])(?P<number>[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    r"(?:\s?(?P<unit>%|percent\b|per cent\b|minutes?\b|mins?\b|seconds?\b|secs?\b|s\b|hours?\b|h\b))?(?![\w/]|[.:-]\d)"
)
_UNITS = {"%": "%", "percent": "%", "per cent": "%", "m": "min", "s": "s", "h": "h"}
_WORDS = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.)\s)")
_NOT_PROSE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[^\n]*$|`[^`\n]+`|<!--.*?-->|<[^>\n]+>|!?\[[^\]\n]*\]\([^)\s]*\)"
    r"|https?://\S+|^#+ [^\n]*$|\d{4}-\d{2}-\d{2}",
    re.MULTILINE | re.DOTALL,
)
_FILLER = {
    "a",
    "an",
    "and",
    "at",
    "by",
    "for",
    "from",
    "in",
    "is",
    "it",
    "of",
    "on",
    "or",
    "per",
    "s",
    "the",
    "to",
    "variable",
}
NEAR = 0.1
"""How close (relative) a typed number has to be to a reported one to be taken to mean it."""
BESIDE = 2
"""Within how many words of a whole number one that names it has to be."""
CARRIED = 2e-4
"""The relative error allowed with four or more digits, for results computed from rounded numbers."""


@dataclass(frozen=True)
class Fact:
    """A reported number and the words that name it."""

    step: str
    labels: tuple[frozenset[str], ...]
    """The sentence has to contain words of each label: a row's and a column's, or a metric's."""
    value: float
    unit: str
    name: str


@dataclass(frozen=True)
class Typed:
    """A number in prose, as written."""

    text: str
    value: float
    digits: int
    """How many decimals were typed."""
    unit: str
    line: int
    words: frozenset[str]
    """The words of its sentence, in lower case."""
    around: frozenset[str]
    """The words next to it."""

    @property
    def half(self) -> float:
        """Half a unit of the last typed digit: the largest rounding error."""
        return float(0.5 * 10.0**-self.digits) * (1 + 1e-9)


@dataclass(frozen=True)
class Finding:
    """A typed number that differs from the reported number it refers to."""

    typed: Typed
    fact: Fact
    true: str

    def sentence(self, shown: str) -> str:
        place = f"{shown}:{self.typed.line}"
        return f"{place}: typed {self.typed.text}, but step '{self.fact.step}' says {self.true} ({self.fact.name})"

    def as_data(self, shown: str) -> dict[str, object]:
        """Return the finding as plain data."""
        means = {"step": self.fact.step, "name": self.fact.name, "value": self.fact.value, "unit": self.fact.unit}
        return {"file": shown, "line": self.typed.line, "typed": self.typed.text, "true": self.true, "means": means}


def check_entry(entry: Entry, record: Record) -> list[Finding]:
    """Compare the numbers in an entry's prose with its reports, and return those that are wrong.

    A typed number may refer to any reported number whose naming words all appear in its sentence. It is right if it
    equals one of them at the precision typed, with the right unit. It is wrong if it equals none but is near one: the
    same digits with the decimal point elsewhere, one digit changed or two swapped, or within a tenth; or the same
    number with another unit. Any other number refers to nothing and is left alone.
    """
    facts = list(read_facts(entry, record))
    findings = (_judge(typed, facts) for typed in typed_numbers(entry))
    return [finding for finding in findings if finding]


def read_facts(entry: Entry, record: Record) -> Iterator[Fact]:
    """Yield the numbers in the reports beside an entry, and the totals of the ledgers they add to."""
    ledgers = read_ledgers(record)
    for step in entry.steps:
        if found := record.find(entry, step.id):
            yield from _facts_of(step.id, found.report)
            for name in dict.fromkeys(total.ledger for total in found.totals):
                yield from _ledger_facts(step.id, ledgers.ledger(name), entry.day)


def typed_numbers(entry: Entry) -> Iterator[Typed]:
    """Yield the numbers in an entry's own sentences, excluding blocks, code, links, headings and dates."""
    prose = _blank_out(entry)
    position = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(prose)), len(prose)]:
        sentence = prose[position:end]
        words = frozenset(word.lower() for word in _WORDS.findall(sentence))
        for match in _NUMBER.finditer(sentence):
            line = prose.count("\n", 0, position + match.start()) + 1
            yield _typed(match, line, words, _around(sentence, match))
        position = end


def _judge(typed: Typed, facts: list[Fact]) -> Finding | None:
    meant = [fact for fact in facts if all(_stands_in(label, typed.words) for label in fact.labels)]
    forms = [(fact, form) for fact in meant for form in _forms(fact)]
    if any(_equal(typed, value) and _units_agree(typed.unit, unit) for _, (value, unit) in forms):
        return None
    near = [(fact, form) for fact, form in forms if _is_near(typed, *form) and _is_about(typed, fact)]
    if not near:
        return None
    fact, (value, unit) = min(near, key=lambda one: (one[1][0] != one[0].value, *_distance(typed, *one[1])))
    return Finding(typed, fact, f"{_told(typed, value)} {unit}".strip())


def _forms(fact: Fact) -> list[tuple[float, str]]:
    """Return a fact's value in every unit it may be typed in."""
    forms = [(fact.value, fact.unit)]
    if fact.unit == "%":
        forms.append((fact.value / 100, ""))
    if fact.unit in ("s", "min", "h"):
        amount = Amount(fact.value, fact.unit)
        forms += [(amount.to(unit), unit) for unit in ("s", "min", "h") if unit != fact.unit]
    return forms


def _equal(typed: Typed, value: float) -> bool:
    """Return whether a typed number is this value, rounded as typed; its sign may be left to the wording."""
    carried = CARRIED * abs(value) if len(_significant(typed.text)) >= 4 else 0.0
    return min(abs(typed.value - value), abs(typed.value - abs(value))) <= max(typed.half, carried)


def _units_agree(typed: str, true: str) -> bool:
    return typed in ("", true) or (typed != "%" and true not in ("%", "s", "min", "h"))


def _is_near(typed: Typed, value: float, unit: str) -> bool:
    """Return whether a typed number that differs from this value was probably meant to be it."""
    if typed.value == 0 or value == 0 or (typed.unit and typed.unit != unit):
        return _equal(typed, value) and typed.unit == "%" != unit
    digits = _significant(typed.text)
    if len(digits) < 2:
        return False
    slipped = any(_equal(_slip(typed, power), value) for power in (-3, -2, -1, 1, 2, 3))
    close = abs(typed.value - value) <= NEAR * abs(value)
    return slipped or close or (len(digits) >= 3 and _is_misspelt(digits, _leading(value, len(digits))))


def _is_about(typed: Typed, fact: Fact) -> bool:
    """Return whether a whole number is next to a word that names the fact, since many count something else."""
    return bool(typed.digits or typed.unit) or any(_touches(label, typed.around) for label in fact.labels)


def _slip(typed: Typed, power: int) -> Typed:
    """Return a typed number with its decimal point moved."""
    return replace(typed, value=typed.value * 10.0**power, digits=typed.digits - power)


def _is_misspelt(typed: str, true: str) -> bool:
    """Return whether one digit was changed or two adjacent digits were swapped."""
    wrong = [index for index, (one, other) in enumerate(zip(typed, true, strict=True)) if one != other]
    if len(wrong) == 1:
        return True
    swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1
    return swapped and typed[wrong[0]] == true[wrong[1]] and typed[wrong[1]] == true[wrong[0]]


def _significant(text: str) -> str:
    return re.sub(r"\D", "", text.split("%")[0]).lstrip("0")


def _leading(value: float, count: int) -> str:
    """Return the first ``count`` significant digits of a value, rounded."""
    return f"{abs(value):.{count - 1}e}".split("e")[0].replace(".", "")


def _distance(typed: Typed, value: float, unit: str) -> tuple[bool, float]:
    return typed.unit != unit, abs(log10(abs(typed.value) or 1e-12) - log10(abs(value) or 1e-12))


def _told(typed: Typed, value: float) -> str:
    """Format the true value with three significant digits, and at least as many decimals as were typed."""
    if value == round(value) and not typed.digits:
        return str(round(value))
    return format_number(value, max(typed.digits, 2 - floor(log10(abs(value))) if value else 0))


def _stands_in(label: frozenset[str], words: frozenset[str]) -> bool:
    return bool(label) and all(_touches(frozenset({word}), words) for word in label)


def _touches(label: frozenset[str], words: frozenset[str]) -> bool:
    """Return whether one of a label's words is present, singular or plural."""
    return any(word in words or f"{word}s" in words or word.removesuffix("s") in words for word in label)


def _around(sentence: str, match: re.Match[str]) -> frozenset[str]:
    before, after = _WORDS.findall(sentence[: match.start()]), _WORDS.findall(sentence[match.end() :])
    return frozenset(word.lower() for word in before[-BESIDE:] + after[:BESIDE])


def _typed(match: re.Match[str], line: int, words: frozenset[str], around: frozenset[str]) -> Typed:
    number = match["number"].replace(",", "").replace("−", "-")
    written = (match["unit"] or "").lower()
    unit = _UNITS.get(written) or _UNITS.get(written[:1], "")
    return Typed(match[0].strip(), float(number), len(number.partition(".")[2]), unit, line, words, around)


def _facts_of(step: str, report: Report) -> Iterator[Fact]:
    """Yield the numbers of a report's items."""
    for item in report.items:
        for found in numbers_of(item):
            yield Fact(
                step, tuple(map(_label, found.names)), float(found.number.value), found.number.unit, _name(found)
            )


def _name(found: NamedNumber) -> str:
    return ", ".join(found.names) + (f" in “{found.title}”" if found.title else "")


def _ledger_facts(step: str, ledger: Ledger, day: int) -> Iterator[Fact]:
    """Yield a ledger's running total, under its name and as "total", and its goal."""
    total, goal = ledger.until(day), ledger.goal
    for label in (_label(ledger.name), frozenset({"total"})):
        yield Fact(step, (label,), total, ledger.unit, f"total of {ledger.name} on day {day}")
        if goal is not None:
            yield Fact(step, (label,), goal, ledger.unit, f"goal of {ledger.name}")


def _label(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORDS.findall(name)) - _FILLER


def _blank_out(entry: Entry) -> str:
    """Return the entry's text with everything but prose blanked out, so that lines keep their numbers."""
    text = _blank(entry.text[: entry.body_start]) + entry.body
    for block in find_blocks(entry.text, entry.body_start, entry.display_path):
        text = text[: block.start] + _blank(text[block.start : block.end]) + text[block.end :]
    return _NOT_PROSE.sub(lambda match: _blank(match[0]), text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
