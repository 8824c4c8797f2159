"""Compares the numbers in an author's prose with the facts of the same entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from journal.api.numbers import Number
from journal.ask.prose.cues import adds_up, counts_some, is_computed, is_inexact, is_of_others, is_rough, leaves_a_rest
from journal.ask.prose.matching import Known, Match, matches_of
from journal.ask.prose.names import tokens_of
from journal.ask.prose.numerals import Numeral, read_numerals
from journal.ask.prose.order import turned_round
from journal.ask.prose.ranks import find_misorders
from journal.ask.prose.runs import Runs
from journal.ask.prose.sentences import Sentence, sentences_of
from journal.ask.prose.slips import Slip, equals, find_slip, is_square, told, told_of
from journal.record import Record
from journal.record.facts import Fact, Facts, former_facts, read_facts
from journal.text.entry import Entry

_MINUS = re.compile(r"[-−–]\d|\b(?:negativ\w*|minus|below zero|opposite|absolute|magnitude|size|sign)\b", re.IGNORECASE)
_WHOLE = {"all", "total", "overall"}
"""Names of wholes, which sentences put beside their parts: 1.2 million out of 135.7 million."""
_NO_NOUNS = {"and", "but", "for", "from", "with", "after", "before", "the", "was", "were", "are", "while", "thanks"}
_BESIDE = 24
"""Within how many characters of a whole number the name of what it counts has to be."""


@dataclass(frozen=True)
class Finding:
    """A typed number that differs from the fact it speaks of; ``sure`` if its sentence leaves no doubt which one."""

    line: int
    typed: str
    fact: Fact
    true: str
    slip: Slip
    sure: bool = True
    source: str = ""
    """Whose number it is instead: a neighbour's, or an earlier day's."""

    def sentence(self, shown: str) -> str:
        place = f"{shown}:{self.line}"
        says = f"step '{self.fact.step}' says {self.true} ({self.fact.called})"
        if not self.sure:
            return f"{place}: typed {self.typed}; which one is this? {says}"
        return f"{place}: typed {self.typed}, but {says}" + (f"; that is {self.source}" if self.source else "")

    def as_data(self, shown: str) -> dict[str, object]:
        """Return the finding as plain data."""
        means = {
            "step": self.fact.step,
            "name": self.fact.called,
            "address": self.fact.address,
            "value": self.fact.value,
            "unit": self.fact.unit,
        }
        place = {"file": shown, "line": self.line, "typed": self.typed, "true": self.true}
        return {**place, "slip": self.slip.value, "sure": self.sure, "means": means}


def check_entry(entry: Entry, record: Record) -> list[Finding]:
    """Compare the numbers in an entry's prose with its facts, and return those that are wrong or in doubt.

    Each number is tied to the names that its clause speaks of. It is right if it is one of the facts so named, at the
    precision typed and in any unit that converts. It is wrong if it is none of them and differs from one as slips
    do. Where the names leave open which fact is meant, it is only asked about. Any other number is left alone.
    """
    known = Known(read_facts(entry, record), former_facts(entry, record), Runs(entry.steps))
    return [found for sentence in sentences_of(entry) for found in _check_sentence(sentence, known, entry.day)]


def meant_facts(entry: Entry, record: Record) -> Iterator[tuple[int, Numeral, Fact]]:
    """Yield the numbers in an entry's prose that are right and speak of one fact, with where their sentence begins."""
    known = Known(read_facts(entry, record), Facts(), Runs(entry.steps))
    for sentence in sentences_of(entry):
        numerals = _shared_units(sentence.text, read_numerals(sentence.text))
        if not numerals or is_of_others(sentence.text, entry.day):
            continue
        mentions = known.names.find(tokens_of(sentence.text))
        for index, number in enumerate(numerals):
            matches = [one for one in matches_of(numerals, index, mentions, known, sentence.text) if one.is_bound]
            least = 3 if number.is_whole and not number.unit else 2  # whole numbers agree by chance
            matches = [one for one in matches if one.strength >= least and _counts(number, one)]
            right = [one for one in matches if equals(number, number.unit, one.fact.number)]
            if right and not is_inexact(sentence.text, number):
                yield sentence.offset, number, max(right, key=lambda one: one.rank).fact


def check_lines(found: Sequence[tuple[Entry, Finding]]) -> list[str]:
    """Return the findings as lines: what is wrong, and then in a list of its own what is in doubt."""
    wrong = [one.sentence(entry.display_path) for entry, one in found if one.sure]
    asked = [one.sentence(entry.display_path) for entry, one in found if not one.sure]
    if asked:
        asked.insert(0, "In doubt; if it is right, settle it with <!-- check: ok --> after the sentence:")
    return (wrong or ["no typed number differs"]) + asked


def _check_sentence(sentence: Sentence, known: Known, day: int) -> Iterator[Finding]:
    if is_of_others(sentence.text, day):
        return
    numerals = _shared_units(sentence.text, read_numerals(sentence.text))
    mentions = known.names.find(tokens_of(sentence.text))
    for one in find_misorders(sentence.text, mentions, known.cells):
        true = f"{one.true.names[0]} {told_of(one.true.number)}, {one.said.names[0]} {told_of(one.said.number)}"
        yield Finding(sentence.line_of(one.start), one.word, one.said, true, Slip.ORDER)
    turned = {number: (begun, ended) for number, begun, ended in turned_round(sentence.text, numerals, known.facts)}
    for index, number in enumerate(numerals):
        if number in turned:
            begun, ended = turned[number]
            found = _finding(number, begun, Slip.NEIGHBOUR, source=ended.called)
            yield replace(found, line=sentence.line_of(number.start))
            continue
        if is_computed(sentence.text, number):
            continue
        rough = is_rough(sentence.text, number)
        if is_inexact(sentence.text, number) and not rough:
            continue
        matches = list(matches_of(numerals, index, mentions, known, sentence.text))
        judged = _judge(number, matches, known, sentence.text)
        if judged and (not rough or (judged.sure and judged.slip == Slip.FACTOR)):
            yield replace(judged, line=sentence.line_of(number.start))


def _shared_units(text: str, numerals: list[Numeral]) -> list[Numeral]:
    """Give a number without a unit the one that follows in its list: "0.09 and 99.90 %"."""
    for index in range(len(numerals) - 2, -1, -1):
        one, other = numerals[index], numerals[index + 1]
        if not one.unit and other.unit and text[one.end : other.start].strip(" -−") in ("and", "or", ",", "to", "of"):
            numerals[index] = replace(one, unit=other.unit)
    return numerals


def _judge(number: Numeral, matches: list[Match], known: Known, text: str) -> Finding | None:
    ruled_out = known.runs.ruled_out(text, number.start)
    bound = [one for one in matches if one.is_bound]
    most = max((len(one.ties) for one in bound if one.strength >= 2), default=0)
    possible = [one for one in matches if one.is_possible and len(one.ties) >= most]
    if right := [one for one in bound if equals(number, number.unit, one.fact.number)]:
        return _without_sign(number, right, text)
    if any(equals(number, number.unit, other) for one in bound for other in _parts_and_rests(one.fact, known, text)):
        return None
    if found := _stale(number, bound, known) or _neighbour(number, bound, known):
        return found
    if found := _of_another_run(number, bound, known, ruled_out) or _of_another_title(number, bound, known, text):
        return found
    if any(equals(number, number.unit, one.fact.number) and _counts(number, one) for one in possible):
        return None
    if any(is_square(number, one.fact.number) for one in possible):
        return None
    if sure := _slips(number, [one for one in bound if one.strength >= 2]):
        return sure
    if not adds_up(text) and (other := _another_number(number, bound) or _another_count(number, bound, text)):
        return other
    found = _slips(number, [one for one in possible if _names_a_class(one) and _may_count(number, one.fact, text)])
    return replace(found, sure=_is_unlikely(number, found.slip)) if found else None


def _another_number(number: Numeral, bound: list[Match]) -> Finding | None:
    """Return the slip of a number of several figures that is said of one fact beyond doubt, and isn't it."""
    firm = [one for one in bound if one.strength == 3 and one.part == 1 and one.fact.unit == number.unit]
    if (
        len({one.fact for one in firm}) != 1
        or number.is_whole
        or not any(len(one.figures) >= 3 for one in number.readings)
    ):
        return None
    return _finding(number, firm[0].fact, Slip.OTHER)


def _another_count(number: Numeral, bound: list[Match], text: str) -> Finding | None:
    """Return the slip of a count that stands right before what it counts, where nothing says that it is only some."""
    if not number.is_whole or number.unit or counts_some(text):
        return None
    firm = [
        one for one in bound
        if one.strength == 3 and one.part == 1 and len(one.fact.names) == 1 and one.fact.place >= 0
        and re.match(rf"\s+{re.escape(one.fact.names[0])}\b", text[number.end :], re.IGNORECASE)
    ]  # fmt: skip
    return _finding(number, firm[0].fact, Slip.OTHER) if len({one.fact for one in firm}) == 1 else None


def _parts_and_rests(fact: Fact, known: Known, text: str) -> Iterator[Number]:
    """Yield what may be said beside a fact: the ends of its interval, and what of 100 % it leaves."""
    if len(fact.names) == 3:
        cells = known.cells.get((fact.step, fact.place), ())
        yield from (other.number for other in cells if other.names[:2] == fact.names[:2])
    if fact.unit == "%" and 0 < fact.value < 100 and leaves_a_rest(text):
        yield replace(fact.number, value=100 - fact.value)


def _without_sign(number: Numeral, right: list[Match], text: str) -> Finding | None:
    """Return the slip of a number that is right but for the minus sign, which no word of its sentence stands for."""
    is_positive = all(reading.value > 0 for reading in number.readings)
    if is_positive and all(one.fact.value < 0 and one.strength == 3 for one in right) and not _MINUS.search(text):
        return _finding(number, right[0].fact, Slip.SIGN)
    return None


def _counts(number: Numeral, match: Match) -> bool:
    """Return whether a whole number stands beside what it counts."""
    return not number.is_whole or bool(number.unit) or match.distance <= _BESIDE


def _names_a_class(match: Match) -> bool:
    """Return whether a column or metric is named and only the row is left open."""
    return match.strength >= 2 and match.missing <= 1 and match.part >= 0.5


def _may_count(number: Numeral, fact: Fact, text: str) -> bool:
    """Return whether what stands right after a whole number, such as "pairs", is in the names of a fact."""
    noun = re.match(r"\s+([^\W\d]{3,})", text[number.end :]) if number.is_whole and not number.unit else None
    if noun is None or noun[1].lower() in _NO_NOUNS:
        return True
    stem = tokens_of(noun[1])[0].stem
    return any(token.stem == stem for name in (*fact.names, fact.title) for token in tokens_of(name))


def _is_unlikely(number: Numeral, slip: Slip) -> bool:
    """Return whether a number is a digit or a power of ten away from a fact, and too long for that to be chance."""
    return slip in (Slip.DIGITS, Slip.FACTOR) and any(len(one.figures) >= 3 for one in number.readings)


def _slips(number: Numeral, matches: list[Match]) -> Finding | None:
    """Return the likeliest slip, the fact with the most ties first."""
    found = [
        (one, slip)
        for one in matches
        if _counts(number, one) and (slip := find_slip(number, number.unit, one.fact.number))
    ]
    if not found:
        return None
    one, slip = max(found, key=lambda pair: (pair[0].rank, -list(Slip).index(pair[1])))
    return _finding(number, one.fact, slip)


def _neighbour(number: Numeral, bound: list[Match], known: Known) -> Finding | None:
    """Return the slip of a number that is the one of the row or column next to what its clause speaks of."""
    for one in sorted(bound, key=lambda one: one.rank, reverse=True):
        if one.strength < 2 or len(one.fact.names) < 2:
            continue
        firm = {name for tie in one.ties if tie.strength == 3 for name in tie.names}
        for other in known.cells.get((one.fact.step, one.fact.place), ()):
            differ = [own for own, its in zip(one.fact.names, other.names, strict=False) if own != its]
            is_near = len(differ) == 1 and differ[0] in firm and not _WHOLE & {name.lower() for name in other.names}
            if is_near and _is_telling(number) and equals(number, number.unit, other.number):
                return _finding(number, one.fact, Slip.NEIGHBOUR, source=f"{other.called}")
    return None


def _of_another_run(number: Numeral, bound: list[Match], known: Known, ruled_out: frozenset[str]) -> Finding | None:
    """Return the slip of a number that is that of a step which its sentence does not speak of."""
    for one in sorted(bound, key=lambda one: one.rank, reverse=True):
        for other in known.facts:
            same = other.step in ruled_out and (other.names, other.title) == (one.fact.names, one.fact.title)
            if same and one.strength >= 2 and _is_telling(number) and equals(number, number.unit, other.number):
                return _finding(number, one.fact, Slip.NEIGHBOUR, source=f"step '{other.step}' of the same task")
    return None


def _of_another_title(number: Numeral, bound: list[Match], known: Known, text: str) -> Finding | None:
    """Return the slip of a number that is that of another text or table than its sentence names: zero-shot's."""
    others, typed = known.titles.ruled_out(text), read_numerals(text)
    for one in sorted(bound, key=lambda one: one.rank, reverse=True):
        if one.strength < 2 or any(equals(each, each.unit, one.fact.number) for each in typed):
            continue  # "84 % instead of 33 %" compares the two
        for other in known.facts:
            same = other.step == one.fact.step and other.names == one.fact.names and other.title != one.fact.title
            is_other = same and (other.step, other.title) in others
            is_clear = _is_telling(number) or (one.strength == 3 and _counts(number, one))
            if is_other and is_clear and equals(number, number.unit, other.number):
                return _finding(number, one.fact, Slip.NEIGHBOUR, source=f"{other.called}")
    return None


def _stale(number: Numeral, bound: list[Match], known: Known) -> Finding | None:
    """Return the slip of a number that was right on an earlier day."""
    for one in sorted(bound, key=lambda one: one.rank, reverse=True):
        for former in known.former:
            same = former.step == one.fact.step and former.names == one.fact.names and former.title == one.fact.title
            if same and _is_telling(number) and _counts(number, one) and equals(number, number.unit, former.number):
                return _finding(number, one.fact, Slip.STALE, source=f"day {former.day}'s")
    return None


def _is_telling(number: Numeral) -> bool:
    return any(len(reading.figures) >= 2 for reading in number.readings)


def _finding(number: Numeral, fact: Fact, slip: Slip, *, source: str = "") -> Finding:
    return Finding(0, number.text, fact, told(number, number.unit, fact.number), slip, source=source)
