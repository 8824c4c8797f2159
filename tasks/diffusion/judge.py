"""Whether pictures show what their prompts ask for, as a classifier of emoji scenes sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emoji_scenes.judge import Prediction as Seen
    from PIL.Image import Image


@dataclass(frozen=True)
class Prediction:
    """What the judge sees in a picture, and whether that is what was asked for; None where it can't say."""

    seen: str
    right_things: bool | None
    right_relation: bool | None
    doubt: str = ""
    """Why it can't say."""


def judge_pictures(pictures: Sequence[tuple[str, Path]]) -> dict[Path, Prediction]:
    """Judge pictures, given as (prompt, file), where all of the prompt is understood and the picture is clear."""
    from emoji_scenes.judge import judge_images
    from PIL import Image

    opened = [Image.open(path).convert("RGB") for _, path in pictures]
    judged = zip(pictures, opened, judge_images(opened), strict=True)
    return {path: _predict(prompt, picture, seen) for (prompt, path), picture, seen in judged}


def _predict(prompt: str, picture: Image, seen: Seen) -> Prediction:
    from emoji_scenes.captions import understand
    from emoji_scenes.judge import LEAST_SURE, background_of

    words = _words(seen.relation, seen.first, seen.second)
    try:
        asked = understand(prompt)
    except ValueError as error:
        return Prediction(words, None, None, str(error))
    if seen.confidence < LEAST_SURE:
        return Prediction(words, None, None, "the picture is unclear to the judge")
    background = background_of(picture) if asked.background else ""
    if background:
        words += f", on {background}"
    right = seen.has_things_of(asked.claim), seen.agrees_with(asked.claim) and background == asked.background
    return Prediction(words, *right)


def _words(relation: str, first: str, second: str | None) -> str:
    return f"{first} {relation} {second}" if second else first
