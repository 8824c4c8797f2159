"""The front door for data: what is read, what is refused with its line, and what is told."""

import numpy as np
import pytest
from journal_tasks.factor.moments import correlation, merge_all, stream

from journal import TaskError, looks_like_correlations, notes_on, open_table
from journal.api.data import text_table


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write_file


def read(path, columns=()):
    return open_table(path, columns).read()


def test_a_csv_gives_its_columns_in_the_order_asked_for(write):
    path = write("a,b,c\n1,2,3\n4,5,6\n")
    assert open_table(path).names == ("a", "b", "c")
    assert read(path).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert read(path, ["c", "a"]).tolist() == [[3, 1], [6, 4]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a\tb\n1\t2\n", "data.tsv"),
        ("a;b\n1;2\n", "data.csv"),
        ("\ufeffa,b\r\n1,2\r\n", "data.csv"),
        ('"a","b"\n"1","2"', "data.csv"),
        ("a,b\n\n1,2\n\n", "data.csv"),
    ],
)
def test_other_dialects_are_understood(write, text, name):
    path = write(text, name)
    assert open_table(path).names == ("a", "b")
    assert read(path).tolist() == [[1, 2]]


def test_missing_cells_are_nan(write):
    found = read(write("a,b\n1,\nNA,2\n3,n/a\n.,NaN\n"))
    assert np.isnan(found).tolist() == [[False, True], [True, False], [False, True], [True, True]]


def test_text_in_a_column_that_is_not_asked_for_is_no_matter(write):
    assert read(write("name,a\nAnna,1\nBob,2\n"), ["a"]).tolist() == [[1], [2]]


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 200])
def test_parts_are_the_whole_with_no_row_twice(write, parts, monkeypatch):
    monkeypatch.setattr(text_table, "CHUNK_BYTES", 50)
    rows = [(number, number**2) for number in range(100)]
    path = write("a,b\n" + "".join(f"{one},{two}\n" for one, two in rows))
    found = [chunk for part in range(parts) for chunk in open_table(path).chunks(part, parts)]
    assert np.vstack(found).tolist() == [list(map(float, row)) for row in rows]


def test_parts_measured_apart_merge_to_the_correlations_of_the_whole(write):
    rows = np.round(np.random.default_rng(0).standard_normal((500, 3)), 6)
    path = write("a,b,c\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    parts = [stream(open_table(path, ["a", "c"]).chunks(part, 4)) for part in range(4)]
    assert np.allclose(correlation(merge_all(parts)), np.corrcoef(rows[:, [0, 2]].T), rtol=1e-12)


def test_quoted_missing_cells_are_nan(write):
    assert np.isnan(read(write('a,b\n"",1\n"NA",2\n'))).tolist() == [[True, False], [True, False]]


def test_a_file_without_a_last_line_end_is_read_to_its_end(write):
    assert len(read(write("a,b\n1,2\n3,4"))) == 2


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        ("a,b\n1,2\n3,Anna\n", [], "data.csv:3: 'Anna' in column 'b' is no number"),
        ("a,b\n1,2\n3\n", [], "data.csv:3: 1 cells where 2 columns are named"),
        ("a,b\n1,2\n", ["c"], "no column 'c'; it has a, b"),
        ("", [], "is empty"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(write, text, columns, says):
    with pytest.raises(TaskError, match=says):
        read(write(text), columns)


def test_the_line_is_right_in_a_later_chunk(write, monkeypatch):
    monkeypatch.setattr(text_table, "CHUNK_BYTES", 50)
    text = "a,b\n" + "1,2\n" * 100 + "3,x\n"
    with pytest.raises(TaskError, match=r"data\.csv:102: 'x' in column 'b'"):
        read(write(text))


def test_parquet_is_read_by_row_groups(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    path = tmp_path / "data.parquet"
    table = pyarrow.table({"a": [1, 2, 3, 4, None], "b": [1.5, 2.5, 3.5, 4.5, 5.5], "name": list("vwxyz")})
    write_table(table, path, row_group_size=2)
    assert open_table(path).names == ("a", "b", "name")
    whole = read(path, ["b", "a"])
    assert whole[:4].tolist() == [[1.5, 1], [2.5, 2], [3.5, 3], [4.5, 4]]
    assert np.isnan(whole[4, 1])
    shared = [chunk for part in range(2) for chunk in open_table(path, ["b"]).chunks(part, 2)]
    assert sorted(np.vstack(shared).ravel()) == [1.5, 2.5, 3.5, 4.5, 5.5]
    with pytest.raises(TaskError, match="column 'name' holds string"):
        read(path)


# Each of these files was once read without a word, and wrongly.
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,526,1,568\n2,3\n", r"data\.csv:2: 4 cells where 2 columns are named; remove what is too much"),
        ("a,b,a\n1,2,3\n", r"data\.csv:1: columns 1 and 3 are both named 'a'; rename one"),
        ("a,,c\n1,2,3\n", r"data\.csv:1: column 2 has no name"),
        (",b\n5,2\n7,3\n", r"data\.csv:1: column 1 has no name"),
        ("1,2,3\n4,5,6\n7,8,9\n", r"data\.csv:1: the first line is numbers \(1, 2, 3\); put a line of column names"),
        ("a,b\n1,1_5\n", r"data\.csv:2: '1_5' in column 'b' is no number"),
        ("a;b\n1,5;2\n1.5;3\n", "some cells have a decimal comma \\('1,5'\\), others a point \\('1.5'\\)"),
        ("a;b\n1,526;2\n2,418;3\n", "'1,526' may be a decimal comma or a mark between thousands"),
        ("a,b\n1,2\n\n\n3,x\n", r"data\.csv:5: 'x' in column 'b'"),
    ],
)
def test_what_has_no_right_reading_is_refused_with_line_and_mend(write, text, says):
    with pytest.raises(TaskError, match=says):
        read(write(text))


@pytest.mark.parametrize(
    ("text", "written", "rows"),
    [
        ("a;b\n1,5;2\n2,25;3\n", "`;` and decimal comma", [[1.5, 2], [2.25, 3]]),
        ("a;b\n1.234,5;2\n2,25;3\n", "`;` and decimal comma and `.` between thousands", [[1234.5, 2], [2.25, 3]]),
        ('a,b\n"1,526.5",2\n3,4\n', "`,` and `,` between thousands", [[1526.5, 2], [3, 4]]),
        ("a\tb\n1,5\t2\n", "tabs and decimal comma", [[1.5, 2]]),
        ("a|b\n1|2\n", "`|`", [[1, 2]]),
        ('a,"b\nc"\n1,2\n', "`,`", [[1, 2]]),
        ("Größe,b\n1,2\n".encode("cp1252"), "`,`, cp1252", [[1, 2]]),
        ("a,b\n1,2\n".encode("utf-16"), "`,`, utf-16", [[1, 2]]),
    ],
)
def test_how_a_file_is_written_is_found_and_said(write, text, written, rows):
    table = open_table(write(text))
    assert table.written == written
    assert table.read().tolist() == rows
    assert table.sentence(len(rows)) == f"{len(rows)} rows, 2 columns, {written}"


def test_an_index_is_left_out_and_named(write):
    table = open_table(write("Unnamed: 0,a,b\n0,5,2\n1,3,4\n2,2,9\n"))
    assert table.read().tolist() == [[5, 2], [3, 4], [2, 9]]
    assert table.sentence(3) == "3 rows, 2 columns, `,`; column 'Unnamed: 0' left out as an index"
    asked = open_table(table.path, ["Unnamed: 0", "a"])
    assert asked.index is None
    assert asked.read().tolist() == [[0, 5], [1, 3], [2, 2]]


def test_codes_constants_counts_and_few_points_are_told():
    random = np.random.default_rng(0)
    rows = np.column_stack(
        [np.arange(1, 101), random.integers(1, 8, 100), np.r_[np.zeros(99), 1], random.normal(50, 10, 100)]
    ).astype(float)
    rows[3, 1], rows[[5, 6], 3] = 99, -999
    told = {(note.kind, note.columns[0]): note.text for note in notes_on(rows, ["nr", "mood", "flag", "score"])}
    assert told["index", "nr"].startswith("nr only counts the rows (from 1 on)")
    assert told["codes", "mood"] == "mood is 99 once and else between 1 and 7: say absent: [99] if it is a code"
    assert told["codes", "score"].startswith("score is -999 2 times")
    assert told["nearly constant", "flag"] == "flag is 0 in 99.0 % of the rows"
    rows[3, 1] = 4
    assert "few points" in {note.kind for note in notes_on(rows, ["nr", "mood", "flag", "score"])}


def test_a_correlation_matrix_is_known_by_its_look():
    matrix = np.corrcoef(np.random.default_rng(0).normal(size=(50, 6)).T)
    assert looks_like_correlations(matrix)
    assert not looks_like_correlations(matrix[:5])
    assert not looks_like_correlations(matrix + np.triu(np.full((6, 6), 0.01), 1))


def test_spss_and_stata_files_are_read_with_their_missing_values(tmp_path):
    pyreadstat = pytest.importorskip("pyreadstat")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0, None], "b": [4.0, 9.0, 6.0], "name": ["x", "y", "z"]})
    labels = {"a": "How often do you walk?", "b": "How loud is it?", "name": ""}
    pyreadstat.write_sav(frame, tmp_path / "data.sav", column_labels=labels, missing_ranges={"b": [9]})
    pyreadstat.write_dta(frame.assign(b=[4.0, None, 6.0]), tmp_path / "data.dta", column_labels=labels)
    for name, written in (("data.sav", "SPSS with labels"), ("data.dta", "Stata with labels")):
        table = open_table(tmp_path / name, ["a", "b"])
        assert np.array_equal(table.read(), [[1, 4], [2, np.nan], [np.nan, 6]], equal_nan=True)
        assert table.written == written
        with pytest.raises(TaskError, match="column 'name' holds text"):
            read(tmp_path / name)


def test_the_first_sheet_with_cells_of_a_workbook_is_read(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("answers")
    for row in (["a", "b"], [1, 2.5], [None, "NA"], [3, 4]):
        sheet.append(row)
    book.save(tmp_path / "data.xlsx")
    table = open_table(tmp_path / "data.xlsx")
    assert np.array_equal(table.read(), [[1, 2.5], [np.nan, np.nan], [3, 4]], equal_nan=True)
    assert table.written == "Excel"
    sheet.append(["x", 1])
    book.save(tmp_path / "data.xlsx")
    with pytest.raises(TaskError, match=r"data\.xlsx:5: 'x' in column 'a' is no number"):
        read(tmp_path / "data.xlsx")
