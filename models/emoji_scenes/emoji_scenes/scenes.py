"""Emoji scenes: drawings put in relation on a coloured background, as a pure function of a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emoji_scenes.sprites import drawn_size, make_sprite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Shift = Callable[[Sequence[int]], int]

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


def make_scene(seed: int, *, everything: bool = False) -> Scene:
    """Return the scene of a seed; held-out orders and unusual places appear only with `everything` (for the judge).

    Few places are usual: a model draws a thing twice where two places are as likely as each other.
    """
    rng = random.Random(seed)
    relation = rng.choices(RELATIONS, RELATION_WEIGHTS)[0]
    first, second = _draw_things(rng, relation)
    while not everything and (first, second) in HELD_OUT[relation]:
        first, second = _draw_things(rng, relation)
    background = rng.choice(tuple(BACKGROUNDS))
    return arrange(relation, first, second, background, rng, rng.choice if everything else _no_shift)


def arrange(
    relation: str, first: str, second: str, background: str, rng: random.Random, shift: Shift | None = None
) -> Scene:
    """Place the things of a relation at random sizes, each where it usually is, or moved by ``shift``."""
    place = {ALONE: _place_alone, RIDING: _place_riding, ABOVE: _place_above, LEFT: _place_left}[relation]
    return Scene(relation, background, *place(first, second, rng, shift or _no_shift))


def _no_shift(_: Sequence[int]) -> int:
    return 0


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


def _place_alone(first: str, _: str, rng: random.Random, shift: Shift) -> tuple[Placed]:
    size, side = rng.choice((("small", 20), ("", 36), ("", 36), ("big", 44)))
    free = SIDE_PX - side
    x, y = (_on_grid(free / 2 + shift((-8, 0, 8)), free) for _ in "xy")
    return (Placed(first, side, x, y, size),)


def _place_riding(first: str, second: str, rng: random.Random, shift: Shift) -> tuple[Placed, Placed]:
    size, side = rng.choice((("", 28), ("", 28), ("small", 20)))
    mount_size, mount_side = rng.choice((("", 36), ("", 36), ("big", 44)))
    free = SIDE_PX - mount_side
    mount_x, mount_y = _on_grid(free / 2 + shift((-4, 4)), free), _on_grid(free, free)
    back_y = mount_y + (mount_side - drawn_size(second, mount_side)[1]) / 2 + 0.3 * mount_side
    rider_foot = side - (side - drawn_size(first, side)[1]) / 2
    x = _on_grid(mount_x + (mount_side - side) / 2 + shift((-1, 1)), SIDE_PX - side)
    y = _on_grid(back_y - rider_foot, SIDE_PX - side)
    return Placed(first, side, x, y, size), Placed(second, mount_side, mount_x, mount_y, mount_size)


def _place_above(first: str, second: str, rng: random.Random, shift: Shift) -> tuple[Placed, Placed]:
    upper, lower = _place_left(first, second, rng, shift)
    return _transposed(upper), _transposed(lower)


def _place_left(first: str, second: str, rng: random.Random, shift: Shift) -> tuple[Placed, Placed]:
    (size, side), (other_size, other_side) = rng.choice(_SIZES_OF_TWO)
    x, other_x = rng.choice(_apart(side, other_side))
    y, other_y = (_on_grid((SIDE_PX - px) / 2 + shift((-3, 3)), SIDE_PX - px) for px in (side, other_side))
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
    sprite = make_sprite(placed.thing, placed.side_px)
    window = canvas[placed.y : placed.y + placed.side_px, placed.x : placed.x + placed.side_px]
    alpha = sprite[..., 3:] * (opacity / 255)
    window += alpha * (sprite[..., :3] - window)
