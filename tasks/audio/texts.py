"""The text of each clip: what its author typed, else what the transcripts say, aligned where the numbers differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .alignment import Alignment, align
from .cues import match_cues
from .cut_sheet import Row
from .likeness import read_features
from .recogniser import Recogniser
from .recording_clips import ClippedRecording
from .transcripts import Phrase, Said


@dataclass(frozen=True)
class Texts:
    """A recording whose clips have their texts, which of them aren't sure, and sentences on that."""

    recording: ClippedRecording
    unsure: list[bool]
    notes: list[str]


def give_texts(
    recording: ClippedRecording, rows: Sequence[Row], said: Said, recogniser: Recogniser | None = None
) -> Texts:
    """Give each clip what is said in it: what its author typed, else its cues, else the phrase that it is aligned with.

    ``rows`` are all rows of the recording in the cut sheet; the clips are those of the kept ones. Where nothing says
    what they say, it is what the recogniser hears, to be checked.
    """
    typed = [row.phrase for row in rows if row.is_kept]
    if said.cues:
        return _by_times(recording, rows, typed, said)
    phrases = _of_kept(rows, said.phrases)
    if not phrases and recogniser:
        return _as_heard(recording, typed, recogniser)
    alignment = _align(recording, phrases, recogniser)
    found = [phrases[number] if number is not None else Phrase() for number in alignment.expressions]
    unsure = [number in alignment.unsure and "text" not in mine for number, mine in enumerate(typed)]
    missing = bool(phrases) and len(phrases) != len(typed)
    notes = _on_numbers(recording, phrases, alignment, unsure) if missing else []
    return Texts(_with_phrases(recording, found, typed), unsure, notes)


def _by_times(recording: ClippedRecording, rows: Sequence[Row], typed: Sequence[Phrase], said: Said) -> Texts:
    """Give each clip the cues that lie where it was cut; those of dropped rows go with them."""
    matched = match_cues([(row.start_s, row.end_s) for row in rows], said.cues)
    kept = [number for number, row in enumerate(rows) if row.is_kept]
    found = [Phrase(text=text) if (text := matched.texts[number]) else Phrase() for number in kept]
    unsure = [number in matched.unsure and "text" not in mine for number, mine in zip(kept, typed, strict=True)]
    texted = _with_phrases(recording, found, typed)
    names = [clip.path.stem for clip in texted.clips]
    without = [clip.path.stem for clip in texted.clips if not clip.transcript.get("text")]
    doubted = [name for name, one in zip(names, unsure, strict=True) if one]
    unsaid = [f"'{cue.text}' at {cue.start_s:.2f} s" for cue in matched.strays]
    notes = _to_check(f"{recording.name}: by the times of {said.shown}, ", without, unsaid, doubted)
    if matched.late_s:
        better = f"fit better {abs(matched.late_s):.1f} s {'earlier' if matched.late_s > 0 else 'later'}"
        notes.append(f"{recording.name}: all cues of {said.shown} {better}; move them there, or check the texts.")
    return Texts(texted, unsure, notes)


def _as_heard(recording: ClippedRecording, typed: Sequence[Phrase], recogniser: Recogniser) -> Texts:
    heard = [
        "" if "text" in mine else recogniser.hear(clip.path) for clip, mine in zip(recording.clips, typed, strict=True)
    ]
    found = [Phrase(text=text) if text else Phrase() for text in heard]
    names = [clip.path.stem for clip, text in zip(recording.clips, heard, strict=True) if text]
    notes = [f"{recording.name}: the texts of {listed(names)} are as the recogniser heard them; check them."]
    return Texts(_with_phrases(recording, found, typed), [bool(text) for text in heard], notes if names else [])


def _of_kept(rows: Sequence[Row], phrases: list[Phrase]) -> list[Phrase]:
    """Return the phrases of the kept clips, where there is one for each row: a dropped take takes its own along."""
    if len(phrases) != len(rows):
        return phrases
    return [phrase for row, phrase in zip(rows, phrases, strict=True) if row.is_kept]


def _with_phrases(recording: ClippedRecording, found: Sequence[Phrase], typed: Sequence[Phrase]) -> ClippedRecording:
    clips = [
        replace(clip, transcript={**phrase, **mine})
        for clip, phrase, mine in zip(recording.clips, found, typed, strict=True)
    ]
    return replace(recording, clips=clips)


def _align(recording: ClippedRecording, phrases: list[Phrase], recogniser: Recogniser | None) -> Alignment:
    count = len(recording.clips)
    if not phrases:
        return Alignment([None] * count, set())
    if len(phrases) == count:
        return Alignment(list(range(count)), set())
    sounds = [read_features(clip.path) for clip in recording.clips]
    texts = [phrase.get("text", "") for phrase in phrases]
    heard = [recogniser.hear(clip.path) for clip in recording.clips] if recogniser else []
    return align([clip.end_s - clip.start_s for clip in recording.clips], sounds, texts, heard)


def _on_numbers(
    recording: ClippedRecording, phrases: list[Phrase], alignment: Alignment, unsure: list[bool]
) -> list[str]:
    counts = f"{len(recording.clips)} clips but {len(phrases)} expressions in the transcripts"
    names = [clip.path.stem for clip in recording.clips]
    without = [name for name, number in zip(names, alignment.expressions, strict=True) if number is None]
    doubted = [name for name, one in zip(names, unsure, strict=True) if one]
    said = {number for number in alignment.expressions if number is not None}
    unsaid = [f"'{phrases[number].get('text', '')}'" for number in range(len(phrases)) if number not in said]
    return _to_check(f"{recording.name}: {counts}; ", without, unsaid, doubted)


def _to_check(intro: str, without: Sequence[str], unsaid: Sequence[str], doubted: Sequence[str]) -> list[str]:
    """Return a sentence on clips without a text, texts without a clip and clips to look at, where there are any."""
    parts = [
        f"no text fits {listed(without)}" if without else "",
        f"no clip was found for {listed(unsaid)}" if unsaid else "",
        f"check {listed(doubted)}" if doubted else "",
    ]
    return [f"{intro}{', '.join(part for part in parts if part)}."] if any(parts) else []


def listed(names: Sequence[str]) -> str:
    """Return up to five names, and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
