"""The channel of a recording that has the speech: mixing loses what is on one side, or in opposite phase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from journal import TaskError

from .islands import CHUNK, RATE_HZ, frame_levels
from .voice import voice_probabilities

Channel = Literal["auto", "mix", "left", "right"] | int
_WINDOW = 5 * RATE_HZ // CHUNK * CHUNK
_KEPT = 8  # windows listened to: the loudest, from all over the recording
_MOST_DB = 40.0  # above the background; more makes no difference
_BETTER_DB = 0.5  # than the mix of all channels, which otherwise is taken
_LOUDER = 0.2  # what a dB of loudness counts beside one of distance from the background


def find_channel(wanted: Channel, count: int, shown: str) -> int | None:
    """Return the number of a channel from 0, None for the mix. Raises TaskError where there is no such channel."""
    if wanted in ("auto", "mix"):
        return None
    number = {"left": 1, "right": 2}.get(str(wanted)) or int(wanted)
    if wanted in ("left", "right") and count == 1:
        return None
    if not 1 <= number <= count:
        raise TaskError(f"{shown}: there is no channel {number}, only {count}; mend 'channel'")
    return number - 1


def name_channel(number: int, count: int) -> str:
    """Return a channel's name, for messages."""
    return ("left", "right")[number] if count == 2 else str(number + 1)


def choose_channel(blocks: Iterable[NDArray[np.int16]]) -> int | None:
    """Return the channel with the clearest speech, by blocks of frames at 16 kHz, or None for the mix of all.

    The mix is taken unless a channel is clearer in the windows in which somebody speaks: of two people with a
    microphone each, neither is lost.
    """
    windows = _loudest(_windows(blocks))
    if not windows:
        return None
    scores = np.array([_clarity(window) for window in windows])
    spoken = scores[scores.max(axis=1) > -np.inf]
    if not len(spoken):
        return None
    means = np.where(np.isfinite(spoken), spoken, -_MOST_DB).mean(axis=0)
    best = int(means[1:].argmax())
    return best if means[1 + best] > means[0] + _BETTER_DB else None


def _windows(blocks: Iterable[NDArray[np.int16]]) -> Iterator[NDArray[np.int16]]:
    rest: NDArray[np.int16] | None = None
    for block in blocks:
        joined = block if rest is None else np.concatenate([rest, block])
        whole = len(joined) // _WINDOW * _WINDOW
        yield from np.split(joined[:whole], whole // _WINDOW) if whole else ()
        rest = joined[whole:].copy()
    if rest is not None and len(rest) >= CHUNK:
        yield rest


def _loudest(windows: Iterable[NDArray[np.int16]]) -> list[NDArray[np.int16]]:
    """Return the loudest windows, judged by their loudest channel."""
    kept: list[tuple[float, int, NDArray[np.int16]]] = []
    for number, window in enumerate(windows):
        loudness = float((window.astype(np.float32) ** 2).mean(axis=0).max())
        kept.append((loudness, number, window))
        kept = sorted(kept, key=lambda one: -one[0])[:_KEPT]
    return [window for loudness, _, window in kept if loudness > 0]


def _clarity(window: NDArray[np.int16]) -> list[float]:
    """Return for the mix and each channel how far speech is above the background there; minus infinity for none."""
    mix = window.mean(axis=1, dtype=np.float32).astype(np.int16)
    return [_speech_above_background(sound) for sound in (mix, *np.ascontiguousarray(window.T))]


def _speech_above_background(sound: NDArray[np.int16]) -> float:
    levels = frame_levels(sound)
    whole = sound[: len(sound) // CHUNK * CHUNK].astype(np.float32) / 32768
    loudest = max(float(np.abs(whole).max()), 1e-4)
    lifted = np.concatenate([np.zeros(64, np.float32), whole * min(30.0, 0.5 / loudest)])
    voice = voice_probabilities(lifted, np.ones(len(whole) // CHUNK, bool))
    per_frame = voice[np.minimum(np.arange(len(levels)) * 160 // CHUNK, len(voice) - 1)]
    if (per_frame > 0.5).sum() < 10:
        return -np.inf
    speech_db = float(np.percentile(levels[per_frame > 0.5], 75))
    above_db = min(_MOST_DB, speech_db - float(np.percentile(levels, 10)))
    return above_db + _LOUDER * speech_db
