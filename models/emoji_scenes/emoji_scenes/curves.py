"""Draw the loss curves of a training run: `python -m tasks.diffusion.emoji_scenes.curves`."""

from __future__ import annotations

import csv
from pathlib import Path

FOLDER = Path(__file__).parent
PARTS = {
    "reading-loss": "text encoder alone: cross-entropy",
    "loss": "denoiser: mean squared error of v",
    "decoder-loss": "decoder: pixels and edges",
}


def draw_curves(folder: Path = FOLDER) -> Path:
    """Draw the CSV files of a folder side by side into curves.png there; each point is the mean of 50 steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.6), layout="constrained")
    for number, (name, title) in enumerate(PARTS.items(), start=1):
        steps, losses = read_curve(folder / f"{name}.csv")
        axes = figure.add_subplot(1, len(PARTS), number, title=title, xlabel="step", yscale="log")
        axes.title.set_fontsize(9)
        axes.plot(steps, losses, linewidth=1)
    path = folder / "curves.png"
    figure.savefig(path, dpi=90, metadata={"Software": None})
    return path


def read_curve(path: Path) -> tuple[list[int], list[float]]:
    """Return the steps and losses of a curve."""
    with path.open(newline="") as file:
        rows = [(int(step), float(loss)) for step, loss in csv.reader(file)]
    return [step for step, _ in rows], [loss for _, loss in rows]


if __name__ == "__main__":
    draw_curves()
