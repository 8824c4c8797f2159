"""What a model is to learn, made ready for training, and the report of how it went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journal import Report, TaskError, new_figure

from .generation import Answer
from .language_model import LanguageModel
from .pairs import Example, Pair, encode
from .training import LossCurve, Training, uses_bfloat16

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

Answered = tuple[str, Answer, Answer]
"""A prompt and what was answered to it before and after."""


@dataclass(frozen=True)
class Lesson:
    """Pairs to learn and pairs held out for measuring, and both as the network reads them."""

    pairs: list[Pair]
    held_out_pairs: list[Pair]
    examples: list[Example]
    held_out: list[Example]
    sample: str
    """The first example as text."""
    truncated: int
    left_out: int
    """Examples whose prompt alone is too long, so that nothing is left to learn."""


@dataclass(frozen=True)
class Size:
    """Parameters that are trained, and all there are."""

    trainable: int
    all: int


def prepare(pairs: list[Pair], model: LanguageModel, held_out: float, max_length: int, seed: int) -> Lesson:
    """Split the pairs at random by ``seed`` and encode them; raises TaskError where nothing is left to learn."""
    learning, kept = _split(pairs, held_out, seed)
    examples = [encode(pair, model, max_length) for pair in learning]
    measured = [encode(pair, model, max_length) for pair in kept]
    usable = [example for example in examples if example.learnt]
    if not usable:
        raise TaskError(f"all prompts are longer than max_length ({max_length} tokens): nothing is left to learn")
    return Lesson(
        pairs=learning,
        held_out_pairs=kept,
        examples=usable,
        held_out=[example for example in measured if example.learnt],
        sample=model.tokenizer.decode(usable[0].input_ids),
        truncated=sum(example.truncated for example in [*examples, *measured]),
        left_out=sum(not example.learnt for example in [*examples, *measured]),
    )


def report_lesson(
    lesson: Lesson, training: Training, curve: LossCurve, size: Size, answered: Sequence[Answered]
) -> Report:
    """Report the adapter's size, the data's shape, the loss curve, and the answers before and after."""
    report = Report()
    report.metric("trainable parameters", f"{size.trainable:,} of {size.all:,}")
    report.metric("trainable part", 100 * size.trainable / size.all, "%", digits=2)
    _report_data(report, lesson)
    _report_training(report, lesson, training, curve)
    rows = [(prompt, before.text or "(nothing)", after.text or "(nothing)") for prompt, before, after in answered]
    report.table(rows, ["prompt", "before", "after"], title="The same prompts before and after")
    return report.headline(_headline(curve))


def _split(pairs: list[Pair], held_out: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Return (pairs to learn, pairs held out): a random part, rounded, that leaves at least one to learn."""
    import torch

    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed)).tolist()
    kept = min(round(held_out * len(pairs)), len(pairs) - 1)
    return [pairs[place] for place in sorted(order[kept:])], [pairs[place] for place in sorted(order[:kept])]


def _report_data(report: Report, lesson: Lesson) -> None:
    parts = [("to learn", lesson.examples), ("held out", lesson.held_out)]
    rows = [(name, len(part), *_tokens(part)) for name, part in parts if part]
    columns = ["pairs", "rows", "tokens", "of them learnt", "longest"]
    report.table(rows, columns, title="The data")
    if lesson.left_out:
        report.text(f"{lesson.left_out} of the pairs were left out: the prompt alone is longer than `max_length`.")
    if lesson.truncated > lesson.left_out:
        report.text(f"{lesson.truncated - lesson.left_out} of the pairs were cut off at `max_length` tokens.")
    report.quote(lesson.sample, title="A pair as the model reads it; the answer and the token that ends it are learnt")


def _tokens(examples: Sequence[Example]) -> tuple[int, int, int]:
    lengths = [len(example.input_ids) for example in examples]
    return sum(lengths), sum(example.learnt for example in examples), max(lengths)


def _report_training(report: Report, lesson: Lesson, training: Training, curve: LossCurve) -> None:
    precision = "bfloat16" if uses_bfloat16(training.precision) else "float32"
    steps = len(curve.training)
    caption = f"{steps} steps of {min(training.batch_size, len(lesson.examples))} pairs, {precision}"
    report.figure("loss", _plot(curve), alt=f"Loss over {steps} training steps", caption=f"The loss: {caption}")
    report.metric("loss, first step", curve.training[0], digits=3)
    report.metric("loss, last epoch", _last_epoch(curve, training), digits=3)
    if curve.held_out:
        report.metric("held-out perplexity before", math.exp(curve.held_out[0][1]), digits=2)
        report.metric("held-out perplexity after", math.exp(curve.held_out[-1][1]), digits=2)


def _last_epoch(curve: LossCurve, training: Training) -> float:
    last = curve.training[-(len(curve.training) // training.epochs) :]
    return sum(last) / len(last)


def _plot(curve: LossCurve) -> Plot:
    plot, axes = new_figure()
    axes.plot(range(1, len(curve.training) + 1), curve.training, color="#4c8dd6", label="training, each step")
    if curve.held_out:
        axes.plot(*zip(*curve.held_out, strict=True), "o-", color="#d6784c", label="held out")
        axes.legend()
    axes.set(xlabel="step", ylabel="loss per token", ylim=(0, None))
    return plot


def _headline(curve: LossCurve) -> str:
    steps = f"{len(curve.training)} steps"
    if not curve.held_out:
        return f"loss {curve.training[0]:.2f} → {curve.training[-1]:.2f} in {steps}"
    before, after = (math.exp(curve.held_out[place][1]) for place in (0, -1))
    return f"held-out perplexity {before:.1f} → {after:.1f} in {steps}"
