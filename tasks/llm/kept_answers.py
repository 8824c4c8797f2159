"""Answers from the step's store where it has them; the others are asked for, and kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from journal import AnswerStore

from .generation import Answer, Decoding, Prompt

Asker = Callable[[Sequence[Prompt], Decoding], Iterator[tuple[int, Answer]]]
"""Yields each answer with its prompt's place, as they come."""
_LEFT_OUT = ("prompt", "top")
_USUAL = Decoding()
_PLAIN = {one.name: one.default for one in fields(Answer)}


@dataclass(frozen=True)
class Asked:
    """A prompt, and what readers of its answer want to know: question, strategy, names of model and adapter."""

    prompt: Prompt
    about: Mapping[str, Any]


def kept_or_new(
    asked: Sequence[Asked], identity: Mapping[str, str], answers: Asker, decoding: Decoding, store: AnswerStore
) -> list[Answer]:
    """Return an answer to each prompt; ``answers`` yields those that the store lacks.

    An answer follows from the prompt as sent, the model and its adapter by digest, the server, the sampling settings,
    the seed and the number of the sample, and from nothing else.
    """
    keys = [_key(one.prompt, identity, decoding) for one in asked]
    found = {place: answer for place, key in enumerate(keys) if (answer := _find(store, key, asked[place], decoding))}
    missing = [place for place in range(len(asked)) if place not in found]
    for number, answer in _new(answers, [asked[place].prompt for place in missing], decoding):
        place = missing[number]
        store.add(keys[place], _as_data(answer, decoding), asked[place].about)
        found[place] = answer
    return [found[place] for place in range(len(asked))]


def _new(answers: Asker, prompts: Sequence[Prompt], decoding: Decoding) -> Iterator[tuple[int, Answer]]:
    if prompts:
        yield from answers(prompts, decoding)


def _key(prompt: Prompt, identity: Mapping[str, str], decoding: Decoding) -> dict[str, Any]:
    settings = {
        "max_new_tokens": decoding.max_new_tokens,
        "temperature": decoding.temperature,
        "repetition_penalty": decoding.repetition_penalty,
        **{name: value for name, value in _narrowing(decoding) if value != getattr(_USUAL, name)},
    }
    sent = prompt.messages if identity["server"] else prompt.text
    return {"prompt": sent, **identity, "settings": settings, "seed": decoding.seed, "sample": prompt.sample}


def _narrowing(decoding: Decoding) -> list[tuple[str, Any]]:
    """Return the settings that stand in a key only where they differ from the usual: earlier keys lack them."""
    return [("top_p", decoding.top_p), ("top_k", decoding.top_k), ("stop", decoding.stop)]


def _find(store: AnswerStore, key: Mapping[str, Any], asked: Asked, decoding: Decoding) -> Answer | None:
    """Return a kept answer, unless fewer of the likeliest tokens were asked for with it."""
    data = store.find(key)
    if data is None or int(data.get("top_asked", 0)) < decoding.top:
        return None
    known: dict[str, Any] = {name: value for name, value in data.items() if name in _PLAIN}
    known |= {name: tuple(known[name]) for name in ("others", "without") if name in known}
    top = [(str(token), float(probability)) for token, probability in data.get("top", [])][: decoding.top]
    return Answer(**{"tokens": None, **known, "prompt": asked.prompt.text, "top": top})


def _as_data(answer: Answer, decoding: Decoding) -> dict[str, Any]:
    """Return an answer as plain data, without what is empty."""
    data = {name: value for name, value in asdict(answer).items() if name not in _LEFT_OUT and value != _PLAIN[name]}
    data |= {"top": answer.top} if answer.top else {}
    return data | {"top_asked": decoding.top}
