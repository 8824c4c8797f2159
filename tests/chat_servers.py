"""Servers on loopback that speak the chat API, or fail to, as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], str]
"""Status, headers, body."""


def completion(text: object = "Nine.", end: str = "stop", tokens: object = 2, **message: Any) -> dict[str, Any]:
    """Return a chat completion, as the API's reference has it."""
    usage = {"prompt_tokens": 10, "completion_tokens": tokens}
    return {"choices": [{"message": {"content": text, **message}, "finish_reason": end}], "usage": usage}


@dataclass
class ChatServer:
    """What a server answers, and what it was sent."""

    reply: Callable[[dict[str, Any], int], Reply | dict[str, Any]] = lambda request, number: completion()
    """Returns the reply to a request by its number, from 0 on; a mapping is a completion."""
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    """Their names in small letters."""
    lock: Any = field(default_factory=threading.Lock)

    @property
    def keys(self) -> set[str | None]:
        return {one.get("authorization") for one in self.headers}


@contextmanager
def serving(server: ChatServer) -> Iterator[ChatServer]:
    """Answer on a port of its own until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                number = len(server.requests)
                server.requests.append(request)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
            replied = server.reply(request, number)
            status, headers, body = (200, {}, json.dumps(replied)) if isinstance(replied, dict) else replied
            content = body.encode("utf-8", "surrogateescape")
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content)), "Connection": "close"} | headers).items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # from who gave up waiting
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{listening.server_port}/v1"
        yield server
        listening.shutdown()
        thread.join()
