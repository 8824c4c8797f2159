"""The data set of a training: pairs split at random into those to learn and those held out, and encoded."""

from __future__ import annotations

from dataclasses import dataclass

from journal import TaskError

from .language_model import LanguageModel
from .pairs import Example, Pair, encode


@dataclass(frozen=True)
class DataSet:
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


def build_data_set(pairs: list[Pair], model: LanguageModel, held_out: float, max_length: int, seed: int) -> DataSet:
    """Split the pairs at random by ``seed`` and encode them; raises TaskError where nothing is left to learn."""
    training_pairs, held_out_pairs = _split(pairs, held_out, seed)
    training = [encode(pair, model, max_length) for pair in training_pairs]
    measured = [encode(pair, model, max_length) for pair in held_out_pairs]
    usable = [example for example in training if example.target_tokens]
    if not usable:
        raise TaskError(f"all prompts are longer than max_length ({max_length} tokens): nothing is left to learn")
    return DataSet(
        pairs=training_pairs,
        held_out_pairs=held_out_pairs,
        examples=usable,
        held_out=[example for example in measured if example.target_tokens],
        sample=model.tokenizer.decode(usable[0].input_ids),
        truncated=sum(example.truncated for example in [*training, *measured]),
        left_out=sum(not example.target_tokens for example in [*training, *measured]),
    )


def _split(pairs: list[Pair], held_out: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Return (pairs to learn, pairs held out): a random part, rounded, that leaves at least one to learn."""
    import torch

    order = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed)).tolist()
    count = min(round(held_out * len(pairs)), len(pairs) - 1)
    return [pairs[place] for place in sorted(order[count:])], [pairs[place] for place in sorted(order[:count])]
