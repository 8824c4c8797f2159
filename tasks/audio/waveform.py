"""Waveforms of recordings with their clips marked and numbered, drawn without a plotting library's second of start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_COLUMNS = 400  # as fine as the plot is on a page, and a small SVG
_NUMBERS = 24  # that fit side by side
_PARTS_PER_S = 20
_COLUMNS_KEPT = 1 << 15  # beyond that, each part stands for twice the time
_WIDTH, _LEFT, _ROW, _PLOT = 504.0, 4.0, 72.0, 42.0  # points
_TICKS = 5
_INK = "var(--md-default-fg-color, #777)"
Samples = NDArray[np.int16]


@dataclass
class Outline:
    """The lowest and highest sample of each short part of a recording, in hundredths of full scale."""

    lows: list[int] = field(default_factory=list)
    highs: list[int] = field(default_factory=list)
    part: int = 0

    def of(self, blocks: Iterable[Samples], rate_hz: int) -> Iterator[Samples]:
        """Yield blocks as they are, and take their outline on the way."""
        self.part = max(1, rate_hz // _PARTS_PER_S)
        rest = np.zeros(0, np.int16)
        for block in blocks:
            rest = self._take(np.concatenate([rest, block]))
            yield block
        if len(rest):
            self._add(rest, np.zeros(1, np.int64))

    def _take(self, samples: Samples) -> Samples:
        whole = len(samples) // self.part * self.part
        if whole:
            self._add(samples[:whole], np.arange(0, whole, self.part))
        rest = samples[whole:]
        if len(self.lows) > _COLUMNS_KEPT:
            self.lows = [min(pair) for pair in zip(self.lows[::2], self.lows[1::2], strict=False)]
            self.highs = [max(pair) for pair in zip(self.highs[::2], self.highs[1::2], strict=False)]
            self.part *= 2
        return rest

    def _add(self, samples: Samples, starts: NDArray[np.int64]) -> None:
        self.lows += [round(100 * int(low) / 32768) for low in np.minimum.reduceat(samples, starts)]
        self.highs += [round(100 * int(high) / 32768) for high in np.maximum.reduceat(samples, starts)]


@dataclass(frozen=True)
class Waveform:
    """The outline of a recording, and its clips in seconds."""

    name: str
    length_s: float
    outline: Outline
    clips_s: Sequence[tuple[float, float]]


def write_waveforms(waveforms: Sequence[Waveform], path: Path) -> None:
    """Draw one row for each recording over a common axis of time, as an SVG to stand in a page."""
    longest_s = max(waveform.length_s for waveform in waveforms)
    height = _ROW * len(waveforms) + 36
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" width="{_WIDTH:.0f}pt"'
        f' height="{height:.0f}pt" font-family="sans-serif" font-size="10" fill="{_INK}">'
    ]
    for number, waveform in enumerate(waveforms):
        lines += _row(waveform, longest_s, number * _ROW + 4)
    lines += [*_axis(longest_s, len(waveforms) * _ROW + 2), "</svg>"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(waveform: Waveform, longest_s: float, top: float) -> Iterator[str]:
    """Yield a recording's name, its clips, their numbers, and its outline."""
    scale = (_WIDTH - 2 * _LEFT) / longest_s
    plot = top + 26
    yield f'<text x="{_LEFT}" y="{top + 9:.0f}">{escape(waveform.name)}</text>'
    for start_s, end_s in waveform.clips_s:
        x, width = _LEFT + start_s * scale, (end_s - start_s) * scale
        place = f'x="{x:.2f}" y="{plot:.0f}" width="{width:.2f}" height="{_PLOT:.0f}"'
        yield f'<rect {place} fill="#e8963c" opacity="0.28"/>'
    every = max(1, -(-len(waveform.clips_s) // _NUMBERS))
    for number, (start_s, end_s) in list(enumerate(waveform.clips_s, 1))[::every]:
        middle = _LEFT + (start_s + end_s) / 2 * scale
        yield f'<text x="{middle:.2f}" y="{plot - 3:.0f}" font-size="8" text-anchor="middle">{number}</text>'
    yield f'<path d="{_path(waveform, longest_s, plot)}" fill="#3b82c4"/>'


def _path(waveform: Waveform, longest_s: float, top: float) -> str:
    """Return the outline as a closed path: the highest samples forth, the lowest back."""
    lows, highs = (
        _columns(values, pick) for values, pick in ((waveform.outline.lows, min), (waveform.outline.highs, max))
    )
    peak = max(5, *(abs(value) for value in [*lows, *highs]))
    end = _LEFT + (_WIDTH - 2 * _LEFT) * waveform.length_s / longest_s
    xs = np.linspace(_LEFT, end, len(highs)).tolist()
    middle, scale = top + _PLOT / 2, _PLOT / 2 / peak
    forth = [f"{x:.1f} {middle - value * scale - 0.2:.1f}" for x, value in zip(xs, highs, strict=True)]
    back = [f"{x:.1f} {middle - value * scale + 0.2:.1f}" for x, value in zip(xs[::-1], lows[::-1], strict=True)]
    return "M" + "L".join([*forth, *back]) + "Z"


def _columns(values: Sequence[int], pick: Callable[[Sequence[int]], int]) -> list[int]:
    count = min(_COLUMNS, len(values))
    edges = [number * len(values) // count for number in range(count + 1)]
    return [pick(values[one:other]) for one, other in pairwise(edges)]


def _axis(longest_s: float, top: float) -> Iterator[str]:
    scale_s, unit = (60.0, "minutes") if longest_s > 300 else (1.0, "seconds")
    step = _round_step(longest_s / scale_s / _TICKS)
    width = _WIDTH - 2 * _LEFT
    yield f'<path d="M{_LEFT} {top:.0f}h{width:.0f}" stroke="{_INK}" stroke-width="0.8" fill="none"/>'
    for tick in range(int(longest_s / scale_s / step) + 1):
        x = _LEFT + width * tick * step * scale_s / longest_s
        anchor = "start" if tick == 0 else "middle"
        yield f'<path d="M{x:.1f} {top:.0f}v4" stroke="{_INK}" stroke-width="0.8"/>'
        yield f'<text x="{x:.1f}" y="{top + 15:.0f}" text-anchor="{anchor}">{tick * step:g}</text>'
    yield f'<text x="{_WIDTH / 2:.0f}" y="{top + 29:.0f}" text-anchor="middle">{unit}</text>'


def _round_step(step: float) -> float:
    """Return the next larger of 1, 2, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999))
