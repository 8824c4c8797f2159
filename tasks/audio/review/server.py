"""The review page's server: on this machine alone, under an address that nobody can guess."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from journal import JournalError

from .answers import Answer, Review, answer

_OWN_NAMES = ("127.0.0.1", "localhost")
_PAGE = Path(__file__).parent / "page"
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", "": "text/plain"}
_MOST_BYTES = 50_000_000
_BLOCK = 1 << 18
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; media-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class ReviewServer:
    """A page that is being served, and its address."""

    server: ThreadingHTTPServer
    address: str

    def serve(self) -> None:
        """Answer until Ctrl-C."""
        try:
            self.server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            self.server.server_close()


def open_server(review: Review) -> ReviewServer:
    """Return a server for the page on a free port."""
    token = secrets.token_urlsafe(24)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, review=review, token=token))
    server.daemon_threads = True
    return ReviewServer(server, f"http://127.0.0.1:{server.server_port}/{token}/")


class _Handler(BaseHTTPRequestHandler):
    """Answers requests for this machine's own names and below the token alone."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: Any, review: Review, token: str) -> None:
        self.review, self.token = review, token
        self.nonce = secrets.token_urlsafe(12)
        super().__init__(*arguments)

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError):  # the page was left
            super().handle()

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of requests: the author looks at the page."""

    def _answer(self, method: str) -> None:
        self._send(self._find(method))

    def _find(self, method: str) -> Answer:
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.split("/")[1:]]
        body = self._read_body()
        if self.headers.get("Host", "").rpartition(":")[0] not in _OWN_NAMES:
            return Answer.of_text("this server answers for 127.0.0.1 and localhost alone", 403)
        if not secrets.compare_digest(parts[0].encode(), self.token.encode()) or len(parts) < 2:
            return Answer.of_text("open the whole address that journal clips has said", 403)
        if method != "GET" and self.headers.get("Origin") != f"http://{self.headers.get('Host')}":
            return Answer.of_text("only the page itself may do this", 403)
        if body is None:
            return Answer.of_text("this is more than a cut sheet holds", 413)
        if method == "GET" and (found := self._page_file(parts[1:])):
            return found
        try:
            asked = {name: values[-1] for name, values in parse_qs(address.query).items()}
            return answer(self.review, method, parts[1:], asked, json.loads(body or b"null"))
        except JournalError as error:
            return Answer.of_data({"problem": str(error)}, 422)
        except (ValueError, KeyError, TypeError, ArithmeticError):
            return Answer.of_data({"problem": "this can't be understood; reload the page"}, 400)

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _MOST_BYTES:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _page_file(self, parts: list[str]) -> Answer | None:
        name = "/".join(parts) or "index.html"
        known = {path.relative_to(_PAGE).as_posix(): path for path in _PAGE.rglob("*") if path.is_file()}
        if name not in known:
            return None
        content = known[name].read_bytes().replace(b"{{nonce}}", self.nonce.encode())
        kind = _KINDS[known[name].suffix]
        return Answer(content, f"{kind}; charset=utf-8")

    def _send(self, found: Answer) -> None:
        if found.file is not None:
            self._send_file(found.file, found.kind)
            return
        self._begin(found.code, found.kind, len(found.content))
        self.wfile.write(found.content)

    def _send_file(self, path: Path, kind: str) -> None:
        """Send a file, or the stretch of it that a player asks for."""
        size = path.stat().st_size
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(size - 1, int(asked[2]) if asked and asked[2] else size - 1)
        if first > last:
            self._begin(416, kind, 0, {"Content-Range": f"bytes */{size}"})
            return
        stretch = {"Content-Range": f"bytes {first}-{last}/{size}"} if asked else {}
        self._begin(206 if asked else 200, kind, last + 1 - first, {**stretch, "Accept-Ranges": "bytes"})
        with path.open("rb") as stream:
            stream.seek(first)
            while first <= last and (data := stream.read(min(_BLOCK, last + 1 - first))):
                self.wfile.write(data)
                first += len(data)

    def _begin(self, code: int, kind: str, length: int, more: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(code)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(length),
            "Content-Security-Policy": _POLICY.format(nonce=self.nonce),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            **more,
        }.items():
            self.send_header(name, value)
        self.end_headers()
