"""How often the judge is right on pictures that it never saw."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from emoji_scenes.captions import Claim
from emoji_scenes.judge import UNKNOWN, WEIGHTS, Accuracy, accuracy_of, judge_pixels
from emoji_scenes.scenes import make_scene, render
from emoji_scenes.training.garbled import make_example

FIRST_TEST_SEED = 30_000_000  # above the seeds of all training


@dataclass(frozen=True)
class JudgeTest:
    """The judge on scenes that it never saw, and how many garbled ones it calls unknown."""

    accuracy: Accuracy
    garbled_noticed: float


def check_judge(pictures: int = 2000, weights: Path = WEIGHTS) -> JudgeTest:
    """Measure the judge on scenes of a third range of seeds, and on garbled ones."""
    import numpy as np

    seeds = range(FIRST_TEST_SEED, FIRST_TEST_SEED + pictures)
    some = [make_scene(seed, everything=True) for seed in seeds]
    claims = [Claim(scene.relation, *scene.things) for scene in some]
    accuracy = accuracy_of(claims, judge_pixels(np.stack([render(scene) for scene in some]), weights))
    garbled = judge_pixels(np.stack([make_example(seed, garbled_rate=1.0)[0] for seed in seeds]), weights)
    return JudgeTest(accuracy, sum(UNKNOWN in prediction.things for prediction in garbled) / pictures)
