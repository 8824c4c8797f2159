"""What a recording holds: its speech, what was left out, and what its file said wrongly; remembered by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from journal import Context, TaskError

from .channels import Channel, choose_channel, find_channel, name_channel
from .decoding import Recording
from .islands import FRAMES_PER_S, RATE_HZ
from .speech import FILTERS, Segmentation, Speech, auto_pause, find_speech, mono_blocks

_GIVEN_WAY_S = 6.0  # a clip longer than that, with clear gaps in it, was probably meant to be several


@dataclass(frozen=True)
class Source:
    """A recording's file, how messages name it, how its clips are named, and how it is read."""

    path: Path
    shown: str
    name: str
    channel: Channel = "auto"
    raw_rate_hz: int | None = None

    @cached_property
    def digest(self) -> str:
        """The digest of the file's content; the empty text where there is none."""
        return file_digest(self.path)

    def open(self, rate_hz: int | None = None, filters: str = "") -> Recording:
        return Recording(self.path, self.shown, rate_hz, self.raw_rate_hz, filters)


@dataclass(frozen=True)
class Heard:
    """What was found in a recording; times in seconds."""

    spans_s: list[tuple[float, float]]
    left_out: list[tuple[float, float, str]]
    length_s: float
    channel: int | None
    pause_s: float
    findings: list[str] = field(default_factory=list)


def listen(
    source: Source, segmentation: Segmentation, ctx: Context, jobs: int, progress: Callable[[float], None]
) -> Heard:
    """Find the speech in a recording, or recall it. Raises TaskError where it can't be read or holds none."""
    key = {"heard": source.digest, "how": [asdict(segmentation), str(source.channel), source.raw_rate_hz]}
    place = f".{source.name}.heard.json"
    if kept := ctx.recall(key, place):
        heard = _read(kept)
    else:
        heard = _listen(source, segmentation, jobs, progress)
        (ctx.out / place).write_text(json.dumps(asdict(heard)))
        ctx.remember(key, ctx.out / place)
    (ctx.out / place).unlink()
    progress(1.0)
    return heard


def file_digest(path: Path) -> str:
    """Return the digest of a file's content; the empty text where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, hashlib.blake2b).hexdigest()[:64]


def _read(path: Path) -> Heard:
    data: dict[str, Any] = json.loads(path.read_text())
    spans = [(float(start), float(end)) for start, end in data.pop("spans_s")]
    left_out = [(float(start), float(end), str(reason)) for start, end, reason in data.pop("left_out")]
    return Heard(spans, left_out, **data)


def _listen(source: Source, segmentation: Segmentation, jobs: int, progress: Callable[[float], None]) -> Heard:
    channel, note = choose(source)
    with source.open(RATE_HZ, FILTERS) as decoding:
        expected = max(1.0, (decoding.expected_s or 60.0) * RATE_HZ)
        blocks = mono_blocks(decoding.blocks(), channel)
        speech = find_speech(blocks, segmentation, jobs, lambda count: progress(min(0.99, count / expected)))
        findings, length_s = [*decoding.findings(), *note], decoding.length_s
    if not length_s:
        raise TaskError(f"{source.shown}: the recording is empty; record it again or leave it out")
    if not speech.utterances:
        remedy = "check that it can be heard, lower 'threshold', or leave it out"
        raise TaskError(f"{source.shown}: no speech found; {remedy}")
    spans = [(span.start / FRAMES_PER_S, min(length_s, span.end / FRAMES_PER_S)) for span in speech.utterances]
    left_out = [
        (s.start / FRAMES_PER_S, s.end / FRAMES_PER_S, one.reason) for one in speech.left_out for s in [one.span]
    ]
    findings += _on_pauses(speech, segmentation)
    return Heard(spans, left_out, round(length_s, 3), channel, speech.pause_s, findings)


def choose(source: Source) -> tuple[int | None, list[str]]:
    """Return the channel to cut, and a sentence on it where that wasn't asked for."""
    with source.open(RATE_HZ, FILTERS) as decoding:
        count = decoding.channels
        if source.channel != "auto" or count == 1:
            return find_channel(source.channel, count, source.shown), []
        channel = choose_channel(decoding.blocks())
    if channel is None:
        return None, []
    named = name_channel(channel, count)
    return channel, [f"only its {named} channel was cut, where the speech is; `channel: mix` takes all {count}."]


def _on_pauses(speech: Speech, segmentation: Segmentation) -> list[str]:
    """Return a sentence where long clips hold gaps that look like the pauses of this recording."""
    if segmentation.pause is None:
        return [f"pauses from {speech.pause_s:.2f} s end an utterance, by this recording's own gaps."]
    pause_s = auto_pause(speech.gaps)
    long = [span for span in speech.utterances if span.end - span.start > _GIVEN_WAY_S * FRAMES_PER_S]
    between = sum(pause_s <= gap / FRAMES_PER_S < speech.pause_s for gap in speech.gaps)
    if not long or pause_s >= speech.pause_s or between < 3:
        return []
    return [f"{between} gaps are shorter than `pause`, and nothing was cut there; `pause: auto` cuts from {pause_s} s."]
