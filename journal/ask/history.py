"""What was asked over the days: answers to questions, and tries at pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from journal.api.task import brief
from journal.ask.asked import DayAnswer, answer_lines, answers_to, question_lines, read_day_answers
from journal.ask.trials import DayTrial, describe_trials, prompt_lines, read_trials, trial_lines, trials_at
from journal.errors import UsageError, nearest
from journal.record import Record


@dataclass(frozen=True)
class History:
    """Answers and tries of all days, or those of one question or prompt."""

    answers: list[DayAnswer]
    trials: list[DayTrial]

    def lines(self) -> list[str]:
        """Return answers and tries, for people."""
        return [*answer_lines(self.answers), *(trial_lines(self.trials) if self.trials else [])]

    def names(self) -> list[str]:
        """Return a line for each question and each prompt."""
        return [*question_lines(self.answers), *prompt_lines(self.trials)] or [
            "nothing was asked yet: no step asked a model, or made pictures"
        ]

    def as_data(self) -> dict[str, Any]:
        """Return answers, tries and rates as plain data, for programs."""
        return {"answers": [one.as_data() for one in self.answers], **describe_trials(self.trials)}


def read_history(record: Record) -> History:
    """Return all answers and tries. Raises ``JournalError`` where a file can't be read."""
    return History(read_day_answers(record), read_trials(record))


def history_of(words: str, history: History) -> History:
    """Return what was answered to a question and tried at a prompt. Raises ``UsageError`` where there is nothing."""
    found = History(answers_to(words, history.answers), trials_at(words, history.trials))
    if found.answers or found.trials:
        return found
    asked = [*(one.question for one in history.answers), *(one.trial.prompt for one in history.trials)]
    known = sorted({brief(" ".join(one.split())) for one in asked})
    hint = nearest(words, known) if known else "; no step asked a model or made pictures yet"
    raise UsageError(f"nothing was asked by the words '{brief(' '.join(words.split()))}'{hint}")
