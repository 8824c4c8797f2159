"""Words by which an author speaks of no result of the day: estimates, goals, limits, other people's numbers."""

from __future__ import annotations

import re

from journal.ask.prose.numerals import Numeral

_ESTIMATE = re.compile(
    r"(?:\b(?:about|around|nearly|almost|roughly|approximately|approx\.?|circa|ca\.|some|over|under|below|above|beyond"
    r"|at least|at most|up to|more than|less than|fewer than|higher than|lower than|greater than|between|within|maybe"
    r"|perhaps|close to|towards|exceeds?|(?:threshold|cut-?off|limit|minimum|maximum) (?:of|is)|than)"
    r"|[~≈<>≤≥]|between \S+ and|from \S+ or)\s*(?:the |a |an )?[~(“\"'$]*$",
    re.IGNORECASE,
)
_ROUGHLY = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|circa|ca\.)|[~≈])\s*(?:the |a |an )?[~(“\"'$]*$",
    re.IGNORECASE,
)
"""An estimate of the number itself, not a limit."""
_CUSTOM = re.compile(r"\b(?:usual|conventional|customary|common|magic)\s*$", re.IGNORECASE)
_AFTERWARDS = re.compile(
    r"^\W*(?:(?:percent|per cent|minutes?|seconds?|hours?|min|s|h)\b)?\s*"
    r"(?:or (?:more|less|so|above|below|higher|lower|\d)|at (?:most|least)|(?:is|are) (?:wanted|needed|required)"
    r"|that one wants|would be|more\b|fewer\b|less\b|-?ish\b)",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:want(?:s|ed)?|would|wish|hop(?:e|ed|ing)|aim(?:s|ed)?|goals?|targets?|need(?:s|ed)?|should|must|plan(?:s|ned)?"
    r"|ought|ideally|could|if|suppose|tomorrow|next (?:week|month|time|year)|fair|good enough|accept(?:s|ed)?)\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:authors?|papers?|articles?|friend(?:['’]?s)?|colleagues?|literature|textbooks?|on their|in their"
    r"|other people(?:['’]s)?|psychologists|researchers|statisticians|usually|often|typically|rule of thumb|for example"
    r"|(?:book|tutorial|lecture|course|video)['’]s|in (?:the|my|his|her|our) (?:book|tutorial|lecture|course|video)"
    r"|e\.g\.|(?:in|since|of) (?:19|20)\d\d|\((?:19|20)\d\d\)|yesterday|last (?:week|month|year|time))(?=\W|$)",
    re.IGNORECASE,
)
_DAY = re.compile(r"\bday (\d+)\b", re.IGNORECASE)
_CLAUSE = re.compile(r"[;:.,](?=\s)|\b(?:and|but|while|whereas|which|so)\b")


_SOME = re.compile(
    r"\b(?:each|every|per|more|other|another|extra|further|new|of (?:the|them|these|those|my|our)|first|last|next|any"
    r"|at a time|if|only|left|dropped|deleted|removed|bad|good|in a row|between|yesterday|tomorrow|days?)\b",
    re.IGNORECASE,
)
_SUMS = re.compile(
    r"\b(?:together|altogether|sums?|adds?|than|plus|minus|difference|combined|in (?:all|total)|averages?|mean)\b|[+×]",
    re.IGNORECASE,
)
_REST = re.compile(r"\b(?:not|un\w+|left|rest|remain\w*|others?|missing|lost|without)\b|n['’]t\b", re.IGNORECASE)
_COMPUTED = re.compile(r"^\s*(?:%|percent)?\s*(?:times|fold|-fold|[+×*/]|plus\b|minus\b)|^\s*x \d", re.IGNORECASE)
_COMPUTES = re.compile(r"(?:[+×*/]|\bplus|\bminus)\s*$", re.IGNORECASE)


def is_computed(text: str, number: Numeral) -> bool:
    """Return whether a number is a ratio, or a part of a sum that the author writes down: "36 + 17", "2.6 times"."""
    return bool(_COMPUTED.match(text[number.end :]) or _COMPUTES.search(text[: number.start]))


def is_inexact(text: str, number: Numeral) -> bool:
    """Return whether a number is an estimate, a limit or a wish by the words around it."""
    before = text[: number.start].rstrip("-−–").removesuffix("minus ")
    if _ESTIMATE.search(before) or _CUSTOM.search(before) or _AFTERWARDS.match(text[number.end :]):
        return True
    clause = _CLAUSE.split(before)[-1]
    return bool(_WISH.search(clause))


def is_rough(text: str, number: Numeral) -> bool:
    """Return whether a number is said to be about right: a power of ten away, it is not even that."""
    return bool(_ROUGHLY.search(text[: number.start].rstrip("-−–"))) and not _AFTERWARDS.match(text[number.end :])


def is_of_others(text: str, day: int) -> bool:
    """Return whether a sentence speaks of other people's numbers, or of another day's."""
    return bool(_OTHERS.search(text)) or any(int(found) != day for found in _DAY.findall(text))


def counts_some(text: str) -> bool:
    """Return whether a sentence may count only some of what there is: "three more", "each", "of them"."""
    return bool(_SOME.search(text))


def adds_up(text: str) -> bool:
    """Return whether a sentence may tell a sum, a difference or a mean that stands in no report."""
    return bool(_SUMS.search(text))


def leaves_a_rest(text: str) -> bool:
    """Return whether a sentence may speak of what a share leaves: "not explained by"."""
    return bool(_REST.search(text))
