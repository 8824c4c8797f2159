"""The pictures that the judge learns from: scenes of every order, some of them garbled."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from emoji_scenes.judge import NAMES, UNKNOWN
from emoji_scenes.scenes import RELATIONS, SIDE_PX, THINGS, Placed, Scene, draw_things, make_scene, render

if TYPE_CHECKING:
    from emoji_scenes.scenes import Pixels

GARBLED_RATE, DOUBLED_RATE = 0.25, 0.5


def make_example(seed: int, garbled_rate: float = GARBLED_RATE) -> tuple[Pixels, tuple[int, int, int]]:
    """Return a picture and its labels: relation, first and second thing, -1 where there is none."""
    rng, scene = random.Random(f"judge {seed}"), make_scene(seed, everything=True)
    names = [scene.first.thing, scene.second.thing if scene.second else None]
    pixels = render(scene)
    if rng.random() < garbled_rate:
        slot = rng.randrange(len(scene.things))
        pixels, names[slot] = garble(scene, slot, rng), UNKNOWN
    first, second = (-1 if name is None else NAMES.index(name) for name in names)
    return pixels, (RELATIONS.index(scene.relation), first, second)


def garble(scene: Scene, slot: int, rng: random.Random) -> Pixels:
    """Draw a scene in which one thing is half another thing, or there twice: a picture that no claim should fit."""
    placed = scene.first if slot == 0 or scene.second is None else scene.second
    if rng.random() < DOUBLED_RATE:
        return _draw_doubled(scene, placed, rng)
    other = replace(placed, thing=rng.choice([thing for thing in THINGS if thing not in scene.things]))
    mixed = replace(scene, first=other) if slot == 0 else replace(scene, second=other)
    pixels, strange = render(scene), render(mixed)
    for top, left, height, width in _half_of(placed, rng):
        window = slice(top, top + height), slice(left, left + width)
        pixels[window] = strange[window]
    return pixels


def _draw_doubled(scene: Scene, placed: Placed, rng: random.Random) -> Pixels:
    """Draw a scene with a second copy of a thing, maybe a faint one, 8 or 16 pixels away, behind or before all else."""
    free = range(SIDE_PX - placed.side_px + 1)
    shifts = [(across, down) for across in (-16, -8, 0, 8, 16) for down in (-16, -8, 0, 8, 16) if across or down]
    places = [(placed.x + across, placed.y + down) for across, down in shifts]
    x, y = rng.choice([(x, y) for x, y in places if x in free and y in free])
    copy = replace(placed, x=x, y=y)
    things = [one for one in (scene.second, scene.first) if one is not None]
    drawn = [copy, *things] if rng.random() < 0.5 else [*things, copy]
    return draw_things(scene.background, drawn, {copy: rng.uniform(0.6, 1.0)})


def _half_of(placed: Placed, rng: random.Random) -> list[tuple[int, int, int, int]]:
    """Return half of a thing's square: its upper or its left half, or every second of 4 x 4 tiles."""
    side, half, tile = placed.side_px, placed.side_px // 2, placed.side_px // 4
    kind = rng.randrange(3)
    if kind < 2:
        return [(placed.y, placed.x, half, side) if kind else (placed.y, placed.x, side, half)]
    tiles = [(row, column) for row in range(4) for column in range(4) if (row + column) % 2]
    return [(placed.y + row * tile, placed.x + column * tile, tile, tile) for row, column in tiles]
