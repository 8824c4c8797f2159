"""Whether pictures show what their prompts ask for, as a classifier of emoji scenes sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from journal import TaskError


@dataclass(frozen=True)
class Prediction:
    """What the judge sees in a picture, and whether that is what was asked for."""

    seen: str
    right_things: bool
    right_relation: bool


def judge_pictures(pictures: Sequence[tuple[str, Path]]) -> dict[Path, Prediction]:
    """Judge pictures, given as (prompt, file); raises TaskError for a prompt that the judge has no words for."""
    from emoji_scenes.captions import parse_claim
    from emoji_scenes.judge import judge_images
    from PIL import Image

    claims = []
    for prompt, _ in pictures:
        try:
            claims.append(parse_claim(prompt))
        except ValueError as error:
            raise TaskError(f"the judge can't read the prompt '{prompt}': {error}; leave 'judge' out") from error
    opened = [Image.open(path).convert("RGB") for _, path in pictures]
    predictions = {}
    for (_, path), claim, seen in zip(pictures, claims, judge_images(opened), strict=True):
        words = _words(seen.relation, seen.first, seen.second)
        predictions[path] = Prediction(words, seen.has_things_of(claim), seen.agrees_with(claim))
    return predictions


def _words(relation: str, first: str, second: str | None) -> str:
    return f"{first} {relation} {second}" if second else first
