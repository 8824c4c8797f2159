"""One recording cut into its clips; its files are remembered, so that one more recording is all that is cut anew."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from journal import Context

from .cutting import ClipFormat, Piece, Written, write_pieces
from .listening import Heard, Source
from .speech import mono_blocks
from .transcripts import Phrase
from .waveform import Outline, Waveform


@dataclass(frozen=True)
class Cut:
    """A clip to be: where it is in its recording, and what is said in it."""

    start_s: float
    end_s: float
    phrase: Phrase = field(default_factory=dict)


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
    heard: Heard

    @property
    def seconds(self) -> float:
        return sum(clip.seconds for clip in self.clips)


def cut_recording(
    source: Source,
    heard: Heard,
    cuts: Sequence[Cut],
    clip_format: ClipFormat,
    ctx: Context,
    jobs: int,
    progress: Callable[[float], None],
) -> ClippedRecording:
    """Write a recording's clips, or recall them; they are named by the recording and their number."""
    digits = max(2, len(str(len(cuts))))
    suffix = clip_format.format
    names = [f"{source.name}-{number:0{digits}}.{suffix}" for number in range(1, len(cuts) + 1)]
    pieces = [Piece(cut.start_s, cut.end_s, name) for cut, name in zip(cuts, names, strict=True)]
    how = [clip_format.rate_hz, clip_format.normalize, heard.channel, source.raw_rate_hz]
    key = {"clips": source.digest, "pieces": [list(piece) for piece in pieces], "how": how}
    written, outline = _recall(key, source, pieces, clip_format, ctx) or _cut(
        key, source, heard, pieces, clip_format, ctx, jobs, progress
    )
    clips = [
        Clip(clip_format.folder / piece.name, piece.start_s, piece.end_s, *one, cut.phrase)
        for piece, one, cut in zip(pieces, written, cuts, strict=True)
    ]
    times = [(clip.start_s, clip.end_s) for clip in clips]
    return ClippedRecording(source.name, clips, Waveform(source.name, heard.length_s, outline, times), heard)


Result = tuple[list[Written], Outline]


def _cut(
    key: Mapping[str, object],
    source: Source,
    heard: Heard,
    pieces: Sequence[Piece],
    clip_format: ClipFormat,
    ctx: Context,
    jobs: int,
    progress: Callable[[float], None],
) -> Result:
    outline = Outline()
    with source.open(clip_format.rate_hz) as decoding:
        blocks = outline.of(mono_blocks(decoding.blocks(), heard.channel), decoding.rate_hz)
        whole = max(1.0, heard.length_s * decoding.rate_hz)
        written = write_pieces(
            *(blocks, decoding.rate_hz, pieces, clip_format, jobs), lambda count: progress(min(1.0, count / whole))
        )
    _remember(key, source, pieces, written, outline, clip_format, ctx)
    return written, outline


def _remember(
    key: Mapping[str, object],
    source: Source,
    pieces: Sequence[Piece],
    written: list[Written],
    outline: Outline,
    clip_format: ClipFormat,
    ctx: Context,
) -> None:
    if ctx.cache_dir is None:
        return
    about, packed = ctx.out / f".{source.name}.json", ctx.out / f".{source.name}.tar"
    about.write_text(json.dumps([[list(one) for one in written], asdict(outline)]))
    with tarfile.open(packed, "w") as archive:
        archive.add(about, ".json")
        for piece in pieces:
            archive.add(clip_format.folder / piece.name, piece.name)
    ctx.remember(key, packed)
    about.unlink()
    packed.unlink()


def _recall(
    key: Mapping[str, object], source: Source, pieces: Sequence[Piece], clip_format: ClipFormat, ctx: Context
) -> Result | None:
    packed = ctx.recall(key, f".{source.name}.tar")
    if packed is None:
        return None
    with tarfile.open(packed) as archive:
        content = archive.extractfile(".json")
        assert content is not None
        written, outline = json.loads(content.read())
        for piece in pieces:
            archive.extract(piece.name, clip_format.folder, filter="data")
    packed.unlink()
    return [Written(*one) for one in written], Outline(**outline)
