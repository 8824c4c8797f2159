"""The islands of sound in a stretch of a recording, and for each whether it is speech or why it is left out.

A level between the background's and the voice's parts the islands from the quiet. Whether one is speech is decided over
the whole of it: by how probable the voice detector finds it, weighted by its loudness, or by a living pitch. Where
other people talk in the background, which the detector takes for speech as well, the level alone decides: the nearest
voice is the speech.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .pitch import voiced_share

RATE_HZ = 16000
FRAMES_PER_S = 100
FRAME = RATE_HZ // FRAMES_PER_S
CHUNK = 512  # samples for which there is one probability

# chosen on the part `dev` of bench/speech_corpus.py
_ABOVE_BACKGROUND_DB = 8.0
_BELOW_VOICE_DB = 42.0
_HALFWAY, _HALFWAY_IN_BABBLE = 0.5, 0.45  # between background and voice, where they are close
_MAYBE = 0.3  # a probability from which a frame may be speech when levels are estimated
_BABBLE = 0.3  # what a fifth of the background's frames reaches only where people talk in it
_VOICED = 0.6
_NEAR, _BRIEF = 12, 30  # frames: a word's last consonant is that near, and not longer
_LEAST = 3  # frames: clicks are shorter
_FINE, _BROAD = 3, 13  # frames over which levels are averaged
_LATE = 8  # frames by which the detector is late
_UNMASKED_DB = 15.0  # that much of a word's range can be lost before its ends are heard too late or too early
_MASKED = (0.002, 0.006), (0.002, 0.007)  # seconds of speech that each dB beyond hides: starts, ends; in babble
_LOUD_DB = 25.0  # below the voice's level nobody misses what was left out
_ECHO_DB = 20.0  # a word's end lies that far below its loudest, or higher, where the room's echo hides its true end

Levels = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Span(NamedTuple):
    """A stretch, from ``start`` to before ``end``."""

    start: int
    end: int


@dataclass(frozen=True)
class LeftOut:
    """What was loud and is no clip, in frames, and why."""

    span: Span
    reason: str


@dataclass(frozen=True)
class Islands:
    """The speech in a stretch, in frames, and what was left out."""

    speech: list[Span]
    left_out: list[LeftOut]
    hidden: tuple[int, int]
    """How many frames of soft speech the background hides before and after what was found."""


@dataclass(frozen=True)
class _Scene:
    """The levels of background and voice, in dB, and the level that parts them."""

    background_db: float
    voice_db: float
    gate_db: float
    is_babble: bool

    @property
    def masked_db(self) -> float:
        """By how much the gate hides more of a word than in a quiet room."""
        return max(0.0, self.gate_db - (self.voice_db - _BELOW_VOICE_DB) - _UNMASKED_DB)


def frame_levels(samples: NDArray[np.int16]) -> Levels:
    """Return the level of each whole frame in dB of full scale, -100 at least."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float32)
    power = np.einsum("ij,ij->i", frames, frames) / (FRAME * 32768.0**2)
    levels: Levels = 10 * np.log10(np.maximum(power, 1e-10))
    return levels


def find_islands(
    samples: NDArray[np.int16], levels: Levels, probabilities: NDArray[np.float32], threshold: float
) -> Islands:
    """Return what is speech in a stretch, by its levels and by the voice detector's probability for each chunk."""
    voice = probabilities[np.minimum(np.arange(len(levels)) * FRAME // CHUNK, len(probabilities) - 1)]
    fine, broad = smooth(levels, _FINE), smooth(levels, _BROAD)
    scene = _look_around(broad, voice)
    spans = runs(_sounding(fine, broad, voice, scene))
    evidence = [_evidence(levels, voice, span) for span in spans]
    sure = [one >= threshold and span.end - span.start >= _LEAST for one, span in zip(evidence, spans, strict=True)]
    if not scene.is_babble:
        sure = [one or _is_vowel(samples, levels, span, scene) for one, span in zip(sure, spans, strict=True)]
    kept = [one or _is_end_of_word(number, spans, sure, evidence) for number, one in enumerate(sure)]
    speech = [span for span, one in zip(spans, kept, strict=True) if one]
    others = [span for span, one in zip(spans, kept, strict=True) if not one]
    left_out = [LeftOut(span, _why(span, scene)) for span in others if levels[slice(*span)].max() > _loud_db(scene)]
    echo_db = _echo_drop(speech, fine, scene)
    if echo_db is not None:
        speech = [Span(span.start, _before_echo(span, fine, echo_db)) for span in speech]
        return Islands(speech, left_out, (0, 0))
    early_s, late_s = _MASKED[scene.is_babble]
    return Islands(speech, left_out, (_frames(early_s * scene.masked_db), _frames(late_s * scene.masked_db)))


def _frames(duration_s: float) -> int:
    return round(duration_s * FRAMES_PER_S)


def _look_around(broad: Levels, voice: NDArray[np.float32]) -> _Scene:
    """Estimate background and voice in turns: what is above the gate and may be speech, and what is below it."""
    maybe = voice >= _MAYBE
    if maybe.sum() < _LATE:
        maybe = broad >= np.percentile(broad, 97)
    background_db, voice_db = float(np.percentile(broad, 10)), float(np.percentile(broad[maybe], 85))
    for _ in range(12):
        gate_db = _gate_db(background_db, voice_db, _HALFWAY)
        above, below = maybe & (broad > gate_db), broad <= gate_db
        if above.sum() < 5 or below.sum() < 20:
            break
        before = background_db, voice_db
        background_db, voice_db = float(np.percentile(broad[below], 60)), float(np.percentile(broad[above], 60))
        if abs(background_db - before[0]) + abs(voice_db - before[1]) < 0.05:
            break
    gate_db = _gate_db(background_db, voice_db, _HALFWAY)
    quiet = voice[~widen(broad > gate_db, 20)]
    if len(quiet) > FRAMES_PER_S and np.percentile(quiet, 80) > _BABBLE:
        halfway_db = background_db + _HALFWAY_IN_BABBLE * (voice_db - background_db)
        return _Scene(background_db, voice_db, halfway_db, is_babble=True)
    return _Scene(background_db, voice_db, gate_db, is_babble=False)


def _gate_db(background_db: float, voice_db: float, halfway: float) -> float:
    above_db = min(_ABOVE_BACKGROUND_DB, halfway * (voice_db - background_db))
    return max(background_db + above_db, voice_db - _BELOW_VOICE_DB)


def _sounding(fine: Levels, broad: Levels, voice: NDArray[np.float32], scene: _Scene) -> Mask:
    """Return the frames that are loud enough, or, where nobody talks in the background, surely speech."""
    if scene.is_babble:
        return (broad > scene.gate_db) & widen(voice >= _MAYBE, 10)
    sure = (voice >= 0.5) & np.append(voice[_LATE:] >= 0.5, np.zeros(_LATE, bool))[: len(voice)]
    sounding: Mask = (fine > scene.gate_db) | (sure & (broad > min(scene.background_db + 2, scene.gate_db)))
    return sounding


def _evidence(levels: Levels, voice: NDArray[np.float32], span: Span) -> float:
    """Return how probable it is that an island is speech, its loud frames counting most."""
    weights = 10 ** (levels[slice(*span)] / 20)
    return float(np.average(voice[slice(*span)], weights=weights))


def _is_vowel(samples: NDArray[np.int16], levels: Levels, span: Span, scene: _Scene) -> bool:
    if span.end - span.start < 20 or levels[slice(*span)].max() <= _loud_db(scene):
        return False
    return voiced_share(samples[span.start * FRAME : span.end * FRAME]) > _VOICED


def _is_end_of_word(number: int, spans: Sequence[Span], sure: Sequence[bool], evidence: Sequence[float]) -> bool:
    """Return whether an island without a voice in it, such as a final t, belongs to the speech beside it."""
    span = spans[number]
    if not _LEAST < span.end - span.start <= _BRIEF:
        return False
    after_speech = number > 0 and sure[number - 1] and span.start - spans[number - 1].end <= _NEAR
    is_last = number + 1 == len(spans)
    before_speech = not is_last and sure[number + 1] and spans[number + 1].start - span.end <= _NEAR
    return before_speech or (after_speech and evidence[number] > 0.05)


def _loud_db(scene: _Scene) -> float:
    return max(scene.voice_db - _LOUD_DB, scene.gate_db)


def _why(span: Span, scene: _Scene) -> str:
    if span.end - span.start <= 5:
        return "a click"
    return "quieter than the nearest voice" if scene.is_babble else "no voice in it"


def _echo_drop(speech: list[Span], fine: Levels, scene: _Scene) -> float | None:
    """Return how far below a word's loudest its end is in this room, or None where no echo hides it.

    In a room with an echo even the fastest falls are slow.
    """
    if scene.is_babble or scene.voice_db - scene.background_db <= 30:
        return None
    falls = [fall for span in speech if (fall := _fall_s_per_db(span, fine, scene)) is not None]
    if len(falls) < 3:
        return None
    drop_db = 8 + 0.1 / max(float(np.percentile(falls, 20)), 1e-4)
    return drop_db if drop_db < _ECHO_DB else None


def _fall_s_per_db(span: Span, fine: Levels, scene: _Scene) -> float | None:
    if span.end - span.start < 10:
        return None
    first = max(span.start, span.end - 70)
    loudest_db = float(fine[first : span.end].max())
    last = first + int(np.flatnonzero(fine[first : span.end] > loudest_db - 6)[-1])
    low_db = loudest_db - 26
    quiet = np.flatnonzero(fine[last : last + FRAMES_PER_S] <= low_db)
    return quiet[0] / FRAMES_PER_S / 20 if len(quiet) and low_db > scene.background_db + 4 else None


def _before_echo(span: Span, fine: Levels, drop_db: float) -> int:
    first = max(span.start, span.end - 50)
    loud = np.flatnonzero(fine[first : span.end] >= fine[first : span.end].max() - drop_db)
    return first + int(loud[-1]) + 1


def smooth(levels: Levels, width: int) -> Levels:
    """Return the level of the mean power over so many frames around each."""
    power = 10 ** (levels / 10)
    added = np.cumsum(np.pad(power, (width // 2 + 1, width - 1 - width // 2), mode="edge"), dtype=np.float64)
    mean = (added[width:] - added[:-width]) / width
    result: Levels = (10 * np.log10(np.maximum(mean, 1e-10))).astype(np.float32)
    return result


def widen(frames: Mask, reach: int) -> Mask:
    """Return the frames that are within ``reach`` of a true one."""
    counts = np.cumsum(np.pad(frames, (reach + 1, reach)))
    widened: Mask = counts[2 * reach + 1 :] > counts[: -2 * reach - 1]
    return widened


def runs(active: Mask) -> list[Span]:
    """Return the stretches of true values."""
    edges = np.flatnonzero(np.diff(active.astype(np.int8), prepend=0, append=0))
    return [Span(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
