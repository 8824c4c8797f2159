"""What a typed number speaks of: for each kind of name, the one that its clause ties to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from journal.ask.prose.names import Mention
from journal.ask.prose.numerals import Numeral

_BREAK = re.compile(r"[;,:.]|\b(?:and|while|but|whereas|then|or)\b")
_TIE = re.compile(r"^\W*(?:%|percent|per cent)?\s*(?:is )?(?:of|on|to|for|in|from|by)\b[^;,:.]{0,40}$")
_HEAD = re.compile(r"^\s*(?:of|for|in|on)\s+(?:(?!and\b|is\b|was\b)\w+\s+){0,2}$")
"""Between a name and one that only says whose it is: the length of all the clips."""
_COUNTED = re.compile(r"^(?:\s+[^\W\d]+)?\s+$")
_JOINT = re.compile(r"^[\s,()“”\"'%]*(?:(?:and|or|plus|then|&)\s*)?[\s(“\"']*(?:the |by |for |of |on )?[\s“\"']*$")


@dataclass(frozen=True)
class Tie:
    """The names, several where the same words say them, that a number is tied to, and how firmly.

    3 is beside it, 2 in its clause, 1 elsewhere in the sentence.
    """

    names: frozenset[str]
    strength: int
    distance: int = 0


def bind(numerals: Sequence[Numeral], index: int, mentions: Sequence[Mention], text: str) -> Tie | None:
    """Return which of the mentions, all of one kind of name, a number of a sentence speaks of."""
    if not mentions:
        return None
    if listed := _from_list(numerals, index, mentions, text):
        return Tie(_same_words(listed, mentions), 3)
    number = numerals[index]
    chosen, strength = _nearest(numerals, index, mentions, text)
    distance = max(chosen.start - number.end, number.start - chosen.end, 0)
    return Tie(_same_words(chosen, mentions), strength, distance)


def _nearest(numerals: Sequence[Numeral], index: int, mentions: Sequence[Mention], text: str) -> tuple[Mention, int]:
    """Return the mention that a number's own clause, or else its sentence, ties it to, and how firmly."""
    number = numerals[index]
    left_end = numerals[index - 1].end if index else 0
    right_end = numerals[index + 1].start if index + 1 < len(numerals) else len(text)
    after = [one for one in mentions if number.end <= one.start < right_end]
    before = [one for one in mentions if left_end <= one.start and one.end <= number.start]
    beside = next((one for one in after if number.is_whole and _COUNTED.match(text[number.end : one.start])), None)
    if beside and not number.unit:
        return beside, 3
    tied = next((one for one in after if _TIE.match(text[number.end : one.start])), None)
    if tied:
        return tied, 3
    if before:
        return _head(max(before, key=_last), before, text), 3
    close = next((one for one in after if not _BREAK.search(text[number.end : one.start])), None)
    if close:
        return close, 2
    earlier = [one for one in mentions if one.end <= number.start]
    if earlier:
        last = max(earlier, key=_last)
        return last, 2 if ";" not in text[last.end : number.start] else 1
    return min(mentions, key=lambda one: one.start), 2 if len({one.name for one in mentions}) == 1 else 1


def _head(chosen: Mention, mentions: Sequence[Mention], text: str) -> Mention:
    """Return the mention that a phrase is about: of "the length of all clips" the length."""
    for one in sorted(mentions, key=_last, reverse=True):
        if one.end <= chosen.start and one.name != chosen.name and _HEAD.match(text[one.end : chosen.start]):
            chosen = one
    return chosen


def _last(mention: Mention) -> tuple[int, int]:
    return mention.end, mention.end - mention.start


def _same_words(chosen: Mention, mentions: Sequence[Mention]) -> frozenset[str]:
    overlapping = (one for one in mentions if one.start < chosen.end and chosen.start < one.end)
    return frozenset(one.name for one in overlapping if one.part >= chosen.part)


def _from_list(numerals: Sequence[Numeral], index: int, mentions: Sequence[Mention], text: str) -> Mention | None:
    """Return the mention in the same place of a list: "Sleep and Mood are 0.648 and 0.559"."""
    first, last = _run(numerals, index, text)
    count = last - first + 1
    if count < 2:
        return None
    for group in _groups(mentions, text):
        if len(group) != count:
            continue
        ahead = group[-1].end <= numerals[first].start and not (first and numerals[first - 1].end > group[-1].end)
        behind = numerals[last].end <= group[0].start and not (
            last + 1 < len(numerals) and numerals[last + 1].start < group[0].start
        )
        if ahead or behind:
            return group[index - first]
    return None


def _run(numerals: Sequence[Numeral], index: int, text: str) -> tuple[int, int]:
    """Return the first and last of the numbers that follow each other with no more than commas and "and" between."""
    first = last = index
    while first and _JOINT.match(_between(numerals[first - 1], numerals[first], text)):
        first -= 1
    while last + 1 < len(numerals) and _JOINT.match(_between(numerals[last], numerals[last + 1], text)):
        last += 1
    return first, last


def _between(one: Numeral, other: Numeral, text: str) -> str:
    gap = text[one.end : other.start]
    return re.sub(r"^\s*(?:%|percent|per cent|seconds|minutes|min|s)(?=\W|$)", "", gap).rstrip("-−–.")


def _groups(mentions: Sequence[Mention], text: str) -> list[list[Mention]]:
    groups: list[list[Mention]] = []
    for one in sorted(mentions, key=lambda one: one.start):
        if groups and one.start < groups[-1][-1].end:
            continue
        if groups and _JOINT.match(text[groups[-1][-1].end : one.start]):
            groups[-1].append(one)
        else:
            groups.append([one])
    return [group for group in groups if len({one.name for one in group}) == len(group)]
