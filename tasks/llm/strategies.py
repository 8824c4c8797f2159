"""Prompt strategies: the conversations that zero-shot, few-shot and chain-of-thought make of one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from journal import TaskError

Strategy = Literal["zero-shot", "few-shot", "chain-of-thought"]
Messages = list[dict[str, str]]

REASON = "Let's think step by step."
"""The trigger sentence of zero-shot chain-of-thought (Kojima et al. 2022, arXiv:2205.11916)."""
CONCLUDE = "Therefore, the answer is"
"""The same paper's second sentence, which gets the answer out of the reasoning."""


@dataclass(frozen=True)
class Question:
    """A prompt, the strategy that it is asked by, and the conversation that this makes."""

    prompt: str
    strategy: str
    messages: Messages
    is_reasoned: bool = False
    """Whether the model is to reason first, and then to conclude."""
    text: str = ""
    """What the model goes on from in place of a conversation."""


def compose(
    prompts: Sequence[str],
    strategies: Sequence[Strategy],
    examples: Sequence[Mapping[str, str]] = (),
    system: str = "",
) -> list[Question]:
    """Return the questions that ask each prompt by each strategy; raises TaskError for examples that won't do."""
    _check_examples(strategies, examples)
    opening = [_message("system", system)] if system else []
    shown = [turn for example in examples for turn in _as_messages(example)]
    return [
        Question(
            prompt,
            strategy,
            [*opening, *(shown if strategy == "few-shot" else []), _ask(prompt, strategy)],
            is_reasoned=strategy == "chain-of-thought",
        )
        for prompt in prompts
        for strategy in strategies
    ]


def _check_examples(strategies: Sequence[Strategy], examples: Sequence[Mapping[str, str]]) -> None:
    if "few-shot" in strategies and not examples:
        raise TaskError("few-shot needs examples: a list of {question: ..., answer: ...}")
    for number, example in enumerate(examples, 1):
        if set(example) != {"question", "answer"}:
            have = ", ".join(example) or "nothing"
            raise TaskError(f"example {number} has {have}; each needs a question and an answer")


def _as_messages(example: Mapping[str, str]) -> Messages:
    return [_message("user", example["question"]), _message("assistant", example["answer"])]


def _ask(prompt: str, strategy: Strategy) -> dict[str, str]:
    return _message("user", f"{prompt}\n{REASON}" if strategy == "chain-of-thought" else prompt)


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
