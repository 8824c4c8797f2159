"""The text of each clip: what its author typed, else what the transcripts say, aligned where the numbers differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .alignment import Alignment, align
from .likeness import read_features
from .recording_clips import ClippedRecording
from .transcripts import Phrase


@dataclass(frozen=True)
class Texts:
    """A recording whose clips have their texts, which of them aren't sure, and sentences on that."""

    recording: ClippedRecording
    unsure: list[bool]
    notes: list[str]


def give_texts(recording: ClippedRecording, typed: Sequence[Phrase], phrases: list[Phrase]) -> Texts:
    """Give each clip what is said in it. A typed text wins over the transcripts' one."""
    alignment = _align(recording, phrases)
    found = [phrases[number] if number is not None else Phrase() for number in alignment.expressions]
    clips = [
        replace(clip, transcript={**phrase, **mine})
        for clip, phrase, mine in zip(recording.clips, found, typed, strict=True)
    ]
    unsure = [number in alignment.unsure and "text" not in mine for number, mine in enumerate(typed)]
    missing = bool(phrases) and len(phrases) != len(clips)
    notes = [_on_numbers(recording, phrases, alignment, unsure)] if missing else []
    return Texts(replace(recording, clips=clips), unsure, notes)


def _align(recording: ClippedRecording, phrases: list[Phrase]) -> Alignment:
    count = len(recording.clips)
    if not phrases:
        return Alignment([None] * count, set())
    if len(phrases) == count:
        return Alignment(list(range(count)), set())
    sounds = [read_features(clip.path) for clip in recording.clips]
    texts = [phrase.get("text", "") for phrase in phrases]
    return align([clip.end_s - clip.start_s for clip in recording.clips], sounds, texts)


def _on_numbers(recording: ClippedRecording, phrases: list[Phrase], alignment: Alignment, unsure: list[bool]) -> str:
    counts = f"{len(recording.clips)} clips but {len(phrases)} expressions in the transcripts"
    names = [clip.path.stem for clip in recording.clips]
    without = [name for name, number in zip(names, alignment.expressions, strict=True) if number is None]
    doubted = [name for name, one in zip(names, unsure, strict=True) if one]
    said = {number for number in alignment.expressions if number is not None}
    unsaid = [f"'{phrases[number].get('text', '')}'" for number in range(len(phrases)) if number not in said]
    parts = [
        f"no text fits {listed(without)}" if without else "",
        f"no clip was found for {listed(unsaid)}" if unsaid else "",
        f"check {listed(doubted)}" if doubted else "",
    ]
    return f"{recording.name}: {counts}; {', '.join(part for part in parts if part)}."


def listed(names: Sequence[str]) -> str:
    """Return up to five names, and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
