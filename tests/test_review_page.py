"""The review page in a real browser: clips moved, typed, dropped, joined, saved and cut again. Needs Chromium."""

from __future__ import annotations

import csv
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Space, environment, make_space
from test_audio_cuts import DATA, SHEET, STEP, metadata, rows, save
from test_page import CHROMIUM, browser, open_page

__all__ = ["browser"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = make_space(tmp_path_factory.mktemp("review") / "cut")
    (space.root / "data").mkdir()
    for name in ("greetings", "moods"):
        (space.root / "data" / f"{name}.opus").write_bytes((DATA / f"{name}.opus").read_bytes())
    space.entry(STEP)
    space.run("day", "133", check=0)
    return space.root


@pytest.fixture
def cut(template: Path, tmp_path: Path) -> Space:
    """A workspace whose day 133 has cut two recordings into nine clips each."""
    return Space(shutil.copytree(template, tmp_path / "cut"))


@contextmanager
def served(space: Space, *options: str) -> Iterator[str]:
    """Serve the review page as an author does; yields its address."""
    command = [sys.executable, "-u", "-m", "journal", "clips", "133", "--no-open", *options]
    with subprocess.Popen(command, cwd=space.root, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield line.split("review the clips at ")[1].split()[0]
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0


@contextmanager
def opened(space: Space, browser: Any, scheme: str = "light") -> Iterator[Any]:
    """Open the page and wait until the recording can be cut; it must not complain of anything."""
    with served(space) as address:
        page, said = open_page(browser, address, scheme)
        ready(page)
        yield page
        assert [one for one in said if "409" not in one and "sound.wav" not in one] == []  # players end requests
        page.close()


def ready(page: Any) -> None:
    page.wait_for_selector("#waiting", state="hidden")
    page.wait_for_selector('[part~="region"]')


def run(page: Any) -> None:
    page.click("#run")
    page.wait_for_selector("#done:enabled")
    assert page.inner_text("#running h2") == "Done", page.inner_text("#running pre")


def total(space: Space) -> float:
    found = re.search(r"glaswegian\D+([\d.]+)", space.run("stats", check=0).out)
    assert found
    return float(found[1])


def drag(page: Any, handle: Any, by: float) -> None:
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y, steps=3)
    page.mouse.move(x + by, y, steps=3)
    page.mouse.up()


def test_clips_are_moved_typed_dropped_and_joined_and_undo_brings_them_back(cut: Space, browser: Any) -> None:
    before, cells, length = metadata(cut), rows(cut), total(cut)
    with opened(cut, browser) as page:
        drag(page, page.locator('[part~="region-handle-right"]').first, 20)  # 0.2 s at 100 pixels a second
        page.locator("#list .text").first.fill("Whit ye daein?")
        page.keyboard.press("Tab")
        page.locator("#list .play").nth(1).click()
        page.click("#drop")
        page.locator("#list .time").nth(3).click()
        page.click("#join")
        page.click("#save")
        page.wait_for_selector("text=the cut sheet is saved")
        changed = rows(cut)
        assert float(changed[0]["end"]) - float(cells[0]["end"]) == pytest.approx(0.2, abs=0.02)
        assert (changed[0]["text"], changed[1]["keep"]) == ("Whit ye daein?", "no")
        assert (changed[3]["start"], changed[3]["end"]) == (cells[3]["start"], cells[4]["end"])
        assert len(changed) == 17
        assert metadata(cut) == before
        run(page)
        after = metadata(cut)
        assert after[0]["transcription"] == "Whit ye daein?"
        assert float(after[0]["end_s"]) == float(changed[0]["end"])
        assert [row["start_s"] for row in after[1:3]] == [cells[2]["start"], cells[3]["start"]]
        assert len(after) == 16
        assert f"{len(before)} clips" in page.inner_text("#result")
        assert f"{len(after)} clips" in page.inner_text("#result")
        assert total(cut) != length
        page.click("#done")
        for _ in range(4):
            page.click("#undo")
        assert page.locator("#undo").is_disabled()
        run(page)
    assert metadata(cut) == before
    assert rows(cut) == cells
    assert total(cut) == length


def test_a_clip_is_split_and_a_new_one_drawn_over_bare_sound(cut: Space, browser: Any) -> None:
    cells = rows(cut)
    with opened(cut, browser) as page:
        page.keyboard.press("s")
        assert page.locator("#list .number").nth(1).inner_text() == "new"
        box = page.locator("#waveform").bounding_box()
        page.mouse.move(box["x"] + 20, box["y"] + 60)  # before the first clip
        page.mouse.down()
        page.mouse.move(box["x"] + 80, box["y"] + 60, steps=5)
        page.mouse.up()
        page.keyboard.press("Control+s")
        page.wait_for_selector("text=the cut sheet is saved")
    added, first, second = rows(cut)[:3]
    assert float(added["start"]) == pytest.approx(0.2, abs=0.06)
    assert float(added["end"]) == pytest.approx(0.8, abs=0.06)
    assert (first["start"], second["end"]) == (cells[0]["start"], cells[0]["end"])
    assert first["end"] == second["start"]
    assert (first["text"], second["text"]) == (cells[0]["text"], "")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("1.1", "1.100"), ("0:01,1", "1.100"), ("soon", "1.230"), ("-1", "1.230"), ("2.65", "1.230"), ("99", "1.230")],
)
def test_a_time_is_typed_and_a_wrong_one_changes_nothing(cut: Space, browser: Any, typed: str, expected: str) -> None:
    assert (rows(cut)[0]["start"], rows(cut)[0]["end"]) == ("1.230", "2.660")
    with opened(cut, browser) as page:
        page.fill("#start", typed)
        page.keyboard.press("Tab")
        assert page.input_value("#start") == expected
        assert page.locator("#undo").is_enabled() == (expected != "1.230")
        if expected == "1.230":
            page.wait_for_selector("text=is no time for this clip's start; give seconds")


def test_a_sheet_that_was_changed_on_disk_is_told_and_nothing_is_lost(cut: Space, browser: Any) -> None:
    with opened(cut, browser) as page:
        page.locator("#list .text").nth(2).fill("mine")
        theirs = rows(cut)
        theirs[4]["text"] = "theirs"
        save(cut, theirs)
        page.click("#save")
        page.wait_for_selector("text=changed on disk meanwhile")
        assert [rows(cut)[place]["text"] for place in (2, 4)] == ["", "theirs"]
        page.click("text=Take the one on disk")
        assert page.locator("#list .text").nth(4).input_value() == "theirs"
        page.click("#undo")
        assert page.locator("#list .text").nth(2).input_value() == "mine"
        page.click("#save")
        page.wait_for_selector("text=the cut sheet is saved")
    assert [rows(cut)[place]["text"] for place in (2, 4)] == ["mine", ""]


def test_coming_back_shows_the_sheet_as_it_is_on_disk_unless_something_is_unsaved(cut: Space, browser: Any) -> None:
    with opened(cut, browser) as page:
        for text in ("theirs", "later"):
            theirs = rows(cut)
            theirs[1]["text"] = text
            save(cut, theirs)
            page.evaluate("dispatchEvent(new Event('focus'))")
            if text == "theirs":
                page.wait_for_selector("text=this is how it is now")
                page.locator("#list .time").nth(2).click()
                page.keyboard.press("x")
        assert page.locator("#list .text").nth(1).input_value() == "theirs"
        page.keyboard.press("Control+s")
        page.wait_for_selector("text=changed on disk meanwhile")


def test_the_best_of_what_is_said_three_times_is_kept(cut: Space, browser: Any) -> None:
    """In greetings each phrase is said three times, as data/scottish-phrases/phrases.csv says."""
    with opened(cut, browser) as page:
        page.wait_for_selector("text=Said 3 times")
        page.locator("#repeats >> text=Keep only this").nth(1).click()
        page.keyboard.press("Control+s")
        page.wait_for_selector("text=the cut sheet is saved")
    assert [row["keep"] for row in rows(cut)[:4]] == ["no", "yes", "no", "yes"]


def test_the_page_begins_with_the_recording_that_was_asked_for(cut: Space, browser: Any) -> None:
    with served(cut, "--recording", "moods") as address:
        page, _ = open_page(browser, address)
        ready(page)
        assert page.input_value("#recording") == "moods"
        assert page.inner_text("#recording option:checked") == "moods · 9 to review"
        page.close()


def test_enter_goes_from_text_to_text_through_all_recordings(cut: Space, browser: Any) -> None:
    with opened(cut, browser) as page:
        page.keyboard.press("t")
        for number in range(18):
            page.keyboard.type(f"phrase {number}")
            page.keyboard.press("Enter")
        page.wait_for_selector("text=all clips are reviewed")
        assert page.inner_text("#progress").startswith("18 of 18 reviewed")
        page.keyboard.press("Control+s")
        page.wait_for_selector("text=the cut sheet is saved")
    assert [row["text"] for row in rows(cut)] == [f"phrase {number}" for number in range(18)]


def test_a_clip_is_heard_from_its_start_to_its_end(cut: Space, browser: Any) -> None:
    cells = rows(cut)
    with opened(cut, browser) as page:
        time = "document.querySelector('#waveform > div').shadowRoot.querySelector('audio').currentTime"
        page.keyboard.press("ArrowDown")
        page.keyboard.press(" ")
        page.wait_for_selector("#play >> text=Pause")
        assert page.evaluate(time) >= float(cells[1]["start"])
        page.wait_for_selector("#play >> text=Play")
        assert page.evaluate(time) == pytest.approx(float(cells[1]["end"]), abs=0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_is_accessible_and_as_wide_as_the_window(cut: Space, browser: Any, scheme: str, width: int) -> None:
    """No violation of axe-core's rules (WCAG 2 A and AA, and its best practices)."""
    from axe_playwright_python.sync_playwright import Axe

    with served(cut) as address:
        context = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 844})
        page = context.new_page()
        page.goto(address)
        ready(page)
        page.wait_for_selector("text=Said 3 times")
        found = Axe().run(page)
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        context.close()


def test_of_many_clips_only_those_in_view_are_in_the_page(cut: Space, browser: Any) -> None:
    """So that a recording of an hour, with 800 clips, scrolls as one of a minute does."""
    header, *lines = (cut.root / SHEET).read_text().splitlines()
    many = [{**row, "end": f"{float(row['start']) + 0.1:.3f}"} for row in csv.DictReader([header, *lines])] * 50
    save(cut, many)
    with opened(cut, browser) as page:
        assert page.inner_text("#progress").endswith("900 kept, 1.50 min")
        assert page.locator("#list li").count() < 60
        page.evaluate("document.querySelector('#list').scrollTop = 1e6")
        page.wait_for_selector('#list li[aria-posinset="450"]')
        assert page.locator("#list li").count() < 60
