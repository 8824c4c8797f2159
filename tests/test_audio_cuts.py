"""The cut sheet: what its author touched survives every later run, and it goes out to other programs and in again."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from conftest import Space, make_space
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks.audio.label_files import Label, dump_labels, read_labels
from journal_tasks.audio.sheet_exchange import describe_sheet, export_sheet, find_step, import_labels

from journal import Record, UsageError
from journal.text.workspace import find_workspace

DATA = Path(__file__).parent.parent / "data" / "scottish-phrases"
STEP = "  clips:\n    uses: audio.clip\n    recordings: data/*.opus\n    dataset: glaswegian\n"
SHEET = "entries/2024-05-13-day-133.clips.cuts.csv"


@pytest.fixture
def cut(template: Path, tmp_path: Path) -> Space:
    """A workspace whose day 133 has cut greetings into nine clips."""
    return Space(shutil.copytree(template, tmp_path / "cut"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = make_space(tmp_path_factory.mktemp("template") / "cut")
    (space.root / "data").mkdir()
    (space.root / "data" / "greetings.opus").write_bytes((DATA / "greetings.opus").read_bytes())
    space.entry(STEP)
    space.run("day", "133", check=0)
    return space.root


def rows(space: Space) -> list[dict[str, str]]:
    with (space.root / SHEET).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def save(space: Space, changed: list[dict[str, str]], **how: str) -> None:
    with (space.root / SHEET).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(changed[0]), **how)  # type: ignore[arg-type]
        writer.writeheader()
        writer.writerows(changed)


def metadata(space: Space) -> list[dict[str, str]]:
    path = space.root / "entries/2024-05-13-day-133/clips/clips/metadata.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_run_writes_the_sheet_and_is_up_to_date_after_it(cut: Space) -> None:
    assert [row["keep"] for row in rows(cut)] == ["yes"] * 9
    assert "1 up to date" in cut.run("day", "133", check=0).out or "up to date" in cut.run("status", check=0).out


def test_moved_joined_split_dropped_and_typed_rows_survive_every_later_run(cut: Space) -> None:
    sheet = rows(cut)
    sheet[0]["start"] = "1.100"  # moved
    sheet[1]["end"] = sheet[2]["end"]  # joined with the next
    sheet[3] |= {"text": "How are ye?", "speaker": "jessie"}
    halves = [{**sheet[4], "end": "10.200"}, {**sheet[4], "start": "10.200"}]  # split
    sheet[5]["keep"] = "no"
    gone = sheet[6]
    save(cut, [*sheet[:2], sheet[3], *halves, sheet[5], *sheet[7:]])
    cut.run("day", "133", check=0)
    expected = [(row["start_s"], row["end_s"]) for row in metadata(cut)]
    assert expected[:5] == [
        ("1.100", sheet[0]["end"]), (sheet[1]["start"], sheet[2]["end"]), (sheet[3]["start"], sheet[3]["end"]),
        (sheet[4]["start"], "10.200"), ("10.200", sheet[4]["end"])
    ]  # fmt: skip
    assert len(expected) == 7
    assert metadata(cut)[2]["transcription"] == "How are ye?"
    assert metadata(cut)[2]["speaker"] == "jessie"
    assert gone["start"] not in [start for start, _ in expected]
    assert "up to date" in cut.run("day", "133", check=0).out
    cut.entry(STEP + "    margin: 0.05\n")  # all that is detected moves
    cut.run("day", "133", check=0)
    again = [(row["start_s"], row["end_s"]) for row in metadata(cut)]
    assert again[:5] == expected[:5]
    assert len(again) == 7
    assert again[5:] != expected[5:]
    assert "up to date" in cut.run("day", "133", check=0).out


def test_a_sheet_that_a_spreadsheet_rewrote_is_untouched(cut: Space) -> None:
    sheet = [{name: value.replace(".", ",") for name, value in row.items()} for row in rows(cut)]
    before = metadata(cut)
    save(cut, sheet, delimiter=";")
    assert "up to date" in cut.run("day", "133", check=0).out
    assert metadata(cut) == before


def test_what_the_detector_newly_finds_is_added_and_marked(cut: Space) -> None:
    (cut.root / "data" / "moods.opus").write_bytes((DATA / "moods.opus").read_bytes())
    cut.run("day", "133", check=0)
    assert [(row["recording"], row["note"]) for row in rows(cut)] == [("greetings", "")] * 9 + [("moods", "new")] * 9
    assert "up to date" in cut.run("day", "133", check=0).out


def test_only_the_authors_part_counts(cut: Space) -> None:
    (cut.root / SHEET).unlink()
    assert "up to date" in cut.run("day", "133", check=0).out


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("start", "soon", "start is 'soon'; give seconds"),
        ("start", "99", "start 99 and end"),
        ("keep", "perhaps", "keep is 'perhaps'; write yes or no"),
    ],
)
def test_a_wrong_cell_is_told_in_a_line(cut: Space, column: str, value: str, message: str) -> None:
    sheet = rows(cut)
    sheet[2][column] = value
    save(cut, sheet)
    done = cut.run("day", "133", check=1)
    assert message in done.out + done.err


def test_a_row_of_no_recording_is_told_and_kept(cut: Space) -> None:
    sheet = rows(cut)
    save(cut, [*sheet, {**sheet[0], "recording": "greetigns", "found": ""}])
    cut.run("day", "133", check=0)
    entry = (cut.root / "entries/2024-05-13-day-133.md").read_text()
    assert "the cut sheet's recording 'greetigns' is none of this step's; did you mean 'greetings'?" in entry
    assert rows(cut)[-1]["recording"] == "greetigns"
    assert "up to date" in cut.run("day", "133", check=0).out


@pytest.mark.parametrize("suffix", [".txt", ".TextGrid", ".srt", ".vtt", ".csv"])
def test_labels_come_back_as_they_went_out_and_an_edit_is_cut(cut: Space, suffix: str) -> None:
    record = Record(find_workspace(cut.root))
    entry, step = find_step(record, 133, "")
    before = record.sheet(entry, step, "cuts")
    assert describe_sheet(before)[0].startswith("greetings: 9 clips, ")
    (path,) = export_sheet(before, cut.root / f"labels{suffix}", "")
    assert import_labels(before, path, "") == before
    labels = read_labels(path)
    labels[0] = labels[0]._replace(start_s=1.0, text="Whit ye daein?")
    path.write_text(dump_labels(labels[:-1], suffix, 20.0), encoding="utf-8")
    record.write_sheet(entry, step, "cuts", import_labels(before, path, ""))
    cut.run("day", "133", check=0)
    assert [row["start_s"] for row in metadata(cut)] == ["1.000", *(row["start"] for row in before[1:-1])]
    assert metadata(cut)[0]["transcription"] == "Whit ye daein?"


def test_labels_of_one_among_several_recordings_need_its_name(cut: Space) -> None:
    (cut.root / "data" / "moods.opus").write_bytes((DATA / "moods.opus").read_bytes())
    cut.run("day", "133", check=0)
    record = Record(find_workspace(cut.root))
    before = record.sheet(*find_step(record, 133, "clips"), "cuts")
    paths = export_sheet(before, cut.root / "labels.txt", "")
    assert [path.name for path in paths] == ["labels-greetings.txt", "labels-moods.txt"]
    assert import_labels(before, paths[1], "") == before
    paths[1].rename(cut.root / "mine.txt")
    with pytest.raises(UsageError, match="which recording is this"):
        import_labels(before, cut.root / "mine.txt", "")
    assert import_labels(before, cut.root / "mine.txt", "moods") == before


def test_a_short_textgrid_in_utf_16_is_read(tmp_path: Path) -> None:
    text = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n3\n<exists>\n2\n'
    text += '"TextTier"\n"points"\n0\n3\n1\n1.5\n"x"\n'
    text += '"IntervalTier"\n"words"\n0\n3\n2\n0\n1\n""\n1\n2.5\n"say ""aye"""\n'
    (tmp_path / "a.TextGrid").write_bytes(text.encode("utf-16"))
    assert read_labels(tmp_path / "a.TextGrid") == [Label(1.0, 2.5, 'say "aye"')]


def test_semicolons_and_decimal_commas_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Recording;Start;End;Text\na;1,25;2,5;Aye, right\na;1:02,5;1:03;Naw\n")
    assert read_labels(tmp_path / "a.csv") == [Label(1.25, 2.5, "Aye, right", "a"), Label(62.5, 63.0, "Naw", "a")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "1.0\t2.0\tAye\nsoon\n", r"a\.txt:2: this is no label"),
        ("a.csv", "from,to\n1,2\n", r"a\.csv:1: there is no column 'start'"),
        ("a.TextGrid", "nothing", r"a\.TextGrid:1: this is no TextGrid"),
        ("a.TextGrid", 'Object class = "TextGrid"\n', r"a\.TextGrid:1: this TextGrid is damaged"),
        ("a.srt", "1\n00:00:05,000 --> 00:00:02,000\nAye\n", "from 5 to 2 s is no stretch of time"),
        ("a.doc", "", "rename the file"),
    ],
)
def test_damaged_labels_are_told_in_a_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=message):
        read_labels(tmp_path / name)


words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=20).map(lambda text: " ".join(text.split()))
some_labels = st.lists(st.tuples(st.integers(1, 500), st.integers(10, 3000), words), max_size=20).map(
    lambda parts: [
        Label((sum(gap + size for gap, size, _ in parts[:number]) + parts[number][0]) / 1000,
              sum(gap + size for gap, size, _ in parts[: number + 1]) / 1000, parts[number][2])
        for number in range(len(parts))
    ]
)  # fmt: skip


@given(some_labels, st.sampled_from([".txt", ".TextGrid", ".srt", ".vtt", ".csv"]))
def test_any_labels_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, labels: list[Label], suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"labels{suffix}"
    path.write_text(dump_labels(labels, suffix, 0.0), encoding="utf-8")
    found = read_labels(path)
    assert [(round(a, 3), round(b, 3)) for a, b, *_ in found] == [(a, b) for a, b, *_ in labels]
    if not any("<" in label.text or label.text.startswith("\\") for label in labels):
        assert [one.text.replace("-", "") for one in found] == [label.text.replace("-", "") for label in labels]
