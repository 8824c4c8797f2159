"""Compare two rounds of answers question by question: what is newly right, newly wrong, or said in other words."""

from __future__ import annotations

from typing import Annotated, Any

from journal import Field, File, Report, TaskError, task

from .answer_sets import matched, read_answer_set
from .comparison import compare_match
from .comparison_report import build_report
from .questions import read_questions
from .scores import MarkedScore, score_for


@task("llm.compare", version=1)
def compare(
    answers: Annotated[
        list[Any],
        Field(
            min_length=2,
            max_length=2,
            description="the earlier answers and the later ones: outputs of llm.prompt or llm.evaluate",
            examples=[["${day-120.ask.answers}", "${ask.answers}"]],
        ),
    ],
    names: Annotated[tuple[str, str], Field(description="what the two rounds are called in the report")] = (
        "before",
        "now",
    ),
    questions: Annotated[
        File | None, Field(description="marks answers that have no marks: a file as for llm.evaluate")
    ] = None,
    score: Annotated[MarkedScore, Field(description="how these are marked")] = "exact",
    rows: Annotated[int, Field(ge=0, le=100, description="changed questions to show open")] = 5,
) -> Report:
    """Compare two rounds of answers to the same questions, such as of two days, question by question."""
    if names[0] == names[1]:
        raise TaskError(f"both rounds are called '{names[0]}'; give two names")
    known = read_questions(questions) if questions else []
    score_for(known, score)
    rounds = [read_answer_set(one, name) for one, name in zip(answers, names, strict=True)]
    earlier, later = (one.marked(known, score) for one in rounds)
    return build_report([compare_match(one) for one in matched(earlier, later)], names, rows)
