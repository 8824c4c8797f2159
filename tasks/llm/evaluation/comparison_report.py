"""The report on a comparison: how many changed and how, a paired test, the changed questions, and the rest folded."""

from __future__ import annotations

from collections.abc import Sequence

from journal import Report, brief, escape

from ..chrf import chrf_differences
from .answer_sets import GivenAnswer
from .comparison import Change, Changed, Comparison

_CELL = 80
_COUNTED = {
    "": (Change.OTHER_WORDS, Change.SAME),
    "chrF": (Change.BETTER, Change.WORSE, Change.OTHER_WORDS, Change.SAME),
}
_OF_MARKS = (Change.NEWLY_RIGHT, Change.NEWLY_WRONG, Change.OTHER_WORDS, Change.SAME)


def build_report(comparisons: Sequence[Comparison], names: tuple[str, str], open_rows: int) -> Report:
    """Report what changed from one round of answers to the next."""
    report = Report().headline(_headline(comparisons)).part("changes")
    report.table(*_counts(comparisons, names), title=f"From {names[0]} to {names[1]}", name="changes")
    for comparison in comparisons:
        _add_test(report, comparison, names, several=len(comparisons) > 1)
    report.metric("questions", sum(len(one.changes) for one in comparisons), visible=False)
    for change in dict.fromkeys(change for one in comparisons for change in _kinds(one)):
        report.metric(change, sum(one.count(change) for one in comparisons), visible=False)
    changed = [(one, row) for one in comparisons for row in one.changes if row.change != Change.SAME]
    changed.sort(key=lambda pair: list(Change).index(pair[1].change))
    telling = [*changed[:open_rows]]
    if telling:
        report.part("changed").table(*_rows(telling, names), title=_shown(len(telling), len(changed)))
    if len(changed) > len(telling):
        report.part("all-changed", f"All {len(changed)} answers that changed", folded=True)
        report.table(*_rows(changed, names))
    same = [(one, row) for one in comparisons for row in one.changes if row.change == Change.SAME]
    if same:
        report.part("unchanged", f"{len(same)} answers that are the same", folded=True)
        rows = [[brief(row.later.prompt, _CELL), _cell(row.later, one)] for one, row in same]
        report.table(rows, ["question", names[1]])
    report.output("changes", [_as_data(row) for _, row in changed])
    return report


def _kinds(comparison: Comparison) -> tuple[Change, ...]:
    return _COUNTED.get(comparison.score, _OF_MARKS)


def _headline(comparisons: Sequence[Comparison]) -> str:
    kinds = dict.fromkeys(change for one in comparisons for change in _kinds(one) if change != Change.SAME)
    counts = [f"{sum(one.count(change) for one in comparisons)} {change}" for change in kinds]
    total = sum(len(one.changes) for one in comparisons)
    return f"of {total} answer{'' if total == 1 else 's'} {', '.join(counts)}"


def _counts(comparisons: Sequence[Comparison], names: tuple[str, str]) -> tuple[list[list[object]], list[str]]:
    kinds = list(dict.fromkeys(change for one in comparisons for change in _kinds(one)))
    has_marks = all(one.paired for one in comparisons)
    rows: list[list[object]] = []
    for one in comparisons:
        right = list(one.right()) if has_marks else []
        rows.append([one.match.title or "answers", len(one.changes), *right, *(one.count(kind) for kind in kinds)])
    marks = [f"right {name}" for name in names] if has_marks else []
    return rows, ["variant", "questions", *marks, *kinds]


def _add_test(report: Report, one: Comparison, names: tuple[str, str], several: bool) -> None:
    """Add whether the change is more than chance, what could not be compared, and why."""
    where = f"{escape(one.match.title)}: " if several else ""
    if one.paired:
        report.text(f"{where}{escape(names[1])} {one.paired} (McNemar's exact test).")
    elif one.score == "chrF":
        report.text(f"{where}{escape(names[1])} {_chrf_gain(one)} of chrF (95 % interval of a paired bootstrap).")
    else:
        report.text(f"{where}At least one of the two rounds has no marks, so only the words are compared.")
    missing = [(one.match.only_earlier, names[0]), (one.match.only_later, names[1])]
    if said := [f"{count} stand only in {escape(name)}" for count, name in missing if count]:
        report.text(f"{where}Of the other questions {' and '.join(said)}.")


def _chrf_gain(one: Comparison) -> str:
    given, other = ([getattr(row, side).answer for row in one.changes] for side in ("later", "earlier"))
    gain = chrf_differences(given, other, [(row.later.expected or ("",))[0] for row in one.changes])
    return f"{gain.value:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})"


def _shown(count: int, total: int) -> str:
    return "The answers that changed" if count == total else f"{count} of {total} answers that changed"


def _rows(rows: Sequence[tuple[Comparison, Changed]], names: tuple[str, str]) -> tuple[list[list[str]], list[str]]:
    several = len({one.match.title for one, _ in rows}) > 1
    has_expected = any(row.later.expected for _, row in rows)
    found = []
    for one, row in rows:
        expected = [brief(" or ".join(row.later.expected), _CELL)] if has_expected else []
        variant = [one.match.title] if several else []
        answers = [_cell(row.earlier, one), _cell(row.later, one)]
        found.append([str(row.change), brief(row.later.prompt, _CELL), *variant, *expected, *answers])
    columns = ["what changed", "question", *(["variant"] if several else []), *(["expected"] if has_expected else [])]
    return found, [*columns, *names]


def _cell(answer: GivenAnswer, comparison: Comparison) -> str:
    said = brief(" ".join(answer.answer.split()) or "(nothing)", _CELL)
    if answer.mark is None or not comparison.score:
        return said
    return f"{answer.mark:.0f} {said}" if comparison.score == "chrF" else f"{'✓' if answer.mark else '✗'} {said}"


def _as_data(row: Changed) -> dict[str, str]:
    return {
        "prompt": row.later.prompt,
        "change": str(row.change),
        "before": row.earlier.answer,
        "now": row.later.answer,
    }
