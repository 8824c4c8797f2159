"""The guide in a real browser: it loads nothing from elsewhere, fits a phone, and all can read it. Needs Chromium."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from test_guide_site import site as built  # noqa: F401  # the fixture that builds it
from test_page import CHROMIUM, _Quiet, open_page

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]
PAGES = ["index", "first-day", "first-task", "gallery", "tasks", "report", "entry-keys", "compared", "commands"]


@pytest.fixture(scope="module")
def guide(built: Path) -> Iterator[str]:  # noqa: F811
    """The guide, served on the loopback address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(built))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_without_errors_and_fits_a_phone(chromium: Any, guide: str, name: str) -> None:
    page, said = open_page(chromium, f"{guide}/{name}.html")
    assert said == []
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "first-day", "report"])
def test_axe_finds_nothing_in_what_the_guide_shows(chromium: Any, guide: str, name: str, scheme: str) -> None:
    """Of the article, that is; the frame around it is the theme's."""
    from axe_playwright_python.sync_playwright import Axe

    page, _ = open_page(chromium, f"{guide}/{name}.html", scheme)
    found = Axe().run(page, context="article", options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert {
        (one["id"], node["html"][:100], node["any"][0]["message"] if node["any"] else "")
        for one in found
        for node in one["nodes"]
    } == set()
    page.close()
