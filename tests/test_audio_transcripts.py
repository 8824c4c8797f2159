"""Texts of clips: aligned where there are more or fewer of them than clips, and what fits nothing is told."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from journal_tasks.audio.alignment import align
from journal_tasks.audio.clip import clip
from journal_tasks.audio.likeness import Features, distance, read_features
from journal_tasks.audio.transcripts import beside_ours, read_transcripts

from journal import Context, Report, TaskError
from journal.api.items import Text
from journal.api.report_file import write_report

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent.parent / "data" / "scottish-phrases"
Clip = tuple[float, Features, str]
"""A clip's length and sound, and what is said in it."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """The 36 expressions of the sample recordings, with their texts."""
    folder = tmp_path_factory.mktemp("clips")
    found = []
    with (DATA / "boundaries.csv").open(encoding="utf-8") as stream:
        for number, row in enumerate(csv.DictReader(stream)):
            samples, rate_hz = soundfile.read(DATA / f"{row['recording']}.opus", dtype="int16")
            part = samples[round(float(row["start_s"]) * rate_hz) : round(float(row["end_s"]) * rate_hz)]
            path = folder / f"{number}.flac"
            soundfile.write(path, part, rate_hz)
            found.append((len(part) / rate_hz, read_features(path), row["text"]))
    return found


@pytest.fixture(scope="module")
def cough(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    path = tmp_path_factory.mktemp("cough") / "cough.wav"
    noise = np.random.default_rng(0).normal(size=9600) * np.hanning(9600) * 3000
    soundfile.write(path, noise.astype(np.int16), 24000)
    return 0.4, read_features(path), ""


def given(clips: list[Clip], texts: list[str]) -> tuple[list[str], set[int]]:
    found = align([one[0] for one in clips], [one[1] for one in clips], texts)
    return [texts[number] if number is not None else "" for number in found.expressions], found.unsure


def test_repeats_of_a_phrase_sound_more_alike_than_different_phrases(clips: list[Clip]) -> None:
    pairs = [(one, other) for number, one in enumerate(clips) for other in clips[:number]]
    same = [distance(one[1], other[1]) for one, other in pairs if one[2] == other[2]]
    different = [distance(one[1], other[1]) for one, other in pairs if one[2] != other[2]]
    assert max(same) < min(different)


@pytest.mark.parametrize("place", [0, 5, 20, 36])
def test_a_cough_costs_no_text(clips: list[Clip], cough: Clip, place: int) -> None:
    heard = [*clips[:place], cough, *clips[place:]]
    found, _ = given(heard, [one[2] for one in clips])
    assert found == [one[2] for one in heard]


@pytest.mark.parametrize("place", [1, 10, 30])
def test_a_phrase_said_once_less_or_more_than_written_moves_no_other_text(clips: list[Clip], place: int) -> None:
    texts = [one[2] for one in clips]
    less, _ = given([*clips[:place], *clips[place + 1 :]], texts)
    assert less == [*texts[:place], *texts[place + 1 :]]
    more, unsure = given([*clips[: place + 1], clips[place], *clips[place + 1 :]], texts)
    wrong = [
        number for number, text in enumerate(more) if text not in ("", [*texts[: place + 1], *texts[place:]][number])
    ]
    assert set(wrong) <= unsure
    assert more.count("") == 1


def test_where_a_phrase_was_not_said_every_text_is_right_or_marked(clips: list[Clip]) -> None:
    heard = [*clips[:9], *clips[12:]]
    found, unsure = given(heard, [one[2] for one in clips])
    wrong = {number for number, text in enumerate(found) if text != heard[number][2]}
    assert wrong <= unsure
    assert found[:9] == [one[2] for one in clips[:9]]
    assert found[21:] == [one[2] for one in clips[24:]]


def run_clip(out: Path, transcripts: str, **values: object) -> tuple[Report, list[dict[str, str]]]:
    (out / "said.csv").write_text(transcripts, encoding="utf-8")
    files = {"recordings": [DATA / "greetings.opus"], "transcripts": [out / "said.csv"]}
    report = clip(**clip.validate({**files, **values}), ctx=Context(out=out, root=DATA, jobs=1))
    write_report(report, out)
    with (out / "clips" / "metadata.csv").open(encoding="utf-8", newline="") as stream:
        return report, list(csv.DictReader(stream))


def notes(report: Report) -> list[str]:
    return [item.text.removeprefix("**Note:** ") for item in report.items if isinstance(item, Text)]


SAID = "recording,text,repeats\ngreetings,Whit ye daein the day?,3\ngreetings,How's it gaun?,{}\n"
SAID += "greetings,Whaur ye gaun?,3\n"


def test_one_miscount_drops_no_other_text_and_says_what_to_check(tmp_path: Path) -> None:
    report, rows = run_clip(tmp_path, SAID.format(4))
    assert [row["transcription"] for row in rows] == [
        *["Whit ye daein the day?"] * 3, *["How's it gaun?"] * 3, *["Whaur ye gaun?"] * 3
    ]  # fmt: skip
    assert notes(report)[0].startswith(
        "greetings: 9 clips but 10 expressions in the transcripts; no clip was found for 'How's it gaun?'"
    )


def test_a_name_that_fits_no_recording_is_told_with_the_nearest(tmp_path: Path) -> None:
    report, rows = run_clip(tmp_path, SAID.format(3) + "greetigns,Aye,1\n")
    assert rows[8]["transcription"] == "Whaur ye gaun?"
    assert notes(report) == [
        "the transcripts' recording 'greetigns' (1 expression) fits none here; did you mean 'greetings'?."
    ]


def test_a_name_or_column_in_another_case_is_taken_and_told(tmp_path: Path) -> None:
    report, rows = run_clip(tmp_path, SAID.format(3).replace("greetings", "Greetings").replace("text,", "Text,"))
    assert rows[0]["transcription"] == "Whit ye daein the day?"
    assert notes(report) == [
        "the transcripts' column 'Text' was taken for 'text'.",
        "the transcripts' recording 'Greetings' was taken for greetings.opus.",
    ]


def test_semicolons_of_a_spreadsheet_are_read(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text("\ufeffrecording;text;repeats\na;Aye, right;2\n", encoding="utf-8")
    assert read_transcripts({tmp_path / "said.csv": "said.csv"}).said["a"].phrases == [{"text": "Aye, right"}] * 2


def test_a_column_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text("recording,text,Text\na,Aye,Naw\n")
    with pytest.raises(TaskError, match=r"^said\.csv:1: there are two columns 'text'"):
        read_transcripts({tmp_path / "said.csv": "said.csv"})


def test_an_authors_column_and_ours_of_one_name_are_both_kept(tmp_path: Path) -> None:
    said = "recording,text,repeats,file_name,seconds\ngreetings,Whit ye daein the day?,9,mine.wav,many\n"
    _, rows = run_clip(tmp_path, said)
    assert (rows[0]["file_name"], rows[0]["given_file_name"]) == ("greetings-01.flac", "mine.wav")
    assert (rows[0]["given_seconds"], float(rows[0]["seconds"]) > 1) == ("many", True)
    both = beside_ours({"file_name": "1", "given_file_name": "2"}, ["file_name"])
    assert sorted(both.values()) == ["1", "2"]


@pytest.mark.parametrize("name", ["dev", "my-test-2", "train_1", "validation"])
def test_no_clips_name_can_be_taken_for_a_split(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.opus").write_bytes((DATA / "greetings.opus").read_bytes())
    report = clip(recordings=[tmp_path / f"{name}.opus"], ctx=Context(out=tmp_path, root=tmp_path))
    words = "-".join(path.stem for path in report.outputs["clips"]).replace("_", "-").split("-")
    assert not {"train", "test", "dev", "validation"} & set(words)
