"""What a reader sees of the clips: counts, waveforms, players, and what to look at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journal import Report

from .cutting import Clip, Cutting
from .waveform import draw_waveforms

_ROWS = 8  # waveforms in one figure
_QUIET_DB = -30.0
_LONG_S = 30.0  # what speech models such as Whisper take at a time


def describe_clips(cuttings: Sequence[Cutting]) -> list[dict[str, Any]]:
    """Return a row of metadata.csv for each clip, in the columns of Hugging Face's AudioFolder first."""
    return [_describe(clip, cutting.name) for cutting in cuttings for clip in cutting.clips]


def show_clips(cuttings: Sequence[Cutting], players: int) -> Report:
    """Return a report of the clips with ``players`` of them to hear from each recording."""
    count = sum(len(cutting.clips) for cutting in cuttings)
    seconds = sum(cutting.seconds for cutting in cuttings)
    report = Report().headline(f"{count} {'clip' if count == 1 else 'clips'}, {seconds / 60:.2f} min")
    report.metric("clips", count).metric("length", round(seconds / 60, 6), "min", digits=2)
    rows = [(cutting.name, len(cutting.clips), round(cutting.seconds, 3)) for cutting in cuttings]
    report.table(rows, ["recording", "clips", "seconds"], digits=2)
    _show_waveforms(report, cuttings)
    for cutting in cuttings:
        for clip in _spread(cutting.clips, players):
            report.audio(clip.path, caption=_caption(clip))
    return report


def find_faults(cuttings: Sequence[Cutting], expected: Mapping[str, int]) -> list[str]:
    """Return sentences on clips too loud, too quiet, too long, or not as many as ``expected`` of a recording."""
    found = []
    for cutting in cuttings:
        clipped = [clip.path.stem for clip in cutting.clips if clip.clipped]
        long = [clip.path.stem for clip in cutting.clips if clip.seconds > _LONG_S]
        loudest_db = max(clip.peak_db for clip in cutting.clips)
        wanted = expected.get(cutting.name, len(cutting.clips))
        if clipped:
            found.append(f"{_listed(clipped)}: too loud, the tops of the waves are cut off; record it more quietly.")
        if loudest_db < _QUIET_DB:
            found.append(f"{cutting.name}: very quiet, {loudest_db:.0f} dB at most; `normalize: peak` makes it louder.")
        if long:
            found.append(f"{_listed(long)}: longer than {_LONG_S:.0f} s; a shorter `pause` cuts more often.")
        if wanted != len(cutting.clips):
            told = f"{len(cutting.clips)} clips but {wanted} expressions in the transcripts"
            found.append(f"{cutting.name}: {told}, so its clips have no transcription; mend them, or change `pause`.")
    return found


def _describe(clip: Clip, recording: str) -> dict[str, Any]:
    said = {"transcription": clip.said["text"], **clip.said} if clip.said else {}
    said.pop("text", None)
    times = {"start_s": f"{clip.start_s:.3f}", "end_s": f"{clip.end_s:.3f}", "seconds": f"{clip.seconds:.3f}"}
    return {"file_name": clip.path.name, **said, "recording": recording, **times}


def _show_waveforms(report: Report, cuttings: Sequence[Cutting]) -> None:
    for first in range(0, len(cuttings), _ROWS):
        group = cuttings[first : first + _ROWS]
        name = f"waveform-{first // _ROWS + 1}" if len(cuttings) > _ROWS else "waveform"
        parts = ", ".join(f"{cutting.name} with {len(cutting.clips)} clips" for cutting in group)
        plot = draw_waveforms([cutting.waveform for cutting in group])
        report.figure(name, plot, alt=f"Waveforms with the clips marked: {parts}")


def _spread(clips: Sequence[Clip], count: int) -> list[Clip]:
    """Return so many clips from all over the recording, the first among them."""
    count = min(count, len(clips))
    return [clips[number * len(clips) // count] for number in range(count)]


def _caption(clip: Clip) -> str:
    text = clip.said.get("text", "")
    return f"{clip.path.stem}: {text}" if text else f"{clip.path.stem}, {clip.seconds:.1f} s"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
