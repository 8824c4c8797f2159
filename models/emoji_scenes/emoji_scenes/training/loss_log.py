"""The loss of a training run over its steps, as CSV."""

from __future__ import annotations

import csv
from pathlib import Path


class LossLog:
    """A CSV of the loss over steps, one line for the mean of each 50 steps."""

    def __init__(self, path: Path, *, keep: bool) -> None:
        written = path.read_text(encoding="utf-8").split() if keep and path.exists() else []
        self.last = int(written[-1].partition(",")[0]) if written else 0
        """The last step that it tells of, where it is kept."""
        self.file = path.open("a" if keep else "w", newline="")
        self.losses: list[float] = []

    def __enter__(self) -> LossLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, step: int, loss: float) -> None:
        self.losses.append(loss)
        if len(self.losses) == 50:
            csv.writer(self.file).writerow([step, f"{sum(self.losses) / 50:.5f}"])
            self.file.flush()
            self.losses.clear()
