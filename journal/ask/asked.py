"""What a question was answered over days, models, adapters, servers and strategies, from the stored answers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journal.api.answers import KeptAnswer, read_answers
from journal.api.task import brief
from journal.errors import one_line
from journal.layout import answer_files
from journal.record import Record

_WIDEST_ANSWER, _WIDEST_CELL = 70, 28
_SHOWN = {"temperature": 0.0, "repetition_penalty": 1.0, "top_p": 1.0, "top_k": 0}
"""Settings that a table names where they differ from these."""


@dataclass(frozen=True)
class DayAnswer:
    """An answer that a step of a day was given."""

    day: int
    step: str
    kept: KeptAnswer

    @property
    def question(self) -> str:
        return str(self.kept.about.get("question", ""))

    @property
    def settings(self) -> str:
        """What the answer was drawn with, where that isn't greedy."""
        found = self.kept.asked.get("settings")
        given = found if isinstance(found, Mapping) else {}
        words = [f"{name} {given[name]:g}" for name, usual in _SHOWN.items() if given.get(name, usual) != usual]
        words += [f"stop {', '.join(map(repr, given['stop']))}"] if given.get("stop") else []
        if given.get("temperature"):
            words += [f"{name} {self.kept.asked[name]}" for name in ("seed", "sample") if self.kept.asked.get(name)]
        return ", ".join(words)

    def row(self) -> dict[str, str]:
        """Return the answer as cells of a table."""
        about, answer = self.kept.about, self.kept.answer
        adapter = str(self.kept.asked.get("adapter") or "")
        end = {"stop": "", "length": "cut off"}.get(str(answer.get("end", "")), str(answer.get("end", "")))
        return {
            "day": str(self.day),
            "step": self.step,
            "strategy": str(about.get("strategy", "")),
            "model": str(about.get("model", "")),
            "adapter": f"{about.get('adapter', '')} {adapter[:8]}".strip() if adapter else "",
            "server": str(about.get("server", "")),
            "settings": self.settings,
            "tokens": str(answer.get("tokens", "")),
            "end": end,
            "answer": str(answer.get("text") or answer.get("refusal") or ""),
        }

    def as_data(self) -> dict[str, Any]:
        """Return the answer as plain data, for other programs."""
        return {"day": self.day, "step": self.step, **vars(self.kept)}


def read_day_answers(record: Record) -> list[DayAnswer]:
    """Return the answers of all days in the order of days; of what was asked again, the last answer alone.

    What a model reasoned before its answer is left out.
    """
    found: dict[str, DayAnswer] = {}
    for day, entry in record.days().items():
        for path in answer_files(entry):
            for kept in read_answers(path):
                if kept.about.get("question") and kept.about.get("part") != "reasoning":
                    key = f"{path} {sorted(kept.asked.items(), key=str)}"
                    found.pop(key, None)
                    found[key] = DayAnswer(day, path.parent.name, kept)
    return list(found.values())


def answers_to(question: str, answers: Sequence[DayAnswer]) -> list[DayAnswer]:
    """Return the answers to a question, whatever its case and spaces; or else to those that contain the words."""
    wanted = folded(question)
    same = [one for one in answers if folded(one.question) == wanted]
    return same or [one for one in answers if wanted in folded(one.question)]


def folded(text: str) -> str:
    """Return a question or a prompt without its case and spaces, by which it is found again."""
    return " ".join(text.split()).casefold()


def answer_lines(answers: Sequence[DayAnswer]) -> list[str]:
    """Return the answers to each question as a table; columns that hold nothing are left out."""
    by_question: dict[str, list[DayAnswer]] = {}
    for one in answers:
        by_question.setdefault(one.question, []).append(one)
    return [line for question, found in by_question.items() for line in _table(question, found)]


def question_lines(answers: Sequence[DayAnswer]) -> list[str]:
    """Return a line for each question that was answered."""
    by_question: dict[str, list[DayAnswer]] = {}
    for one in answers:
        by_question.setdefault(folded(one.question), []).append(one)
    return [_heading(found[0].question, found) for found in by_question.values()]


def _heading(question: str, answers: Sequence[DayAnswer]) -> str:
    days = {one.day for one in answers}
    models = {(one.kept.asked.get("model"), one.kept.asked.get("server")) for one in answers}
    counts = ((len(answers), "answer"), (len(days), "day"), (len(models), "model"))
    said = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
    return f"{brief(one_line(question))}: {said}"


def _table(question: str, answers: Sequence[DayAnswer]) -> list[str]:
    rows = [one.row() for one in answers]
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    widest = {name: _WIDEST_ANSWER if name == "answer" else _WIDEST_CELL for name in names}
    cells = [
        {name: brief(one_line(row[name]), widest[name]) for name in names}
        for row in [{name: name for name in names}, *rows]
    ]
    widths = {name: max(len(row[name]) for row in cells) for name in names}
    lines = ["  " + "  ".join(row[name].ljust(widths[name]) for name in names).rstrip() for row in cells]
    return [_heading(question, answers), *lines]
