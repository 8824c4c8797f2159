"""Waveforms of recordings with their clips marked and numbered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from journal import new_figure

from .sound import FULL_SCALE, Samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 400  # as fine as the plot is on a page, and a small SVG
_NUMBERS = 24  # that fit side by side


@dataclass(frozen=True)
class Waveform:
    """The outline of a recording, and its clips in seconds."""

    name: str
    length_s: float
    lows: NDArray[np.float32]
    highs: NDArray[np.float32]
    clips_s: Sequence[tuple[float, float]]


def outline(samples: Samples) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the lowest and highest sample of each column, in -1 to 1."""
    starts = np.linspace(0, len(samples), min(_COLUMNS, len(samples)), endpoint=False, dtype=np.int64)
    lows, highs = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
    return (lows / FULL_SCALE).round(3).astype(np.float32), (highs / FULL_SCALE).round(3).astype(np.float32)


def draw_waveforms(waveforms: Sequence[Waveform]) -> Figure:
    """Draw one row for each recording over a common axis of time."""
    plot, axes = new_figure(height=0.5 + 0.9 * len(waveforms), rows=len(waveforms))
    longest_s = max(waveform.length_s for waveform in waveforms)
    scale, unit = (60.0, "minutes") if longest_s > 300 else (1.0, "seconds")
    rows = list(np.atleast_1d(axes))
    for row, waveform in zip(rows, waveforms, strict=True):
        _draw_row(row, waveform, scale)
        row.set_xlim(0, longest_s / scale)
    for row in rows[:-1]:
        row.spines["bottom"].set_visible(False)
        row.set_xticks([])
    rows[-1].set_xlabel(unit)
    return plot


def _draw_row(axes: Axes, waveform: Waveform, scale: float) -> None:
    times = np.linspace(0, waveform.length_s / scale, len(waveform.lows))
    axes.fill_between(times, waveform.lows, waveform.highs, linewidth=0.4, color="#3b82c4")
    every = -(-len(waveform.clips_s) // _NUMBERS)
    for number, (start_s, end_s) in enumerate(waveform.clips_s, 1):
        axes.axvspan(start_s / scale, end_s / scale, color="#e8963c", alpha=0.28, linewidth=0, zorder=0)
        if (number - 1) % every == 0:
            middle = (start_s + end_s) / 2 / scale
            axes.annotate(str(number), (middle, 1), xycoords=("data", "axes fraction"), ha="center", fontsize=8)
    peak = max(0.05, float(np.abs([waveform.lows, waveform.highs]).max()))
    axes.set_ylim(-1.05 * peak, 1.05 * peak)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_title(waveform.name, loc="left", fontsize=9, pad=10)
