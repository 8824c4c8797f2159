"""Serving the blog on this machine, drafts included, and showing it anew as its author saves."""

from __future__ import annotations

import html
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from journal.blog import build_site
from journal.blog.runner import DayRunner
from journal.errors import JournalError, UsageError
from journal.text.workspace import Workspace, read_workspace

_TRIES = 20
_OWN_NAMES = ("127.0.0.1", "localhost")
_SCRIPT = b"""new EventSource("/-/changes").onmessage = () => location.reload();\n"""


class Preview:
    """The site as it was built last, what is wrong with entries, and a bell that rings when it was built anew."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.root
        self.site = workspace.build / "preview"
        self.problems: tuple[str, ...] = ()
        self.rung = threading.Condition()

    def build(self) -> None:
        """Build the site; where that fails, the last good one stays, with a word."""
        try:
            built = build_site(read_workspace(self.root), site=self.site, drafts=True)
            self.problems = built.problems
        except JournalError as error:
            self.problems = tuple(str(error).splitlines())
        for problem in self.problems:
            print(problem, flush=True)
        with self.rung:
            self.rung.notify_all()


def serve_site(workspace: Workspace, port: int, *, runs: bool = False) -> None:
    """Serve the site until Ctrl-C; ``runs`` brings days up to date as they are saved.

    Raises ``UsageError`` where no port can be had.
    """
    server, preview = _listen(port), Preview(workspace)
    address = f"http://127.0.0.1:{server.server_port}/"
    runner = DayRunner(workspace.root, partial(print, flush=True)) if runs else None
    try:
        preview.build()
        server.RequestHandlerClass = partial(_Handler, preview=preview)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"serving the blog, drafts included, at {address} (Ctrl-C to stop)", flush=True)
        _follow(workspace, preview, runner)
    except KeyboardInterrupt:
        print("stopped")
    finally:
        if runner:
            runner.close()


def _follow(workspace: Workspace, preview: Preview, runner: DayRunner | None) -> None:
    """Build again whenever something is saved, until Ctrl-C."""
    from watchfiles import watch

    places = [workspace.entries, workspace.root / "site", workspace.root / "journal.yml"]
    watching = watch(
        *(place for place in places if place.exists()), debounce=200, step=50, rust_timeout=500, yield_on_timeout=True,
        raise_interrupt=True,
    )  # fmt: skip
    has_begun = False
    for changes in watching:
        if changes or not has_begun:  # what was saved before the watching began is seen at its first turn
            preview.build()
        if runner and changes:
            runner.saved(path for _, path in changes)
        has_begun = True


def _listen(port: int) -> ThreadingHTTPServer:
    """Return a server on the port, or on the next one that is free, with a word."""
    if not 0 <= port <= 65535:
        raise UsageError(f"port {port}: there is no such port; give one from 1024 to 65535")
    for number in range(port, min(port + _TRIES, 65536)):
        try:
            server = ThreadingHTTPServer(("127.0.0.1", number), SimpleHTTPRequestHandler)
        except OSError as error:
            reason = error.strerror or str(error)
            continue
        server.daemon_threads = True
        if number != port:
            print(f"port {port} is in use; taking {number}", flush=True)
        return server
    raise UsageError(f"port {port}: {reason}; choose another with --port")


class _Handler(SimpleHTTPRequestHandler):
    """Answers requests for this machine's own names alone: another site's name could be made to lead here."""

    def __init__(self, *arguments: Any, preview: Preview) -> None:
        self.preview = preview
        super().__init__(*arguments, directory=str(preview.site))

    def do_GET(self) -> None:
        if self.headers.get("Host", "").rpartition(":")[0] not in _OWN_NAMES:
            self._answer(403, "text/plain", b"this server answers for 127.0.0.1 and localhost alone\n")
        elif self.path == "/-/changes":
            self._tell_of_changes()
        elif self.path == "/-/reload.js":
            self._answer(200, "text/javascript", _SCRIPT)
        elif (page := self._page()) is not None:
            self._answer(200, "text/html; charset=utf-8", page)
        elif (missing := self._missing()) is not None:
            self._answer(404, "text/html; charset=utf-8", missing)
        elif not self._answer_part():
            super().do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of requests: the author looks at the pages."""

    def _page(self) -> bytes | None:
        """Return a page with the script that shows it anew, and with what is wrong with entries."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.split("?")[0].endswith("/") else path
        return self._watched(path) if path.suffix == ".html" and path.is_file() else None

    def _missing(self) -> bytes | None:
        """Return the page for what isn't there, such as a day whose entry can't be read, with what is wrong with it."""
        place = self.preview.site / "404.html"
        return self._watched(place) if not Path(self.translate_path(self.path)).exists() and place.is_file() else None

    def _watched(self, path: Path) -> bytes:
        problems = "".join(f"<p>{html.escape(line)}</p>" for line in self.preview.problems)
        alert = f'<div role="alert" class="problems">{problems}</div>' if problems else ""
        added = f'{alert}<script src="/-/reload.js"></script></body>'
        return path.read_bytes().replace(b"</body>", added.encode(), 1)

    def _answer_part(self) -> bool:
        """Answer a request for a part of a file (RFC 9110, 14.2), so that a player can jump; else return False."""
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if not asked or not any(asked.groups()) or not path.is_file():
            return False
        size = path.stat().st_size
        start = int(asked[1]) if asked[1] else max(0, size - int(asked[2]))
        end = min(int(asked[2]), size - 1) if asked[1] and asked[2] else size - 1
        if start > end:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return True
        with path.open("rb") as file:
            file.seek(start)
            part = file.read(end - start + 1)
        self.send_response(206)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{size}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(part)
        return True

    def _tell_of_changes(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while True:
                with self.preview.rung:
                    rang = self.preview.rung.wait(15)
                self.wfile.write(b"data: built\n\n" if rang else b": still here\n\n")
                self.wfile.flush()
        except OSError:  # the page was left
            return

    def _answer(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
