"""How a model reads a prompt: what it cuts off, and the words that it was never trained on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_NO_LIMIT = 100_000
"""A tokenizer without a limit of its own gives a number far above this."""
_SMALL = 5_000
"""A vocabulary of fewer tokens was made from the captions themselves: each of their words is one token."""


@dataclass(frozen=True)
class Reading:
    """A prompt as a model reads it."""

    prompt: str
    tokens: int
    most: int
    """How many tokens the model reads."""
    cut: str = ""
    """The words at its end that are not read."""
    unknown: tuple[str, ...] = ()
    """The words that the model was never trained on, where that can be known."""

    @property
    def note(self) -> str:
        """What its reader has to know, for a line of the report; empty where all was read."""
        parts = []
        if self.cut:
            parts.append(f"the model reads {self.most} of its {self.tokens} tokens, so not '{self.cut}'")
        if self.unknown:
            parts.append(f"the model was never trained on: {', '.join(self.unknown)}")
        return f"'{self.prompt}': {'; '.join(parts)}" if parts else ""

    @property
    def unread(self) -> str:
        """The words that the picture can't show, for a caption; empty where there are none."""
        return ", ".join(filter(None, (self.cut, *self.unknown)))


def read_prompt(pipeline: Any, prompt: str) -> Reading:
    """Return how a pipeline reads a prompt, by the tokenizer that reads most of it."""
    named = (getattr(pipeline, name, None) for name in ("tokenizer", "tokenizer_2", "tokenizer_3"))
    tokenizers = [one for one in named if one is not None and callable(one)]
    if not tokenizers:
        return Reading(prompt, 0, 0)
    readings = [_read(tokenizer, prompt) for tokenizer in tokenizers]
    return min(readings, key=lambda one: (len(one.cut), -one.most))


def _read(tokenizer: Any, prompt: str) -> Reading:
    most = int(tokenizer.model_max_length)
    tokens = len(tokenizer(prompt, truncation=False, verbose=False)["input_ids"])
    cut = _cut_words(tokenizer, prompt, most) if most < _NO_LIMIT and tokens > most else ""
    return Reading(
        prompt, tokens, min(most, _NO_LIMIT), cut, tuple(_unknown_words(tokenizer, prompt.removesuffix(cut)))
    )


def _cut_words(tokenizer: Any, prompt: str, most: int) -> str:
    """Return the prompt's words from the first on that no longer fits whole."""
    words = list(re.finditer(r"\S+", prompt))
    low, high = 0, len(words)
    while low < high:  # the first word with which it is too long
        middle = (low + high) // 2
        read = prompt[: words[middle].end()]
        if len(tokenizer(read, truncation=False, verbose=False)["input_ids"]) <= most:
            low = middle + 1
        else:
            high = middle
    return prompt[words[low].start() :] if low < len(words) else ""


def _unknown_words(tokenizer: Any, prompt: str) -> list[str]:
    words = dict.fromkeys(re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+", prompt.lower()))
    if len(tokenizer) < _SMALL:
        return [word for word in words if len(tokenizer.tokenize(word)) > 1]
    unknown = tokenizer.unk_token_id
    if unknown is None or unknown in (tokenizer.eos_token_id, tokenizer.pad_token_id):
        return []  # CLIP's writes any word in pieces, and so can't say
    return [word for word in words if unknown in tokenizer(word, add_special_tokens=False)["input_ids"]]
