"""Blocks as Markdown: what any text in a report comes out as, in the blog's Markdown and in CommonMark."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import Space
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from journal.api.report import Report
from journal.blog.prose import Reading, read_prose
from journal.record import Record
from journal.record.ledger import Ledgers
from journal.render import BlockPage, render_failure, render_report
from journal.text.blocks import find_blocks
from journal.text.escape import escape, stands_alone
from journal.text.workspace import Workspace

COMMONMARK = MarkdownIt("commonmark").enable(["table", "strikethrough"])


Part = str | tuple[Any, ...]


class Page(HTMLParser):
    """The page in parts: text, element, text, element, ..., text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[Part] = [""]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts += [(tag, *attrs), ""]

    def handle_endtag(self, tag: str) -> None:
        self.parts += [(f"/{tag}",), ""]

    def handle_comment(self, data: str) -> None:
        self.parts += [("comment",), ""]

    def handle_data(self, data: str) -> None:
        begins_pre = self.parts[-2:-1] == [QUOTE] and not self.parts[-1]
        self.parts[-1] += data.removeprefix("\n") if begins_pre else data  # as HTML has it

    def elements(self) -> set[str]:
        return {part[0] for part in self.parts[1::2]}

    def text(self) -> str:
        return "".join(str(part) for part in self.parts[::2])


QUOTE = ("pre", ("class", "quote"))


def render(report: Report) -> str:
    ledgers = Ledgers(Record(Workspace(Path(), "w")))
    return render_report(report, BlockPage("2024-05-13-day-133/a", 133, ledgers))


def everything(text: str) -> str:
    """Return a block that has a text in every place where a report may hold one."""
    report = Report().metric(text, text, text).table([[text, 1], ["x", 2]], [text, "n"], title=text)
    report.image("a.png", alt=text, caption=text).gallery([("b.png", text), ("c.png", text)], columns=1, title=text)
    report.audio("d.wav", caption=text).file("e.csv", title=text).quote(text, title=text)
    return render_failure("it broke", render(report))


def pages(text: str) -> tuple[Page, Page]:
    return Page(read_prose(text, Reading()).html), Page(COMMONMARK.render(text))


CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t")
NASTY = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<!-- journal:a -->",
        "<!-- /journal:a 12345678 -->",
        "-->",
        "```\n",
        "~~~\n",
        "---\n",
        "\n\n",
        "</pre>",
        "<pre>",
        "&lt;",
        "&#60;",
        "[a](https://example.org)",
        "<https://example.org>",
        "![a](b.png)",
        "[^1]",
        "[^1]: note",
        "[a]: https://example.org",
        "{: onclick=alert(1) }",
        "{ .x }",
        "{#id}",
        "**",
        "__",
        "`",
        "~~",
        "|",
        "\\|",
        "\\",
        "$x$",
        "# ",
        "- ",
        "1. ",
        "1) ",
        "+ ",
        "> ",
        "===\n",
        "    ",
        "\t",
        '=== "Tab"\n',
        "??? note\n",
        "!!! note\n",
        "*[HTML]: x",
        '--8<-- "x"',
        ":smile:",
        "{{ x }}",
        "{% x %}",
        "wzxhzdk:0",
        "klzzwxh:0000",
        "\u2028",
        "\u200b",
        "\ufeff",
        "'\"",
    ]
)
TEXTS = st.lists(st.one_of(NASTY, st.text(CHARACTERS, max_size=6)), min_size=1, max_size=8).map("".join)


@given(TEXTS)
@example("1. x")
@example("---")
@example("\n\n\nfirst line is empty")
@example("tab\tand  two spaces\n   \n end ")
@example("a: b {: onclick=alert(1) }")
def test_any_text_of_a_report_comes_out_as_that_text_and_makes_no_element(text: str) -> None:
    text = text if text.strip() else f"x{text}"
    for with_word, with_text in zip(pages(everything("WORD")), pages(everything(text)), strict=True):
        assert _tidy(with_text.parts) == _tidy(_put(text, with_word.parts))


def _put(text: str, parts: list[Part]) -> list[Part]:
    """Put a text in the places of a word: as it is in a quote, on one line elsewhere."""
    line = " ".join(text.split())
    put: list[Part] = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            put.append(part.replace("WORD", text if parts[index - 1] == QUOTE else line))
        else:
            put.append((part[0], *((name, value and value.replace("WORD", line)) for name, value in part[1:])))
    return put


def _tidy(parts: list[Part]) -> list[Part]:
    """Take off spaces at the ends of text, which don't show (in a quote they do), and the names of folds."""
    return [
        _plain(part) if not isinstance(part, str) else part if parts[index - 1] == QUOTE else part.strip()
        for index, part in enumerate(parts)
    ]


def _plain(part: tuple[Any, ...]) -> Part:
    return (part[0], *(one for one in part[1:] if part[0] != "details" or one[0] != "id"))


@given(TEXTS)
def test_the_message_of_a_failure_is_text_and_makes_no_element(text: str) -> None:
    for page in pages(render_failure(text.replace("/", "|"), None)):
        assert page.elements() == {"blockquote", "/blockquote", "p", "/p", "strong", "/strong"}
        assert page.text().split() == f"This step failed. {text.replace('/', '|')}".split()


@given(TEXTS)
def test_no_text_of_a_report_is_a_marker_or_opens_what_goes_on_below_the_block(text: str) -> None:
    block = f"<!-- journal:a -->\n{everything(text)}<!-- /journal:a 12345678 -->\n"
    (found,) = find_blocks(block, 0, "e.md")
    assert (found.inside, found.outside) == (19, block.index("<!-- /journal:a 12345678 -->\n"))
    after = find_blocks(f"{block}\n<!-- journal:b -->\n", 0, "e.md")
    assert [one.id for one in after] == ["a", "b"]


@given(st.text())
def test_any_character_at_all_leaves_the_page_whole(text: str) -> None:
    for page in pages(everything(text)):
        assert not page.elements() & {"script", "h1", "h2", "hr", "comment"}


@pytest.mark.parametrize(
    "text", ["```\nopen", "~~~\n", "<!-- open", "<pre>\n", "<script>", "```\n<!-- journal:b -->\n```"]
)
def test_markdown_of_a_task_that_would_swallow_what_follows_is_shown_as_text(text: str) -> None:
    assert not stands_alone(text)
    block = f"<!-- journal:a -->\n{render(Report().text(text))}<!-- /journal:a 12345678 -->\n<!-- journal:c -->\n"
    assert [one.id for one in find_blocks(block, 0, "e.md")] == ["a", "c"]
    assert text in pages(block)[0].text()


@pytest.mark.parametrize(
    "text", ["**bold**", "```\ncode\n```", "<p>x</p>", "- a\n- b", "<!-- note -->", "~~~\n```\n~~~"]
)
def test_markdown_of_a_task_stands_as_it_is(text: str) -> None:
    assert render(Report().text(text)) == f"{text}\n"


def test_metrics_are_one_list_and_tables_tell_numbers_from_words() -> None:
    report = Report().metric("words", 1234567).metric("share", 0.5, "%", digits=2).metric("hidden", 1, visible=False)
    report.table([{"name": "a", "n": 1.0}, {"name": "b", "n": None}], strong=0.9)
    assert render(report) == (
        "- words: **1234567**\n- share: **0.50 %**\n\n| name | n |\n| :-- | --: |\n| a | **1.000** |\n| b | – |\n"
    )


def test_a_table_without_rows_or_columns_is_no_rubble() -> None:
    assert render(Report().table([], ["a"], title="T")) == "**T**\n\n| a |\n| :-- |\n"
    assert render(Report().table([])).strip() == ""


def test_a_failed_step_says_so_above_its_last_good_result() -> None:
    text = render_failure("it <broke>", "- words: **3**\n")
    assert (
        text
        == "> **This step failed.** it &lt;broke&gt;\n>\n> What follows is its last good result.\n\n- words: **3**\n"
    )
    assert render_failure("x", None) == "> **This step failed.** x\n"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("no such file: '/root/.cache/journal/a.gguf'", "no such file: '…/a.gguf'"),
        ("/tmp/x/y/z.py:3: no", "…/z.py:3: no"),
        ("<toy.Model object at 0x7f3a1c2b4d50>", "&lt;toy.Model object at 0x…&gt;"),
        ("see https://example.org/a/b/c and data/a/b.csv", "see https&#58;//example.org/a/b/c and data/a/b.csv"),
        ("5 / 3 and 1/2", "5 / 3 and 1/2"),
    ],
)
def test_a_failure_tells_no_absolute_path_and_no_address_in_memory(message: str, shown: str) -> None:
    assert render_failure(message, None) == f"> **This step failed.** {shown}\n"


def test_paths_in_a_block_are_relative_and_survive_any_file_name() -> None:
    name = "a (1) [x] #2 ü?%20.png"
    for page in pages(render(Report().image(name, alt="x").audio(name).file(name))):
        links = [value for part in page.parts[1::2] for key, value in part[1:] if key in ("src", "href")]
        assert links == ["2024-05-13-day-133/a/a%20%281%29%20%5Bx%5D%20%232%20%C3%BC%3F%2520.png"] * 3


def test_words_of_the_everyday_are_not_littered_with_escapes() -> None:
    assert escape("Gathering data (36 clips), 0.80 min – it's 99.9 % done!") == (
        "Gathering data (36 clips), 0.80 min – it's 99.9 % done!"
    )


def test_what_a_model_says_is_text_in_the_entry_and_in_the_page(space: Space) -> None:
    answer = "<img src=x onerror=alert(1)>\n<!-- /journal:a 12345678 -->\n```\n---\n{{ x }} {: .y }\n\n# no title"
    space.write("answer.txt", answer)
    space.entry("  a: {uses: text.join, sources: answer.txt, title: '<b>'}\n", "<!-- journal:a -->\n\nAfter.\n")
    space.run("day", "133", check=0)
    assert "nothing changed" in space.run("day", "133", check=0).out
    body = (space.root / "entries/2024-05-13-day-133.md").read_text().split("---\n", 2)[2]
    page, _ = pages(body)
    assert page.parts[page.parts.index(QUOTE) + 1] == answer
    assert not page.elements() & {"img", "b", "h1", "hr"}
