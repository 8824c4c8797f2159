"""Compare two rounds of answers question by question: what is newly right, newly wrong, or said in other words."""

from __future__ import annotations

from typing import Annotated, Any

from journal import Field, Report, task

from .answer_sets import matched, read_answer_set
from .comparison import compare_match
from .comparison_report import build_report


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
    rows: Annotated[int, Field(ge=0, le=100, description="changed questions to show open")] = 5,
) -> Report:
    """Compare two rounds of answers to the same questions, such as of two days, question by question."""
    earlier, later = (read_answer_set(one, name) for one, name in zip(answers, names, strict=True))
    return build_report([compare_match(one) for one in matched(earlier, later)], names, rows)
