"""Questions answered and marked, by one model with one strategy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from journal import AnswerStore, Server, TaskError

from ..answers import Answerer, Exchange, LocalAnswerer, ask
from ..generation import Decoding
from .choices import likelihoods_of
from .conversations import EvaluationStrategy, Style, question_for, takes_choices
from .questions import KnownQuestion
from .scores import Score, mark, vote_key

VOTING_TEMPERATURE = 0.7
"""At what temperature self-consistency draws its samples unless another is given (Wang et al. 2023)."""

_BEFORE = re.compile(r"(?:[\s:…*\"“]|[.,](?!\d))*")
"""What may stand between the words that ask for a conclusion and the conclusion."""


@dataclass(frozen=True)
class Variant:
    """What answered: a model, with an adapter on it or none, asked by a strategy."""

    model: str
    adapter: str
    strategy: EvaluationStrategy


@dataclass(frozen=True)
class Marked:
    """An answer and its mark: 1 or 0, or chrF from 0 to 100."""

    answer: str
    mark: float
    mark_by_length: float | None = None
    """For choices, the mark of the likeliest for its length."""
    votes: str = ""
    """For self-consistency, how many samples agreed: "3 of 5"."""


@dataclass(frozen=True)
class Outcome:
    """A variant's marked answers to all questions, in their order."""

    variant: Variant
    marked: tuple[Marked, ...]
    prompt: str
    """The first prompt as sent."""
    exchanges: tuple[Exchange, ...] = ()
    """All that was said; nothing where only choices were compared."""
    server: Server | None = None

    @property
    def marks(self) -> list[float]:
        return [one.mark for one in self.marked]

    @property
    def answers(self) -> list[str]:
        return [one.answer for one in self.marked]

    def as_data(self, questions: Sequence[KnownQuestion], score: Score) -> list[dict[str, Any]]:
        """Return the answers as plain data, which ``llm.compare`` takes."""
        variant = {"strategy": self.variant.strategy, "model": self.variant.model}
        variant |= {"adapter": self.variant.adapter} if self.variant.adapter else {}
        return [
            {"prompt": known.text, **variant, "answer": one.answer, "expected": list(known.expected)}
            | {"score": score, "mark": round(one.mark, 6)}
            | ({"votes": one.votes} if one.votes else {})
            for known, one in zip(questions, self.marked, strict=True)
        ]


@dataclass(frozen=True)
class Examination:
    """Questions, how they are put, how answers are drawn and how they are marked."""

    questions: tuple[KnownQuestion, ...]
    style: Style
    decoding: Decoding
    score: Score
    samples: int
    """How many answers self-consistency takes a vote of."""

    def outcome(self, variant: Variant, answerer: Answerer, store: AnswerStore, server: Server | None) -> Outcome:
        """Return a variant's marked answers; raises ``TaskError`` where it can't be asked so."""
        if self.score == "choice":
            return self._outcome_of_choices(variant, answerer, store)
        times, decoding = 1, self.decoding
        if variant.strategy == "self-consistency":
            times = self.samples
            decoding = replace(decoding, temperature=decoding.temperature or VOTING_TEMPERATURE)
        asked = [question_for(known, variant.strategy, self.style) for known in self.questions]
        exchanges = ask([one for one in asked for _ in range(times)], answerer, decoding, store)
        drawn = [exchanges[start : start + times] for start in range(0, len(exchanges), times)]
        marked = tuple(self._marked(known, some) for known, some in zip(self.questions, drawn, strict=True))
        return Outcome(variant, marked, exchanges[0].answers[0].prompt, tuple(exchanges), server)

    def _marked(self, known: KnownQuestion, exchanges: Sequence[Exchange]) -> Marked:
        answers = [_drawn_out(exchange) for exchange in exchanges]
        if len(answers) == 1:
            return Marked(answers[0], mark(answers[0], known, self.score))
        keys = [vote_key(answer, self.score) for answer in answers]
        said = [key for key in keys if key] or keys  # who says nothing has no vote
        key, votes = Counter(said).most_common(1)[0]  # of as many votes, the one that came first
        answer = answers[keys.index(key)]
        return Marked(answer, mark(answer, known, self.score), votes=f"{votes} of {len(answers)}")

    def _outcome_of_choices(self, variant: Variant, answerer: Answerer, store: AnswerStore) -> Outcome:
        if not isinstance(answerer, LocalAnswerer):
            raise TaskError(f"model '{variant.model}': a server tells no likelihoods of choices; take score: exact")
        if not takes_choices(variant.strategy):
            mend = "take score: exact, or another strategy"
            raise TaskError(f"{variant.strategy} writes before it answers, and choices are not written; {mend}")
        marked = []
        for known in self.questions:
            found = likelihoods_of(question_for(known, variant.strategy, self.style), known, answerer, store)
            by_length = float(found.best_by_length == known.right_choice)
            marked.append(Marked(known.choices[found.best], float(found.best == known.right_choice), by_length))
        first = question_for(self.questions[0], variant.strategy, self.style)
        return Outcome(variant, tuple(marked), answerer.render(first).text)


def _drawn_out(exchange: Exchange) -> str:
    """Return an answer; of one that was reasoned, what its conclusion says first."""
    text = exchange.answer.text or exchange.answer.refusal
    if exchange.reasoning is None:
        return text
    return re.split(r"\n|(?<=[.!?])\s", _BEFORE.sub("", text, count=1), maxsplit=1)[0].strip()
