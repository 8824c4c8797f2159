"""A key never leaves a step: not in an error, a quote, a file, a log, the database, or on a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import Space
from hypothesis import given
from hypothesis import strategies as st

from journal.text.secrets import REMOVED, Redactor

pytestmark = pytest.mark.slow

KEY = "kq-7Fh2/mQ9+xV4z=Lw8"
"""A key of no known shape, with signs that addresses and JSON write otherwise."""

ASK = '''"""Sends a key to a server, and repeats what it says."""
import os
import urllib.error
import urllib.request
from journal import Context, Report, TaskError, task


@task("toy.ask")
def ask(ctx: Context, url: str) -> Report:
    """Ask a server."""
    key = os.environ["MINE_API_KEY"]
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key.strip()}"})
    print("asking with", key)
    ctx.progress(1, 2, f"asking with {key.strip()}")
    try:
        answer = urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        raise TaskError(f"the server said {error.read().decode()}; check your key") from error
    (ctx.out / "answer.txt").write_text(answer)
    report = Report().metric("letters", len(answer)).quote(answer, title=answer[:60]).output("answer", answer)
    return report.table([["said", answer]], ["what", answer]).file(ctx.out / "answer.txt").headline(answer)
'''


class _Echo(BaseHTTPRequestHandler):
    """Repeats the key in each form that servers use; /401 says that it is wrong."""

    def do_GET(self) -> None:
        import base64
        import json
        from urllib.parse import quote

        key = self.headers["Authorization"].removeprefix("Bearer ")
        forms = [key, json.dumps(key), quote(key, safe=""), base64.b64encode(key.encode()).decode()]
        body = f"no {' '.join(forms)} https://me:{key}@host/?key={quote(key, safe='')}".encode()
        self.send_response(int(self.path.strip("/")))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("end", ["", "\n"], ids=["as it is", "with a line end"])
def test_a_server_that_repeats_the_key_gets_it_nowhere(
    space: Space, server: str, status: int, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from base64 import b64encode
    from urllib.parse import quote

    monkeypatch.setenv("MINE_API_KEY", KEY + end)
    space.write("plugins/ask.py", ASK)
    space.write("site/mkdocs.yml", (Path(__file__).parents[1] / "site/mkdocs.yml").read_text())
    space.entry(f"  a: {{uses: toy.ask, url: '{server}/{status}'}}\n")
    done = space.run("day", "133", check=0 if status == 200 else 1)
    space.run("build", check=0)
    space.run("history", "--json", check=0)
    assert REMOVED in done.out
    forms = [KEY.encode(), quote(KEY, safe="").encode(), b64encode(KEY.encode())]
    assert not any(form in (done.out + done.err).encode() for form in forms)
    for path in space.root.rglob("*"):
        if path.is_file() and "plugins" not in path.parts:
            assert not any(form in path.read_bytes() for form in forms), path
    if status == 200:
        assert "up to date; nothing changed" in space.run("day", "133", check=0).out


TOKENS = [
    "sk-proj-a1B2c3D4e5F6g7H8i9J0", "hf_abcdefghijklmnopqrstuvwx", "ghp_a1B2c3D4e5F6g7H8i9J0k1L2",
    "AKIAABCDEFGHIJKLMNOP",
    "xoxb-1234567890-abcdef", "glpat-a1B2c3D4e5F6g7H8i9J0", "https://me:hunter22@db.dev/x",
    "Bearer a1B2c3D4e5F6g7H8i9J0k1L2", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
]  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_shapes_of_tokens_are_removed(token: str) -> None:
    cleaned = Redactor().clean(f"before {token} after")
    assert token not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith("after")


@given(st.text(min_size=12, max_size=40).filter(lambda key: key.strip() == key and len(key.split()) == 1), st.text())
def test_a_known_key_is_removed_from_any_text(key: str, around: str) -> None:
    redactor = Redactor.of({"MY_TOKEN": key})
    if redactor.known:
        assert key not in redactor.clean(around + key + around).replace(REMOVED, "\0")


FINE = ["The token count was 177.", "max_tokens: 40", "/usr/share/keys", "A key idea: practice.", "sk-1", "hf_model"]


@pytest.mark.parametrize("text", FINE)
def test_words_about_keys_stay(text: str) -> None:
    assert Redactor.of({"KEYBOARD": "us-international", "TOKEN_COUNT": "177", "AUTH": "yes"}).clean(text) == text
