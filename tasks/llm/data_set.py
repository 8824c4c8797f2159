"""The data set of a training: pairs split at random into those to learn and those held out, and encoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    split: str = ""
    """How the pairs were split, in words."""
    marked: int = 0
    """Pairs with one of the model's own marks in their answer, which ends or breaks it there."""


def build_data_set(pairs: list[Pair], model: LanguageModel, held_out: float, max_length: int, seed: int) -> DataSet:
    """Split the pairs as their file says, or else at random by ``seed``, and encode them.

    Raises TaskError where nothing is left to learn.
    """
    training_pairs, held_out_pairs, words = split_pairs(pairs, held_out, seed)
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
        split=words,
        marked=sum(any(mark in pair.completion for mark in model.tokenizer.all_special_tokens) for pair in pairs),
        left_out=sum(not example.target_tokens for example in [*training, *measured]),
    )


def split_pairs(pairs: list[Pair], held_out: float, seed: int) -> tuple[list[Pair], list[Pair], str]:
    """Return the pairs to learn, those held out, and how they were told apart, in words.

    Pairs with the same prompt or the same answer, however spelt, stay on one side, so that what is measured was not
    learnt. A file that splits them itself is followed, and told where it breaks that.
    """
    groups = _groups(pairs)
    if any(pair.is_held_out is not None for pair in pairs):
        learnt = [pair for pair in pairs if not pair.is_held_out]
        measured = [pair for pair in pairs if pair.is_held_out]
        if not learnt:
            raise TaskError("the data's column split leaves nothing to learn")
        known = {group for pair, group in zip(pairs, groups, strict=True) if not pair.is_held_out}
        both = sum(bool(pair.is_held_out) and group in known for pair, group in zip(pairs, groups, strict=True))
        also = f"; **{both} of those held out have a prompt or answer that is learnt too**" if both else ""
        return learnt, measured, f"split by the data's own column{also}"
    order = np.random.default_rng(seed).permutation(max(groups) + 1).tolist()
    wanted, chosen, size = min(round(held_out * len(pairs)), len(pairs) - 1), set[int](), 0
    for group in order:
        count = groups.count(group)
        if size + count <= wanted:
            chosen.add(group)
            size += count
    learnt = [pair for pair, group in zip(pairs, groups, strict=True) if group not in chosen]
    measured = [pair for pair, group in zip(pairs, groups, strict=True) if group in chosen]
    return learnt, measured, "split at random; pairs with the same prompt or answer stay on one side"


def _groups(pairs: list[Pair]) -> list[int]:
    """Return for each pair the number of its group: pairs that share a prompt or an answer, directly or by others."""
    leader = list(range(len(pairs)))

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = place = leader[leader[place]]
        return place

    seen: dict[tuple[str, str], int] = {}
    for place, pair in enumerate(pairs):
        talk = str(pair.conversation) if pair.conversation >= 0 else ""
        for key in (("prompt", _plain(pair.prompt)), ("answer", _plain(pair.completion)), ("talk", talk)):
            if key[1]:
                leader[find(place)] = find(seen.setdefault(key, place))
    numbers: dict[int, int] = {}
    return [numbers.setdefault(find(place), len(numbers)) for place in range(len(pairs))]


def _plain(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
