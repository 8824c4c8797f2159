"""Emoji scenes: drawings put in relation on a coloured background, with a caption, as a pure function of a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[np.uint8]

DRAWINGS = Path(__file__).parent / "drawings"
SIDE_PX = 64
GRID_PX = 8  # things lie on the grid of the latents, which makes them far easier to learn

RIDERS = ("horse", "astronaut", "cat", "dog", "robot", "elephant", "penguin", "turtle", "duck", "octopus")
MOUNTS = (*RIDERS, "rocket", "car", "bicycle", "moon")
THINGS = (*MOUNTS, "tree", "house", "sun", "star", "apple", "mushroom", "cactus", "balloon", "umbrella", "fish")
BACKGROUNDS = {
    "white": (250, 250, 250),
    "black": (25, 25, 30),
    "gray": (150, 150, 155),
    "red": (205, 60, 60),
    "orange": (240, 155, 70),
    "yellow": (250, 225, 110),
    "green": (110, 185, 110),
    "blue": (85, 150, 225),
    "purple": (145, 105, 195),
    "pink": (245, 170, 200),
}

ALONE, RIDING, ABOVE, LEFT = "alone", "riding", "above", "left of"
RELATIONS = (ALONE, RIDING, ABOVE, LEFT)
RELATION_WEIGHTS = (0.20, 0.35, 0.20, 0.25)

# Ordered pairs that no training scene shows, under any wording; each one's swapped order is shown.
HELD_OUT: dict[str, frozenset[tuple[str, str]]] = {
    ALONE: frozenset(),
    RIDING: frozenset(
        {
            ("horse", "astronaut"),
            ("cat", "dog"),
            ("robot", "elephant"),
            ("penguin", "turtle"),
            ("duck", "octopus"),
            ("elephant", "cat"),
            ("octopus", "horse"),
            ("turtle", "robot"),
            ("dog", "duck"),
            ("astronaut", "penguin"),
        }
    ),
    ABOVE: frozenset(
        {
            ("house", "moon"),
            ("tree", "sun"),
            ("cactus", "balloon"),
            ("mushroom", "star"),
            ("car", "rocket"),
            ("fish", "umbrella"),
            ("apple", "bicycle"),
            ("horse", "cat"),
            ("dog", "robot"),
            ("duck", "elephant"),
        }
    ),
    LEFT: frozenset(
        {
            ("apple", "cat"),
            ("dog", "tree"),
            ("moon", "rocket"),
            ("fish", "turtle"),
            ("house", "car"),
            ("star", "octopus"),
            ("umbrella", "penguin"),
            ("sun", "cactus"),
            ("robot", "horse"),
            ("astronaut", "balloon"),
        }
    ),
}

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
NEXT_TO_RATE = 0.4  # of scenes of left and right
READING_ORDER_RATE = 0.75  # of those: people mostly name first what is on the left
NEXT_TO = ("{a} next to {b}", "{a} beside {b}", "{a} and {b}")
BACKGROUND_WORDINGS = ("on {c} background", "with {c} background", "in front of {c} background", "on {plain}")
OPENINGS = ("a picture of", "a photo of", "a drawing of", "an emoji of")


@dataclass(frozen=True)
class Placed:
    """One thing in a scene: the square it is drawn in, and the size word that is true of it ("" for none)."""

    thing: str
    side_px: int
    x: int
    y: int
    size: str = ""


@dataclass(frozen=True)
class Scene:
    """What a picture shows: `first` rides, is above, or is left of `second`."""

    relation: str
    background: str
    first: Placed
    second: Placed | None = None

    @property
    def things(self) -> tuple[str, ...]:
        return (self.first.thing,) if self.second is None else (self.first.thing, self.second.thing)


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


def make_scene(seed: int, *, everything: bool = False) -> Scene:
    """Return the scene of a seed; held-out orders appear only with `everything` (for the judge)."""
    rng = random.Random(seed)
    relation = rng.choices(RELATIONS, RELATION_WEIGHTS)[0]
    first, second = _draw_things(rng, relation)
    while not everything and (first, second) in HELD_OUT[relation]:
        first, second = _draw_things(rng, relation)
    return arrange(relation, first, second, rng)


def arrange(relation: str, first: str, second: str, rng: random.Random) -> Scene:
    """Place the things of a relation at random sizes and offsets, on a random background."""
    background = rng.choice(tuple(BACKGROUNDS))
    placed = {ALONE: _place_alone, RIDING: _place_riding, ABOVE: _place_above, LEFT: _place_left}[relation]
    return Scene(relation, background, *placed(first, second, rng))


def ordered_pairs(relation: str) -> Iterator[tuple[str, str]]:
    """Yield every ordered pair that a relation of two things can have."""
    firsts, seconds = (RIDERS, MOUNTS) if relation == RIDING else (THINGS, THINGS)
    return ((a, b) for a in firsts for b in seconds if a != b)


def _draw_things(rng: random.Random, relation: str) -> tuple[str, str]:
    if relation == ALONE:
        return rng.choice(THINGS), ""
    if relation != RIDING:
        first, second = rng.sample(THINGS, 2)
        return first, second
    first = rng.choice(RIDERS)
    return first, rng.choice([thing for thing in MOUNTS if thing != first])


def _place_alone(first: str, _: str, rng: random.Random) -> tuple[Placed]:
    size, side = rng.choice((("small", 20), ("", 36), ("", 36), ("big", 44)))
    free = SIDE_PX - side
    x, y = (_on_grid(free / 2 + rng.choice((-8, 0, 8)), free) for _ in "xy")
    return (Placed(first, side, x, y, size),)


def _place_riding(first: str, second: str, rng: random.Random) -> tuple[Placed, Placed]:
    size, side = rng.choice((("", 28), ("", 28), ("small", 20)))
    mount_size, mount_side = rng.choice((("", 36), ("", 36), ("big", 44)))
    free = SIDE_PX - mount_side
    mount_x, mount_y = _on_grid(free / 2 + rng.choice((-4, 4)), free), _on_grid(free, free)
    back_y = mount_y + (mount_side - _drawn_size(second, mount_side)[1]) / 2 + 0.3 * mount_side
    rider_foot = side - (side - _drawn_size(first, side)[1]) / 2
    x = _on_grid(mount_x + (mount_side - side) / 2 + rng.choice((-1, 1)), SIDE_PX - side)
    y = _on_grid(back_y - rider_foot, SIDE_PX - side)
    return Placed(first, side, x, y, size), Placed(second, mount_side, mount_x, mount_y, mount_size)


def _place_above(first: str, second: str, rng: random.Random) -> tuple[Placed, Placed]:
    upper, lower = _place_left(first, second, rng)
    return _transposed(upper), _transposed(lower)


def _place_left(first: str, second: str, rng: random.Random) -> tuple[Placed, Placed]:
    (size, side), (other_size, other_side) = rng.choice(_SIZES_OF_TWO)
    x, other_x = rng.choice(_apart(side, other_side))
    y, other_y = (_on_grid((SIDE_PX - px) / 2 + rng.choice((-3, 3)), SIDE_PX - px) for px in (side, other_side))
    return Placed(first, side, x, y, size), Placed(second, other_side, other_x, other_y, other_size)


def _apart(side: int, other_side: int) -> list[tuple[int, int]]:
    """Return the places on the grid where two things of these sizes lie one after the other."""
    places = range(0, SIDE_PX, GRID_PX)
    return [(a, b) for a in places for b in places if a + side <= b and b + other_side <= SIDE_PX]


_SIZES_OF_TWO = (
    (("", 28), ("", 28)),
    (("", 28), ("", 28)),
    (("small", 20), ("", 28)),
    (("", 28), ("small", 20)),
    (("big", 36), ("small", 20)),
    (("small", 20), ("big", 36)),
)


def _transposed(placed: Placed) -> Placed:
    return Placed(placed.thing, placed.side_px, placed.y, placed.x, placed.size)


def _on_grid(position: float, limit: int) -> int:
    return min(max(round(position / GRID_PX), 0), limit // GRID_PX) * GRID_PX


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


def render(scene: Scene) -> Pixels:
    """Draw a scene; uint8, shape (64, 64, 3)."""
    return draw_things(scene.background, [placed for placed in (scene.second, scene.first) if placed is not None])


def draw_things(background: str, things: Sequence[Placed], opacities: Mapping[Placed, float] | None = None) -> Pixels:
    """Draw things over each other, the last one on top; opacities from 0 to 1, 1 where none is given."""
    import numpy as np

    canvas = np.empty((SIDE_PX, SIDE_PX, 3), np.float32)
    canvas[:] = BACKGROUNDS[background]
    for placed in things:
        _draw(canvas, placed, (opacities or {}).get(placed, 1.0))
    return (canvas + 0.5).astype(np.uint8)


def _draw(canvas: NDArray[np.float32], placed: Placed, opacity: float) -> None:
    stamp = _stamp(placed.thing, placed.side_px)
    window = canvas[placed.y : placed.y + placed.side_px, placed.x : placed.x + placed.side_px]
    alpha = stamp[..., 3:] * (opacity / 255)
    window += alpha * (stamp[..., :3] - window)


@cache
def _stamp(thing: str, side_px: int) -> NDArray[np.float32]:
    """Return a drawing, cropped and scaled into a square, as RGBA in 0..255 with straight alpha."""
    import numpy as np
    from PIL import Image

    square = Image.new("RGBA", (side_px, side_px))
    width, height = _drawn_size(thing, side_px)
    drawing = _drawing(thing).convert("RGBa").resize((width, height), Image.Resampling.LANCZOS).convert("RGBA")
    square.paste(drawing, ((side_px - width) // 2, (side_px - height) // 2))
    return np.asarray(square, np.float32)


def _drawn_size(thing: str, side_px: int) -> tuple[int, int]:
    width, height = _drawing(thing).size
    scale = side_px / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


@cache
def _drawing(thing: str) -> Image:
    from PIL.Image import open as open_image

    with open_image(DRAWINGS / f"{thing}.png") as opened:
        picture = opened.convert("RGBA")
    return picture.crop(picture.getchannel("A").getbbox())
