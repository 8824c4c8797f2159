"""One data set over all days: who consented, each sound once, splits that never change, and numbers that agree."""

from __future__ import annotations

import csv
import gc
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from conftest import Space, entry_name, make_space
from journal_tasks.audio.data_set import DataSet, build_data_set, split_of
from journal_tasks.audio.data_set_card import verify
from journal_tasks.audio.speakers import read_speakers
from journal_tasks.audio.takes import Takes

from journal import EntryError, Record, UsageError
from journal.text.workspace import find_workspace

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent.parent / "data" / "scottish-phrases"
SPEAKERS = """
jessie: {gender: female, accent: Glaswegian, consent: "signed 2024-05-01", licence: CC-BY-4.0}
rab: {gender: male, accent: Glaswegian, consent: no, licence: CC-BY-4.0}
"""


@pytest.fixture
def days(template: Path, tmp_path: Path) -> Space:
    """Days 133 and 134, each with a recording; the one of day 133 is also in day 134."""
    return Space(shutil.copytree(template, tmp_path / "days"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = make_space(tmp_path_factory.mktemp("template") / "days")
    settings = space.root / "journal.yml"
    settings.write_text(settings.read_text() + "speakers: data/speakers.yml\n")
    space.write("data/speakers.yml", SPEAKERS)
    for day, names in ((133, ["greetings"]), (134, ["greetings", "moods"])):
        folder = space.root / "data" / str(day)
        folder.mkdir()
        for name in names:
            shutil.copy(DATA / f"{name}.opus", folder / f"{name}.opus")
        cut(space, day, "jessie")
    return space.root


def cut(space: Space, day: int, speaker: str, more: str = "") -> None:
    shutil.copy(DATA / "phrases.csv", space.root / "data" / "phrases.csv")
    files = f"    recordings: data/{day}/*\n    transcripts: data/phrases.csv\n"
    step = f"  clips:\n    uses: audio.clip\n{files}    dataset: glaswegian\n    speaker: {speaker}\n{more}"
    space.entry(step, day=day)
    space.run("day", str(day), check=0)


def build(space: Space, out: Path, split_by: str = "", adopted: Path | None = None) -> DataSet:
    return build_data_set(Record(find_workspace(space.root)), "glaswegian", out, split_by, adopted)


def encode(source: Path, target: Path, *how: str) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-i", str(source), *how, str(target)]
    subprocess.run(command, check=True)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_two_days_make_one_data_set_with_each_sound_once(days: Space, tmp_path: Path) -> None:
    found = build(days, tmp_path / "out")
    rows = read(tmp_path / "out" / "all.csv")
    assert [row["recording"] for row in rows] == ["greetings"] * 9 + ["moods"] * 9
    assert [row["day"] for row in rows] == ["133"] * 9 + ["134"] * 9
    assert len([line for line in found.left_out if "the same sound as" in line]) == 9
    first = rows[0]
    assert first["file_name"] == f"{split_of('whityedaeintheday')}/0133_clips_greetings_00001230.flac"
    assert (first["speaker_id"], first["gender"], first["accent"]) == ("jessie", "female", "Glaswegian")
    assert (first["licence"], first["transcription"]) == ("CC-BY-4.0", "Whit ye daein the day?")
    for row in rows:
        samples, rate_hz = soundfile.read(tmp_path / "out" / row["file_name"])
        assert row["length_seconds"] == f"{len(samples) / rate_hz:.3f}"
        assert row["sampling_rate"] == str(rate_hz)
    assert verify(tmp_path / "out") == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves metadata.csv open
def test_datasets_loads_every_row_of_two_days_with_its_sound(
    days: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    datasets = pytest.importorskip("datasets")
    pytest.importorskip("torchcodec", exc_type=Exception)  # it needs FFmpeg's libraries too
    (days.root / "data" / "134" / "greetings.opus").unlink()
    (days.root / "data" / "134" / "moods.opus").rename(days.root / "data" / "134" / "dev.opus")  # no split
    cut(days, 134, "jessie")
    rows = {row["file_name"]: row for row in build(days, tmp_path / "out").rows}
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    gc.collect()  # while the warning on the file that it left open is expected
    assert {split: len(part) for split, part in loaded.items()} == Counter(row["split"] for row in rows.values())
    assert len(rows) == 18
    for split, part in loaded.items():
        files = part.cast_column("audio", datasets.Audio(decode=False))
        for row, file in zip(part, files, strict=True):
            own = rows[f"{split}/{Path(file['audio']['path']).name}"]
            samples = row["audio"].get_all_samples().data
            assert samples.shape[1] == round(float(own["length_seconds"]) * int(own["sampling_rate"]))
            found = (row["transcription"] or "", row["speaker_id"], str(row["day"]))
            assert found == (own["transcription"], own["speaker_id"], own["day"])


def test_a_recording_in_another_format_on_another_day_is_counted_once(days: Space, tmp_path: Path) -> None:
    folder = days.root / "data" / "134"
    (folder / "greetings.opus").unlink()
    encode(DATA / "greetings.opus", folder / "greetings.mp3", "-b:a", "32k", "-filter:a", "volume=-6dB")
    cut(days, 134, "jessie", "    margin: 0.3\n")
    found = build(days, tmp_path / "out")
    assert [row["day"] for row in found.rows] == ["133"] * 9 + ["134"] * 9
    told = [line for line in found.left_out if "the same sound as" in line]
    assert len(told) == 9
    assert all("0134_clips_greetings_" in line and "0133_clips_greetings_" in line for line in told)
    assert all(f"- {line}" in (tmp_path / "out" / "README.md").read_text() for line in told)


def test_takes_are_told_apart_and_known_again_in_any_format(tmp_path: Path) -> None:
    clips = []
    for folder in (DATA, DATA.parent / "more-phrases"):  # the second one was not seen when the limits were chosen
        for row in read(folder / "boundaries.csv"):
            samples, rate_hz = soundfile.read(folder / f"{row['recording']}.opus", dtype="int16")
            part = samples[round(float(row["start_s"]) * rate_hz) : round(float(row["end_s"]) * rate_hz)]
            clips.append(tmp_path / f"{len(clips)}.wav")
            soundfile.write(clips[-1], part, rate_hz)
    takes = Takes()
    for path in clips:
        assert takes.meet(path, path.stem) == ""
    for path in clips[::4]:
        encode(path, tmp_path / "other.mp3", "-b:a", "24k", "-filter:a", "adelay=300,volume=-9dB")
        assert takes.meet(tmp_path / "other.mp3", "other") == path.stem
        encode(path, tmp_path / "other.wav", "-ar", "8000", "-c:a", "pcm_mulaw")
        assert takes.meet(tmp_path / "other.wav", "other") == path.stem


def test_silence_is_no_take(tmp_path: Path) -> None:
    takes = Takes()
    for name, count in (("silent.wav", 8000), ("empty.wav", 0)):
        soundfile.write(tmp_path / name, np.zeros(count, np.int16), 8000)
        assert takes.meet(tmp_path / name, name) == takes.meet(tmp_path / name, name) == ""


def test_each_split_is_a_folder_that_lists_its_own_files(days: Space, tmp_path: Path) -> None:
    rows = build(days, tmp_path / "out").rows
    for split in {row["split"] for row in rows}:
        listed = {row["file_name"] for row in read(tmp_path / "out" / split / "metadata.csv")}
        assert listed == {path.name for path in (tmp_path / "out" / split).glob("*.flac")}
        assert f"path: {split}/*" in (tmp_path / "out" / "README.md").read_text()


def test_repeats_of_a_phrase_are_in_one_split_and_none_changes_as_days_are_added(days: Space, tmp_path: Path) -> None:
    first = {row["file_name"]: row for row in build(days, tmp_path / "out").rows}
    assert all(len({row["split"] for row in first.values() if row["transcription"] == text}) == 1
               for text in {row["transcription"] for row in first.values()})  # fmt: skip
    before = [row["file_name"] for row in read(tmp_path / "out" / "all.csv")]
    (days.root / "data" / "132").mkdir()
    shutil.copy(DATA / "warnings.opus", days.root / "data" / "132" / "warnings.opus")
    cut(days, 132, "jessie")
    rows = build(days, tmp_path / "out").rows
    after = [row["file_name"] for row in read(tmp_path / "out" / "all.csv")]
    assert after[:18] == before  # an earlier day comes after what was there
    assert len(after) == 27
    assert all(row["split"] == first[row["file_name"]]["split"] for row in rows if row["file_name"] in first)
    assert verify(tmp_path / "out") == []


def test_without_consent_there_is_no_row_and_a_word(days: Space, tmp_path: Path) -> None:
    cut(days, 134, "rab")
    found = build(days, tmp_path / "out")
    assert {row["speaker_id"] for row in found.rows} == {"jessie"}
    assert found.left_out[0] == "18 clips are by 'rab', of whom there is no consent"
    cut(days, 134, "jesie")
    assert build(days, tmp_path / "new").left_out[0] == (
        "18 clips are by 'jesie', who is not among the speakers; did you mean 'jessie'?"
    )


def test_a_clip_that_was_dropped_is_gone_from_the_data_set(days: Space, tmp_path: Path) -> None:
    build(days, tmp_path / "out")
    sheet = days.root / "entries" / f"{entry_name(133)}.clips.cuts.csv"
    sheet.write_text(sheet.read_text().replace(",yes,", ",no,", 1))
    days.run("day", "133", check=0)
    rows = build(days, tmp_path / "out").rows
    assert len([row for row in rows if row["recording"] == "greetings" and row["day"] == "133"]) == 8
    assert verify(tmp_path / "out") == []


@pytest.mark.parametrize("damage", ["a clip more", "a clip less", "a row less", "a cut clip", "another card"])
def test_verify_tells_a_difference_of_one_clip(days: Space, tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out"
    rows = build(days, out).rows
    first = out / rows[0]["file_name"]
    if damage == "a clip more":
        shutil.copy(first, first.with_name("more.flac"))
    elif damage == "a clip less":
        first.unlink()
    elif damage == "a row less":
        (out / "all.csv").write_text("".join((out / "all.csv").read_text().splitlines(keepends=True)[:-1]))
    elif damage == "a cut clip":
        samples, rate_hz = soundfile.read(first, dtype="int16")
        soundfile.write(first, samples[:-480], rate_hz)
    else:
        card = out / "README.md"
        card.write_text(card.read_text().replace("18 clips", "19 clips"))
    assert verify(out)


def test_clips_that_existed_before_come_in_and_stay(days: Space, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    samples, rate_hz = soundfile.read(DATA / "weather.opus", dtype="int16", stop=48000)
    soundfile.write(old / "dreich.wav", samples, rate_hz)
    (old / "metadata.csv").write_text("file_name,text,speaker,mood\ndreich.wav,It's dreich,jessie,sad\n")
    rows = build(days, tmp_path / "out", adopted=old).rows
    assert (rows[-1]["transcription"], rows[-1]["mood"], rows[-1]["length_seconds"]) == ("It's dreich", "sad", "2.000")
    shutil.rmtree(old)
    assert build(days, tmp_path / "out").rows == rows
    assert verify(tmp_path / "out") == []


def test_a_folder_of_something_else_is_left_alone(days: Space, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    with pytest.raises(UsageError, match="no data set that this command wrote"):
        build(days, tmp_path / "thesis")
    build(days, tmp_path / "out", "speaker")
    with pytest.raises(UsageError, match="is split by speaker, and splits never change"):
        build(days, tmp_path / "out", "phrase")


def test_without_a_file_of_speakers_nothing_is_written(space: Space, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"journal\.yml names no speakers"):
        build(space, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jessie: [1", r"speakers\.yml:\d: this is no YAML"),
        ("- jessie\n", r"speakers\.yml:1: write a name"),
        ("jessie: yes\n", "speaker 'jessie' has no lines below"),
        ("jessie: {acent: Scots}\n", "speaker 'jessie' has 'acent'; did you mean 'accent'?"),
    ],
)
def test_a_wrong_file_of_speakers_is_told_in_a_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "speakers.yml").write_text(text)
    with pytest.raises(EntryError, match=message.replace("?", r"\?")):
        read_speakers(tmp_path / "speakers.yml", "speakers.yml")
