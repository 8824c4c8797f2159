"""Questions put to a model by several strategies: one round of answers, and the conclusions of what was reasoned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .generation import Answer, Decoding, generate
from .language_model import LanguageModel
from .strategies import CONCLUDE, Messages, Question

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
    def tokens(self) -> int:
        return self.answer.tokens + (self.reasoning.tokens if self.reasoning else 0)


class Answerer(Protocol):
    """Answers conversations; given what it reasoned on each, it concludes."""

    def __call__(
        self, conversations: Sequence[Messages], decoding: Decoding, reasoned: Sequence[Answer] = ()
    ) -> list[Answer]: ...


@dataclass(frozen=True)
class LocalAnswerer:
    """A model in this process."""

    model: LanguageModel
    progress: Callable[[int], None] = lambda tokens: None

    def __call__(
        self, conversations: Sequence[Messages], decoding: Decoding, reasoned: Sequence[Answer] = ()
    ) -> list[Answer]:
        texts = [self.model.render_chat(messages) for messages in conversations]
        if reasoned:
            texts = [f"{text}{answer.text}\n\n{CONCLUDE}" for text, answer in zip(texts, reasoned, strict=True)]
        return generate(self.model, texts, decoding, self.progress)


def ask(questions: Sequence[Question], answer: Answerer, decoding: Decoding) -> list[Exchange]:
    """Ask all the questions in the same batches; then let those that were reasoned on be concluded."""
    answers = answer([question.messages for question in questions], decoding)
    exchanges = [Exchange(question, reply) for question, reply in zip(questions, answers, strict=True)]
    reasoned = [place for place, question in enumerate(questions) if question.strategy == "chain-of-thought"]
    if reasoned:
        short = replace(decoding, max_new_tokens=min(decoding.max_new_tokens, CONCLUSION_TOKENS))
        conversations = [questions[place].messages for place in reasoned]
        ends = answer(conversations, short, [answers[place] for place in reasoned])
        for place, end in zip(reasoned, ends, strict=True):
            exchanges[place] = Exchange(questions[place], end, reasoning=answers[place])
    return exchanges


def tokens_at_most(questions: Sequence[Question], decoding: Decoding) -> int:
    """Return how many tokens the first round of answers may take, for showing progress."""
    return len(questions) * decoding.max_new_tokens
