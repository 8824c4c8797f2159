"""What a model is sent for a question by each strategy: a conversation, or plain text to complete."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from journal import TaskError

from ..strategies import Question, Strategy, compose
from .questions import KnownQuestion

EvaluationStrategy = Literal[
    "zero-shot", "few-shot", "chain-of-thought", "self-consistency", "completion", "few-shot-completion"
]
Order = Literal["as written", "random"]

PLAIN_TEMPLATE = "Question: {text}\nAnswer:"
"""How a question stands in plain text, unless the template says otherwise."""
_FEW = ("few-shot", "few-shot-completion")
_COMPLETED = ("completion", "few-shot-completion")
_REASONED = ("chain-of-thought", "self-consistency")


@dataclass(frozen=True)
class Style:
    """How questions are put: the system prompt, a template, and the examples that few-shot shows."""

    system: str = ""
    template: str = ""
    examples: tuple[KnownQuestion, ...] = ()
    shots: int = 4
    """How many of the examples are shown."""


def style_of(
    strategies: Sequence[EvaluationStrategy],
    examples: Sequence[KnownQuestion],
    shots: int,
    order: Order,
    seed: int,
    system: str,
    template: str,
) -> Style:
    """Return how questions are put, the examples in the order in which they are taken.

    Raises ``TaskError`` for a template without ``{text}``, and where examples are wanted and too few.
    """
    _check_template(template)
    if any(strategy in _FEW for strategy in strategies):
        if not examples:
            raise TaskError("few-shot needs examples: a file of questions with what is expected; give examples: FILE")
        if len(examples) < shots:
            raise TaskError(f"few-shot wants {shots} examples, and the file has {len(examples)}; lower shots")
    places = np.random.default_rng(seed).permutation(len(examples)) if order == "random" else range(len(examples))
    return Style(system, template, tuple(examples[place] for place in places), shots)


def question_for(known: KnownQuestion, strategy: EvaluationStrategy, style: Style) -> Question:
    """Return what a question is by a strategy; an example that asks the same is left out."""
    shown = [one for one in style.examples if one.text != known.text][: style.shots] if strategy in _FEW else []
    if strategy in _COMPLETED:
        template = style.template or PLAIN_TEMPLATE
        solved = [f"{_filled(template, one)} {one.expected[0]}" for one in shown]
        opening = [style.system] if style.system else []
        text = "\n\n".join([*opening, *solved, _filled(template, known)])
        return Question(known.text, strategy, [], text=text)
    template = style.template or "{text}"
    examples = [{"question": _filled(template, one), "answer": one.expected[0]} for one in shown]
    [question] = compose([_filled(template, known)], [_base(strategy)], examples, style.system)
    return replace(question, prompt=known.text, strategy=strategy)


def takes_choices(strategy: EvaluationStrategy) -> bool:
    """Return whether choices can be read off what a model is sent, with nothing reasoned before."""
    return strategy not in _REASONED


def _base(strategy: EvaluationStrategy) -> Strategy:
    """Return the strategy of one answer."""
    base: Strategy = "chain-of-thought"
    return base if strategy in _REASONED else next(one for one in get_args(Strategy) if one == strategy)


def _check_template(template: str) -> None:
    if not template:
        return
    if "{text}" not in template:
        raise TaskError("the template has no {text}, where the question goes; add it")
    unknown = [name for name in re.findall(r"\{(\w+)\}", template) if name not in ("text", "choices")]
    if unknown:
        raise TaskError(f"the template has {{{unknown[0]}}}; known are {{text}} and {{choices}}")


def _filled(template: str, known: KnownQuestion) -> str:
    listed = "\n".join(f"- {choice}" for choice in known.choices)
    return re.sub(r"\{(text|choices)\}", lambda match: known.text if match[1] == "text" else listed, template)
