"""Reports: what they take, what report.json holds, and that the same report is the same bytes."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Space
from hypothesis import given
from hypothesis import strategies as st

from journal.api.numbers import Cell, format_number
from journal.api.report import Report, new_figure
from journal.api.report_file import ReportHeader, read_report, write_report
from journal.errors import StoreError, TaskError


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (3, None, "3"),
        (134515008, None, "134515008"),
        (0.5, None, "0.5"),
        (2 / 3, None, "0.6667"),
        (12345.678, None, "12346"),
        (9999.96, None, "10000"),
        (134515008.0, None, "134515008"),
        (120.0, None, "120"),
        (0.00001234, None, "1.234e-05"),
        (1e300, None, "1e+300"),
        (2 / 3, 2, "0.67"),
        (1e6, 1, "1000000.0"),
        (-0.0001, 2, "0.00"),
        (-0.0, None, "0"),
        (-0.5, 2, "-0.50"),
        (True, None, "yes"),
        (None, None, "–"),
        ("as is", 3, "as is"),
    ],
)
def test_numbers_are_written_as_a_reader_wants_them(value: Cell, digits: int | None, written: str) -> None:
    assert format_number(value, digits) == written


@given(st.floats(-1e300, 1e300))
def test_a_written_number_is_the_number_to_four_figures(value: float) -> None:
    assert math.isclose(float(format_number(value)), value, rel_tol=1e-3)


CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text())
PLAIN = st.recursive(CELLS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(st.text(), CELLS, st.lists(st.tuples(CELLS, CELLS)), PLAIN)
def test_a_report_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, text: str, cell: Cell, rows: list[tuple[Cell, Cell]], plain: Any
) -> None:
    folder = tmp_path_factory.mktemp("step")
    report = Report().metric(text, cell, text).table(rows, ["a", "b"], title=text, strong=0.5)
    report.quote(text, title=text).text(text).total(text, 1.5, "s").output("plain", plain).headline(text)
    write_report(report, folder)
    back = read_report(folder)
    assert back.items == report.items
    assert back.outputs == {"plain": plain}
    assert back.headline_text.split() == text.split() or not text.strip()


def write(folder: Path, report: Report) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    write_report(report, folder, ReportHeader(task="toy.x"))
    return dict(json.loads((folder / "report.json").read_text(encoding="utf-8")))


def test_report_json_says_its_version_task_and_headline(tmp_path: Path) -> None:
    data = write(tmp_path, Report().metric("words", 3, "clips"))
    assert (data["schema"], data["task"], data["headline"]) == (1, "toy.x", "words 3 clips")
    assert data["items"][0] == {
        "kind": "metric", "name": "words", "value": 3, "unit": "clips", "digits": None, "shown": True,
    }  # fmt: skip


def test_numpy_numbers_become_plain_ones(tmp_path: Path) -> None:
    report = Report().metric("n", np.int64(3)).metric("x", np.float32(0.5)).metric("y", np.bool_(True))
    report.table(np.array([[1.5, 2.5]]), ["a", "b"]).output("matrix", np.eye(2)).output("one", np.float64(2))
    data = write(tmp_path, report)
    assert [item["value"] for item in data["items"][:3]] == [3, 0.5, True]
    assert data["items"][3]["rows"] == [[1.5, 2.5]]
    assert data["outputs"] == {"matrix": {"value": [[1.0, 0.0], [0.0, 1.0]]}, "one": {"value": 2.0}}


@pytest.mark.parametrize("value", [math.nan, math.inf, np.float64("nan"), np.float32("-inf")])
def test_a_number_that_is_none_is_an_error_wherever_it_stands(tmp_path: Path, value: float) -> None:
    with pytest.raises(TaskError, match=r"metric 'loss' is -?(nan|inf), not a number"):
        Report().metric("loss", value)
    with pytest.raises(TaskError, match="table column 'loss' is"):
        Report().table([[value]], ["loss"])
    with pytest.raises(TaskError, match="the total for ledger 'l' is"):
        Report().total("l", value, "s")
    with pytest.raises(TaskError, match="output 'o' is not plain data"):
        write(tmp_path, Report().output("o", [value]))


def test_values_that_are_no_plain_data_are_named() -> None:
    with pytest.raises(TaskError, match="metric 'x' is a ndarray of several values; give one of them"):
        Report().metric("x", np.array([1, 2]))
    with pytest.raises(TaskError, match="a table row has 1 cells for 2 columns"):
        Report().table([[1]], ["a", "b"])
    assert Report().metric("x", Decimal("1.5")).metrics[0].value == "1.5"


def test_an_output_that_is_no_plain_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"output 'words' is not plain data .set: .*give text, numbers, lists"):
        write(tmp_path, Report().output("words", {"a"}))


def test_mappings_of_different_keys_make_one_table() -> None:
    (table,) = Report().table([{"a": 1}, {"b": 2}]).items
    assert (table.columns, table.rows) == (["a", "b"], [[1, None], [None, 2]])  # type: ignore[union-attr]


def test_half_a_surrogate_from_a_model_becomes_a_replacement_character(tmp_path: Path) -> None:
    write(tmp_path, Report().quote("a\ud800b"))
    assert read_report(tmp_path).items[0].text == "a\ufffdb"  # type: ignore[union-attr]


def test_files_from_elsewhere_are_copied_in_and_none_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.bmp").write_text("same" if name == "three" else name)
    (tmp_path / "one/a.bmp").write_text("same")
    paths = [tmp_path / name / "a.bmp" for name in ("one", "two", "three")]
    report = Report().gallery([(path, "x") for path in paths], columns=3).output("adapter", tmp_path / "two")
    data = write(tmp_path / "out", report)
    assert [picture["path"] for picture in data["items"][0]["pictures"]] == ["a.bmp", "a-2.bmp", "a.bmp"]
    assert (tmp_path / "out/a-2.bmp").read_text() == "two"
    assert (tmp_path / "out/two/a.bmp").read_text() == "two"


def test_a_path_that_leads_out_of_the_folder_is_copied_in(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("x")
    assert write(tmp_path / "out", Report().file("../secret.csv"))["items"][0]["path"] == "secret.csv"


def test_a_file_that_the_task_did_not_make_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"the report names a\.png, which does not exist"):
        write(tmp_path, Report().image("a.png", alt="x"))


def test_a_report_json_of_the_task_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(TaskError, match="which is a reserved name"):
        write(tmp_path, Report())
    assert (tmp_path / "report.json").read_text() == "{}"


def test_outputs_that_are_files_come_back_as_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    write(tmp_path, Report().output("one", tmp_path / "a.txt").output("all", [tmp_path / "a.txt"]))
    assert read_report(tmp_path).outputs == {"one": tmp_path / "a.txt", "all": [tmp_path / "a.txt"]}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "<<<<<<< HEAD", '{"items": [{"name": "new"}], "outputs": {}, "headline": ""}']
)
def test_a_report_that_cannot_be_read_says_how_to_make_it_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(StoreError, match=r"report\.json: can't be read .*; recreate it with --force"):
        read_report(tmp_path)


PLOT = """
import sys
from pathlib import Path
from journal.api.report import Report, new_figure
from journal.api.report_file import write_report
plot, (left, right) = new_figure(columns=2)
left.plot([1, 2, 3], label="one & <two>")
left.legend()
left.set_title("Curve")
right.scatter([1, 2], [3, 4])
right.set_xlim(1, 1.5)
write_report(Report().figure("plot", plot, alt="x"), Path(sys.argv[1]))
"""


def test_a_figure_is_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    seen = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"}
        subprocess.run([sys.executable, "-c", PLOT, str(folder)], env=environment, check=True)
        seen.add((folder / "plot.svg").read_bytes())
    assert len(seen) == 1
    (svg,) = seen
    assert b"one &amp; &lt;two&gt;" in svg and b"<dc:date>" not in svg


def test_a_figure_takes_the_colour_of_the_page(tmp_path: Path) -> None:
    plot, axes = new_figure()
    axes.set_title("T")
    write(tmp_path, Report().figure("plot", plot, alt="x"))
    svg = (tmp_path / "plot.svg").read_text()
    assert "var(--md-default-fg-color" in svg
    assert svg.startswith("<svg") and "\n\n" not in svg


TASK = '''"""A task that shows where and when it runs."""
import os, socket, time
from journal import Context, File, Files, Report, new_figure, task


@task("toy.show")
def show(ctx: Context, source: File, more: Files) -> Report:
    """Report one thing of each kind."""
    plot, axes = new_figure()
    axes.plot([1, 2])
    (ctx.out / "words.txt").write_text(source.read_text())
    time.sleep(0.01)
    report = Report().metric("words", 2).figure("plot", plot, alt="x").file(ctx.out / "words.txt")
    return report.output("words", ctx.out / "words.txt").output("from", source)
'''


def test_no_absolute_path_host_or_duration_is_in_an_entry_or_an_artifact(space: Space) -> None:
    space.write("plugins/show.py", TASK)
    space.write("words.txt", "one two")
    tasks = "  a: {uses: toy.show, source: words.txt, more: '*.txt'}\n"
    tasks += "  b: {uses: text.count, source: '${a.words}'}\n  c: {uses: toy.fault}\n"
    path = space.entry(tasks)
    space.run("day", "133", check=1)
    files = [one for one in (space.root / "entries").rglob("*") if one.is_file()]
    assert {one.name for one in files} == {path.name, "plot.svg", "words.txt", "report.json"}
    for one in files:
        text = one.read_text()
        assert str(space.root) not in text and str(Path.home()) not in text and "/tmp" not in text
        assert "seconds" not in text and os.uname().nodename not in text


def test_all_artifacts_and_the_entry_are_the_same_bytes_when_all_runs_again(space: Space) -> None:
    space.write("plugins/show.py", TASK)
    space.write("words.txt", "one two")
    space.entry("  a: {uses: toy.show, source: words.txt, more: '*.txt'}\n")
    space.run("day", "133", check=0)
    before = {one: one.read_bytes() for one in (space.root / "entries").rglob("*") if one.is_file()}
    space.run("day", "133", "--force", check=0)
    assert {one: one.read_bytes() for one in (space.root / "entries").rglob("*") if one.is_file()} == before
