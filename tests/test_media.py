"""journal media: where pictures and sounds live, and bringing them here from servers that fail in every usual way."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import threading
import time
import wave
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import Space, entry_name
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from journal.media.references import references_in
from journal.text.entry import parse_entry
from journal.text.workspace import Workspace


def picture(width: int = 8, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((width, 6), 90).convert("RGB").save(stream, kind)
    return stream.getvalue()


def tone() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(800))
    return stream.getvalue()


PNG, WIDE = picture(), picture(2400, "JPEG")
PAGES: dict[str, tuple[int, str, bytes]] = {
    "/a.png": (200, "image/png", PNG),
    "/b c.png": (200, "image/png", picture(9)),
    "/noname": (200, "application/octet-stream", picture(11, "JPEG")),
    "/wide.jpg": (200, "image/jpeg", WIDE),
    "/tone.wav": (200, "audio/wav", tone()),
    "/gone.png": (404, "text/html", b"<html>gone</html>"),
    "/lie.png": (200, "image/png", b"<html><body>please log in</body></html>"),
    "/empty.png": (200, "image/png", b""),
    "/sound.png": (200, "image/png", tone()),
}


class Servant(BaseHTTPRequestHandler):
    """A server with a good file, and every usual fault."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()
    at_once, most_at_once, lock = 0, 0, threading.Lock()

    def do_GET(self) -> None:
        with Servant.lock:
            Servant.asked[self.path] += 1
        from urllib.parse import unquote

        path = unquote(self.path.split("?")[0])
        if path == "/moved.png":
            self.send_response(301)
            self.send_header("Location", "/a.png")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/circle.png":
            self.send_response(302)
            self.send_header("Location", "/circle.png")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/cut.png":
            self.send_response(200)
            self.send_header("Content-Length", str(len(PNG)))
            self.end_headers()
            self.wfile.write(PNG[:40])
            self.close_connection = True
        elif path == "/busy.png" and Servant.asked[self.path] < 3:
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            if path.startswith("/slow"):
                self._wait()
            code, kind, data = PAGES.get(path, (200, "image/png", picture(12 + len(path))))
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def _wait(self) -> None:
        """Hold a request; counted before any of its answer leaves, or a quick client's next one overlaps."""
        with Servant.lock:
            Servant.at_once += 1
            Servant.most_at_once = max(Servant.most_at_once, Servant.at_once)
        time.sleep(0.2)
        with Servant.lock:
            Servant.at_once -= 1

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Servant.asked, Servant.most_at_once = Counter(), 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Servant) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{one.server_address[1]}"
        one.shutdown()


def entry_text(space: Space, day: int = 133) -> str:
    return (space.root / f"entries/{entry_name(day)}.md").read_text()


def test_what_other_hosts_give_is_fetched_and_the_links_lead_to_it(space: Space, server: str) -> None:
    body = (
        f"![A picture]({server}/a.png \"Title\") and ![]({server}/moved.png), <img src='{server}/noname' alt=x>\n\n"
        f"[![inner](<{server}/b c.png>)](https://elsewhere.dev/)\n\n"
        f'<audio controls src="{server}/tone.wav"></audio>\n\n'
        f"![by name][pic] and `![code]({server}/code.png)`\n\n[pic]: {server}/a.png?size=2\n\n"
        f"```\n![fence]({server}/fence.png)\n```\n\n[a link]({server}/page)\n"
    )
    space.entry("", body)
    done = space.run("media", "--adopt", check=0)
    assert "6 here in entries/media, 0 not found; 1 entry changed" in done.out
    text = entry_text(space)
    digest = hashlib.sha256(PNG).hexdigest()[:8]
    assert f'![A picture](media/a-{digest}.png "Title")' in text
    assert f"![](media/moved-{digest}.png)" in text
    assert "<img src='media/noname-" in text and ".jpg' alt=x>" in text
    assert "[![inner](<media/b-c-" in text and "](https://elsewhere.dev/)" in text
    assert '<audio controls src="media/tone-' in text
    assert f"[pic]: media/a-{digest}.png" in text
    assert f"`![code]({server}/code.png)`" in text and f"![fence]({server}/fence.png)" in text
    assert f"[a link]({server}/page)" in text
    rows = list(csv.DictReader((space.root / "entries/media.csv").read_text().splitlines()))
    assert {row["address"] for row in rows} >= {f"{server}/a.png", f"{server}/tone.wav"}
    for row in rows:
        data = (space.root / "entries/media" / row["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert "     6 here  (5 pictures, 1 sound)" in space.run("media", check=0).out.splitlines()


def test_servers_that_fail_are_told_one_by_one_and_nothing_is_lost(space: Space, server: str) -> None:
    names = ["gone.png", "lie.png", "empty.png", "sound.png", "circle.png", "cut.png"]
    body = "".join(f"![x]({server}/{name})\n\n" for name in [*names, "a.png"]) + "![x](http://127.0.0.1:9/none.png)\n"
    space.entry("", body)
    done = space.run("media", "--adopt", check=1)
    for name, why in (
        ("gone.png", "the server says 404"), ("lie.png", "it answers with a page"), ("empty.png", "nothing"),
        ("sound.png", "it answers with no picture"), ("circle.png", "it leads in circles"),
        ("cut.png", "it breaks off before its end"), ("none.png", "can't be reached"),
    ):  # fmt: skip
        assert any(name in line and why in line for line in done.err.splitlines()), (name, done.err)
    text = entry_text(space)
    assert all(f"![x]({server}/{name})" in text for name in names)
    assert "![x](media/a-" in text
    assert not list((space.root / "entries/media").glob(".*"))


def test_a_busy_server_is_asked_again(space: Space, server: str) -> None:
    space.entry("", f"![x]({server}/busy.png)\n")
    space.run("media", "--adopt", check=0)
    assert Servant.asked["/busy.png"] == 3


def test_what_is_here_is_not_fetched_again_unless_it_was_damaged(space: Space, server: str) -> None:
    space.entry("", f"![x]({server}/a.png)\n\n![y]({server}/gone.png)\n")
    space.run("media", "--adopt", check=1)
    space.entry("", f"![x]({server}/a.png)\n", day=134)
    space.run("media", "--adopt", check=1)
    assert Servant.asked["/a.png"] == 1
    assert Servant.asked["/gone.png"] == 2  # it may have come back
    assert "media/a-" in entry_text(space, 134)
    (file,) = (space.root / "entries/media").glob("a-*.png")
    file.write_bytes(b"damaged")
    space.entry("", f"![x]({server}/a.png)\n", day=135)
    space.run("media", "--adopt", check=1)
    assert Servant.asked["/a.png"] == 2
    assert file.read_bytes() == PNG


def test_no_host_is_asked_for_more_than_two_at_once(space: Space, server: str) -> None:
    space.entry("", "".join(f"![x]({server}/slow{number}.png)\n\n" for number in range(8)))
    space.run("media", "--adopt", check=0)
    assert Servant.most_at_once == 2


def test_a_wide_picture_gets_a_smaller_copy_and_stays(space: Space, server: str) -> None:
    space.entry("", f"![x]({server}/wide.jpg)\n")
    space.run("media", "--adopt", check=0)
    (web,) = (space.root / "entries/media").glob("wide-*-web.webp")
    with Image.open(web) as smaller:
        assert smaller.width == 1600
    assert (space.root / "entries/media" / web.name.replace("-web.webp", ".jpg")).read_bytes() == WIDE
    assert f"![x](media/{web.name})" in entry_text(space)


def test_lost_pictures_are_found_by_name_in_a_folder(space: Space, server: str, tmp_path: Path) -> None:
    old = tmp_path / "old"
    (old / "one").mkdir(parents=True)
    (old / "two").mkdir()
    (old / "one/Gone.png").write_bytes(PNG)
    (old / "two/gone.png").write_bytes(PNG)  # the same picture twice is one
    (old / "one/twice.png").write_bytes(PNG)
    (old / "two/twice.png").write_bytes(picture(20))
    (old / "one/no.png").write_text("no picture")
    space.entry("", "".join(f"![x]({server}/{name}.png)\n\n" for name in ("gone", "twice", "no", "never")))
    done = space.run("media", "--find", str(old), check=1)
    assert "![x](media/" in entry_text(space)
    assert entry_text(space).count("(media/") == 1
    assert "twice.png: 2 files have its name" in done.err
    assert "no.png: no.png is no picture" in done.err
    assert "never.png: no file has its name" in done.err


def test_the_list_says_where_they_live_what_is_missing_and_has_no_description(space: Space) -> None:
    space.write("entries/here.png", "x")
    space.entry("", "![](here.png) ![a](https://i.imgur.com/x.png)\n\n![b](lost.png)\n\n![c](//cdn.dev/y.gif)\n")
    lines = space.run("media", check=0).out.splitlines()
    assert lines[0] == "4 in 1 entry"
    assert any(line.split()[:2] == ["1", "i.imgur.com"] for line in lines)
    assert any(line.split()[:2] == ["1", "cdn.dev"] for line in lines)
    assert "1 not there:" in lines and f"  entries/{entry_name(133)}.md:7: lost.png" in lines
    assert "1 without a description (alt text):" in lines
    data = json.loads(space.run("media", "--json", check=0).out)
    assert [one["host"] for one in data] == ["", "i.imgur.com", "", "cdn.dev"]
    assert [one["missing"] for one in data] == [False, False, True, False]


def test_a_folder_that_is_none_is_told(space: Space) -> None:
    assert "nowhere is no folder" in space.run("media", "--find", "nowhere", check=2).err


PARTS = st.sampled_from(
    ["![a](x.png)", "![](<b c.png>)", "text ", "`![no](c.png)`", "\n\n", "<img src='d.png'>", "[l](e.png)", "é🙂 ",
     "![x][r]", "\n```\n![no](f.png)\n```\n", "<!-- ![no](g.png) -->", "![a](h_(1).png)", "<audio src=i.mp3>"]
)  # fmt: skip


@given(st.lists(PARTS, max_size=20))
def test_an_address_stands_where_it_is_said_to_stand(parts: list[str]) -> None:
    text = "---\nday: 1\n---\n" + "".join(parts) + "\n\n[r]: j.png\n"
    entry = parse_entry(text, Path("/w/entries/2024-01-02-day-1.md"), Workspace(Path("/w"), "w"))
    found = references_in(entry)
    assert all(text[one.start : one.end] == one.address for one in found)
    assert not {"c.png", "e.png", "f.png", "g.png"} & {one.address for one in found}
    assert len({one.start for one in found}) == len(found)
