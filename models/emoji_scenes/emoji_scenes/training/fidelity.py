"""How close pictures come to what they might show, the nearest of the scenes that a claim allows, and how varied."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from emoji_scenes.captions import Claim
from emoji_scenes.scenes import BACKGROUNDS, LEFT, arrange, render

if TYPE_CHECKING:
    from PIL.Image import Image

    from emoji_scenes.scenes import Pixels

_DRAWS = 100
"""Random arrangements of a claim; there are a dozen different ones at most."""


@dataclass(frozen=True)
class Nearest:
    """Pictures beside the nearest of the scenes that their claims allow."""

    psnr_db: float
    """Mean peak signal-to-noise ratio of a picture to its scene."""
    colours: float
    """In how many backgrounds they are drawn: the perplexity of their scenes' colours, 1 to 10; claims name none."""


def nearest_scenes(claims: Sequence[Claim], images: Sequence[Image]) -> Nearest:
    """Find for each picture the nearest scene of its claim."""
    import numpy as np

    ratios, colours = [], np.zeros(len(BACKGROUNDS))
    for claim, image in zip(claims, images, strict=True):
        differences = scenes_of(claim).astype(np.float32) - np.asarray(image.convert("RGB"), np.float32)
        errors = np.square(differences).mean(axis=(1, 2, 3))
        ratios.append(10 * np.log10(255**2 / max(float(errors.min()), 1e-6)))
        colours[errors.argmin() % len(BACKGROUNDS)] += 1
    shares = colours[colours > 0] / colours.sum()
    return Nearest(float(np.mean(ratios)), float(np.exp(-(shares * np.log(shares)).sum())))


@cache
def scenes_of(claim: Claim) -> Pixels:
    """Return every scene that a claim allows, each in all colours in turn; uint8, shape (n, 64, 64, 3)."""
    import numpy as np

    rng, second = random.Random(0), claim.second or ""
    orders = [(claim.first, second)]
    if claim.relation == "next to":
        orders.append((second, claim.first))
    relation = LEFT if claim.relation == "next to" else claim.relation
    drawn = {arrange(relation, *pair, "white", rng): None for pair in orders for _ in range(_DRAWS)}
    return np.stack([render(replace(scene, background=colour)) for scene in drawn for colour in BACKGROUNDS])
