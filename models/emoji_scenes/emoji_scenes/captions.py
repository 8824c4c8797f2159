"""What is said of scenes: captions in many wordings, and the claim that a caption makes."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache

from emoji_scenes.scenes import ABOVE, ALONE, BACKGROUNDS, LEFT, RIDING, THINGS, Placed, Scene

# {a} is the rider, the upper thing or the left one; {b} the other. The first wording is the plain one.
WORDINGS: dict[str, tuple[str, ...]] = {
    ALONE: ("{a}", "{a} alone", "just {a}"),
    RIDING: (
        "{a} riding {b}",
        "{a} rides {b}",
        "{a} riding on {b}",
        "{a} on {b}'s back",
        "{a} on the back of {b}",
        "{a} sitting on {b}",
        "{b} ridden by {a}",
        "{b} carrying {a}",
        "{b} with {a} on its back",
    ),
    ABOVE: (
        "{a} above {b}",
        "{b} below {a}",
        "{a} over {b}",
        "{b} under {a}",
        "{b} beneath {a}",
        "{b} with {a} above it",
    ),
    LEFT: (
        "{a} left of {b}",
        "{b} right of {a}",
        "{a} to the left of {b}",
        "{b} to the right of {a}",
        "{a} on the left of {b}",
        "{b} on the right of {a}",
    ),
}
NEXT_TO_RATE = 0.5  # of scenes of left and right
READING_ORDER_RATE = 0.9  # of those: people mostly name first what is on the left
NEXT_TO = ("{a} next to {b}", "{a} beside {b}", "{a} and {b}")
BACKGROUND_WORDINGS = ("on {c} background", "with {c} background", "in front of {c} background", "on {plain}")
OPENINGS = ("a picture of", "a photo of", "a drawing of", "an emoji of")


@dataclass(frozen=True)
class Claim:
    """What a caption says must be seen; `second` is None for a thing alone, "next to" means left or right."""

    relation: str
    first: str
    second: str | None = None

    @property
    def caption(self) -> str:
        wording = NEXT_TO[0] if self.relation == "next to" else WORDINGS[self.relation][0]
        return wording.format(a=_article(self.first), b=_article(self.second or ""))


def write_caption(scene: Scene, rng: random.Random) -> str:
    """Return one of the many true captions of a scene; the relation is always said, sizes and background sometimes."""
    a, b = (_name(placed, rng) for placed in (scene.first, scene.second or scene.first))
    if scene.relation == LEFT and rng.random() < NEXT_TO_RATE:
        a, b = (a, b) if rng.random() < READING_ORDER_RATE else (b, a)
        caption = rng.choice(NEXT_TO).format(a=a, b=b)
    else:
        wordings = WORDINGS[scene.relation]
        caption = (wordings[0] if rng.random() < 0.4 else rng.choice(wordings)).format(a=a, b=b)
    if rng.random() < 0.6:
        caption += " " + _background_words(scene.background, rng)
    return f"{rng.choice(OPENINGS)} {caption}" if rng.random() < 0.15 else caption


def _background_words(colour: str, rng: random.Random) -> str:
    wording = BACKGROUND_WORDINGS[0] if rng.random() < 0.5 else rng.choice(BACKGROUND_WORDINGS)
    return wording.format(c=_article(colour), plain=colour)


def _name(placed: Placed, rng: random.Random) -> str:
    words = f"{placed.size} {placed.thing}" if placed.size and rng.random() < 0.6 else placed.thing
    article = rng.random()
    return _article(words) if article < 0.8 else f"the {words}" if article < 0.9 else words


def _article(words: str) -> str:
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"


@dataclass(frozen=True)
class Understood:
    """A caption that is understood to its last word: its claim, and the background that it names."""

    claim: Claim
    background: str = ""


def understand(caption: str) -> Understood:
    """Return what a caption says, if every word of it is understood and can be seen to hold or not.

    ``ValueError`` says why it isn't: a word that is none of a known wording, a size, or the same thing twice.
    """
    words = " ".join(caption.lower().replace(".", " ").split())
    for relation, pattern in _whole_patterns():
        found = pattern.fullmatch(words)
        if not found:
            continue
        parts = found.groupdict()
        if parts.get("size_a") or parts.get("size_b"):
            raise ValueError("sizes are not judged")
        if parts["a"] == parts.get("b"):
            raise ValueError(f"two of a kind are not judged: {parts['a']}")
        return Understood(Claim(relation, parts["a"], parts.get("b")), parts["colour"] or parts["plain"] or "")
    known = {*THINGS, *BACKGROUNDS, *_WORDS}
    strange = [word for word in re.findall(r"[^\W\d_]+|\d+", words) if word not in known]
    raise ValueError(f"not understood: {', '.join(dict.fromkeys(strange)) or caption}")


@cache
def _whole_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    thing, colours = "|".join(THINGS), "|".join(BACKGROUNDS)
    article = "(?:(?:an?|the) )?"
    slots = {slot: rf"{article}(?:(?P<size_{slot}>small|big) )?(?P<{slot}>{thing})" for slot in "ab"}
    opening = rf"(?:(?:{'|'.join(OPENINGS)}) )?"
    ground = rf"(?: (?:(?:on|with|in front of) {article}(?P<colour>{colours}) background|on (?P<plain>{colours})))?"
    wordings = [(relation, one) for relation, ones in WORDINGS.items() for one in ones]
    wordings += [("next to", one) for one in NEXT_TO]
    return tuple((relation, re.compile(opening + one.format(**slots) + ground)) for relation, one in wordings)


_WORDS = frozenset(
    re.findall(r"[a-z]+", " ".join([*OPENINGS, *NEXT_TO, *(one for ones in WORDINGS.values() for one in ones)]))
) | {"a", "an", "the", "on", "with", "in", "front", "background", "small", "big"}


def parse_claim(caption: str) -> Claim:
    """Return what a caption in one of the known wordings says; ValueError names a caption that fits none."""
    words = re.sub(r"\b(an?|the|small|big) ", "", f"{caption.lower().strip()} ").strip()
    for relation, pattern in _patterns():
        if found := pattern.search(words):
            things = found.groupdict()
            return Claim(relation, things["a"], things.get("b"))
    raise ValueError(f"no claim about known things in {caption!r}")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    wordings = [(RIDING, w) for w in WORDINGS[RIDING]] + [(ABOVE, w) for w in WORDINGS[ABOVE]]
    wordings += [(LEFT, w) for w in WORDINGS[LEFT]] + [("next to", w) for w in NEXT_TO] + [(ALONE, "{a}")]
    thing = "|".join(THINGS)
    plain = [(relation, wording.replace("the ", "")) for relation, wording in wordings]
    return tuple((r, re.compile(rf"\b{w.format(a=f'(?P<a>{thing})', b=f'(?P<b>{thing})')}\b")) for r, w in plain)
