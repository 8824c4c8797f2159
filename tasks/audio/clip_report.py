"""The report on the clips: counts, waveforms, players, and what to look at again; and the rows of metadata.csv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journal import Report

from .segmentation import Clip, ClippedRecording
from .waveform import draw_waveforms

_ROWS = 8  # waveforms in one figure
_QUIET_DB = -30.0
_LONG_S = 30.0  # what speech models such as Whisper take at a time


def metadata_rows(recordings: Sequence[ClippedRecording]) -> list[dict[str, str]]:
    """Return a row of metadata.csv for each clip, in the columns of Hugging Face's AudioFolder first."""
    return [_metadata_row(clip, recording.name) for recording in recordings for clip in recording.clips]


def build_report(recordings: Sequence[ClippedRecording], players: int) -> Report:
    """Return a report of the clips with ``players`` of them to hear from each recording."""
    count = sum(len(recording.clips) for recording in recordings)
    seconds = sum(recording.seconds for recording in recordings)
    report = Report().headline(f"{count} {'clip' if count == 1 else 'clips'}, {seconds / 60:.2f} min").part("waveform")
    report.metric("clips", count, visible=False)
    report.metric("length", round(seconds / 60, 6), "min", digits=2, visible=False)
    _add_waveforms(report, recordings)
    report.part("recordings", "Clips and seconds of each recording", folded=True)
    rows = [(recording.name, len(recording.clips), round(recording.seconds, 3)) for recording in recordings]
    report.table(rows, ["recording", "clips", "seconds"], digits=2)
    report.part("clips", "Clips to hear, and the list of all", folded=True)
    for recording in recordings:
        for clip in _pick_evenly(recording.clips, players):
            report.audio(clip.path, caption=_caption(clip))
    return report


def find_faults(recordings: Sequence[ClippedRecording], expected: Mapping[str, int]) -> list[str]:
    """Return sentences on clips too loud, too quiet, too long, or not as many as ``expected`` of a recording."""
    found = []
    for recording in recordings:
        clipped = [clip.path.stem for clip in recording.clips if clip.clipped]
        long = [clip.path.stem for clip in recording.clips if clip.seconds > _LONG_S]
        loudest_db = max(clip.peak_db for clip in recording.clips)
        wanted = expected.get(recording.name, len(recording.clips))
        if clipped:
            found.append(f"{_listed(clipped)}: too loud, the tops of the waves are cut off; record it more quietly.")
        if loudest_db < _QUIET_DB:
            loudness = f"very quiet, {loudest_db:.0f} dB at most"
            found.append(f"{recording.name}: {loudness}; `normalize: peak` makes it louder.")
        if long:
            found.append(f"{_listed(long)}: longer than {_LONG_S:.0f} s; a shorter `pause` cuts more often.")
        if wanted != len(recording.clips):
            counts = f"{len(recording.clips)} clips but {wanted} expressions in the transcripts"
            remedy = "so its clips have no transcription; mend them, or change `pause`."
            found.append(f"{recording.name}: {counts}, {remedy}")
    return found


def _metadata_row(clip: Clip, recording: str) -> dict[str, str]:
    columns = {"transcription": clip.transcript["text"], **clip.transcript} if clip.transcript else {}
    columns.pop("text", None)
    times = {"start_s": f"{clip.start_s:.3f}", "end_s": f"{clip.end_s:.3f}", "seconds": f"{clip.seconds:.3f}"}
    return {"file_name": clip.path.name, **columns, "recording": recording, **times}


def _add_waveforms(report: Report, recordings: Sequence[ClippedRecording]) -> None:
    for first in range(0, len(recordings), _ROWS):
        group = recordings[first : first + _ROWS]
        name = f"waveform-{first // _ROWS + 1}" if len(recordings) > _ROWS else "waveform"
        parts = ", ".join(f"{recording.name} with {len(recording.clips)} clips" for recording in group)
        plot = draw_waveforms([recording.waveform for recording in group])
        report.figure(name, plot, alt=f"Waveforms with the clips marked: {parts}")


def _pick_evenly(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Return so many clips from all over the recording, the first among them."""
    count = min(count, len(clips))
    return [clips[number * len(clips) // count] for number in range(count)]


def _caption(clip: Clip) -> str:
    text = clip.transcript.get("text", "")
    return f"{clip.path.stem}: {text}" if text else f"{clip.path.stem}, {clip.seconds:.1f} s"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
