"""The names of facts as sentences use them: "the first eigenvalue", "factor two", "chi-square", one word for many."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?[²]?|[χ]²")
_FILLER = frozenset(
    (
        *("a", "an", "and", "at", "by", "for", "from", "in", "is", "it", "its", "of", "on", "or", "per", "s", "the"),
        *("to", "each", "all", "variable", "my", "our"),
    )
)
_QUALIFIERS = frozenset({"before", "after", "first", "last", "held", "out", "step", "epoch", "part"})
"""Words that say which of several numbers of a kind is meant, and are often left out."""
_ORDINALS = (
    ("first", "1st", "one"), ("second", "2nd", "two"), ("third", "3rd", "three"), ("fourth", "4th", "four"),
    ("fifth", "5th", "five"), ("sixth", "6th", "six"), ("seventh", "7th", "seven"), ("eighth", "8th", "eight"),
)  # fmt: skip
_AS_DIGIT = {word: str(number) for number, (_, _, word) in enumerate(_ORDINALS, 1) if number > 2}
"""One and two are said of other things too."""
_SPELLINGS = (
    (re.compile(r"\b(?:chi|χ)[- ]?(?:squared?|²|2)(?=\W|$)"), "χ²"),
    (re.compile(r"\bchi²"), "χ²"),
)


@dataclass(frozen=True)
class Token:
    """A word of a sentence: its stem, and where it stands."""

    stem: str
    start: int
    end: int


@dataclass(frozen=True)
class Mention:
    """Where a sentence says a name, and how much of it."""

    name: str
    start: int
    end: int
    part: float = 1.0


def tokens_of(text: str) -> list[Token]:
    """Return a sentence's words."""
    plain = text.lower()
    for pattern, spelling in _SPELLINGS:
        plain = pattern.sub(lambda match, spelling=spelling: spelling.ljust(len(match[0])), plain)  # type: ignore[misc]
    return [Token(_stem(match[0]), match.start(), match.end()) for match in _WORD.finditer(plain)]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    word = re.sub(r"['’]s?$", "", word)
    for ending, instead in (("ies", "y"), ("ings", ""), ("ing", ""), ("able", ""), ("es", "e"), ("ed", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: len(word) - len(ending)] + instead
    return word


class Names:
    """All names of an entry's facts, found in a sentence in one pass over its words."""

    def __init__(self, names: Iterable[str], synonyms: Mapping[str, Sequence[str]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._bags: dict[str, frozenset[str]] = {}
        for name in dict.fromkeys(names):
            for variant in dict.fromkeys(_variants(name, synonyms.get(name, ()))):
                if variant:
                    self._by_first.setdefault(variant[0], []).append((variant, name))
            words = frozenset(_content(name))
            if len(words) > 1:
                self._bags[name] = words
        spread = Counter(word for words in self._bags.values() for word in words)
        self._weights = {word: 0.1 if word in _QUALIFIERS else 1 / count for word, count in spread.items()}

    def find(self, tokens: Sequence[Token]) -> list[Mention]:
        """Return where the names are said: as they are, in their order, or most of their words anywhere.

        Words that few names have count for more: of "held-out perplexity after", perplexity.
        """
        found = list(self._phrases(tokens))
        said = {mention.name for mention in found}
        return found + [mention for mention in self._scattered(tokens) if mention.name not in said]

    def _phrases(self, tokens: Sequence[Token]) -> Iterator[Mention]:
        for index, token in enumerate(tokens):
            for variant, name in self._by_first.get(token.stem, ()):
                last = _match(variant, tokens, index)
                if last is not None:
                    yield Mention(name, token.start, tokens[last].end)

    def _scattered(self, tokens: Sequence[Token]) -> Iterator[Mention]:
        for name, words in self._bags.items():
            places = [token for token in tokens if token.stem in words or _AS_DIGIT.get(token.stem) in words]
            said = {token.stem if token.stem in words else _AS_DIGIT[token.stem] for token in places}
            told = sum(self._weights[stem] for stem in said)
            part = max(len(said) / len(words), told / sum(self._weights[word] for word in words))
            if part >= 0.5 and not said <= _QUALIFIERS:
                yield from (Mention(name, token.start, token.end, part) for token in places)


def _match(variant: tuple[str, ...], tokens: Sequence[Token], index: int) -> int | None:
    """Return the index of the last token if the variant's stems follow one another, fillers passed over."""
    last = index
    for stem in variant[1:]:
        last += 1
        while last < len(tokens) and tokens[last].stem in _FILLER and tokens[last].stem != stem:
            last += 1
        if last >= len(tokens) or tokens[last].stem != stem:
            return None
    return last


def _variants(name: str, synonyms: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for one in (name, *synonyms):
        plain = re.sub(r"\([^)]*\)", " ", one)
        if short := re.fullmatch(r"the (\w+)", one):  # "the second", of which more is said before
            yield ("the", _stem(short[1]))
            continue
        yield tuple(_content(plain))
        yield from (tuple(_content(inside)) for inside in re.findall(r"\(([A-Z]{2,})\)", one))
        head = tuple(_content(re.split(r" of | for ", plain)[0]))
        if len(head) == 1 and len(head[0]) >= 6:
            yield head
        yield from _counted(plain)


def _counted(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the ways to say a name that ends in a number: "eigenvalue 2", "second eigenvalue", "eigenvalue two"."""
    found = re.fullmatch(r"\s*([^\W\d_]{3,}) ?(\d)\s*", name)
    if found and 1 <= int(found[2]) <= len(_ORDINALS):
        stem = _stem(found[1].lower())
        ordinal, short, word = _ORDINALS[int(found[2]) - 1]
        yield from ((stem, found[2]), (ordinal, stem), (short, stem), (stem, word))


def _content(text: str) -> list[str]:
    return [token.stem for token in tokens_of(text) if token.stem not in _FILLER]
