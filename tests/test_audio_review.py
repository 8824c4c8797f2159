"""The review page's server: whom it answers, what of a recording it gives, and what it never overwrites."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from conftest import Space, make_space
from journal_tasks.audio.listening import Source
from journal_tasks.audio.review.open_page import make_review
from journal_tasks.audio.review.repeats import Repeats
from journal_tasks.audio.review.server import open_server
from journal_tasks.audio.review.track import BANDS, COLUMNS_PER_S, PEAKS_PER_S, Track, make_track
from journal_tasks.audio.sheet_exchange import find_step
from test_audio_cuts import DATA, SHEET, STEP, rows, save

from journal import Record
from journal.text.workspace import find_workspace

RATE = 16000


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = make_space(tmp_path_factory.mktemp("template") / "cut")
    (space.root / "data").mkdir()
    (space.root / "data" / "greetings.opus").write_bytes((DATA / "greetings.opus").read_bytes())
    space.entry(STEP)
    space.run("day", "133", check=0)
    return space.root


@dataclass
class Page:
    """The server as a page sees it."""

    space: Space
    address: str

    def ask(self, path: str = "", method: str = "GET", body: Any = None, **headers: str) -> tuple[int, bytes, Any]:
        place = urlsplit(self.address)
        connection = http.client.HTTPConnection(place.netloc)
        given = {"Origin": f"http://{place.netloc}", **{name.replace("_", "-"): one for name, one in headers.items()}}
        target = path if path.startswith("/") else place.path + path
        connection.request(method, target, None if body is None else json.dumps(body), given)
        answer = connection.getresponse()
        found = answer.status, answer.read(), answer.headers
        connection.close()
        return found

    def data(self, path: str, method: str = "GET", body: Any = None) -> Any:
        code, content, _ = self.ask(path, method, body)
        assert code == 200, content
        return json.loads(content)

    def track(self, name: str) -> Any:
        while True:
            found = self.data(f"track/{name}")
            if "length" in found or found["problem"]:
                return found
            time.sleep(0.05)


@pytest.fixture
def page(template: Path, tmp_path: Path) -> Iterator[Page]:
    space = Space(shutil.copytree(template, tmp_path / "cut"))
    record = Record(find_workspace(space.root))
    (tmp_path / "tracks").mkdir()
    served = open_server(make_review(record, *find_step(record, 133, ""), tmp_path / "tracks"))
    thread = threading.Thread(target=served.server.serve_forever)
    thread.start()
    yield Page(space, served.address)
    served.server.shutdown()
    served.server.server_close()
    thread.join()


def test_the_page_and_all_that_it_loads_come_from_this_server(page: Page) -> None:
    code, content, headers = page.ask()
    assert code == 200
    assert b"http" not in content.replace(b"http-equiv", b"")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    for name in ("main.js", "review.css", "wavesurfer/wavesurfer.js", "wavesurfer/regions.js", "wavesurfer/LICENSE"):
        assert page.ask(name)[0] == 200, name


@pytest.mark.parametrize("path", ["/", "/x/", "/x/sheet", "/sheet", "/review.css"])
def test_without_the_token_nothing_is_answered(page: Page, path: str) -> None:
    assert page.ask(path)[0] == 403


def test_another_name_that_leads_here_is_not_answered(page: Page) -> None:
    assert page.ask("sheet", Host="evil.example:80")[0] == 403


def test_another_page_may_not_write_or_run(page: Page) -> None:
    before = rows(page.space)
    sheet = page.data("sheet")
    cells = [row["cells"] | {"text": "not mine"} for row in sheet["rows"]]
    for origin in ("http://evil.example", "null"):
        body = {"version": sheet["version"], "rows": cells}
        assert page.ask("sheet", "POST", body, Origin=origin)[0] == 403
        assert page.ask("run", "POST", Origin=origin)[0] == 403
    assert rows(page.space) == before
    assert page.data("run")["code"] is None


def test_no_file_beside_the_page_is_given(page: Page) -> None:
    for path in ("../server.py", "%2e%2e/server.py", "wavesurfer/../../server.py", "track/greetings/../../journal.yml"):
        assert page.ask(path)[0] == 404, path


def test_what_is_saved_is_in_the_sheet_unless_that_has_changed(page: Page) -> None:
    sheet = page.data("sheet")
    cells = [row["cells"] for row in sheet["rows"]]
    cells[0]["text"] = 'Whit, "ye";\tdaein?'
    version = page.data("sheet", "POST", {"version": sheet["version"], "rows": cells})["version"]
    assert rows(page.space)[0]["text"] == 'Whit, "ye"; daein?'
    assert page.data("sheet")["rows"][0]["mine"]
    theirs = rows(page.space)
    theirs[1]["text"] = "theirs"
    save(page.space, theirs)
    code, content, _ = page.ask("sheet", "POST", {"version": version, "rows": cells})
    assert code == 409
    assert json.loads(content)["rows"][1]["cells"]["text"] == "theirs"
    assert rows(page.space) == theirs


@pytest.mark.parametrize(
    ("rows_", "message"),
    [
        ([], "needs a row"),
        ([{"recording": "greetings", "start": "2", "end": "1", "keep": "yes"}], "no stretch of time"),
        ([{"recording": "greetings", "start": 1, "end": "2"}], "no rows of a cut sheet"),
        ("rows", "no rows of a cut sheet"),
    ],
)
def test_rows_that_say_nothing_sensible_are_refused_in_a_line(page: Page, rows_: Any, message: str) -> None:
    before = rows(page.space)
    code, content, _ = page.ask("sheet", "POST", {"version": page.data("sheet")["version"], "rows": rows_})
    assert code == 422
    assert message in json.loads(content)["problem"]
    assert rows(page.space) == before


def test_a_sheet_that_was_damaged_is_told(page: Page) -> None:
    (page.space.root / SHEET).write_text("recording,start,end\ngreetings,soon,2\n")
    code, content, _ = page.ask("sheet")
    assert code == 422
    assert "start is 'soon'; give seconds" in json.loads(content)["problem"]


def test_a_stretch_of_sound_is_given_as_a_player_asks_for_it(page: Page) -> None:
    assert page.track("greetings")["length"] == pytest.approx(19.78, abs=0.01)
    code, whole, headers = page.ask("track/greetings/sound.wav")
    assert (code, headers["Accept-Ranges"], whole[:4]) == (200, "bytes", b"RIFF")
    code, part, headers = page.ask("track/greetings/sound.wav", Range="bytes=1000-1999")
    assert (code, part) == (206, whole[1000:2000])
    assert headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
    assert page.ask("track/greetings/sound.wav", Range=f"bytes={len(whole)}-")[0] == 416


@pytest.mark.parametrize("change", ["gone", "other"])
def test_a_recording_that_is_gone_or_another_is_told(page: Page, change: str) -> None:
    path = page.space.root / "data" / "greetings.opus"
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes((DATA / "moods.opus").read_bytes())
    told = {"gone": "isn't there any more", "other": "has changed since its clips were cut"}
    assert told[change] in page.track("greetings")["problem"]
    path.write_bytes((DATA / "greetings.opus").read_bytes())
    assert page.track("greetings")["length"] == pytest.approx(19.78, abs=0.01)


def test_a_run_cuts_what_was_saved(page: Page) -> None:
    sheet = page.data("sheet")
    cells = [row["cells"] for row in sheet["rows"]]
    cells[2]["keep"] = "no"
    page.data("sheet", "POST", {"version": sheet["version"], "rows": cells})
    page.data("run", "POST")
    while (state := page.data("run"))["running"]:
        time.sleep(0.1)
    assert state["code"] == 0, state
    assert state["headline"].startswith("8 clips")
    assert len(list((page.space.root / "entries/2024-05-13-day-133/clips/clips").glob("*.flac"))) == 8


def test_a_run_can_be_stopped_and_begun_again(page: Page) -> None:
    sheet = page.data("sheet")
    cells = [row["cells"] for row in sheet["rows"]]
    cells[2]["keep"] = "no"
    page.data("sheet", "POST", {"version": sheet["version"], "rows": cells})
    assert page.data("run", "POST")["running"]
    assert not page.data("run", "DELETE")["running"]
    page.data("run", "POST")
    while (state := page.data("run"))["running"]:
        time.sleep(0.1)
    assert (state["code"], state["headline"][:7]) == (0, "8 clips"), state


def tone(path: Path, hz: float, seconds: float = 3.0, rate: int = RATE) -> Track:
    """A tone at half of full scale, which begins after a second."""
    import soundfile

    samples = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    samples[:rate] = 0
    soundfile.write(path / "tone.wav", samples, rate, subtype="PCM_16")
    (path / "made").mkdir()
    return make_track(Source(path / "tone.wav", "tone.wav", "tone"), path / "made", lambda part: None)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 48000])
def test_outline_and_spectrum_are_those_of_the_sound(tmp_path: Path, rate: int) -> None:
    """A tone of 1000 Hz is 1000 mel, of 2840 mel at 8 kHz (2146 at 4 kHz); half of full scale is 64 of 127."""
    track = tone(tmp_path, 1000.0, rate=rate)
    assert track.length_s == pytest.approx(3.0, abs=0.001)
    highs, lows = np.frombuffer(track.peaks.read_bytes(), np.int8).reshape(2, -1)
    assert len(highs) == pytest.approx(3 * PEAKS_PER_S, abs=1)
    assert set(highs[: PEAKS_PER_S - 2]) == {0}
    assert 62 <= int(np.median(highs[PEAKS_PER_S:])) <= 64
    assert -65 <= int(np.median(lows[PEAKS_PER_S:])) <= -62
    spectrum = np.frombuffer(track.spectrum.read_bytes(), np.uint8).reshape(-1, BANDS)
    assert len(spectrum) == pytest.approx(3 * COLUMNS_PER_S, abs=6)
    assert spectrum[: COLUMNS_PER_S - 3].max() == 0
    top_mel = 2595 * np.log10(1 + min(8000, rate / 2) / 700)
    expected = 1000 / top_mel * (BANDS + 1) - 1
    loudest = spectrum[COLUMNS_PER_S + 5 : 2 * COLUMNS_PER_S].mean(axis=0).argmax()
    assert abs(loudest - expected) <= 1


def test_repeats_are_told_by_their_sound(page: Page, tmp_path: Path) -> None:
    """Each phrase of greetings is said three times, and its file of phrases says which."""
    (tmp_path / "made").mkdir()
    track = make_track(Source(DATA / "greetings.opus", "g", "greetings"), tmp_path / "made", lambda part: None)
    spans = [(row["start"], row["end"]) for row in page.data("sheet")["rows"]]
    repeats = Repeats(track)
    assert repeats.find(spans) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert repeats.find([*spans[:2], *spans[3:]]) == [[0, 1], [2, 3, 4], [5, 6, 7]]
    assert repeats.find(spans[:1]) == repeats.find([]) == []


def test_the_table_is_said_where_nobody_looks(page: Page) -> None:
    assert "no recording 'moods'" in page.space.run("clips", "133", "--no-open", "--recording", "moods", check=2).err
    for arguments in (["clips", "133"], ["clips", "133", "--list", "--no-open"]):
        assert page.space.run(*arguments, check=0).out.startswith("greetings: 9 clips, 10.7 s")
