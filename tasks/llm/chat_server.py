"""Answers of a server that speaks the OpenAI chat API, over plain HTTP."""

from __future__ import annotations

import json
import math
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journal import TaskError

from .generation import Answer, Decoding, TopTokens, readable
from .strategies import CONCLUDE, Messages

_TIMEOUT_S = 300
_OPTIONAL = ("logprobs", "top_logprobs", "seed", "temperature")
"""What a request can do without where a server refuses it."""


@dataclass(frozen=True)
class ServerAnswerer:
    """A model behind ``OPENAI_BASE_URL``, with the key in ``OPENAI_API_KEY`` if the server wants one."""

    model: str
    progress: Callable[[int], None] = lambda tokens: None

    def __call__(
        self, conversations: Sequence[Messages], decoding: Decoding, reasoned: Sequence[Answer] = ()
    ) -> list[Answer]:
        answers: list[Answer] = []
        for place, messages in enumerate(conversations):
            asked = [*messages, *_concluding(reasoned[place])] if reasoned else messages
            reply = _complete(_request(self.model, asked, decoding), self.model)
            answers.append(_read_answer(reply, asked, self.model))
            self.progress(len(answers) * decoding.max_new_tokens)
        return answers


def _concluding(reasoning: Answer) -> Messages:
    return [{"role": "assistant", "content": reasoning.text}, {"role": "user", "content": f"{CONCLUDE} ..."}]


def _request(model: str, messages: Messages, decoding: Decoding) -> dict[str, object]:
    request: dict[str, object] = {
        "model": model,
        "messages": messages,
        "max_tokens": decoding.max_new_tokens,
        "temperature": decoding.temperature,
        "seed": decoding.seed,
    }
    if decoding.top:
        request |= {"logprobs": True, "top_logprobs": min(decoding.top, 20)}  # 20 is the API's limit
    return request


def _complete(request: Mapping[str, object], model: str) -> Any:
    """Send a request, and again with less where the server refuses a part of it that it can do without."""
    while True:
        try:
            return _post(request)
        except urllib.error.HTTPError as error:
            message = _message(error)
            fewer = _with_less(request, message) if error.code in (400, 422) else None
            if fewer is None:
                raise TaskError(f"model 'openai:{model}': {_base_url()} answered {error.code}: {message}") from error
            request = fewer
        except (OSError, ValueError) as error:
            cause = getattr(error, "reason", error)
            raise TaskError(f"model 'openai:{model}': {_base_url()} can't be asked: {cause}") from error


def _with_less(request: Mapping[str, object], complaint: str) -> dict[str, object] | None:
    if "max_completion_tokens" in complaint and "max_tokens" in request:
        renamed = {"max_completion_tokens": request["max_tokens"]}
        return {name: value for name, value in request.items() if name != "max_tokens"} | renamed
    refused = [name for name in _OPTIONAL if name in complaint and name in request]
    if not refused:
        return None
    if "logprobs" in refused:  # neither goes without the other
        refused.append("top_logprobs")
    return {name: value for name, value in request.items() if name not in refused}


def _post(request: Mapping[str, object]) -> Any:
    url = f"{_base_url()}/chat/completions"
    if not url.startswith(("http://", "https://")):
        raise ValueError("OPENAI_BASE_URL must begin with http:// or https://")
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("OPENAI_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(urllib.request.Request(url, json.dumps(request).encode(), headers), timeout=_TIMEOUT_S) as reply:
        return json.load(reply)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: a redirect would take the key along."""

    def redirect_request(self, *args: object, **options: object) -> None:
        return None


def _base_url() -> str:
    return os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1").rstrip("/")


def _message(error: urllib.error.HTTPError) -> str:
    """Return what a server says of an error, on one line."""
    with error:
        text = error.read(10_000).decode("utf-8", "replace")
    try:
        complaint = json.loads(text)["error"]
        text = complaint["message"] if isinstance(complaint, dict) else str(complaint)
    except (ValueError, KeyError, TypeError):
        pass
    return " ".join(text.split())[:300] or str(error.reason)


def _read_answer(reply: Any, messages: Messages, model: str) -> Answer:
    try:
        choice = reply["choices"][0]
        text = (choice["message"]["content"] or "").strip()
        tokens = int((reply.get("usage") or {}).get("completion_tokens") or 0)
        finished = choice.get("finish_reason") != "length"
        return Answer(_as_text(messages), text, tokens, finished, _top_tokens(choice))
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise TaskError(f"model 'openai:{model}': {_base_url()} sent no chat completion: {str(reply)[:200]}") from error


def _top_tokens(choice: Mapping[str, Any]) -> TopTokens:
    """Return the first token's alternatives, where the server gives them."""
    positions = (choice.get("logprobs") or {}).get("content") or []
    best = positions[0].get("top_logprobs") or [] if positions else []
    return [(readable(one["token"]), math.exp(one["logprob"])) for one in best]


def _as_text(messages: Messages) -> str:
    return "\n".join(f"[{message['role']}] {message['content']}" for message in messages)
