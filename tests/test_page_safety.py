"""Hostile words in every place that reaches a page, tried in a real browser, with and without the content policy."""

# ruff: noqa: E501  # hostile words are best read on one line

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import make_space
from test_blog import SITE
from test_page import CHROMIUM, _Quiet, browser

__all__ = ["browser"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

WORDS = "x\"'><img src=x onerror=window.ran=1><script>window.ran=1</script><svg onload=window.ran=1>"
"""Breaks out of an attribute and of text, and runs in each of three ways."""

PLUGIN = f'''"""Puts hostile words wherever a report has words."""
import wave
from journal import Context, Report, new_figure, task

WORDS = {WORDS!r}
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="window.ran=1"><script>window.ran=1</script>'
    '<a xlink:href="javascript:window.ran=1" xmlns:xlink="http://www.w3.org/1999/xlink"><text y="9">x</text></a>'
    '<foreignObject><img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="window.ran=1"/></foreignObject>'
    '<animate attributeName="href" values="javascript:window.ran=1"/></svg>'
)


@task("toy.hostile")
def hostile(ctx: Context) -> Report:
    """Report hostile words in each kind of item."""
    (ctx.out / "picture.svg").write_text(SVG)
    name = "'\\"><img src=x onerror=window.ran=1>.wav"
    with wave.open(str(ctx.out / name), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    plot, axes = new_figure()
    axes.plot([1, 2, 3], label=WORDS)
    axes.set_title(WORDS)
    axes.legend()
    report = Report().headline(WORDS).metric(WORDS, 1.0, unit=WORDS).part("words", WORDS, folded=True)
    rows = [[WORDS, WORDS], ["`a`|" + WORDS, 1]]
    report.table(rows, [WORDS, "[y](javascript:window.ran=1)"], title=WORDS)
    report.figure("plot", plot, alt=WORDS).image(ctx.out / "picture.svg", alt=WORDS, caption=WORDS)
    report.gallery([(ctx.out / "picture.svg", WORDS)], columns=1).audio(ctx.out / name, caption=WORDS)
    report.quote(WORDS + "\\n```\\n" + WORDS, title=WORDS).text("[z](javascript:window.ran=1) " + WORDS)
    report.file(ctx.out / name, title=WORDS).total("glaswegian", 90, "s")
    return report
'''

BODY = (
    "## Hello " + WORDS + "\n\n" + WORDS + "\n\n<!-- journal:all -->\n\n"
    """
<script>window.ran=1</script>

<SCRIPT SRC=data:text/javascript,window.ran=1></SCRIPT>

<img src="x" onerror="window.ran=1"> <img/src=x/onerror=window.ran=1> <IMG SRC=javascript:window.ran=1>

<svg><script>window.ran=1</script></svg> <svg/onload=window.ran=1>
<svg><animate onbegin=window.ran=1 attributeName=x dur=1s></svg>

<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=window.ran=1&gt;"></table></mtext></math>

<iframe src="javascript:window.top.ran=1"></iframe> <iframe srcdoc="<script>parent.ran=1</script>"></iframe>
<object data="javascript:window.ran=1"></object> <embed src="javascript:window.ran=1">

<a href="javascript:window.ran=1">one</a> <a href="java&#10;script:window.ran=1">two</a> <a href=" &#1; javascript:window.ran=1">three</a>
<a href="data:text/html,<script>opener.ran=1</script>">four</a> [five](javascript:window.ran=1) [six](<java
script:window.ran=1>) [seven](vbscript:x) <javascript:window.ran=1> [eight]

[eight]: javascript:window.ran=1

<form action="javascript:window.ran=1"><button>nine</button></form> <button formaction="javascript:window.ran=1">ten</button>
<base href="javascript:window.ran=1//"> <meta http-equiv="refresh" content="0;url=javascript:window.ran=1">
<style>@import 'javascript:window.ran=1'; body { background: url("javascript:window.ran=1") }</style>
<p style="background:url(javascript:window.ran=1);position:fixed;inset:0">eleven</p>

<details open ontoggle="window.ran=1"><summary>twelve</summary></details> <video><source onerror="window.ran=1"></video>
<audio src=x onerror=window.ran=1></audio> <input autofocus onfocus=window.ran=1> <select autofocus onfocus=window.ran=1>
<marquee onstart=window.ran=1>thirteen</marquee> <template><script>window.ran=1</script></template>
<noscript><p title="</noscript><img src=x onerror=window.ran=1>"></noscript>
<a id="search" name="getElementById">fourteen</a> <img name="body"> <form id="journal"><input name="attributes"></form>

$\\href{javascript:window.ran=1}{y} \\unicode{<img src=x onerror=window.ran=1>}$

```html
<script>window.ran=1</script>
```

```"><img src=x onerror=window.ran=1>
code
```

!!! note "<img src=x onerror=window.ran=1>"
    <script>window.ran=1</script>

[^1]: <img src=x onerror=window.ran=1>

A note[^1]. ![" onerror="window.ran=1](x "\\" onerror=\\"window.ran=1")
"""
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A blog with hostile words wherever an author, a task or a model could put some."""
    space = make_space(tmp_path_factory.mktemp("hostile"))
    yaml = WORDS.replace("'", "''")
    space.write(
        "journal.yml",
        f"name: '{yaml}'\nurl: https://journal.test/\nday-1: 2024-01-02\n"
        f"blog:\n  author: '{yaml}'\n  description: '{yaml}'\n",
    )
    space.write("site/mkdocs.yml", SITE)
    space.write("plugins/hostile.py", PLUGIN)
    path = space.entry("  all:\n    uses: toy.hostile\n", BODY)
    more = (
        f"title: '{yaml}'\ncategories: ['{yaml}']\ntags: ['{yaml}']\ndescription: '{yaml}'\n"
        f"updated: '2024-05-14'\naliases: ['/{yaml}/']\n"
    )
    head, rest = path.read_text().split("\n", 1)
    lines = [line for line in rest.split("\n") if not line.startswith("title:")]
    path.write_text("\n".join([head, more.rstrip(), *lines]))
    space.entry("", "Nothing ran, see [yesterday](2024-05-13-day-133.md).\n", day=134)
    space.run("day", "133", check=0)
    space.run("build", check=0)
    folder = space.root / "build/site"
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("bypass_csp", [False, True], ids=["with the policy", "without it"])
def test_nothing_of_it_runs_on_any_page(browser: Any, hostile: tuple[Path, str], bypass_csp: bool) -> None:
    """Words have to stay words by themselves: the policy is the second lock, not the first."""
    folder, address = hostile
    context = browser.new_context(bypass_csp=bypass_csp)
    context.add_init_script("window.alert = () => { window.ran = 1 }")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    assert "day/133/index.html" in names
    for name in names:
        text = (folder / name).read_text().lower()
        if moved := re.search('<meta http-equiv="refresh" content="([^"]*)">', text):  # such a page goes on at once
            assert re.fullmatch(r"0; url=(\.\./|[\w/-])+index.html", moved[1]), name
            assert "<script" not in text and "<img" not in text, name
            continue
        page = context.new_page()
        page.goto(f"{address}/{name}")
        page.wait_for_timeout(50)
        assert page.evaluate("window.ran") is None, name
        assert page.evaluate(_UNSAFE) == [], name
        page.close()
    context.close()


_UNSAFE = """() => [...document.querySelectorAll('*')].flatMap(one => [...one.attributes].map(a => [one.tagName, a.name, a.value]))
    .filter(([tag, name, value]) => name.startsWith('on') || name === 'srcdoc'
        || (/^(href|src|action|formaction|data|xlink:href|values)$/.test(name)
            && /^(javascript|vbscript|data:text)/i.test(value.replace(/[\\u0000-\\u0020]/g, ''))))
    .map(found => found.join(' '))"""
"""What could run on a click or an event: handlers, and addresses that are scripts."""


def test_the_words_are_all_there_to_be_read(browser: Any, hostile: tuple[Path, str]) -> None:
    page = browser.new_page()
    page.goto(f"{hostile[1]}/day/133/index.html")
    assert WORDS in page.inner_text("h1")
    shown = page.evaluate("document.body.textContent")
    assert shown.count(WORDS) > 10
    page.close()


def test_the_search_shows_hostile_words_as_words(browser: Any, hostile: tuple[Path, str]) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    page.goto(f"{hostile[1]}/search.html")
    page.keyboard.type("hello")
    page.wait_for_selector("#results a", timeout=10_000)
    assert page.evaluate("window.ran") is None
    assert page.evaluate(_UNSAFE) == []
    page.close()


def test_feeds_and_maps_are_read_by_a_parser(hostile: tuple[Path, str]) -> None:
    """Well-formed XML and JSON, and in their HTML neither handlers nor scripts."""
    import json
    from xml.etree import ElementTree

    folder, _ = hostile
    for name in ("feed.xml", "sitemap.xml"):
        ElementTree.parse(folder / name)  # our own file
    feed = json.loads((folder / "feed.json").read_text())
    for item in feed["items"]:
        assert "<script" not in item["content_html"].lower().replace("&lt;script", "")
