"""The report on a test: scores first, then the matrix of marks, a few telling questions, and all others folded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from journal import Composite, Number, Rate, Report, brief, new_figure

from ..chrf import chrf_differences, chrf_interval
from ..prompt_report import add_usage
from .outcomes import Outcome
from .paired import pair_marks
from .questions import KnownQuestion
from .scores import Score, mark

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

_TELLING = 4
_CELL = 60
"""The letters of an answer that a table shows."""
_RIGHT, _WRONG, _BETWEEN = "#0072B2", "#E69F00", "cividis"
"""Blue and orange of Okabe and Ito, which colour-blind readers can tell apart."""


def build_report(
    outcomes: Sequence[Outcome], questions: Sequence[KnownQuestion], score: Score, results: Path
) -> Report:
    """Report how each variant did on the questions, and in which questions they differ."""
    labels = _labels(outcomes)
    rates = [_rate(outcome) for outcome in outcomes]
    report = Report().headline(_headline(outcomes, labels, score, questions)).part("scores")
    report.table(*_scores(outcomes, labels, score, questions), title=_title(score, len(questions)), name="scores")
    if len(outcomes) > 1:
        _add_differences(report, outcomes, labels, score, questions)
    report.metric("questions", len(questions), visible=False)
    report.metric("variants", len(outcomes), visible=False)
    if score == "chrF":
        best = max(chrf_interval(one.answers, _nearest(one, questions)).value for one in outcomes)
        report.metric("best chrF", best, digits=1, visible=False)
    else:
        best = max(100 * rate.good / rate.tries for rate in rates)
        report.metric("best accuracy", best, "%", digits=0, visible=False)
    report.part("marks")
    report.figure("marks", _plot(outcomes, labels, score), alt=_alt(outcomes, labels, score), caption=_caption(score))
    _add_telling(report, outcomes, labels, score, questions)
    if any(question.tags for question in questions) and score != "chrF":
        _add_tags(report, outcomes, labels, questions)
    report.part("questions", f"All {len(questions)} questions", folded=True)
    report.table(_rows(outcomes, questions, range(len(questions)), score), ["question", "expected", *labels])
    report.file(results, title="All answers, whole (JSON lines)")
    report.part("prompts", "The first question as the model reads it", folded=True)
    for outcome, label in zip(outcomes, labels, strict=True):
        report.quote(outcome.prompt, title=label)
    _add_usage(report, outcomes)
    return report


def _labels(outcomes: Sequence[Outcome]) -> list[str]:
    """Name each variant by what tells it apart from the others."""
    variants = [outcome.variant for outcome in outcomes]
    several_models = len({(one.model, one.adapter) for one in variants}) > 1
    several_strategies = len({one.strategy for one in variants}) > 1
    labels = []
    for one in variants:
        model = f"{one.model} with {one.adapter}" if one.adapter else one.model
        parts = [model] if several_models else []
        labels.append(", ".join([*parts, one.strategy] if several_strategies or not parts else parts))
    return labels


def _headline(
    outcomes: Sequence[Outcome], labels: Sequence[str], score: Score, questions: Sequence[KnownQuestion]
) -> str:
    if score == "chrF":
        scores = [chrf_interval(one.answers, _nearest(one, questions)).value for one in outcomes]
        best = max(range(len(scores)), key=lambda place: scores[place])
        said = f"chrF {scores[best]:.1f} on {len(questions)} questions"
    else:
        rates = [_rate(one) for one in outcomes]
        best = max(range(len(rates)), key=lambda place: rates[place].good)
        said = rates[best].sentence("right", "questions")
    return said if len(outcomes) == 1 else f"{labels[best]}: {said}, the best of {len(outcomes)}"


def _title(score: Score, count: int) -> str:
    return f"{count} questions, scored by {score}"


def _scores(
    outcomes: Sequence[Outcome], labels: Sequence[str], score: Score, questions: Sequence[KnownQuestion]
) -> tuple[list[list[object]], list[str]]:
    """Return a row for each variant, and the columns' names."""
    rows: list[list[object]] = []
    columns = ["asked by" if len({one.variant.model for one in outcomes}) == 1 else "variant"]
    if score != "chrF":
        columns += ["right", "accuracy, %, 95 % interval"]
    if score == "choice":
        columns.append("by length, %")
    if score in ("exact", "contains", "chrF"):
        columns.append("chrF, 95 % interval")
    for outcome, label in zip(outcomes, labels, strict=True):
        row: list[object] = [label]
        if score != "chrF":
            rate = _rate(outcome)
            low, high = rate.interval()
            row += [rate.good, _interval(100 * rate.good / rate.tries, 100 * low, 100 * high, 0)]
        if score == "choice":
            by_length = [one.mark_by_length or 0.0 for one in outcome.marked]
            row.append(Number(100 * sum(by_length) / len(by_length), "%", digits=0))
        if score in ("exact", "contains", "chrF"):
            found = chrf_interval(outcome.answers, _nearest(outcome, questions))
            row.append(_interval(found.value, found.low, found.high, 1))
        rows.append(row)
    return rows, columns


def _interval(value: float, low: float, high: float, digits: int) -> Composite:
    numbers = {"value": value, "low": low, "high": high}
    return Composite("{value} ({low} to {high})", {name: Number(one, digits=digits) for name, one in numbers.items()})


def _add_differences(
    report: Report,
    outcomes: Sequence[Outcome],
    labels: Sequence[str],
    score: Score,
    questions: Sequence[KnownQuestion],
) -> None:
    """Add how each variant differs from the first, question by question."""
    first, rest = outcomes[0], list(zip(outcomes[1:], labels[1:], strict=True))
    many = f" {len(rest)} differences were tested: one in twenty such tests is below 0.05 by chance."
    rows: list[list[object]] = []
    if score == "chrF":
        for other, label in rest:
            expected, others = _nearest(other, questions), _nearest(first, questions)
            gain = chrf_differences(other.answers, first.answers, expected, others_expected=others)
            rows.append([label, _interval(gain.value, gain.low, gain.high, 1)])
        report.table(rows, [f"beside {labels[0]}", "chrF more, 95 % interval"], name="differences")
        report.text("Intervals are of 1000 samples of the questions, the same for both (paired bootstrap).")
        return
    for other, label in rest:
        pair = pair_marks(first.marks, other.marks)
        rows.append(
            [label, pair.only_second, pair.only_first, Number(pair.gain, digits=0), Number(pair.p_value, figures=2)]
        )
    columns = [f"beside {labels[0]}", "right only here", "right only there", "points more", "p"]
    report.table(rows, columns, name="differences")
    report.text(f"p is of McNemar's exact test, on the same questions.{many if len(rest) > 1 else ''}")


def _add_telling(
    report: Report,
    outcomes: Sequence[Outcome],
    labels: Sequence[str],
    score: Score,
    questions: Sequence[KnownQuestion],
) -> None:
    """Add a few questions on which the variants are at odds; of one variant alone, those that it has wrong."""
    spreads = [_spread([outcome.marks[place] for outcome in outcomes], score) for place in range(len(questions))]
    order = sorted(range(len(questions)), key=lambda place: -spreads[place])
    places = [place for place in order if spreads[place] > 0][:_TELLING]
    if places:
        told = "on which they differ most" if len(outcomes) > 1 else "that were not answered well"
        report.part("telling")
        rows = _rows(outcomes, questions, places, score)
        report.table(rows, ["question", "expected", *labels], title=f"Some questions {told}")


def _spread(marks: Sequence[float], score: Score) -> float:
    """Return how telling the marks on a question are: how far they are apart, or of one, how bad it is."""
    if len(marks) > 1:
        return min(sum(marks), len(marks) - sum(marks)) if score != "chrF" else max(marks) - min(marks)
    return (100.0 if score == "chrF" else 1.0) - marks[0]


def _add_tags(
    report: Report, outcomes: Sequence[Outcome], labels: Sequence[str], questions: Sequence[KnownQuestion]
) -> None:
    tags = sorted({tag for question in questions for tag in question.tags})
    rows: list[list[object]] = []
    for tag in tags:
        places = [place for place, question in enumerate(questions) if tag in question.tags]
        right = [int(sum(outcome.marks[place] for place in places)) for outcome in outcomes]
        rows.append([tag, len(places), *right])
    report.part("tags", "Right answers by tag", folded=True)
    report.table(rows, ["tag", "questions", *labels], name="tags")


def _rows(
    outcomes: Sequence[Outcome], questions: Sequence[KnownQuestion], places: Sequence[int], score: Score
) -> list[list[object]]:
    return [
        [
            brief(questions[place].text, 2 * _CELL),
            brief(" or ".join(questions[place].expected), _CELL),
            *(_answer_cell(outcome, place, score) for outcome in outcomes),
        ]
        for place in places
    ]


def _answer_cell(outcome: Outcome, place: int, score: Score) -> object:
    one = outcome.marked[place]
    answer = brief(" ".join(one.answer.split()) or "(nothing)", _CELL)
    votes = f" ({one.votes})" if one.votes else ""
    shown = f"{one.mark:.0f}" if score == "chrF" else "✓" if one.mark else "✗"
    return f"{shown}\N{NO-BREAK SPACE}{answer}{votes}"


def _rate(outcome: Outcome) -> Rate:
    return Rate(sum(one > 0 for one in outcome.marks), len(outcome.marks))


def _nearest(outcome: Outcome, questions: Sequence[KnownQuestion]) -> list[str]:
    """Return for each question the expected text that the answer is nearest to."""
    found = []
    for known, answer in zip(questions, outcome.answers, strict=True):
        single = [KnownQuestion(known.text, (expected,)) for expected in known.expected]
        found.append(max(single, key=lambda one, given=answer: mark(given, one, "chrF")).expected[0])  # type: ignore[misc]
    return found


def _plot(outcomes: Sequence[Outcome], labels: Sequence[str], score: Score) -> Plot:
    """Draw a row for each variant and a column for each question, those answered best at the left."""
    import numpy as np
    from matplotlib.colors import ListedColormap

    marks = np.array([outcome.marks for outcome in outcomes])
    ordered = marks[:, np.argsort(-marks.mean(axis=0), kind="stable")]
    plot, axes = new_figure(height=0.7 + 0.28 * len(outcomes))
    colours = _BETWEEN if score == "chrF" else ListedColormap([_WRONG, _RIGHT])
    edges, most = np.arange(marks.shape[1] + 1), 100 if score == "chrF" else 1
    for place, row in enumerate(ordered):
        cells = {"cmap": colours, "vmin": 0, "vmax": most, "edgecolors": "face", "linewidth": 0.4}
        mesh = axes.pcolormesh(edges, [place + 0.04, place + 0.96], row[None], **cells)
    axes.set_yticks([place + 0.5 for place in range(len(outcomes))], [_short(label) for label in labels])
    axes.set(ylim=(len(outcomes), 0), xlabel="questions, those answered best at the left")
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    if score == "chrF":
        plot.colorbar(mesh, ax=axes, label="chrF")
    return plot


def _short(label: str) -> str:
    return label if len(label) <= 36 else f"{label[:12]}…{label[-23:]}"


def _caption(score: Score) -> str:
    return "chrF of each answer" if score == "chrF" else "Blue: right; orange: wrong"


def _alt(outcomes: Sequence[Outcome], labels: Sequence[str], score: Score) -> str:
    if score == "chrF":
        return f"chrF of each question by {len(outcomes)} variants"
    said = [f"{label} {_rate(one).good}" for one, label in zip(outcomes, labels, strict=True)]
    return f"Marks of {len(outcomes[0].marks)} questions; right are: {', '.join(said)}"


def _add_usage(report: Report, outcomes: Sequence[Outcome]) -> None:
    servers = {one.server.name: one.server for one in outcomes if one.server}
    for name, server in servers.items():
        exchanges = [one for outcome in outcomes if outcome.server == server for one in outcome.exchanges]
        add_usage(report, exchanges, server, f"What the answers of '{name}' took")
