"""Draw the loss curves of a training run: `python -m emoji_scenes.training.draw_curves FOLDER OUT.png`."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

PARTS = {
    "text-encoder-loss": "text encoder alone: cross-entropy",
    "denoiser-loss": "denoiser: mean squared error of v",
    "decoder-loss": "decoder: pixels and edges",
}


def main() -> None:
    """Draw the loss curves of a training run side by side."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where the run wrote its CSV files")
    parser.add_argument("out", type=Path, help="the picture to write")
    chosen = parser.parse_args()
    draw_curves(chosen.folder, chosen.out)


def draw_curves(folder: Path, out: Path) -> None:
    """Draw the CSV files of a folder side by side; each point is the mean of 50 steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.6), layout="constrained")
    for number, (name, title) in enumerate(PARTS.items(), start=1):
        steps, losses = read_curve(folder / f"{name}.csv")
        axes = figure.add_subplot(1, len(PARTS), number, title=title, xlabel="step", yscale="log")
        axes.title.set_fontsize(9)
        axes.plot(steps, losses, linewidth=1)
    figure.savefig(out, dpi=90, metadata={"Software": None})


def read_curve(path: Path) -> tuple[list[int], list[float]]:
    """Return the steps and losses of a curve."""
    with path.open(newline="") as file:
        rows = [(int(step), float(loss)) for step, loss in csv.reader(file)]
    return [step for step, _ in rows], [loss for _, loss in rows]


if __name__ == "__main__":
    main()
