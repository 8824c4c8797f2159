"""One recording cut into its clips: reads it, finds the utterances, writes a file for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from journal import TaskError

from .sound import FULL_SCALE, Samples, make_sound, read_sound, samples_of, write_sound
from .speech import Segmentation, Span, find_utterances, runs
from .transcripts import Phrase
from .waveform import Waveform, outline

_FADE_S = 0.005
_PEAK_DB = -1.0
_MEAN_DB = -20.0
_CLIPPED_RUN = 3  # samples at full scale, one after another


@dataclass(frozen=True)
class ClipFormat:
    """How clips are written, and where to."""

    folder: Path
    format: str = "flac"
    rate_hz: int | None = None
    normalize: str = "none"


@dataclass(frozen=True)
class Clip:
    """One utterance as a file, and where in its recording it was, in seconds."""

    path: Path
    start_s: float
    end_s: float
    seconds: float
    peak_db: float
    clipped: bool
    transcript: Phrase = field(default_factory=dict)


@dataclass(frozen=True)
class ClippedRecording:
    """A recording with its clips."""

    name: str
    clips: list[Clip]
    waveform: Waveform

    @property
    def seconds(self) -> float:
        return sum(clip.seconds for clip in self.clips)


def clip_recording(
    path: Path,
    shown: str,
    name: str,
    segmentation: Segmentation,
    clip_format: ClipFormat,
    progress: Callable[[float], None],
) -> ClippedRecording:
    """Cut a recording into clips named by ``name`` and number; raises TaskError, with ``shown`` for the file."""
    sound = read_sound(path, shown, clip_format.rate_hz)
    samples, rate_hz = samples_of(sound), sound.frame_rate
    spans = find_utterances(samples, rate_hz, segmentation, lambda part: progress(0.9 * part))
    if not spans:
        raise TaskError(f"{shown}: no speech found; check that it can be heard, lower 'threshold', or leave it out")
    digits = max(2, len(str(len(spans))))
    paths = [clip_format.folder / f"{name}-{n:0{digits}}.{clip_format.format}" for n in range(1, len(spans) + 1)]
    clips = [_cut_clip(sound, span, to, clip_format) for span, to in zip(spans, paths, strict=True)]
    progress(1.0)
    lows, highs = outline(samples)
    times = [(clip.start_s, clip.end_s) for clip in clips]
    return ClippedRecording(name, clips, Waveform(name, len(samples) / rate_hz, lows, highs, times))


def assign_transcripts(recording: ClippedRecording, phrases: list[Phrase]) -> ClippedRecording:
    """Give each clip what is said in it, or none of them where the numbers differ."""
    if len(phrases) != len(recording.clips):
        return recording
    clips = [replace(clip, transcript=phrase) for clip, phrase in zip(recording.clips, phrases, strict=True)]
    return replace(recording, clips=clips)


def _cut_clip(sound: Any, span: Span, path: Path, clip_format: ClipFormat) -> Clip:
    samples = samples_of(sound)[span.start : span.end]
    rate_hz = sound.frame_rate
    piece = make_sound(fade(samples, round(_FADE_S * rate_hz)).tobytes(), rate_hz)
    write_sound(piece.apply_gain(_gain_db(piece, clip_format.normalize)), path)
    start_s, end_s = round(span.start / rate_hz, 3), round(span.end / rate_hz, 3)
    seconds = len(samples) / rate_hz
    return Clip(path, start_s, end_s, seconds, _decibel(piece.max), _is_clipped(samples))


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
    to_peak = _PEAK_DB - _decibel(piece.max)
    if normalize == "rms":
        return min(to_peak, _MEAN_DB - _decibel(piece.rms))
    return to_peak if normalize == "peak" else 0.0


def _decibel(amplitude: float) -> float:
    return 20 * float(np.log10(max(amplitude, 1) / FULL_SCALE))


def _is_clipped(samples: Samples) -> bool:
    full = (samples >= FULL_SCALE) | (samples <= -FULL_SCALE)
    return any(run.end - run.start >= _CLIPPED_RUN for run in runs(full))
