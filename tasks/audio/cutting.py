"""The clips of a recording, written as it is decoded once more: no more than a few are in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .islands import runs
from .sound import FULL_SCALE, Samples, make_sound, write_sound

_FADE_S = 0.005
_PEAK_DB = -1.0
_MEAN_DB = -20.0
_CLIPPED_RUN = 3  # samples at full scale, one after another
_WAITING = 8  # clips that may wait to be written


@dataclass(frozen=True)
class ClipFormat:
    """How clips are written, and where to."""

    folder: Path
    format: str = "flac"
    rate_hz: int | None = None
    normalize: str = "none"


class Piece(NamedTuple):
    """Where a clip is in its recording, in seconds, and the name of its file."""

    start_s: float
    end_s: float
    name: str


class Written(NamedTuple):
    """A clip that was written: its length, how loud it is, and whether the tops of its waves are cut off."""

    seconds: float
    peak_db: float
    is_clipped: bool


def write_pieces(
    blocks: Iterable[Samples],
    rate_hz: int,
    pieces: Sequence[Piece],
    clip_format: ClipFormat,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda samples: None,
) -> list[Written]:
    """Write each piece of a recording, given block by block, and return them in the order of ``pieces``."""
    written: list[Future[Written]] = []
    order: list[int] = []
    with ThreadPoolExecutor(jobs) as pool:
        for number, samples in _pieces(blocks, rate_hz, pieces, progress):
            if len(written) >= _WAITING:
                written[-_WAITING].result()
            written.append(pool.submit(_write, samples, rate_hz, pieces[number].name, clip_format))
            order.append(number)
        found = {number: one.result() for number, one in zip(order, written, strict=True)}
    return [found[number] for number in range(len(pieces))]


def _pieces(
    blocks: Iterable[Samples], rate_hz: int, pieces: Sequence[Piece], progress: Callable[[int], None]
) -> Iterator[tuple[int, Samples]]:
    """Yield the samples of each piece as soon as they are complete; pieces may overlap."""
    bounds = [(round(piece.start_s * rate_hz), round(piece.end_s * rate_hz)) for piece in pieces]
    coming = sorted(range(len(pieces)), key=lambda number: bounds[number][0])
    open_parts: dict[int, list[Samples]] = {}
    position = 0
    for block in blocks:
        end = position + len(block)
        while coming and bounds[coming[0]][0] < end:
            open_parts[coming.pop(0)] = []
        for number in list(open_parts):
            first, last = bounds[number]
            open_parts[number].append(block[max(0, first - position) : last - position].copy())
            if last <= end:
                yield number, np.concatenate(open_parts.pop(number))
        position = end
        progress(position)
    for number in [*open_parts, *coming]:  # what ends with the recording, or after it
        yield number, np.concatenate([*open_parts.get(number, []), np.zeros(0, np.int16)])


def _write(samples: Samples, rate_hz: int, name: str, clip_format: ClipFormat) -> Written:
    piece = make_sound(fade(samples, round(_FADE_S * rate_hz)).tobytes(), rate_hz)
    loudness = _gain_db(piece, clip_format.normalize)
    write_sound(piece.apply_gain(loudness) if loudness else piece, clip_format.folder / name)
    return Written(len(samples) / rate_hz, _decibel(piece.max), _is_clipped(samples))


def fade(samples: Samples, count: int) -> Samples:
    """Let sound come and go over ``count`` samples, so that a cut doesn't click."""
    count = min(count, len(samples) // 2)
    ramp = (np.arange(count) + 0.5) / max(count, 1)
    faded = samples.copy()
    faded[:count] = np.round(samples[:count] * ramp)
    faded[len(samples) - count :] = np.round(samples[len(samples) - count :] * ramp[::-1])
    return faded


def _gain_db(piece: Any, normalize: str) -> float:
    """Return the gain that brings a clip's peak, or its mean up to that peak, to the wanted level."""
    if normalize == "none":
        return 0.0
    to_peak = _PEAK_DB - _decibel(piece.max)
    if normalize == "rms":
        return min(to_peak, _MEAN_DB - _decibel(piece.rms))
    return to_peak


def _decibel(amplitude: float) -> float:
    return 20 * float(np.log10(max(amplitude, 1) / FULL_SCALE))


def _is_clipped(samples: Samples) -> bool:
    full: NDArray[np.bool_] = (samples >= FULL_SCALE) | (samples <= -FULL_SCALE)
    return bool(full.any()) and any(run.end - run.start >= _CLIPPED_RUN for run in runs(full))
