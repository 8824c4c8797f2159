"""llm.compare: what changed between two rounds of answers, question by question."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Space
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks.llm.evaluation.compare import compare

from journal import Report, TaskError
from journal.api.items import Part, Table, Text
from journal.record import Record
from journal.record.ledger import Ledgers
from journal.render import BlockPage, render_report
from journal.text.workspace import Workspace


def marked(*marks: int, words: str = "", score: str = "exact", **more: Any) -> list[dict[str, Any]]:
    """Return answers to questions that are numbered, as llm.evaluate leaves them."""
    rows = []
    for number, mark in enumerate(marks):
        answer = f"{'right' if mark else 'wrong'} {number}{words}"
        asked = {"prompt": f"Question {number}?", "strategy": "zero-shot", "model": "m", "expected": ["right"]}
        rows.append({**asked, "answer": answer, "score": score, "mark": float(mark), **more})
    return rows


def metrics(report: Report) -> dict[str, Any]:
    return {metric.name: metric.value for metric in report.metrics}


def tables(report: Report) -> list[Table]:
    return [item for item in report.items if isinstance(item, Table)]


def texts(report: Report) -> str:
    return " ".join(item.text for item in report.items if isinstance(item, Text))


def test_each_change_is_told_and_counted() -> None:
    before, now = marked(0, 1, 1, 0, 1), marked(1, 0, 1, 0, 1)
    now[2]["answer"], now[3]["answer"] = "RIGHT  2.", "other words"
    report = compare([before, now])
    assert report.headline_text == "of 5 answers 1 newly right, 1 newly wrong, 1 other words"
    changes, changed, same = tables(report)
    assert dict(zip(changes.columns, changes.rows[0], strict=True)) == {
        "variant": "m, zero-shot", "questions": 5, "right before": 3, "right now": 3,
        "newly right": 1, "newly wrong": 1, "other words": 1, "the same": 2,
    }  # fmt: skip
    assert [row[:2] for row in changed.rows] == [
        ["newly right", "Question 0?"], ["newly wrong", "Question 1?"], ["other words", "Question 3?"]
    ]  # fmt: skip
    assert changed.rows[0][3:] == ["✗ wrong 0", "✓ right 0"]
    assert [row[0] for row in same.rows] == ["Question 2?", "Question 4?"]
    assert [row["change"] for row in report.outputs["changes"]] == ["newly right", "newly wrong", "other words"]


def test_the_test_is_of_pairs() -> None:
    """scipy.stats.binomtest(0, 6, 0.5).pvalue is 0.03125."""
    report = compare([marked(0, 0, 0, 0, 0, 0, 1, 1, 1, 1), marked(*[1] * 10)], names=("Monday", "Tuesday"))
    assert "Tuesday +60 points, p = 0.031 (McNemar's exact test)." in texts(report)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=30))
def test_no_question_is_lost_and_the_gain_is_what_is_newly_right_less_what_is_newly_wrong(
    pairs: list[tuple[int, int]],
) -> None:
    before, now = zip(*pairs, strict=True)
    found = metrics(compare([marked(*before), marked(*now)]))
    assert found.pop("questions") == len(pairs) == sum(found.values())
    assert found["newly right"] - found["newly wrong"] == sum(now) - sum(before)


def test_all_but_a_few_are_folded() -> None:
    report = compare([marked(*[0] * 100), marked(*[1] * 100)], rows=3)
    shown = [len(table.rows) for table in tables(report)]
    assert shown == [1, 3, 100]
    assert [item.name for item in report.items if isinstance(item, Part) and item.folded] == ["all-changed"]


def test_answers_of_llm_prompt_are_compared_by_their_words() -> None:
    before = [{"prompt": "Why?", "strategy": "zero-shot", "answer": text} for text in ("Aye.", "Naw.")]
    now = [{"prompt": "Why?", "strategy": "zero-shot", "answer": text} for text in ("aye", "Mibbe.")]
    report = compare([before, now])
    assert metrics(report) == {"questions": 2, "other words": 1, "the same": 1}
    assert "no marks" in texts(report)
    assert report.headline_text == "of 2 answers 1 other words"


def test_answers_of_llm_prompt_are_marked_by_a_file_of_questions(tmp_path: Path) -> None:
    questions = tmp_path / "q.jsonl"
    questions.write_text('{"text": "Why?", "expected": "Because"}\n{"text": "Who?", "expected": "me"}\n')
    before = [{"prompt": one, "strategy": "zero-shot", "answer": "Because."} for one in ("Why?", "Who?")]
    now = [{"prompt": one, "strategy": "zero-shot", "answer": "me"} for one in ("Why?", "Who?")]
    report = compare([before, now], questions=questions)
    assert metrics(report) == {"questions": 2, "newly right": 1, "newly wrong": 1, "other words": 0, "the same": 0}
    assert tables(report)[1].rows[0] == ["newly right", "Who?", "me", "✗ Because.", "✓ me"]


def test_chrf_marks_go_up_and_down() -> None:
    before, now = (marked(0, 0, 0, score="chrF") for _ in range(2))
    for row, mark in zip([*before, *now], (10.0, 20, 30, 15, 5, 30), strict=True):
        row["mark"] = mark
    report = compare([before, now])
    assert metrics(report) == {"questions": 3, "higher mark": 1, "lower mark": 1, "other words": 0, "the same": 1}
    assert "of chrF (95 % interval of a paired bootstrap)" in texts(report)


def test_another_model_is_compared_with_the_one_before() -> None:
    report = compare([marked(0), marked(1, model="n")])
    assert tables(report)[0].rows[0][0] == "m, zero-shot → n, zero-shot"


def test_several_variants_are_matched_each_with_its_like() -> None:
    before = [*marked(0, 1), *marked(0, 0, strategy="few-shot")]
    now = [*marked(1, 1, strategy="few-shot"), *marked(0, 1), *marked(1, model="n")]
    rows = tables(compare([before, now]))[0].rows
    assert [(row[0], row[4]) for row in rows] == [("m, zero-shot", 0), ("m, few-shot", 2)]


def test_what_only_one_round_was_asked_is_told() -> None:
    report = compare([marked(0, 1, 1), marked(1)])
    assert metrics(report)["questions"] == 1
    assert "2 stand only in before" in texts(report)


def test_what_a_model_said_is_never_markdown() -> None:
    before, now = marked(0), marked(1, model="*m*")
    now[0]["answer"] = "<script>alert(1)</script> | [a](b)"
    report = compare([before, now], names=("**b**", "n|w"))
    shown = render_report(report, BlockPage("day/change", 133, Ledgers(Record(Workspace(Path(), "w")))))
    assert "<script" not in shown and "[a](b)" not in shown and "**b**" not in shown and " *m*" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("before", "now", "message"),
    [
        ([], marked(1), "the answers called 'before' are none"),
        (5, marked(1), "the answers called 'before' are none"),
        ([{"prompt": "a"}], marked(1), "the answers called 'before', 1: it has no prompt and answer"),
        (marked(1), marked(1, mark="yes"), "the answers called 'now', 1: its mark is 'yes', not a number"),
        (marked(1), marked(1, score="number"), "the answers were marked by exact and number"),
        (marked(1), marked(1, prompt="Else?"), "'before' and 'now' have no question in common"),
        ("missing.jsonl", marked(1), "the answers called 'before': missing.jsonl can't be read"),
        (
            [*marked(1), *marked(1, model="n")], [*marked(1, model="o"), *marked(1, model="p")],
            "'before' has m, zero-shot; n, zero-shot and 'now' has o, zero-shot; p, zero-shot: it is not clear",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_one_line(before: Any, now: Any, message: str) -> None:
    with pytest.raises(TaskError) as caught:
        compare([before, now])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


TOY = '''"""Leaves answers as llm.evaluate does, in a file, or as llm.prompt does, in a list."""
import json
from journal import Context, Report, task


@task("toy.answer")
def answer(ctx: Context, marks: list[int]) -> Report:
    """Leave marked answers in a file."""
    rows = [{"prompt": f"Q{n}", "answer": str(mark), "score": "exact", "mark": mark} for n, mark in enumerate(marks)]
    path = ctx.out / "results.jsonl"
    path.write_text("".join(json.dumps(row) + "\\\\n" for row in rows))
    return Report().output("answers", path)


@task("toy.say")
def say(words: list[str]) -> Report:
    """Leave answers in a list."""
    return Report().output("answers", [{"prompt": f"Q{n}", "answer": word} for n, word in enumerate(words)])
'''.replace("\\\\n", "\\n")
STEP = "  change: {uses: llm.compare, answers: ['${day-120.ask.answers}', '${ask.answers}']}\n"


def changes(space: Space) -> dict[str, Any]:
    report = json.loads((space.root / "entries/2024-05-13-day-133/change/report.json").read_text())
    return {item["name"]: item["value"] for item in report["items"] if item["kind"] == "metric"}


def test_two_days_are_compared_and_again_when_the_earlier_one_changes(space: Space) -> None:
    space.write("plugins/toy.py", TOY)
    space.entry("  ask: {uses: toy.answer, marks: [0, 1, 1]}\n", day=120)
    path = space.entry(f"  ask: {{uses: toy.answer, marks: [1, 1, 0]}}\n{STEP}")
    space.run("day", "120..133", check=0)
    assert changes(space) == {"questions": 3, "newly right": 1, "newly wrong": 1, "other words": 0, "the same": 1}
    assert "of 3 answers 1 newly right, 1 newly wrong" in path.read_text()
    assert "all 2 steps are up to date" in space.run("day", "133", check=0).out
    space.entry("  ask: {uses: toy.answer, marks: [1, 1, 1]}\n", day=120)
    space.run("day", "120..133", check=0)
    assert changes(space)["newly right"] == 0


def test_a_list_is_compared_with_a_file(space: Space) -> None:
    space.write("plugins/toy.py", TOY)
    space.entry("  ask: {uses: toy.say, words: ['0', 'aye']}\n", day=120)
    space.entry(f"  ask: {{uses: toy.answer, marks: [0, 1]}}\n{STEP}")
    space.run("day", "120..133", check=0)
    assert changes(space) == {"questions": 2, "other words": 1, "the same": 1}


def test_rounds_need_names_that_differ() -> None:
    with pytest.raises(TaskError, match="both rounds are called 'now'; give two names"):
        compare([marked(1), marked(1)], names=("now", "now"))
