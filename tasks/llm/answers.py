"""Questions put to a model by several strategies: one round of answers, and the conclusions of what was reasoned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from journal import AnswerStore

from .generation import Answer, Decoding, Prompt, generate_each
from .kept_answers import Asked, kept_or_new
from .language_model import LanguageModel
from .strategies import CONCLUDE, Question

CONCLUSION_TOKENS = 40
"""The most that a conclusion may take once the reasoning is done."""


@dataclass(frozen=True)
class Exchange:
    """A question and what came back."""

    question: Question
    answer: Answer
    reasoning: Answer | None = None
    """What a chain-of-thought said before its conclusion, which is the answer."""

    @property
    def answers(self) -> list[Answer]:
        """All that was answered to the question, in the order in which it came."""
        return [self.reasoning, self.answer] if self.reasoning else [self.answer]


class Answerer(Protocol):
    """A model that answers prompts."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What an answer depends on beside its prompt and the settings: the model, its adapter, its server."""

    @property
    def names(self) -> Mapping[str, str]:
        """What people call them."""

    def render(self, question: Question, reasoned: Answer | None = None) -> Prompt:
        """Return what is sent for a question; given what it reasoned, to have that concluded."""

    def answers(self, prompts: Sequence[Prompt], decoding: Decoding) -> Iterator[tuple[int, Answer]]:
        """Yield each answer with its prompt's place, as they come."""


@dataclass(frozen=True)
class LocalAnswerer:
    """A model in this process."""

    model: LanguageModel
    identity: Mapping[str, str]
    names: Mapping[str, str]
    progress: Callable[[int], None] = lambda tokens: None

    def render(self, question: Question, reasoned: Answer | None = None) -> Prompt:
        """Return the text that the model goes on from."""
        text = self.model.opening + question.text if question.text else self.model.render_chat(question.messages)
        return Prompt(f"{text}{reasoned.text}\n\n{CONCLUDE}" if reasoned else text, question.messages)

    def answers(self, prompts: Sequence[Prompt], decoding: Decoding) -> Iterator[tuple[int, Answer]]:
        """Yield each answer with its prompt's place, batch by batch."""
        yield from generate_each(self.model, prompts, decoding, self.progress)


def ask(questions: Sequence[Question], answerer: Answerer, decoding: Decoding, store: AnswerStore) -> list[Exchange]:
    """Ask all the questions in the same batches; then let those that were reasoned on be concluded.

    What the store has an answer to is not asked again, and what is new is kept there.
    """
    answers = _answers_to(questions, [None] * len(questions), answerer, decoding, store)
    exchanges = [Exchange(question, reply) for question, reply in zip(questions, answers, strict=True)]
    reasoned = [place for place, question in enumerate(questions) if question.is_reasoned]
    if reasoned:
        short = replace(decoding, max_new_tokens=min(decoding.max_new_tokens, CONCLUSION_TOKENS))
        concluded = [questions[at] for at in reasoned]
        ends = _answers_to(concluded, [answers[at] for at in reasoned], answerer, short, store)
        for place, end in zip(reasoned, ends, strict=True):
            exchanges[place] = Exchange(questions[place], end, reasoning=answers[place])
    return exchanges


def _answers_to(
    questions: Sequence[Question],
    reasoned: Sequence[Answer | None],
    answerer: Answerer,
    decoding: Decoding,
    store: AnswerStore,
) -> list[Answer]:
    """Return one round of answers; a prompt that comes again is another sample."""
    seen = Counter[str]()
    asked = []
    for question, said in zip(questions, reasoned, strict=True):
        prompt = answerer.render(question, said)
        is_reasoning = question.is_reasoned and said is None
        about = {"question": question.prompt, "strategy": question.strategy, **answerer.names}
        about |= {"part": "reasoning"} if is_reasoning else {}
        asked.append(Asked(replace(prompt, sample=seen[prompt.text]), about))
        seen[prompt.text] += 1
    return kept_or_new(asked, answerer.identity, answerer.answers, decoding, store)


def tokens_at_most(questions: Sequence[Question], decoding: Decoding) -> int:
    """Return how many tokens the first round of answers may take, for showing progress."""
    return len(questions) * decoding.max_new_tokens
