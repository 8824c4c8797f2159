"""Answers of a model in this process: batches of prompts, token by token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from journal import TaskError

from .language_model import LanguageModel, quiet

if TYPE_CHECKING:
    from torch import Tensor

TopTokens = list[tuple[str, float]]
"""The likeliest next tokens with their probabilities, the likeliest first."""


@dataclass(frozen=True)
class Prompt:
    """What a model is sent: for one in this process the text, for one behind a server the messages."""

    text: str
    messages: list[dict[str, str]]
    sample: int = 0
    """Which of several answers to the same prompt is wanted, from 0 on."""


@dataclass(frozen=True)
class Decoding:
    """How an answer's tokens are chosen."""

    max_new_tokens: int = 128
    temperature: float = 0.0
    """0 takes the likeliest token each time (greedy); above, tokens are drawn by probability."""
    repetition_penalty: float = 1.0
    seed: int = 0
    top: int = 5
    """How many of the likeliest first tokens to report."""
    batch_size: int = 8
    top_p: float = 1.0
    """Tokens are drawn from the likeliest that have this probability together (nucleus sampling)."""
    top_k: int = 0
    """Tokens are drawn from so many of the likeliest; 0 is from all."""
    stop: tuple[str, ...] = ()
    """Texts before which an answer ends."""


def check_narrowing(decoding: Decoding) -> None:
    """Raise ``TaskError`` where settings of sampling are given though nothing is sampled."""
    if not decoding.temperature and (decoding.top_p != 1 or decoding.top_k):
        given = "top_p" if decoding.top_p != 1 else "top_k"
        raise TaskError(f"{given} does nothing at temperature 0, where no token is drawn; raise the temperature")


@dataclass(frozen=True)
class Answer:
    """What a model answered to a prompt."""

    prompt: str
    """The whole text that the model read."""
    text: str
    tokens: int | None
    """How many tokens were written; None where a server doesn't say."""
    end: str
    """How it ended: "stop", "length" where it was cut off at ``max_new_tokens``, or in a server's word."""
    top: TopTokens
    thinking: str = ""
    """What a reasoning model wrote before its answer, where a server gives that apart."""
    refusal: str = ""
    """Why a model behind a server would not answer."""
    others: tuple[str, ...] = ()
    """What came beside text, such as "image_url" or a call of a tool."""
    tokens_read: int | None = None
    without: tuple[str, ...] = ()
    """Settings that a server refused, and which the answer therefore does not follow."""


def generate(
    model: LanguageModel, prompts: list[str], decoding: Decoding, progress: Callable[[int], None] = lambda tokens: None
) -> list[Answer]:
    """Let a model go on from each text. ``progress`` hears the number of tokens done, batch after batch."""
    return [answer for _, answer in generate_each(model, [Prompt(one, []) for one in prompts], decoding, progress)]


def generate_each(
    model: LanguageModel,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    progress: Callable[[int], None] = lambda tokens: None,
) -> Iterator[tuple[int, Answer]]:
    """Let a model go on from each prompt, and yield each answer with its prompt's place, batch by batch.

    What is drawn at random depends on the prompt, the seed and the number of the sample, and not on who shares the
    batch: neither does its arithmetic, since a batch's width rounds numbers in its own way, so each goes alone.
    """
    size = 1 if decoding.temperature else decoding.batch_size
    for start in range(0, len(prompts), size):
        batch = prompts[start : start + size]
        note = partial(_note_tokens, progress, start * decoding.max_new_tokens, len(batch))
        with seeded(_seed_of(batch[0], decoding.seed)), quiet():
            answers = _generate_batch(model, [prompt.text for prompt in batch], decoding, note)
        yield from enumerate(answers, start)


def _seed_of(prompt: Prompt, seed: int) -> int:
    text = json.dumps([prompt.text, seed, prompt.sample])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make what torch draws at random depend on the seed alone, and nothing later depend on it."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _note_tokens(progress: Callable[[int], None], done: int, prompts: int, steps: int) -> None:
    progress(done + prompts * steps)


def top_tokens(logits: Tensor, tokenizer: Any, count: int) -> TopTokens:
    """Return the likeliest tokens under next-token logits (a vector over the vocabulary)."""
    import torch

    log_probabilities = torch.log_softmax(logits.float(), dim=-1)
    best = log_probabilities.topk(min(count, logits.shape[-1]))
    names = [readable(tokenizer.decode([token])) for token in best.indices.tolist()]
    return list(zip(names, best.values.exp().tolist(), strict=True))


def readable(token: str) -> str:
    """Show a token in quotes, its spaces as ␣ and its line ends as ↵."""
    return f"“{token.replace(' ', '␣').replace(chr(10), '↵').replace(chr(9), '⇥')}”"


def _generate_batch(
    model: LanguageModel, prompts: list[str], decoding: Decoding, progress: Callable[[int], None]
) -> list[Answer]:
    import torch

    batch = model.tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False)
    with torch.inference_mode():
        first = _next_token_logits(model.network, batch) if decoding.top else [None] * len(prompts)
        written = model.network.generate(**batch, **_options(model, decoding, progress, batch["input_ids"].shape[1]))
    new = written[:, batch["input_ids"].shape[1] :].tolist()
    return [
        _read_answer(
            model,
            prompt,
            tokens,
            [] if logits is None else top_tokens(logits, model.tokenizer, decoding.top),
            decoding.stop,
        )
        for prompt, tokens, logits in zip(prompts, new, first, strict=True)
    ]


def _next_token_logits(network: Any, batch: Any) -> Tensor:
    """Return (prompts, vocabulary) logits of the first new token, before any temperature or penalty."""
    positions = (batch["attention_mask"].cumsum(-1) - 1).clamp(min=0)
    logits: Tensor = network(**batch, position_ids=positions, logits_to_keep=1, use_cache=False).logits[:, -1]
    return logits


def _options(model: LanguageModel, decoding: Decoding, progress: Callable[[int], None], read: int) -> dict[str, Any]:
    sampling = (
        {"do_sample": True, "temperature": decoding.temperature} if decoding.temperature else {"do_sample": False}
    )
    return {
        **sampling,
        "top_p": decoding.top_p,
        "top_k": decoding.top_k,
        "max_new_tokens": decoding.max_new_tokens,
        "repetition_penalty": decoding.repetition_penalty,
        "pad_token_id": model.tokenizer.pad_token_id,
        "eos_token_id": model.end_tokens,
        "stopping_criteria": [
            _progress_criterion(progress),
            *([_stop_criterion(model.tokenizer, decoding.stop, read)] if decoding.stop else []),
        ],
    }


def _stop_criterion(tokenizer: Any, stop: tuple[str, ...], read: int) -> Callable[..., Tensor]:
    """Make a stopping criterion of texts that end an answer; ``read`` is the length of the prompts in tokens."""
    import torch

    def is_done(input_ids: Tensor, scores: Tensor, **options: object) -> Tensor:
        texts = tokenizer.batch_decode(input_ids[:, read:], skip_special_tokens=True)
        return torch.tensor([_has_any(text, stop) for text in texts], device=input_ids.device)

    return is_done


def _progress_criterion(progress: Callable[[int], None]) -> Callable[..., Tensor]:
    """Make a stopping criterion that never stops, but says how far the batch is."""
    import torch

    steps = 0

    def go_on(input_ids: Tensor, scores: Tensor, **options: object) -> Tensor:
        nonlocal steps
        steps += 1
        progress(steps)
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)

    return go_on


def _read_answer(model: LanguageModel, prompt: str, tokens: list[int], top: TopTokens, stop: tuple[str, ...]) -> Answer:
    """Cut an answer's tokens at the first that ends it, and its text before the first of the stop texts."""
    ends = model.end_tokens
    end = next((place for place, token in enumerate(tokens) if token in ends), None)
    kept = tokens[:end]
    text = model.tokenizer.decode(kept, skip_special_tokens=True)
    if stops := [text.index(one) for one in stop if one in text]:
        until = (n for n in range(1, len(kept)) if _has_any(model.tokenizer.decode(kept[:n]), stop))
        return Answer(prompt, text[: min(stops)].strip(), next(until, len(kept)), "stop", top)
    return Answer(prompt, text.strip(), len(kept), "length" if end is None else "stop", top)


def _has_any(text: str, stop: tuple[str, ...]) -> bool:
    return any(one in text for one in stop)
