"""The built page in a real browser: it shows, plays, follows the colours, finds. Needs Chromium."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from conftest import make_space
from test_blog import write_days

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A built blog, served on the loopback address."""
    space = write_days(make_space(tmp_path_factory.mktemp("page")))
    space.run("build", check=0)
    handler = functools.partial(_Quiet, directory=str(space.root / "build/site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


def open_page(browser: Any, address: str, scheme: str = "light") -> tuple[Any, list[str]]:
    """Open a page; returns it and what it complained of: errors, failed and foreign requests."""
    page = browser.new_page(color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
    page.on(
        "request", lambda request: said.append(f"foreign: {request.url}") if "127.0.0.1" not in request.url else None
    )
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return page, [one for one in said if not one.startswith("foreign: data:")]


@pytest.mark.parametrize("name", ["index.html", "archive.html", "categories.html", "totals.html", "day"])
def test_a_page_loads_without_errors_and_without_other_hosts(browser: Any, site: str, name: str) -> None:
    page, said = open_page(browser, f"{site}/{day_path() if name == 'day' else name}")
    assert said == []
    page.close()


def test_a_player_knows_how_long_its_sound_is(browser: Any, site: str) -> None:
    """The tone is 800 samples at 8 kHz: a tenth of a second."""
    page, _ = open_page(browser, f"{site}/{day_path()}")
    length = page.evaluate("""() => new Promise((resolve, reject) => {
        const audio = document.querySelector('audio');
        audio.addEventListener('loadedmetadata', () => resolve(audio.duration));
        audio.addEventListener('error', () => reject(audio.error));
        audio.preload = 'metadata';
        audio.load();
    })""")
    assert length == pytest.approx(0.1, abs=0.01)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_take_the_colour_of_the_text(browser: Any, site: str, scheme: str) -> None:
    page, _ = open_page(browser, f"{site}/{day_path()}", scheme)
    text = page.evaluate("getComputedStyle(document.querySelector('article p:not(.day-meta)')).color")
    label = page.evaluate("getComputedStyle(document.querySelector('.plot svg text')).fill")
    assert label == text
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (scheme == "light")
    page.close()


def test_the_text_of_a_model_is_shown_and_not_run(browser: Any, site: str) -> None:
    page, said = open_page(browser, f"{site}/{day_path()}")
    assert page.inner_text("pre.quote") == "<script>alert(1)</script>"
    assert said == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_diagram_is_drawn_by_the_site_itself_and_a_wrong_one_stays_as_written(
    browser: Any, site: str, scheme: str
) -> None:
    page, said = open_page(browser, f"{site}/{day_path()}", scheme)
    page.wait_for_selector("pre.diagram[title]")  # the second, which comes last
    drawn, wrong = page.locator("pre.diagram").all()
    assert drawn.locator("svg .nodeLabel").all_inner_texts() == ["Entry", "Block"]
    assert wrong.inner_text().strip() == "no such diagram"
    assert "can't be drawn" in wrong.get_attribute("title")
    assert said == []
    page.close()


def test_a_page_without_a_diagram_loads_nothing_for_one(browser: Any, site: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{site}/day/134/index.html")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "mermaid" in url]
    page.close()


def test_the_search_finds_a_word_of_an_entry(browser: Any, site: str) -> None:
    page, said = open_page(browser, f"{site}/search.html")
    page.keyboard.type("pictur")
    page.wait_for_selector("#results a", timeout=10_000)
    assert "Day 133" in page.inner_text("#results")
    assert said == []
    page.close()


def test_labels_of_plots_can_be_read_on_a_phone(browser: Any, site: str) -> None:
    """At 390 pixels a plot scrolls rather than shrinks until its labels have 11 pixels; the page itself doesn't."""
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{site}/{day_path()}")
    sizes = page.evaluate("""() => [...document.querySelectorAll('.plot svg')].flatMap(svg => {
        const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        return [...svg.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize) * scale);
    })""")
    assert sizes
    assert min(sizes) >= 10.99
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


KINDS = [
    *["index.html", "archive.html", "categories.html", "totals.html", "gallery.html", "search.html", "404.html"],
    "day",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", KINDS)
def test_a_page_is_accessible(browser: Any, site: str, name: str, scheme: str) -> None:
    """No violation of axe-core's rules (WCAG 2 A and AA, and its best practices)."""
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, bypass_csp=True)  # the checker evaluates its own script
    page = context.new_page()
    answer = page.goto(f"{site}/{day_path() if name == 'day' else name}")
    assert answer.ok, name
    page.wait_for_load_state("networkidle")
    found = Axe().run(page)
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found.response["violations"]] == []
    context.close()


@pytest.mark.parametrize("name", ["index.html", "day"])
def test_a_page_without_pictures_and_sounds_is_light(browser: Any, site: str, name: str) -> None:
    """All that a page loads, uncompressed, but for what its author shows: 400 kB, most of it type and Material."""
    page = browser.new_page()
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    page.goto(f"{site}/{day_path() if name == 'day' else name}")
    page.wait_for_load_state("networkidle")
    ours = {url: size for url, size in sizes.items() if not url.endswith((".png", ".wav", ".svg", "mermaid.js"))}
    assert sum(ours.values()) < 400_000, ours
    page.close()


def day_path() -> str:
    return "day/133/index.html"
