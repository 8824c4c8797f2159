"""Reading columns from CSV, TSV and Parquet files in chunks."""

import numpy as np
import pytest
from journal_tasks.factor import csv_reader
from journal_tasks.factor.csv_reader import column_names, read_chunks
from journal_tasks.factor.errors import FactorError
from journal_tasks.factor.moments import correlation, merge_all, stream


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write_file


def read(path, *args, **kwargs):
    return np.vstack([*read_chunks(path, *args, **kwargs)])


def test_a_csv_gives_its_columns_in_the_order_asked_for(write):
    path = write("a,b,c\n1,2,3\n4,5,6\n")
    assert column_names(path) == ("a", "b", "c")
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
    assert column_names(path) == ("a", "b")
    assert read(path).tolist() == [[1, 2]]


def test_missing_cells_are_nan(write):
    found = read(write("a,b\n1,\nNA,2\n3,n/a\n.,NaN\n"))
    assert np.isnan(found).tolist() == [[False, True], [True, False], [False, True], [True, True]]


def test_text_in_a_column_that_is_not_asked_for_is_no_matter(write):
    assert read(write("name,a\nAnna,1\nBob,2\n"), ["a"]).tolist() == [[1], [2]]


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 200])
def test_parts_are_the_whole_with_no_row_twice(write, parts, monkeypatch):
    monkeypatch.setattr(csv_reader, "CHUNK_BYTES", 50)
    rows = [(number, number**2) for number in range(100)]
    path = write("a,b\n" + "".join(f"{one},{two}\n" for one, two in rows))
    found = [chunk for part in range(parts) for chunk in read_chunks(path, part=part, parts=parts)]
    assert np.vstack(found).tolist() == [list(map(float, row)) for row in rows]


def test_parts_measured_apart_merge_to_the_correlations_of_the_whole(write):
    rows = np.round(np.random.default_rng(0).standard_normal((500, 3)), 6)
    path = write("a,b,c\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    parts = [stream(read_chunks(path, ["a", "c"], part, 4)) for part in range(4)]
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
    with pytest.raises(FactorError, match=says):
        read(write(text), columns)


def test_the_line_is_right_in_a_later_chunk(write, monkeypatch):
    monkeypatch.setattr(csv_reader, "CHUNK_BYTES", 50)
    text = "a,b\n" + "1,2\n" * 100 + "3,x\n"
    with pytest.raises(FactorError, match=r"data\.csv:102: 'x' in column 'b'"):
        read(write(text))


def test_parquet_is_read_by_row_groups(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    path = tmp_path / "data.parquet"
    table = pyarrow.table({"a": [1, 2, 3, 4, None], "b": [1.5, 2.5, 3.5, 4.5, 5.5], "name": list("vwxyz")})
    write_table(table, path, row_group_size=2)
    assert column_names(path) == ("a", "b", "name")
    whole = read(path, ["b", "a"])
    assert whole[:4].tolist() == [[1.5, 1], [2.5, 2], [3.5, 3], [4.5, 4]]
    assert np.isnan(whole[4, 1])
    shared = [chunk for part in range(2) for chunk in read_chunks(path, ["b"], part=part, parts=2)]
    assert sorted(np.vstack(shared).ravel()) == [1.5, 2.5, 3.5, 4.5, 5.5]
    with pytest.raises(FactorError, match="column 'name' holds string"):
        read(path)
