"""Answers of a server of journal.yml, which speaks the OpenAI chat API, through the ``openai`` client."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from journal import Model, Server, TaskError

from .chat_reply import read_reply
from .generation import Answer, Decoding, Prompt
from .strategies import CONCLUDE, Messages, Question

_OPTIONAL = ("logprobs", "top_logprobs", "seed", "temperature", "top_p")
"""What a request can do without where a server refuses it."""
_MOST_ALTERNATIVES = 20
"""The API's limit."""


@dataclass(frozen=True)
class ServerAnswerer:
    """A model behind a server. Requests that fail for now are sent again, after as long as the server says."""

    model: Model
    server: Server
    progress: Callable[[int], None] = lambda tokens: None
    refused: set[str] = field(default_factory=set)
    """Settings that the server was found to refuse."""

    @property
    def identity(self) -> dict[str, str]:
        """What an answer depends on beside prompt and settings."""
        return {"model": self.model.name, "adapter": "", "server": self.server.url}

    @property
    def names(self) -> dict[str, str]:
        """What people call the model and its server."""
        return {"model": self.model.name, "server": self.server.name}

    def render(self, question: Question, reasoned: Answer | None = None) -> Prompt:
        """Return what is sent for a question; given what it reasoned, to have that concluded."""
        if question.text:
            raise TaskError(f"model '{self.model.source}': a chat server completes no plain text; leave completion out")
        asked = [*question.messages, *_concluding(reasoned)] if reasoned else question.messages
        return Prompt("\n".join(f"[{one['role']}] {one['content']}" for one in asked), asked)

    def answers(self, prompts: Sequence[Prompt], decoding: Decoding) -> Iterator[tuple[int, Answer]]:
        """Yield each answer with its prompt's place, as they come.

        Raises ``TaskError`` where one fails, after all that were being answered.
        """
        for name, usual in (("repetition_penalty", 1), ("top_k", 0)):
            if getattr(decoding, name) != usual:
                raise TaskError(f"model '{self.model.source}': a server takes no {name}; leave it out")
        failed = threading.Event()
        failure: BaseException | None = None
        done = 0
        with _client(self.server, self.model.source) as client, ThreadPoolExecutor(self.server.concurrency) as pool:
            waiting: dict[Future[Answer | None], int] = {
                pool.submit(self._ask_unless, failed, client, prompt, decoding): place
                for place, prompt in enumerate(prompts)
            }
            try:
                for future in as_completed(waiting):
                    failure = failure or future.exception()
                    answer = None if future.exception() else future.result()
                    if answer:
                        done += 1
                        self.progress(done * decoding.max_new_tokens)
                        yield waiting[future], answer
            finally:
                failed.set()  # also where whoever takes the answers has had enough
        if failure:
            raise failure

    def _ask_unless(self, failed: threading.Event, client: Any, prompt: Prompt, decoding: Decoding) -> Answer | None:
        """Return the answer to a prompt; None where another one has failed, so that no more is asked."""
        if failed.is_set():
            return None
        try:
            return self._ask(client, prompt, decoding)
        except BaseException:
            failed.set()
            raise

    def _ask(self, client: Any, prompt: Prompt, decoding: Decoding) -> Answer:
        request = wanted = _request(self.model.name, prompt, decoding)
        for name in sorted(self.refused):
            request = _with_less(request, name) or request
        body, request = self._complete(client, request)
        without = tuple(name for name in ("temperature", "seed", "top_p") if name in wanted and name not in request)
        try:
            return read_reply(body, prompt.text, without)
        except ValueError as error:
            raise self._failed(f"{error}") from error

    def _complete(self, client: Any, request: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
        """Send a request, and again with less where the server refuses a part of it that it can do without."""
        import openai

        no_key = None if self.server.key else {"Authorization": openai.Omit()}
        while True:
            try:
                reply = client.chat.completions.with_raw_response.create(**request, extra_headers=no_key)
                return reply.http_response.content, request
            except openai.APIStatusError as error:
                message, code = _message(error), error.status_code
                fewer = _with_less(request, message) if code in (400, 422) else None
                if fewer is None:
                    said = f"answered {code}{_times(error)}: {message}"
                    raise self._failed(f"{said}{self._mend(code, error.response.headers)}") from error
                self.refused.update(name for name in _OPTIONAL if name in request and name not in fewer)
                self.refused.update({"max_completion_tokens"} & ({*fewer} - {*request}))
                request = fewer
            except openai.APITimeoutError as error:
                waited = f"{self.server.timeout_s:g} s{_times(error)}"
                raise self._failed(f"gave no answer within {waited}; raise its timeout: in journal.yml") from error
            except (openai.OpenAIError, OSError, ValueError) as error:
                cause = " ".join(str(error.__cause__ or error).split())[:300]
                raise self._failed(f"can't be asked: {cause}; check its address and that it runs") from error

    def _failed(self, what: str) -> TaskError:
        return TaskError(f"model '{self.model.source}': {self.server.url} {what}")

    def _mend(self, code: int, headers: Mapping[str, str]) -> str:
        key = self.server.key
        if code in (401, 403):
            return f"; check the key in ${key}" if key else "; give the server's key as key: $NAME in journal.yml"
        if code == 404:
            return "; check the model's name and the server's address"
        if code == 429:
            wait = "".join(sign for sign in headers.get("Retry-After", "") if sign.isprintable())[:40]
            asked = f"wait as long as it says ({wait} s)" if wait.isdecimal() else "wait a while"
            return f"; {asked}, or lower its concurrency: in journal.yml"
        return ""


def _times(error: Any) -> str:
    """Return how often a request was sent that failed in the end, if more than once."""
    times = int(error.request.headers.get("x-stainless-retry-count") or 0) + 1
    return f" {times} times" if times > 1 else ""


def _concluding(reasoning: Answer) -> Messages:
    return [{"role": "assistant", "content": reasoning.text}, {"role": "user", "content": f"{CONCLUDE} ..."}]


def _client(server: Server, source: str) -> Any:
    """Return a client that sends a server its key and nothing of other servers, and follows no redirect."""
    import openai

    client = openai.OpenAI(
        base_url=server.url,
        api_key=_key(server, source) or "none",
        max_retries=server.retries,
        timeout=server.timeout_s,
        http_client=openai.DefaultHttpxClient(follow_redirects=False, timeout=server.timeout_s),
    )
    client.organization = client.project = None  # which the client takes from variables that are meant for one server
    return client


def _key(server: Server, source: str) -> str:
    """Return the server's key. Raises ``TaskError`` where its variable holds none that could be sent."""
    if not server.key:
        return ""
    key = os.environ.get(server.key, "").strip()
    if not key:
        raise TaskError(f"model '{source}': its server's key is missing; set the variable {server.key}")
    if not (key.isascii() and key.isprintable() and len(key.split()) == 1):
        raise TaskError(
            f"model '{source}': the key in ${server.key} has blanks or other signs that no key has; mend it"
        )
    return key


def _request(model: str, prompt: Prompt, decoding: Decoding) -> dict[str, Any]:
    request: dict[str, Any] = {
        "model": model,
        "messages": prompt.messages,
        "max_tokens": decoding.max_new_tokens,
        "temperature": decoding.temperature,
        "seed": decoding.seed + prompt.sample,
    }
    request |= {"top_p": decoding.top_p} if decoding.top_p != 1 else {}
    request |= {"stop": list(decoding.stop)} if decoding.stop else {}
    if decoding.top:
        request |= {"logprobs": True, "top_logprobs": min(decoding.top, _MOST_ALTERNATIVES)}
    return request


def _with_less(request: Mapping[str, Any], complaint: str) -> dict[str, Any] | None:
    """Return a request without what a complaint names, or None if that names nothing that can be left out."""
    if "max_completion_tokens" in complaint and "max_tokens" in request:
        renamed = {"max_completion_tokens": request["max_tokens"]}
        return {name: value for name, value in request.items() if name != "max_tokens"} | renamed
    refused = [name for name in _OPTIONAL if name in complaint and name in request]
    if not refused:
        return None
    if "logprobs" in refused:  # neither goes without the other
        refused.append("top_logprobs")
    return {name: value for name, value in request.items() if name not in refused}


def _message(error: Any) -> str:
    """Return what a server says of an error, on one line."""
    text = error.response.content[:10_000].decode("utf-8", "replace")
    try:
        complaint = json.loads(text)["error"]
        text = str(complaint["message"]) if isinstance(complaint, dict) else str(complaint)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return " ".join(text.split())[:300] or str(error.response.reason_phrase or "no word of why")
