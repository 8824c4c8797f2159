"""The likeliest whole answers of a model to a prompt, found by beam search, and drawn as bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from journal import AnswerStore, brief, new_figure

from .answers import LocalAnswerer
from .language_model import LanguageModel, quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

_LABEL = 44


@dataclass(frozen=True)
class WholeAnswer:
    """An answer and how likely the model is to give it, its end included."""

    text: str
    probability: float
    is_cut: bool
    """Whether it was cut off, so that the probability is of its beginning."""


def likeliest_answers(
    answerer: LocalAnswerer, prompt: str, beams: int, max_new_tokens: int, store: AnswerStore
) -> list[WholeAnswer]:
    """Return the likeliest answers that a search of so many beams finds, the likeliest first; kept as answers are.

    Beam search goes on with the likeliest beginnings alone: what it lists has the probability said, and something it
    missed may be likelier.
    """
    asked = {"prompt": prompt, **answerer.identity, "beams": beams, "max_new_tokens": max_new_tokens}
    kept: Any = store.find(asked)
    if kept is None:
        found = _search(answerer.model, prompt, beams, max_new_tokens)
        kept = {"whole_answers": [vars(one) for one in found]}
        store.add(asked, kept, answerer.names)
    return [WholeAnswer(**one) for one in kept["whole_answers"]]


def _search(model: LanguageModel, prompt: str, beams: int, max_new_tokens: int) -> list[WholeAnswer]:
    import torch

    batch = model.tokenizer([prompt], return_tensors="pt", add_special_tokens=False)
    with torch.inference_mode(), quiet():
        found = model.network.generate(
            **batch,
            do_sample=False,
            num_beams=beams,
            num_return_sequences=beams,
            length_penalty=0.0,  # so that scores are sums of log-probabilities
            max_new_tokens=max_new_tokens,
            pad_token_id=model.tokenizer.pad_token_id,
            eos_token_id=model.end_tokens,
            return_dict_in_generate=True,
            output_scores=True,
        )
    rows = found.sequences[:, batch["input_ids"].shape[1] :].tolist()
    answers = [_read(model, row, score) for row, score in zip(rows, found.sequences_scores.tolist(), strict=True)]
    return sorted(answers, key=lambda one: -one.probability)


def _read(model: LanguageModel, tokens: Sequence[int], score: float) -> WholeAnswer:
    ends = model.end_tokens
    end = next((place for place, token in enumerate(tokens) if token in ends), None)
    text = model.tokenizer.decode(tokens[:end], skip_special_tokens=True).strip()
    return WholeAnswer(text, math.exp(score), end is None)


def draw_bars(answers: Sequence[WholeAnswer]) -> Plot:
    """Draw each answer's probability as a bar, with the answer at its left."""
    shown = [100 * one.probability for one in answers]
    plot, axes = new_figure(height=0.4 + 0.28 * len(answers))
    bars = axes.barh(range(len(answers)), shown, color="#0072B2", height=0.7)
    axes.bar_label(bars, [f"{one:.2g} %" for one in shown], padding=4)
    axes.set_yticks(range(len(answers)), [_label(one) for one in answers])
    axes.set(ylim=(len(answers) - 0.5, -0.5), xlim=(0, 1.15 * max(shown) or 1), xticks=[])
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    return plot


def _label(answer: WholeAnswer) -> str:
    text = brief(" ".join(answer.text.split()) or "(nothing)", _LABEL)
    return f"{text} …" if answer.is_cut and not text.endswith("…") else text
