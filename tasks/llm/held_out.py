"""What an adapter is worth: its answers on held-out pairs, beside those that need no training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from journal import Composite, Number, Report

from .chrf import Score, chrf_differences, chrf_interval
from .generation import Decoding, generate
from .language_model import LanguageModel
from .pairs import Pair

MOST_ROWS = 200
"""Of more held-out pairs only so many are answered: each costs seconds."""
SHOTS = 8
COPY, ZERO, FEW, ADAPTER = (
    "copying the prompt", "the model as it is", f"the model with {SHOTS} examples in its prompt", "with the adapter"
)  # fmt: skip
_WAYS = (COPY, ZERO, FEW, ADAPTER)
_OPEN_ROWS = 5


@dataclass(frozen=True)
class HeldOut:
    """Held-out pairs, at most ``MOST_ROWS``, and their answers (n) by each way."""

    pairs: Sequence[Pair]
    answers: dict[str, list[str]]
    all_pairs: int

    @property
    def expected(self) -> list[str]:
        return [pair.completion for pair in self.pairs]


def answer_without(
    model: LanguageModel, pairs: Sequence[Pair], learnt: Sequence[Pair], decoding: Decoding, tell: Callable[[str], None]
) -> HeldOut:
    """Answer held-out pairs in the ways that need no training: a copy, the model itself, the model with examples."""
    some = list(pairs[:MOST_ROWS])
    decoding = _short_enough(model, some, decoding)
    tell("answering the held-out pairs without the adapter")
    drawn = np.random.default_rng(decoding.seed).permutation(len(learnt))[:SHOTS]
    examples = [turn for place in drawn for turn in _turns(learnt[place])]
    answers = {
        COPY: [pair.prompt for pair in some],
        ZERO: _answers(model, some, [], decoding),
        FEW: _answers(model, some, examples, decoding),
    }
    return HeldOut(some, answers, len(pairs))


def answer_with(model: LanguageModel, found: HeldOut, decoding: Decoding) -> HeldOut:
    """Add the answers of a model with its adapter."""
    decoding = _short_enough(model, found.pairs, decoding)
    return HeldOut(found.pairs, {**found.answers, ADAPTER: _answers(model, found.pairs, [], decoding)}, found.all_pairs)


def add_held_out(report: Report, found: HeldOut) -> None:
    """Add the scores of each way, how much better the adapter is than the best of the others, and all answers."""
    expected = found.expected
    scores = {way: chrf_interval(found.answers[way], expected) for way in _WAYS}
    rows = [[way, _cell(scores[way]), _exact(found.answers[way], expected)] for way in _WAYS]
    report.part("held-out")
    some = f"{len(found.pairs)} of {found.all_pairs}" if found.all_pairs > len(found.pairs) else str(len(found.pairs))
    title = f"The {some} held-out pairs, which were not learnt"
    report.table(rows, ["answered by", "chrF, 95 % interval", "exact, %"], title=title, name="held-out")
    report.text(_verdict(found, scores))
    report.metric("held-out chrF", scores[ADAPTER].value, digits=1, visible=False)
    answers = [
        [
            pair.prompt,
            pair.completion,
            found.answers[ADAPTER][row] or "(nothing)",
            found.answers[FEW][row] or "(nothing)",
        ]
        for row, pair in enumerate(found.pairs)
    ]
    columns = ["prompt", "expected", "with the adapter", f"with {SHOTS} examples instead"]
    report.table(answers[:_OPEN_ROWS], columns, title=f"The first {min(_OPEN_ROWS, len(answers))} of them")
    if len(answers) > _OPEN_ROWS:
        report.part("all-held-out", f"All {len(answers)} held-out answers", folded=True)
        report.table(answers, columns)


def best_without(found: HeldOut) -> str:
    """Return which way without an adapter scores best."""
    scores = {way: chrf_interval(found.answers[way], found.expected).value for way in (COPY, ZERO, FEW)}
    return max(scores, key=lambda way: scores[way])


def _verdict(found: HeldOut, scores: dict[str, Score]) -> str:
    best = best_without(found)
    gain = chrf_differences(found.answers[ADAPTER], found.answers[best], found.expected)
    interval = f"({gain.low:.1f} to {gain.high:.1f})"
    if gain.low > 0:
        return f"The adapter beats the best of the others, {best}, by {gain.value:.1f} of chrF {interval}."
    if gain.high < 0:
        return (
            f"The adapter is worse than {best}, by {-gain.value:.1f} of chrF {interval}: it would be better left off."
        )
    return f"The adapter is not clearly better than {best}: {gain.value:+.1f} of chrF {interval}."


def _cell(score: Score) -> Composite:
    numbers = {"chrF": score.value, "low": score.low, "high": score.high}
    return Composite("{chrF} ({low} to {high})", {name: Number(one, digits=1) for name, one in numbers.items()})


def _exact(given: Sequence[str], expected: Sequence[str]) -> Number:
    same = sum(one.strip() == other.strip() for one, other in zip(given, expected, strict=True))
    return Number(100 * same / len(expected), "%", digits=0)


def _short_enough(model: LanguageModel, pairs: Sequence[Pair], decoding: Decoding) -> Decoding:
    """Return the decoding with room for twice the longest expected answer and no more: what runs on is wrong anyway."""
    longest = max(len(model.tokenizer(pair.completion, add_special_tokens=False)["input_ids"]) for pair in pairs)
    return replace(decoding, max_new_tokens=min(decoding.max_new_tokens, 2 * longest))


def _answers(
    model: LanguageModel, pairs: Sequence[Pair], examples: list[dict[str, str]], decoding: Decoding
) -> list[str]:
    asked = [
        model.render_chat([*_system(pair), *examples, *_talk(pair), {"role": "user", "content": pair.prompt}])
        for pair in pairs
    ]
    return [answer.text for answer in generate(model, asked, decoding)]


def _system(pair: Pair) -> list[dict[str, str]]:
    return [turn for turn in pair.before[:1] if turn["role"] == "system"]


def _talk(pair: Pair) -> list[dict[str, str]]:
    return [turn for turn in pair.before if turn["role"] != "system"]


def _turns(pair: Pair) -> list[dict[str, str]]:
    return [{"role": "user", "content": pair.prompt}, {"role": "assistant", "content": pair.completion}]
