"""Reports of the built-in tasks hold their numbers as numbers, so that programs can read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from journal_tasks.audio.clip_report import build_report as build_clip_report
from journal_tasks.audio.listening import Heard
from journal_tasks.audio.recording_clips import Clip, ClippedRecording
from journal_tasks.audio.waveform import Outline, Waveform
from journal_tasks.diffusion.drawing import save_with_recipe
from journal_tasks.diffusion.judge import Prediction
from journal_tasks.diffusion.picture_cache import SavedPicture
from journal_tasks.diffusion.report import RunDetails
from journal_tasks.diffusion.report import build_report as build_picture_report
from journal_tasks.diffusion.sampling import Recipe
from journal_tasks.factor.analysis import analysis
from journal_tasks.llm.answers import Exchange
from journal_tasks.llm.data_set import DataSet
from journal_tasks.llm.generation import Answer
from journal_tasks.llm.pairs import IGNORED, Example, Pair
from journal_tasks.llm.prompt import build_report as build_answer_report
from journal_tasks.llm.strategies import Question
from journal_tasks.llm.training import LossCurve, Training
from journal_tasks.llm.training_report import ParameterCount
from journal_tasks.llm.training_report import build_report as build_training_report

from journal import Composite, Context, Metric, Number, Report, Table
from journal.api.report_file import read_report, write_report

NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?(?!\w)")
WORDS = ("what it says", "prompt", "before", "after")  # columns of explanations, and of what people and models wrote
CONSTANTS = {1.0, 0.001}  # of a rule's own wording: eigenvalues above 1, p < 0.001


def cells(report: Report) -> Iterator[object]:
    """Yield every metric's value, and every cell but those of columns that hold words alone."""
    for item in report.items:
        if isinstance(item, Metric):
            yield item.value
        elif isinstance(item, Table):
            yield from (
                cell for row in item.rows for name, cell in zip(item.columns, row, strict=True) if name not in WORDS
            )


def written_as_text(report: Report) -> list[str]:
    """Return the cells with a number that is text alone."""
    found = []
    for cell in cells(report):
        known, text = set(CONSTANTS), cell
        if isinstance(cell, Composite):
            known |= {float(number.value) for number in cell.numbers.values()}
            text = re.sub(r"\{.*?\}", "", cell.text)
        if isinstance(text, str) and any(
            float(match[0].replace(",", "").replace("−", "-")) not in known for match in NUMBER.finditer(text)
        ):
            found.append(str(cell))
    return found


def through_json(report: Report, folder: Path) -> Report:
    write_report(report, folder)
    return read_report(folder)


def survey(path: Path, rows: int = 200) -> Path:
    """Write six variables, three of each of two factors that correlate."""
    random = np.random.default_rng(1)
    common = random.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], rows)
    values = np.repeat(common, 3, axis=1) * 0.8 + random.normal(size=(rows, 6)) * 0.6
    np.savetxt(path, values, delimiter=",", header=",".join(f"v{n}" for n in range(1, 7)), comments="")
    return path


def analyse(tmp_path: Path, **options: Any) -> Report:
    context = Context(out=tmp_path / "out", root=tmp_path)
    context.out.mkdir()
    values = analysis.validate({"data": survey(tmp_path / "survey.csv"), **options})
    return through_json(analysis(ctx=context, **values), context.out)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"factors": 2, "method": "ml"},
        {"factors": 2, "method": "minres", "rotation": "oblimin"},
        {"factors": 3, "method": "ml", "rotation": "varimax"},
        {"factors": 2, "method": "axis", "rotation": "promax"},
        {"factors": 1, "standardize": "both"},
        {"method": "minres", "standardize": False},
    ],
)
def test_no_number_of_a_factor_analysis_is_text(tmp_path: Path, options: dict[str, Any]) -> None:
    assert written_as_text(analyse(tmp_path, **options)) == []


def test_the_numbers_of_a_factor_analysis_have_names_and_digits(tmp_path: Path) -> None:
    report = analyse(tmp_path, factors=2, method="ml")
    numbers = {found.names: found.number for item in report.items for found in item.numbers()}
    digits = {
        ("χ²", "value", "χ²"): 2, ("χ²", "value", "p"): 3, ("RMSEA", "value", "RMSEA"): 3,
        ("RMSEA", "value", "low"): 3, ("RMSEA", "value", "high"): 3, ("TLI", "value"): 3, ("BIC", "value"): 2,
        ("SRMR", "value"): 3, ("sampling adequacy (KMO)", "value"): 3, ("Bartlett's sphericity", "value", "χ²"): 2,
        ("rows for each variable", "value"): 1, ("v1", "communality"): 3, ("v6", "uniqueness"): 3,
    }  # fmt: skip
    assert {names: numbers[names].digits for names in digits} == digits
    assert numbers["χ²", "value", "df"].value == 4
    assert numbers["determinant of the correlations", "value"].figures == 3
    assert numbers["rows for each variable", "value"].value == 200 / 6
    values = [float(numbers[names].value) for names in digits]
    assert any(value != round(value, 6) for value in values), "they are whole, not rounded"


def test_the_votes_for_a_number_of_factors_hold_theirs(tmp_path: Path) -> None:
    report = analyse(tmp_path)
    numbers = {found.names: found.number for item in report.items for found in item.numbers()}
    assert numbers["map", "why", "factors"] == Number(2)
    assert numbers["explained variance", "why", "explained"].digits == 1


def test_no_number_of_the_clips_is_text(tmp_path: Path) -> None:
    path = tmp_path / "talk-01.flac"
    path.write_bytes(b"fLaC")
    waveform = Waveform("talk", 3.0, Outline([-1, -20, -3, 0], [1, 20, 3, 0], 160), [(0.5, 1.75)])
    heard = Heard([(0.5, 1.75)], [(2.0, 2.5, "too short")], 3.0, None, 0.3)
    recording = ClippedRecording("talk", [Clip(path, 0.5, 1.75, 1.25, -3.0, False)], waveform, heard)
    report = through_json(build_clip_report([recording], 1, tmp_path), tmp_path)
    assert written_as_text(report) == []
    assert [1, 1.25] in [row[1:] for item in report.items if isinstance(item, Table) for row in item.rows]


def test_no_number_of_the_pictures_is_text(tmp_path: Path) -> None:
    from PIL import Image

    recipe = Recipe("a cat", 3, 20, 7.5, "DDIMScheduler", 64, 48, start="0" * 64, strength=0.6)
    path = tmp_path / "a-cat.png"
    save_with_recipe(Image.new("RGB", (64, 48)), {}, path)
    details = RunDetails("small", "a" * 64, predictions={path: Prediction("cat", True, True)})
    report = through_json(build_picture_report([SavedPicture(recipe, path)], details), tmp_path)
    assert written_as_text(report) == []
    settings = {row[0]: row[1] for item in report.items if isinstance(item, Table) for row in item.rows}
    assert settings["steps"] == Number(20)
    assert settings["guidance scale"] == Number(7.5, figures=6)
    assert settings["size"] == Composite("{width} × {height}", {"width": Number(64), "height": Number(48)})


def test_no_number_of_a_training_is_text(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    example = Example([1, 2, 3], [IGNORED, 2, 3], False)
    data_set = DataSet([Pair("a", "b")], [Pair("c", "d")], [example], [example], "a b", 0, 0)
    curve = LossCurve([2.5, 1.25], [(0, 2.5), (2, 1.5)])
    answer = Answer("a?", "b", 1, True, [])
    training, parameters = Training(2, 1, 1e-3, 0.0, "float32", 0), ParameterCount(12345, 1234567)
    report = build_training_report(data_set, training, curve, parameters, [("a?", answer, answer)])
    report = through_json(report, tmp_path)
    assert written_as_text(report) == []
    [counts] = [item for item in report.metrics if item.name == "trainable parameters"]
    assert str(counts) == "12,345 of 1,234,567"
    assert [found.number.value for found in counts.numbers()] == [12345, 1234567]


def test_no_number_of_the_answers_is_text(tmp_path: Path) -> None:
    answer = Answer("[user] a?", "b", 1, True, [("“b”", 0.75), ("“c”", 0.25)])
    report = build_answer_report([Exchange(Question("a?", "zero-shot", []), answer)], show_prompt=True)
    assert written_as_text(through_json(report, tmp_path)) == []


@pytest.mark.parametrize(
    "text", ["0.043", "χ²(3) = 5.39", "−2", "1.2e-05", "12,345 of 67,890", "0.04 (90 % from 0.01)"]
)
def test_a_number_in_text_is_found(text: str) -> None:
    assert written_as_text(Report().table([["fit", text]], ["name", "value"])) == [text]
