"""Which of several tables or texts of one kind a sentence speaks of: "Few-shot: …", "Zero-shot: …"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from journal.ask.prose.names import tokens_of
from journal.record.facts import Fact

_RAW = re.compile(
    r"\b(?:un-?standardi[sz]ed|raw|covariances?|as they are|(?:without|before|not) (?:\w+ ){0,2}standardi[sz]\w+)\b",
    re.IGNORECASE,
)
_UNSTANDARDISED = tokens_of("unstandardised")[0].stem


class Titles:
    """Titles that begin with whose facts they have, before a colon, each with the words that no other of them has."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        groups: dict[tuple[str, tuple[str, ...]], set[str]] = {}
        for fact in facts:
            if fact.title:
                groups.setdefault((fact.step, fact.names), set()).add(fact.title)
        self._groups = {
            (step, frozenset(titles)): _own_words(titles)
            for (step, _), titles in groups.items()
            if len(titles) > 1 and (all(":" in title for title in titles) or _are_twins(titles))
        }

    def ruled_out(self, text: str) -> set[tuple[str, str]]:
        """Return step and title of the facts that a sentence doesn't speak of, since it names another title."""
        if not self._groups:
            return set()
        said = {token.stem for token in tokens_of(text)}
        if _RAW.search(text):
            said.add(_UNSTANDARDISED)
        found: set[tuple[str, str]] = set()
        for (step, titles), words in self._groups.items():
            named = {title for title in titles if words[title] & said}
            if named and named != titles:
                found |= {(step, title) for title in titles - named}
        return found


def _are_twins(titles: Iterable[str]) -> bool:
    """Return whether titles are those of one table for standardised variables and for variables as they are."""
    return len({re.sub(r",? unstandardised$", "", title) for title in titles}) == 1


def _own_words(titles: Iterable[str]) -> dict[str, set[str]]:
    words = {
        title: {token.stem for token in tokens_of(title.partition(":")[0]) if token.stem.isalpha()} for title in titles
    }
    return {
        title: own - {word for other, its in words.items() if other != title for word in its}
        for title, own in words.items()
    }
