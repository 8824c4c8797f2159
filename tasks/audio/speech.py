"""Where the utterances of a recording are: it is read once, stretch by stretch, in memory that doesn't grow with it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .islands import CHUNK, FRAME, FRAMES_PER_S, Islands, LeftOut, Span, find_islands, frame_levels, widen
from .voice import load_network, voice_probabilities

FILTERS = "highpass=f=150"  # what hums and rumbles below is in no voice
_STRETCH = 90 * FRAMES_PER_S  # frames looked at together, cut off where it is quiet
_STEP = 16  # frames: a stretch is a whole number of the detector's chunks
_LEVEL_DB = -18.0  # what the loudest third of a second is brought to for the detector
_MOST_DB = 30.0
_WORTH_DB = 4.0  # above the quietest tenth: below that, nobody speaks
_REACH = 25  # frames around, since the detector is late
_WITHIN = 10  # frames: pauses within words are no gaps
_AUTO_S = 0.35, (0.15, 1.2)  # the pause where the gaps don't tell, and where one is looked for
_LISTED = 200  # of what was left out

Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Segmentation:
    """How recordings are segmented: times in seconds, ``threshold`` the evidence that counts as speech."""

    pause: float | None = 0.35
    """None to take it from the recording's own gaps."""
    shortest: float = 0.2
    longest: float = 30.0
    margin: float = 0.1
    threshold: float = 0.55


@dataclass(frozen=True)
class Speech:
    """What was found in a recording, in frames."""

    utterances: list[Span]
    """With their margins."""
    left_out: list[LeftOut]
    pause_s: float
    gaps: list[int] = field(repr=False, default_factory=list)
    """All gaps between stretches of speech, in frames, in order."""
    length: int = 0


def find_speech(
    blocks: Iterable[Samples],
    segmentation: Segmentation,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda samples: None,
) -> Speech:
    """Return the utterances in blocks of samples at 16 kHz that went through ``FILTERS``."""
    speech: list[Span] = []
    left_out: list[LeftOut] = []
    hidden: list[tuple[int, int, int]] = []
    levels = bytearray()
    for first, found, coarse in _look_through(blocks, segmentation.threshold, jobs):
        levels += coarse
        speech += _moved(found.speech, first)
        left_out += [LeftOut(_moved([one.span], first)[0], one.reason) for one in found.left_out]
        del left_out[_LISTED:]
        hidden.append((first, *found.hidden))
        progress(len(levels) * FRAME)
    speech = merge_spans(speech, _WITHIN, 1)
    gaps = [after.start - before.end for before, after in pairwise(speech)]
    pause_s = auto_pause(gaps) if segmentation.pause is None else segmentation.pause
    whole = merge_spans(speech, round(pause_s * FRAMES_PER_S), 1)
    short = round(segmentation.shortest * FRAMES_PER_S)
    left_out += [LeftOut(span, "shorter than `shortest`") for span in whole if span.end - span.start < short]
    whole = [span for span in whole if span.end - span.start >= short]
    whole = _with_hidden(whole, hidden, len(levels))
    whole = split_long(whole, levels, round(segmentation.longest * FRAMES_PER_S))
    utterances = pad_spans(whole, round(segmentation.margin * FRAMES_PER_S), len(levels))
    return Speech(utterances, sorted(left_out, key=lambda one: one.span)[:_LISTED], pause_s, gaps, len(levels))


def _with_hidden(spans: list[Span], hidden: Sequence[tuple[int, int, int]], length: int) -> list[Span]:
    """Widen each span by what the background hides in its stretch, at most to the middle of a pause."""
    firsts = [first for first, _, _ in hidden]
    reaches = [hidden[bisect_right(firsts, span.start) - 1] for span in spans]
    wide = [
        Span(max(0, s.start - early), min(length, s.end + late))
        for s, (_, early, late) in zip(spans, reaches, strict=True)
    ]
    middles = [(before.end + after.start) // 2 for before, after in pairwise(spans)]
    return (
        [
            Span(max(span.start, low), min(span.end, high))
            for span, low, high in zip(wide, [0, *middles], [*middles, length], strict=True)
        ]
        if wide
        else []
    )


def auto_pause(gaps: list[int]) -> float:
    """Return the pause that parts the gaps within utterances from those between them: the widest step between gaps."""
    usual_s, (least_s, most_s) = _AUTO_S
    times_s = np.unique(np.array(gaps, np.float64)) / FRAMES_PER_S
    between = [
        (after / before, float(np.sqrt(before * after)))
        for before, after in pairwise([_WITHIN / FRAMES_PER_S, *times_s])
        if least_s <= np.sqrt(before * after) <= most_s
    ]
    widest, pause_s = max(between, default=(1.0, usual_s))
    return round(pause_s, 2) if widest >= 1.25 else usual_s


def merge_spans(spans: list[Span], pause: int, shortest: int) -> list[Span]:
    """Join spans that less than ``pause`` parts, then leave out those shorter than ``shortest``."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].end < pause:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return [span for span in joined if span.end - span.start >= shortest]


def split_long(spans: list[Span], levels: bytes | bytearray, longest: int) -> list[Span]:
    """Split what is longer than ``longest`` at the quietest point of its middle, and again what still is."""
    result: list[Span] = []
    for span in spans:
        waiting = [span]
        while waiting:
            one = waiting.pop()
            if one.end - one.start <= longest:
                result.append(one)
            else:
                middle = _quietest(one, levels)
                waiting += [Span(middle, one.end), Span(one.start, middle)]
    return result


def pad_spans(spans: list[Span], margin: int, length: int) -> list[Span]:
    """Widen each span by ``margin`` on both sides, at most to the middle of a pause and the recording's ends."""
    middles = [(before.end + after.start) // 2 for before, after in pairwise(spans)]
    lowest, highest = [0, *middles], [*middles, length]
    return [
        Span(max(span.start - margin, low), min(span.end + margin, high))
        for span, low, high in zip(spans, lowest, highest, strict=False)
    ]


def _look_through(blocks: Iterable[Samples], threshold: float, jobs: int) -> Iterator[tuple[int, Islands, bytes]]:
    """Yield each stretch's first frame, its islands and its levels, two stretches at a time where there are cores."""
    load_network()
    loudest = 0.0
    first = 0
    with ThreadPoolExecutor(jobs) as pool, _one_thread_each(jobs):
        running: list[Future[tuple[int, Islands, bytes]]] = []
        for samples, levels in _stretches(blocks):
            loudest = max(loudest, _loudest_power(levels))
            running.append(pool.submit(_look, samples, levels, first, loudest, threshold))
            first += len(levels)
            if len(running) > jobs:
                yield running.pop(0).result()
        for one in running:
            yield one.result()


def _one_thread_each(jobs: int) -> Any:
    """Keep products of matrices to the thread that asks for them, since stretches go side by side."""
    if jobs == 1:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, "blas")


def _stretches(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, NDArray[np.float32]]]:
    """Yield stretches with their levels, cut off at the quietest place of their last fifth."""
    waiting: list[Samples] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        if count >= _STRETCH * FRAME:
            joined = np.concatenate(waiting)
            levels = frame_levels(joined)
            end = _quiet_end(levels)
            yield joined[: end * FRAME], levels[:end]
            waiting = [joined[end * FRAME :].copy()]
            count = len(waiting[0])
    rest = np.concatenate([*waiting, np.zeros(0, np.int16)])
    rest = np.pad(rest, (0, -len(rest) % FRAME))
    if len(rest):
        yield rest, frame_levels(rest)


def _quiet_end(levels: NDArray[np.float32]) -> int:
    """Return a frame to cut at: the quietest third of a second that begins at a whole number of chunks."""
    starts = range(len(levels) * 4 // 5 // _STEP * _STEP, len(levels) - 2 * _STEP, _STEP)
    return min(starts, key=lambda start: float(levels[start - _STEP : start + _STEP].max()))


def _loudest_power(levels: NDArray[np.float32]) -> float:
    """Return the mean power of the loudest third of a second."""
    power = 10 ** (levels / 10)
    width = min(30, len(power))
    return float(np.convolve(power, np.ones(width) / width, "valid").max())


def _look(
    samples: Samples, levels: NDArray[np.float32], first: int, loudest: float, threshold: float
) -> tuple[int, Islands, bytes]:
    gain_db = min(_MOST_DB, max(0.0, _LEVEL_DB - 10 * np.log10(max(loudest, 1e-10))))
    chunks = -(-len(samples) // CHUNK)
    sound = np.zeros(64 + chunks * CHUNK, np.float32)
    sound[64 : 64 + len(samples)] = samples
    np.clip(sound * np.float32(10 ** (gain_db / 20) / 32768), -1, 1, out=sound)
    found = find_islands(samples, levels, voice_probabilities(sound, _worth(levels, chunks)), threshold)
    return first, found, np.clip(2 * (levels + 100), 0, 255).astype(np.uint8).tobytes()


def _worth(levels: NDArray[np.float32], chunks: int) -> NDArray[np.bool_]:
    """Return the chunks in which anybody could be heard."""
    near = widen(levels > np.percentile(levels, 10) + _WORTH_DB, _REACH)
    starts = np.arange(chunks) * CHUNK // FRAME
    return near[np.minimum(starts, len(near) - 1)] | near[np.minimum(starts + CHUNK // FRAME, len(near) - 1)]


def _moved(spans: Iterable[Span], first: int) -> list[Span]:
    return [Span(span.start + first, span.end + first) for span in spans]


def _quietest(span: Span, levels: bytes | bytearray) -> int:
    """Return the quietest frame of a span's middle, over a tenth of a second."""
    tenth = (span.end - span.start) // 10
    part = np.frombuffer(levels, np.uint8)[span.start + tenth : span.end - tenth].astype(np.float32)
    width = min(10, len(part))
    return span.start + tenth + int(np.convolve(part, np.ones(width) / width, "same").argmin())


def mono_blocks(frames: Iterable[NDArray[np.int16]], channel: int | None) -> Iterator[Samples]:
    """Yield one channel of blocks of frames, or the mean of all of them for None."""
    for block in frames:
        yield to_mono(block, channel)


def to_mono(block: NDArray[np.int16], channel: int | None) -> Samples:
    """Return one channel of a block, or the mean of all."""
    if block.shape[1] == 1:
        return block[:, 0]
    if channel is not None:
        return np.ascontiguousarray(block[:, channel])
    mean: Samples = np.round(block.mean(axis=1, dtype=np.float32)).astype(np.int16)
    return mean
