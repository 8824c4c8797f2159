"""Make survey.csv again: answers of people who don't exist to eight questions with five points each.

    python data/survey/make_survey.py

Two habits stand behind the answers, studying and looking after oneself, which go together a little; each question is
more or less about one of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

PEOPLE = 150
QUESTIONS = {
    "plans the week": (0.8, 0.0), "starts early": (0.75, 0.0), "takes notes": (0.7, 0.0), "asks questions": (0.6, 0.1),
    "sleeps well": (0.0, 0.75), "moves a lot": (0.1, 0.65), "sees friends": (0.0, 0.6), "eats well": (0.0, 0.8),
}  # fmt: skip
TOGETHER = 0.2
THRESHOLDS = (-1.3, -0.4, 0.3, 1.2)


def main() -> None:
    """Draw the answers and write them beside this file."""
    random = np.random.default_rng(135)
    loadings = np.array(list(QUESTIONS.values()))
    habits = random.multivariate_normal([0, 0], [[1, TOGETHER], [TOGETHER, 1]], PEOPLE)
    common = np.einsum("ij,jk,ik->i", loadings, np.array([[1, TOGETHER], [TOGETHER, 1]]), loadings)
    answers = habits @ loadings.T + random.normal(size=(PEOPLE, len(loadings))) * np.sqrt(1 - common)
    points = 1 + np.searchsorted(THRESHOLDS, answers.ravel()).reshape(answers.shape)
    lines = [",".join(QUESTIONS), *(",".join(map(str, row)) for row in points)]
    (Path(__file__).parent / "survey.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
