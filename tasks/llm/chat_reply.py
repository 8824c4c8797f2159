"""Replies of a chat API, read as what they are: text, thinking, a refusal, other kinds of content, and how it ended."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from .generation import Answer, TopTokens, readable

_BY_ANOTHER_NAME = {"max_tokens": "length", "function_call": "tool_calls", "eos": "stop", "end_turn": "stop"}


def read_reply(body: bytes, prompt: str, without: tuple[str, ...] = ()) -> Answer:
    """Read the body of a reply to a prompt; ``without`` names the settings that the server refused.

    Raises ``ValueError`` with the end of a sentence that says what came instead of a chat completion.
    """
    try:
        choice = _first_choice(json.loads(body.decode("utf-8", "replace")))
        message = choice["message"]
        text, others, refusals = _content(message)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"sent no JSON: {_shown(body)}") from error
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"sent no chat completion: {_shown(body)}") from error
    usage = choice["usage"]
    return Answer(
        prompt,
        text,
        _count(usage, "completion_tokens"),
        _end(choice.get("finish_reason")),
        _top_tokens(choice),
        thinking=_thinking(message),
        refusal=" ".join([*_words(message.get("refusal")), *refusals]),
        others=(*others, *_tools(message)),
        tokens_read=_count(usage, "prompt_tokens"),
        without=without,
    )


def _first_choice(reply: Any) -> dict[str, Any]:
    usage = reply.get("usage")
    return {**reply["choices"][0], "usage": usage if isinstance(usage, Mapping) else {}}


def _content(message: Mapping[str, Any]) -> tuple[str, list[str], list[str]]:
    """Return the text of a message, the kinds of its parts that aren't text, and its refusals."""
    content = message.get("content")
    if content is None or isinstance(content, str):
        return (content or "").strip(), [], []
    texts, others, refusals = list[str](), list[str](), list[str]()
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif part["type"] in ("text", "output_text"):
            texts.append(part["text"])
        elif part["type"] == "refusal":
            refusals.append(part["refusal"])
        else:
            others.append(str(part["type"])[:40])
    return "".join(texts).strip(), others, refusals


def _thinking(message: Mapping[str, Any]) -> str:
    """Return what a reasoning model wrote before its answer, under either of the names that servers use."""
    return "".join(_words(message.get("reasoning_content")) or _words(message.get("reasoning"))).strip()


def _words(value: Any) -> list[str]:
    return [value.strip()] if isinstance(value, str) and value.strip() else []


def _tools(message: Mapping[str, Any]) -> list[str]:
    """Return the calls of tools in a message, none of which are made."""
    calls = message.get("tool_calls")
    named = [one.get("function") for one in calls if isinstance(one, Mapping)] if isinstance(calls, list) else []
    return [f"a call of {str(one.get('name'))[:40]}" for one in named if isinstance(one, Mapping)]


def _end(reason: Any) -> str:
    """Return how an answer ended, in plain letters: a server's words stand in titles."""
    word = re.sub(r"[^a-z_]", "", str(reason or "stop").lower())[:30]
    return _BY_ANOTHER_NAME.get(word, word)


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    """Return a number of tokens; None where the server says none."""
    value = usage.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12 or value != int(value):
        raise ValueError(f"says that {name} is {str(value)[:40]!r}, which is no number of tokens")
    return int(value)


def _top_tokens(choice: Mapping[str, Any]) -> TopTokens:
    """Return the first token's alternatives, where the server gives them."""
    try:
        positions = (choice.get("logprobs") or {}).get("content") or []
        best = positions[0].get("top_logprobs") or [] if positions else []
        found = [(str(one["token"]), float(one["logprob"])) for one in best]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError("sent probabilities of tokens that can't be read") from error
    for token, logarithm in found:
        if math.isnan(logarithm) or logarithm > 1e-3:
            raise ValueError(f"says that the logarithm of the probability of {readable(token)} is {logarithm:g}")
    return [(readable(token), math.exp(min(logarithm, 0.0))) for token, logarithm in found]


def _shown(body: bytes) -> str:
    """Return the beginning of a body on one line."""
    return " ".join(body[:1000].decode("utf-8", "replace").split())[:200] or "an empty body"
