"""Transcripts with times: each cue is found in its clip, what isn't sure is marked, and what meets no clip is told."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from conftest import make_space
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks.audio.clip import clip
from journal_tasks.audio.cues import find_shift_s, match_cues, shift_cues
from journal_tasks.audio.label_files import Label, dump_labels, read_labels

from journal import Context, Report, TaskError
from journal.api.items import Text
from journal.api.report_file import write_report

DATA = Path(__file__).parent.parent / "data" / "scottish-phrases"
SHEET = "entries/2024-05-13-day-133.clips.cuts.csv"
slow = pytest.mark.slow


def spoken(recording: str) -> list[Label]:
    """Return what is said in a sample recording, with the true times."""
    with (DATA / "boundaries.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["recording"] == recording]
    return [Label(float(row["start_s"]), float(row["end_s"]), row["text"]) for row in rows]


def run_clip(out: Path, files: dict[str, str], **values: object) -> tuple[Report, list[dict[str, str]]]:
    """Cut greetings with transcripts of these names and contents; returns the report and the rows of metadata.csv."""
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    given = {"recordings": [DATA / "greetings.opus"], "transcripts": [out / name for name in files], **values}
    report = clip(**clip.validate(given), ctx=Context(out=out, root=out, jobs=1))
    write_report(report, out)
    return report, read(out / "clips" / "metadata.csv")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def notes(report: Report) -> list[str]:
    return [item.text.removeprefix("**Note:** ") for item in report.items if isinstance(item, Text)]


@slow
@pytest.mark.parametrize("name", ["greetings.srt", "greetings.vtt", "greetings.TextGrid", "greetings.txt"])
def test_each_clip_gets_the_cue_that_is_said_in_it(tmp_path: Path, name: str) -> None:
    said = spoken("greetings")
    report, rows = run_clip(tmp_path, {name: dump_labels(said, Path(name).suffix, 30.0)})
    assert [row["transcription"] for row in rows] == [label.text for label in said]
    assert notes(report) == []


@slow
def test_a_cue_without_a_clip_and_a_clip_without_a_cue_cost_no_other_text(tmp_path: Path) -> None:
    said = spoken("greetings")
    cues = [Label(0.1, 0.6, "Wheesht!"), *said[:4], *said[5:]]
    report, rows = run_clip(tmp_path, {"greetings.srt": dump_labels(cues, ".srt", 0.0)})
    assert [row["transcription"] for row in rows] == [*(one.text for one in said[:4]), "", *(o.text for o in said[5:])]
    assert notes(report) == [
        "greetings: by the times of greetings.srt, no text fits greetings-05,"
        " no clip was found for 'Wheesht!' at 0.10 s."
    ]


@slow
def test_a_cue_over_two_clips_goes_to_one_and_both_are_to_be_checked(tmp_path: Path) -> None:
    said = spoken("greetings")
    both = Label(said[0].start_s, said[1].end_s, "Whit ye daein? Whit ye daein the day?")
    report, rows = run_clip(tmp_path, {"greetings.srt": dump_labels([both, *said[2:]], ".srt", 0.0)})
    assert sorted(row["transcription"] for row in rows[:2]) == ["", both.text]
    assert [row["note"] for row in read(tmp_path / "cuts.csv")] == ["check the text"] * 2 + [""] * 7
    assert "check greetings-01, greetings-02." in notes(report)[0]


@slow
def test_cues_that_all_come_late_are_told_and_marked(tmp_path: Path) -> None:
    late = shift_cues(spoken("greetings"), 2.0)
    report, rows = run_clip(tmp_path, {"greetings.srt": dump_labels(late, ".srt", 0.0)})
    marked = [row["note"] == "check the text" for row in read(tmp_path / "cuts.csv")]
    wrong = [row["transcription"] != cue.text for row, cue in zip(rows, spoken("greetings"), strict=True)]
    assert any(wrong)
    assert all(mark for mark, is_wrong in zip(marked, wrong, strict=True) if is_wrong)
    assert notes(report)[-1] == (
        "greetings: all cues of greetings.srt fit better 2.0 s earlier; move them there, or check the texts."
    )


@slow
def test_a_phrase_a_line_is_read_in_order(tmp_path: Path) -> None:
    said = [label.text for label in spoken("greetings")]
    report, rows = run_clip(tmp_path, {"greetings.txt": "\n".join(said)})
    assert [row["transcription"] for row in rows] == said
    assert notes(report) == []


@slow
def test_names_of_files_are_those_of_recordings_and_what_fits_none_is_told(tmp_path: Path) -> None:
    text = dump_labels(spoken("greetings"), ".srt", 0.0)
    report, rows = run_clip(tmp_path, {"Greetings.en-GB.srt": text, "greetigns.srt": text, "moods.vtt": "WEBVTT\n"})
    assert rows[0]["transcription"] == "Whit ye daein the day?"
    assert notes(report) == [
        "moods.vtt: nothing is said in it; check that it is the right file.",
        "the transcripts' recording 'Greetings' was taken for greetings.opus.",
        "the transcripts' recording 'greetigns' (9 cues) fits none here; did you mean 'greetings'?.",
    ]


@slow
def test_times_win_over_a_table_of_phrases_and_that_is_told(tmp_path: Path) -> None:
    table = "recording,text,repeats\ngreetings,Aye,9\n"
    text = dump_labels(spoken("greetings"), ".srt", 0.0)
    report, rows = run_clip(tmp_path, {"said.csv": table, "greetings.srt": text})
    assert rows[0]["transcription"] == "Whit ye daein the day?"
    assert notes(report) == [
        "greetings: its texts are those of greetings.srt, which has times;"
        " the 9 expressions without times were left aside."
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"greetings.srt": "1\n00.00.01 --> 00.00.02\nAye\n"}, r"^greetings\.srt:2: these are no times; write them as"),
        ({"greetings.srt": "1\n00:00:03,0 --> 00:00:02,0\nAye\n"}, r"^greetings\.srt: a label from 3 to 2 s is no"),
        ({"greetings.TextGrid": "Aye\n"}, r"^greetings\.TextGrid:1: this is no TextGrid"),
        ({"greetings.docx": "Aye\n"}, r"^greetings\.docx: transcripts are "),
        (
            {"greetings.srt": "00:01.0 --> 00:02.0\nAye\n", "greetings.vtt": "WEBVTT\n\n00:01.0 --> 00:02.0\nAye\n"},
            r"^greetings\.srt and greetings\.vtt are both for one recording; give one of them",
        ),
        (
            {"greetings.txt": "Aye\n", "greetings.en.txt": "Yes\n"},
            r"^greetings\.txt and greetings\.en\.txt are both for one recording; give one of them",
        ),
        (
            {"greetings.txt": "Aye\n", "said.csv": "recording,text\ngreetings,Aye\n"},
            r"^greetings\.txt and a CSV file both have the phrases of one recording; give one of them",
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        run_clip(tmp_path, files)


@slow
def test_one_pattern_serves_all_recordings_and_a_dropped_clip_takes_its_cue_along(tmp_path: Path) -> None:
    space = make_space(tmp_path / "space")
    for name in ("greetings", "moods"):
        shutil.copy(DATA / f"{name}.opus", space.root / f"{name}.opus")
        space.write(f"{name}.srt", dump_labels(spoken(name), ".srt", 0.0))
    step = "  clips:\n    uses: audio.clip\n    recordings: '*.opus'\n    transcripts: '*.srt'\n"
    space.entry(step)
    space.run("day", "133", check=0)
    sheet = space.root / SHEET
    assert [row["text"] for row in read(sheet)] == [one.text for name in ("greetings", "moods") for one in spoken(name)]
    sheet.write_text(sheet.read_text().replace(",yes,", ",no,", 1).replace("Whit ye daein the day?,", "Mine,", 2))
    space.run("day", "133", check=0)
    rows = read(space.root / "entries/2024-05-13-day-133/clips/clips/metadata.csv")
    assert [row["transcription"] for row in rows][:2] == ["Mine", "Whit ye daein the day?"]
    assert "Note" not in (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert "up to date" in space.run("day", "133", check=0).out


def test_cues_inside_a_clip_are_joined_and_sure() -> None:
    found = match_cues([(1.0, 4.0), (5.0, 6.0)], [Label(1.0, 1.9, "Haud"), Label(2.0, 3.9, "yer wheesht")])
    assert (found.texts, found.unsure, found.strays) == (["Haud yer wheesht", ""], set(), [])


def test_a_cue_that_hardly_meets_its_clip_is_unsure() -> None:
    found = match_cues([(1.0, 2.0)], [Label(1.8, 3.0, "Aye")])
    assert (found.texts, found.unsure) == (["Aye"], {0})


def test_a_cue_that_stays_until_the_next_one_is_sure() -> None:
    found = match_cues([(1.0, 2.0), (4.0, 5.0)], [Label(0.9, 3.9, "Aye"), Label(3.9, 9.0, "Naw")])
    assert (found.texts, found.unsure) == (["Aye", "Naw"], set())


def test_formatting_of_subtitles_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01 --> 00:00:02,5\n{\\an8}<i>Salt &amp; sauce</i>\n")
    assert read_labels(tmp_path / "a.srt") == [Label(1.0, 2.5, "Salt & sauce")]


def test_captions_that_roll_say_each_line_once(tmp_path: Path) -> None:
    cues = [
        "00:00.160 --> 00:02.389 align:start position:0%\n \nwhit<00:00:00.399><c> ye</c><00:00:00.560><c> daein</c>",
        "00:02.389 --> 00:02.399 align:start position:0%\nwhit ye daein\n ",
        "00:02.399 --> 00:04.550 align:start position:0%\nwhit ye daein\nthe day<00:00:02.560><c> pal</c>",
        "00:04.550 --> 00:04.560 align:start position:0%\nthe day pal\n ",
        "00:04.560 --> 00:06.000 align:start position:0%\nthe day pal\naye",
    ]
    (tmp_path / "a.vtt").write_text("\n\n".join(["WEBVTT\nKind: captions\nLanguage: en", *cues]) + "\n")
    assert [(label.start_s, label.text) for label in read_labels(tmp_path / "a.vtt")] == [
        (0.16, "whit ye daein"),
        (2.399, "the day pal"),
        (4.56, "aye"),
    ]


@pytest.mark.parametrize("recording", ["greetings", "moods", "warnings", "weather"])
def test_cues_that_are_inexact_or_stay_are_not_taken_for_late(recording: str) -> None:
    said = spoken(recording)
    clips = [(cue.start_s, cue.end_s) for cue in said]
    assert find_shift_s(clips, said) == 0
    assert find_shift_s(clips, [cue._replace(start_s=cue.start_s - 0.3, end_s=cue.end_s + 0.4) for cue in said]) == 0
    assert abs(find_shift_s(clips, shift_cues(said, 1.0)) - 1.0) < 0.1
    assert abs(find_shift_s(clips, shift_cues(said, -1.0)) + 1.0) < 0.1


SPANS = st.lists(st.tuples(st.integers(0, 500), st.integers(1, 50)), max_size=12)


@given(SPANS, SPANS)
def test_every_cue_is_in_one_clip_that_it_meets_or_told(
    clips: list[tuple[int, int]], cues: list[tuple[int, int]]
) -> None:
    spans = [(start / 10, (start + length) / 10) for start, length in clips]
    labels = [Label(start / 10, (start + length) / 10, f"<{n}>") for n, (start, length) in enumerate(cues)]
    found = match_cues(spans, labels)
    said = " ".join([*found.texts, *(cue.text for cue in found.strays)])
    assert sorted(said.split()) == sorted(label.text for label in labels)
    for (start_s, end_s), text in zip(spans, found.texts, strict=True):
        assert all(
            labels[int(one[1:-1])].start_s < end_s and labels[int(one[1:-1])].end_s > start_s for one in text.split()
        )
    for cue in found.strays:
        assert not any(cue.start_s < end_s and cue.end_s > start_s for start_s, end_s in spans)
