"""The report on the clips: counts, waveforms, players, and what to look at again; and the rows of metadata.csv."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from journal import Report

from .recording_clips import Clip, ClippedRecording
from .texts import listed
from .transcripts import beside_ours
from .waveform import write_waveforms

_ROWS = 8  # waveforms in one figure
_QUIET_DB = -30.0
_LONG_S = 30.0  # what speech models such as Whisper take at a time
_OURS = ("file_name", "transcription", "recording", "start_s", "end_s", "seconds")
_LISTED = 20  # of what was left out


def metadata_rows(recordings: Sequence[ClippedRecording], speaker: str) -> Iterator[dict[str, str]]:
    """Yield a row of metadata.csv for each clip, in the columns of Hugging Face's AudioFolder first."""
    any_text = any(clip.transcript for recording in recordings for clip in recording.clips)
    for recording in recordings:
        for clip in recording.clips:
            row = _metadata_row(clip, recording.name, any_text)
            yield {**row, "speaker": row.get("speaker") or speaker} if speaker else row


def build_report(recordings: Sequence[ClippedRecording], players: int, folder: Path) -> Report:
    """Return a report of the clips with ``players`` of them to hear from each recording; figures go into ``folder``."""
    count = sum(len(recording.clips) for recording in recordings)
    seconds = sum(recording.seconds for recording in recordings)
    report = Report().headline(f"{count} {'clip' if count == 1 else 'clips'}, {seconds / 60:.2f} min").part("waveform")
    report.metric("clips", count, visible=False)
    report.metric("length", round(seconds / 60, 6), "min", digits=2, visible=False)
    _add_waveforms(report, recordings, folder)
    report.part("recordings", "Clips and seconds of each recording", folded=True)
    rows = [(recording.name, len(recording.clips), round(recording.seconds, 3)) for recording in recordings]
    report.table(rows, ["recording", "clips", "seconds"], digits=2)
    report.part("clips", "Clips to hear", folded=True)
    for recording in recordings:
        for clip in _pick_evenly(recording.clips, players):
            report.audio(clip.path, caption=_caption(clip))
    return _add_left_out(report, recordings)


def find_faults(recordings: Sequence[ClippedRecording]) -> list[str]:
    """Return sentences on clips too loud, too quiet or too long."""
    found = []
    for recording in recordings:
        clipped = [clip.path.stem for clip in recording.clips if clip.clipped]
        long = [clip.path.stem for clip in recording.clips if clip.seconds > _LONG_S + 1]
        loudest_db = max((clip.peak_db for clip in recording.clips), default=0.0)
        if clipped:
            found.append(f"{listed(clipped)}: too loud, the tops of the waves are cut off; record it more quietly.")
        if loudest_db < _QUIET_DB:
            loudness = f"very quiet, {loudest_db:.0f} dB at most"
            found.append(f"{recording.name}: {loudness}; `normalize: peak` makes it louder.")
        if long:
            found.append(f"{listed(long)}: longer than {_LONG_S:.0f} s; a smaller `longest` splits them.")
    return found


def _metadata_row(clip: Clip, recording: str, any_text: bool) -> dict[str, str]:
    given = {name: value for name, value in clip.transcript.items() if name != "text"}
    text = {"transcription": clip.transcript.get("text", "")} if any_text else {}
    times = {"start_s": f"{clip.start_s:.3f}", "end_s": f"{clip.end_s:.3f}", "seconds": f"{clip.seconds:.3f}"}
    return {"file_name": clip.path.name, **text, **beside_ours(given, _OURS), "recording": recording, **times}


def _add_waveforms(report: Report, recordings: Sequence[ClippedRecording], folder: Path) -> None:
    for first in range(0, len(recordings), _ROWS):
        group = recordings[first : first + _ROWS]
        name = f"waveform-{first // _ROWS + 1}" if len(recordings) > _ROWS else "waveform"
        parts = ", ".join(f"{recording.name} with {len(recording.clips)} clips" for recording in group)
        write_waveforms([recording.waveform for recording in group], folder / f"{name}.svg")
        report.image(folder / f"{name}.svg", alt=f"Waveforms with the clips marked: {parts}")


def _add_left_out(report: Report, recordings: Sequence[ClippedRecording]) -> Report:
    """List what was loud and is in no clip."""
    rows = [
        (recording.name, round(start_s, 2), round(end_s, 2), reason)
        for recording in recordings
        for start_s, end_s, reason in recording.heard.left_out
    ]
    if rows:
        more = f", the first {_LISTED} of {len(rows)}" if len(rows) > _LISTED else ""
        report.part("left-out", "What was loud and is in no clip", folded=True)
        report.table(
            rows[:_LISTED], ["recording", "from s", "to s", "why"], title=f"Loud, but left out{more}", digits=2
        )
    return report


def _pick_evenly(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Return so many clips from all over the recording, the first among them."""
    count = min(count, len(clips))
    return [clips[number * len(clips) // count] for number in range(count)]


def _caption(clip: Clip) -> str:
    text = clip.transcript.get("text", "")
    return f"{clip.path.stem}: {text}" if text else f"{clip.path.stem}, {clip.seconds:.1f} s"
