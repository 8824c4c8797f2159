"""The choices of a question, by how likely a model finds each: the sum of its tokens' log-probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journal import AnswerStore, TaskError

from ..answers import LocalAnswerer
from ..generation import Prompt
from ..language_model import LanguageModel
from ..strategies import Question
from .questions import KnownQuestion


@dataclass(frozen=True)
class Likelihoods:
    """The log-likelihood of each choice of a question, in nats."""

    choices: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def best(self) -> int:
        """The place of the likeliest choice (lm-evaluation-harness's ``acc``)."""
        return max(range(len(self.values)), key=lambda place: self.values[place])

    @property
    def best_by_length(self) -> int:
        """The place of the likeliest choice for its number of characters (its ``acc_norm``)."""
        return max(range(len(self.values)), key=lambda place: self.values[place] / len(self.choices[place]))


def likelihoods_of(
    question: Question, known: KnownQuestion, answerer: LocalAnswerer, store: AnswerStore
) -> Likelihoods:
    """Return how likely each choice is after what is asked; what the store has is not computed again.

    A choice goes on from plain text after a blank, and from a conversation at once.
    """
    prompt = answerer.render(question)
    between = " " if question.text else ""
    asked = {"prompt": prompt.text, "between": between, "choices": list(known.choices), **answerer.identity}
    kept = store.find(asked)
    if kept is None:
        values = log_likelihoods(answerer.model, prompt, [f"{between}{choice}" for choice in known.choices])
        kept = {"log_likelihoods": values}
        best = Likelihoods(known.choices, tuple(values)).best
        about = {"question": question.prompt, "strategy": question.strategy, **answerer.names}
        store.add(asked, {"text": known.choices[best], **kept}, about)
    return Likelihoods(known.choices, tuple(float(one) for one in _numbers(kept)))


def log_likelihoods(model: LanguageModel, prompt: Prompt, continuations: Sequence[str]) -> list[float]:
    """Return the log-probability of each continuation of a prompt, in nats, as lm-evaluation-harness defines it.

    Prompt and continuation are made into tokens together; those past the prompt's own count. The continuations of one
    prompt share a batch, padded at the right, so that a number depends on nothing but its question.
    """
    import torch

    rows, starts = zip(*(_encode(model, prompt.text, one) for one in continuations), strict=True)
    width = max(len(row) for row in rows)
    padding = model.tokenizer.pad_token_id or 0
    ids = torch.tensor([[*row, *([padding] * (width - len(row)))] for row in rows])
    mask = torch.tensor([[*([1] * len(row)), *([0] * (width - len(row)))] for row in rows])
    first = min(starts) - 1
    with torch.inference_mode():
        logits = model.network(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, first:].float()
    found = torch.log_softmax(logits, dim=-1)
    return [
        float(found[number, torch.arange(start - 1, len(row) - 1) - first, ids[number, start : len(row)]].sum())
        for number, (row, start) in enumerate(zip(rows, starts, strict=True))
    ]


def _encode(model: LanguageModel, context: str, continuation: str) -> tuple[list[int], int]:
    """Return the tokens of both together, and the place of the first that counts; blanks at the end go over."""
    kept = context.rstrip()
    whole: list[int] = model.tokenizer(f"{context}{continuation}", add_special_tokens=False)["input_ids"]
    start = len(model.tokenizer(kept, add_special_tokens=False)["input_ids"])
    if not 0 < start < len(whole):
        raise TaskError(f"model '{model.name}' makes no tokens of the choice '{continuation[:40]}'; leave it out")
    return whole, start


def _numbers(kept: Mapping[str, Any]) -> Sequence[float]:
    found = kept.get("log_likelihoods")
    return found if isinstance(found, list) else []
