"""Recordings whose files don't tell the truth, made here with ffmpeg: lengths are counted from what is decoded."""

from __future__ import annotations

import csv
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from journal_tasks.audio.channels import choose_channel
from journal_tasks.audio.decoding import Recording
from journal_tasks.audio.islands import RATE_HZ
from journal_tasks.audio.listening import Source, listen
from journal_tasks.audio.speech import FILTERS, Segmentation

from journal import Context, TaskError

DATA = Path(__file__).parent.parent / "data" / "scottish-phrases"
GREETINGS, MOODS = DATA / "greetings.opus", DATA / "moods.opus"
LENGTH_S, BOTH_S = 19.78, 39.96  # of greetings, and of both: what soundfile reads from the originals
with (DATA / "boundaries.csv").open(encoding="utf-8") as stream:
    STARTS_S = [float(row["start_s"]) for row in csv.DictReader(stream) if row["recording"] == "greetings"]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make a file with ffmpeg."""

    def run(name: str, *arguments: str | Path) -> Path:
        import imageio_ffmpeg

        path = tmp_path / name
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments), str(path)], check=True
        )
        return path

    return run


def decoded(path: Path) -> tuple[float, list[str]]:
    with Recording(path, path.name) as decoding:
        count = sum(len(block) for block in decoding.blocks())
        assert count == decoding.count
        return decoding.length_s, decoding.findings()


def starts_s(path: Path, **how: object) -> list[float]:
    source = Source(path, path.name, "recording", **how)  # type: ignore[arg-type]
    heard = listen(source, Segmentation(margin=0), Context(out=path.parent), 1, lambda part: None)
    return [start for start, _ in heard.spans_s]


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize("options", [["-b:a", "64k"], ["-q:a", "5"]])
def test_an_mp3_without_a_length_in_its_header_is_decoded_to_its_end(make: Make, options: list[str]) -> None:
    path = make("a.mp3", "-i", GREETINGS, "-write_xing", "0", *options)
    assert decoded(path) == (pytest.approx(LENGTH_S, abs=0.06), [])
    assert starts_s(path) == pytest.approx(STARTS_S, abs=0.06)


def test_mp3s_one_after_another_in_a_file_are_all_decoded_and_told(make: Make, tmp_path: Path) -> None:
    path = joined(tmp_path / "both.mp3", make("a.mp3", "-i", GREETINGS), make("b.mp3", "-i", MOODS))
    length_s, findings = decoded(path)
    assert length_s == pytest.approx(BOTH_S, abs=0.1)
    assert findings == ["several files one after another in one; all 40.0 s of sound were read."]
    assert len(starts_s(path)) == 18


def test_chained_opus_streams_are_all_decoded_and_told(tmp_path: Path) -> None:
    length_s, findings = decoded(joined(tmp_path / "both.opus", GREETINGS, MOODS))
    assert length_s == pytest.approx(BOTH_S, abs=0.01)
    assert findings == ["its header promises 20.2 s of sound, but there are 40.0 s; all of it was read."]


def test_chained_vorbis_streams_are_all_decoded(make: Make, tmp_path: Path) -> None:
    path = joined(tmp_path / "both.ogg", make("a.ogg", "-i", GREETINGS), make("b.ogg", "-i", MOODS))
    assert decoded(path)[0] == pytest.approx(BOTH_S, abs=0.05)


@pytest.mark.parametrize(("name", "options"), [("a.mp3", ["-b:a", "64k"]), ("a.flac", []), ("a.wav", [])])
def test_a_file_that_was_cut_off_gives_what_it_has_and_says_so(make: Make, name: str, options: list[str]) -> None:
    path = make(name, "-i", GREETINGS, *options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    length_s, findings = decoded(path)
    assert 0.2 * LENGTH_S < length_s < 0.6 * LENGTH_S
    assert findings == [
        f"its header promises 19.8 s of sound, but there are {length_s:.1f} s; the file is damaged or was cut off."
    ]


@pytest.mark.parametrize(("declared", "promised"), [(0, "0.0"), (300_000, "3.1"), (2**31, "22369.6")])
def test_a_wav_header_that_lies_is_told_and_changes_nothing(make: Make, declared: int, promised: str) -> None:
    path = make("a.wav", "-i", GREETINGS)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.find(b"data") + 4, declared)
    path.write_bytes(content)
    length_s, findings = decoded(path)
    assert length_s == pytest.approx(LENGTH_S, abs=0.01)
    assert findings[0].startswith(f"its header promises {promised} s of sound, but there are 19.8 s; ")


def test_a_wav_header_that_leaves_the_length_open_is_no_lie(make: Make) -> None:
    path = make("a.wav", "-i", GREETINGS)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.find(b"data") + 4, 0xFFFFFFFF)  # as programs write it into a pipe
    path.write_bytes(content)
    assert decoded(path) == (pytest.approx(LENGTH_S, abs=0.01), [])


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.ts"])
def test_sound_that_starts_after_the_picture_keeps_the_pictures_times(make: Make, name: str) -> None:
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=24"]
    path = make(name, *picture, "-itsoffset", "2.5", "-i", GREETINGS, "-map", "0:v", "-map", "1:a")
    assert starts_s(path) == pytest.approx([start + 2.5 for start in STARTS_S], abs=0.06)
    assert decoded(path)[1] == []


def test_bare_samples_ask_for_their_rate_in_a_line(make: Make) -> None:
    path = make("a.raw", "-i", GREETINGS, "-f", "s16le", "-ac", "1", "-ar", "16000")
    with pytest.raises(TaskError, match=r"^a\.raw: bare samples don't say .* give 'raw_rate: 16000'"):
        decoded(path)
    assert starts_s(path, raw_rate_hz=16000) == pytest.approx(STARTS_S, abs=0.03)


def test_a_video_without_sound_is_named(make: Make) -> None:
    path = make("mute.mp4", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=2")
    with pytest.raises(TaskError, match=r"^mute\.mp4: there is no sound in it"):
        decoded(path)


def channels(path: Path, *gains: float) -> list[np.ndarray]:
    """Return greetings in several channels, each with its own gain and a little noise of its own."""
    with Recording(path, path.name, RATE_HZ, filters=FILTERS) as decoding:
        mono = np.concatenate(list(decoding.blocks()))[:, 0].astype(np.float64)
    random = np.random.default_rng(0)
    sides = [gain * mono + random.normal(size=len(mono)) * 10 for gain in gains]
    return [np.stack(sides, axis=1).astype(np.int16)]


@pytest.mark.parametrize(
    ("gains", "chosen"),
    [
        ((1.0, 1.0), None),
        ((1.0, 0.0), 0),
        ((0.0, 1.0), 1),
        ((1.0, -1.0), 0),  # in opposite phase the mix is silent
        ((0.0, 0.0, 1.0, 0.0, 0.0, 0.0), 2),  # 5.1: people speak in the middle
    ],
)
def test_the_channel_with_the_speech_is_chosen(gains: tuple[float, ...], chosen: int | None) -> None:
    assert choose_channel(channels(GREETINGS, *gains)) == chosen


def test_of_two_people_with_a_microphone_each_neither_is_lost(make: Make) -> None:
    path = make(
        "two.wav",
        "-i",
        GREETINGS,
        "-i",
        MOODS,
        "-filter_complex",
        "[1]adelay=20s[b];[0]apad=pad_dur=20[a];[a][b]amerge",
    )
    assert len(starts_s(path)) == 18


def test_a_channel_can_be_named(make: Make) -> None:
    path = make("right.wav", "-i", GREETINGS, "-af", "pan=stereo|c1=c0")
    assert starts_s(path, channel="right") == pytest.approx(STARTS_S, abs=0.03)
    assert starts_s(path, channel=2) == pytest.approx(STARTS_S, abs=0.03)
    for channel, message in ((1, "no speech found"), (3, "there is no channel 3, only 2")):
        with pytest.raises(TaskError, match=rf"^right\.wav: {message}"):
            starts_s(path, channel=channel)
