"""The report on a training: the adapter, the data set, the loss, and the answers before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journal import Composite, Number, Report, new_figure

from .chrf import chrf
from .data_set import DataSet
from .generation import Answer
from .held_out import ADAPTER, HeldOut, add_held_out, best_without
from .pairs import Example
from .training import LossCurve, Training, uses_bfloat16

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot

Comparison = tuple[str, Answer, Answer]
"""A prompt and the answers to it before and after."""


@dataclass(frozen=True)
class ParameterCount:
    """Parameters that are trained, and all there are."""

    trainable: int
    all: int

    def as_cell(self) -> Composite:
        """Return both as they are shown, with a comma at each thousand, and as numbers."""
        numbers = {"trainable": Number(self.trainable), "all": Number(self.all)}
        return Composite(f"{self.trainable:,} of {self.all:,}", numbers)


def build_report(
    data_set: DataSet,
    training: Training,
    curve: LossCurve,
    parameters: ParameterCount,
    comparisons: Sequence[Comparison],
    found: HeldOut | None = None,
) -> Report:
    """Report what the adapter is worth, the answers before and after, the loss, the data, and what was trained."""
    report = Report().headline(_headline(curve, found))
    if found:
        add_held_out(report, found)
    if comparisons:
        report.part("answers", "The same prompts before and after", folded=found is not None)
        rows = [(prompt, one.text or "(nothing)", other.text or "(nothing)") for prompt, one, other in comparisons]
        columns = ["prompt", "before", "after"]
        report.table(rows, columns, title="" if found else "The same prompts before and after")
    _add_training(report, data_set, training, curve)
    _add_data_set(report, data_set)
    report.part("parameters", "What is trained", folded=True)
    report.metric("trainable parameters", parameters.as_cell())
    return report.metric("trainable part", 100 * parameters.trainable / parameters.all, "%", digits=2)


def _add_data_set(report: Report, data_set: DataSet) -> None:
    parts = [("to learn", data_set.examples), ("held out", data_set.held_out)]
    rows = [(name, len(part), *_token_counts(part)) for name, part in parts if part]
    columns = ["pairs", "rows", "tokens", "of them learnt", "longest"]
    report.part("data", "The data, and a pair as the model reads it", folded=True)
    report.table(rows, columns, title="The data")
    if data_set.held_out:
        report.text(f"{data_set.split[:1].upper()}{data_set.split[1:]}.")
    if data_set.left_out:
        report.text(f"{data_set.left_out} of the pairs were left out: the prompt alone is longer than `max_length`.")
    if data_set.truncated > data_set.left_out:
        report.text(f"{data_set.truncated - data_set.left_out} of the pairs were cut off at `max_length` tokens.")
    if data_set.marked:
        report.text(
            f"{data_set.marked} of the answers have one of the model's own marks in them, such as the one that ends an "
            "answer; what comes after it is not learnt."
        )
    title = "A pair as the model reads it; the answer and the token that ends it are learnt"
    report.quote(data_set.sample, title=title)


def _token_counts(examples: Sequence[Example]) -> tuple[int, int, int]:
    lengths = [len(example.input_ids) for example in examples]
    return sum(lengths), sum(example.target_tokens for example in examples), max(lengths)


def _add_training(report: Report, data_set: DataSet, training: Training, curve: LossCurve) -> None:
    precision = "bfloat16" if uses_bfloat16(training.precision) else "float32"
    steps = len(curve.training)
    caption = f"{steps} steps of {min(training.batch_size, len(data_set.examples))} pairs, {precision}"
    report.part("loss", "The loss", folded=len(curve.held_out) > 0)
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


def _headline(curve: LossCurve, found: HeldOut | None) -> str:
    steps = f"{len(curve.training)} steps"
    if not curve.held_out:
        return f"loss {curve.training[0]:.2f} → {curve.training[-1]:.2f} in {steps}"
    if not found:
        before, after = (math.exp(curve.held_out[place][1]) for place in (0, -1))
        return f"held-out perplexity {before:.1f} → {after:.1f} in {steps}"
    best = best_without(found)
    with_it, without = (chrf(found.answers[way], found.expected) for way in (ADAPTER, best))
    return f"held-out chrF {with_it:.1f}, without training {without:.1f} ({best}), in {steps}"
