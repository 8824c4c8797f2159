"""Blocks: nothing outside them changes, and what somebody wrote into one is not lost."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import Space
from hypothesis import assume, example, given
from hypothesis import strategies as st

from journal.errors import BlockConflictError, EntryError
from journal.text.blocks import find_blocks, is_edited, splice, without_markers
from journal.text.edits import Edits, checksum

STEPS = ("a", "b", "c-1")


def put(text: str, edits: str = "merge", bases: tuple[str, ...] = (), **generated: str) -> str:
    """Splice results into a text without front matter; ``bases`` are what the store knows."""
    known = {checksum(base): base for base in bases}
    result, conflicts = splice(text, 0, generated, "entries/e.md", known.get, Edits(edits))
    if conflicts:
        raise BlockConflictError(conflicts[0].message)
    return result


def block(name: str, content: str) -> str:
    return f"<!-- journal:{name} -->\n{content}<!-- /journal:{name} {checksum(content)} -->\n"


LINES = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "Words.",
            "```",
            "```python",
            "````",
            "~~~",
            "  ```",
            "    ```",
            "- item",
            "- ```",
            "  ~~~",
            "1. one",
            "> quote",
            "> ```",
            "<!-- a comment",
            "-->",
            "<!-- one line -->",
            "<pre>",
            "</pre>",
            "<div>",
            "</div>",
            "<script>",
            "<?php",
            "\tcode",
            "# Title",
            "---",
            "| a | b |",
            "[a]: b",
            "text <!-- journal:a --> text",
            "<!-- journal:a --> text",
            "    <!-- journal:a -->",
            "- <!-- journal:a -->",
            "> <!-- journal:a -->",
            "<!-- /journal -->",
            "\x0c",
            "\u2028",
            "caf\udce9 \udcff",
            "\ufeff",
        ]
    ),
    st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12),
)
LINE_ENDS = st.sampled_from(["\n", "\n", "\r\n", "\r"])
SEGMENT = st.lists(st.tuples(LINES, LINE_ENDS).map("".join), max_size=6).map("".join)


@st.composite
def entries(draw: st.DrawFn) -> list[str]:
    """Return an entry's body in parts; each but the last ends with a marker line of its own."""
    steps = draw(st.permutations(STEPS))[: draw(st.integers(0, len(STEPS)))]
    parts = [draw(SEGMENT) + f"<!-- journal:{step} -->" + draw(LINE_ENDS) for step in steps]
    parts.append(draw(SEGMENT) + draw(LINES))
    assume(not any(one.endswith("\r") and two.startswith("\n") for one, two in pairwise(parts)))
    return parts


GENERATED = st.sampled_from(["", "one\n", "- words: **3**\n\n| a | b |\n| :-- | --: |\n| x | 1 |\n", "<p>player</p>\n"])


def _without_blocks(parts: list[str], result: str, generated: dict[str, str]) -> str:
    """Walk over the result: every part has to be there as it was. Return what follows the last one."""
    position = 0
    for part in parts:
        assert result.startswith(part, position), f"{part!r} is not at {position} of {result!r}"
        position += len(part)
        for name, content in generated.items():
            for line_end in ("\n", "\r\n", "\r"):
                written = f"{content}<!-- /journal:{name} {checksum(content)} -->\n".replace("\n", line_end)
                if part.rstrip("\r\n").endswith(f"<!-- journal:{name} -->") and result.startswith(written, position):
                    position += len(written)
                    break
    return result[position:]


@given(entries(), st.tuples(GENERATED, GENERATED, GENERATED))
@example(["```\ncode\n"], ("one\n", "", ""))
@example(["<!-- journal:a -->\r", "<!-- journal:b -->\n", "\n"], ("", "", ""))
def test_not_one_byte_outside_the_blocks_changes(parts: list[str], texts: tuple[str, ...]) -> None:
    text, generated = "".join(parts), dict(zip(STEPS, texts, strict=True))
    try:
        result = put(text, **generated)
    except EntryError as error:
        assert "close it" in str(error) or "put it on a line of its own" in str(error)
        return
    rest = _without_blocks(parts, result, generated)
    for name, content in generated.items():
        for line_end in ("\n", "\r\n", "\r"):
            rest = rest.replace(block(name, content).replace("\n", line_end), "")
    assert not rest.strip("\r\n"), f"beside blocks, {rest!r} was added"


@given(entries(), st.tuples(GENERATED, GENERATED, GENERATED))
def test_the_same_results_give_the_same_bytes(parts: list[str], texts: tuple[str, ...]) -> None:
    generated = dict(zip(STEPS, texts, strict=True))
    try:
        once = put("".join(parts), **generated)
    except EntryError:
        return
    assert put(once, **generated) == once
    assert [found.id for found in find_blocks(once, 0, "e.md")].count("a") == 1


@given(entries(), st.tuples(GENERATED, GENERATED, GENERATED), st.tuples(GENERATED, GENERATED, GENERATED))
@example(["\n<!-- journal:a -->\r", ""], ("", "", ""), ("one\n", "", ""))
def test_a_new_result_takes_the_place_of_the_old_one(
    parts: list[str], old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    try:
        once = put("".join(parts), **dict(zip(STEPS, old, strict=True)))
        fresh = put("".join(parts), **dict(zip(STEPS, new, strict=True)))
    except EntryError:
        return
    assert put(once, **dict(zip(STEPS, new, strict=True))) == fresh


def test_a_step_without_a_marker_gets_its_block_at_the_end_once() -> None:
    once = put("Words.", a="one\n")
    assert once == "Words.\n\n" + block("a", "one\n")
    assert put(once, a="two\n") == "Words.\n\n" + block("a", "two\n")


@pytest.mark.parametrize(
    "fenced",
    [
        "```\n{}```\n",
        "~~~ text\n{}~~~\n",
        "````\n```\n{}````\n",
        "- item\n\n  ```\n  {}  ```\n",
        "> ```\n> {}> ```\n",
        "Words.\n\n    {}\nWords.\n",
        "<!--\n{}-->\n",
        "<pre>\n{}</pre>\n",
        "<script>\n{}</script>\n",
    ],
)
def test_a_marker_in_a_fence_or_comment_is_text(fenced: str) -> None:
    text = fenced.format("<!-- journal:a -->\n")
    assert put(text, a="one\n") == text + "\n" + block("a", "one\n")


@pytest.mark.parametrize("before", ["Words.\n", "- item\n", "> quote\n", "| a |\n", "# Title\n", "<div>\n", "[a]: b\n"])
def test_a_marker_on_a_line_of_its_own_counts_whatever_is_above(before: str) -> None:
    text = f"{before}<!-- journal:a -->\nafter\n"
    assert put(text, a="one\n") == f"{before}{block('a', 'one' + chr(10))}after\n"


def test_a_marker_at_the_very_end_needs_no_line_end() -> None:
    assert put("Words.\n<!-- journal:a -->", a="one\n") == "Words.\n" + block("a", "one\n")


def test_a_block_at_the_very_end_needs_no_line_end_either() -> None:
    text = block("a", "one\n").rstrip("\n")
    assert put(text, a="one\n") == text
    assert put(text, a="two\n") == block("a", "two\n")


def test_a_marker_keeps_the_way_its_author_wrote_it() -> None:
    assert put("  <!--journal:a-->  \n", a="one\n").startswith("  <!--journal:a-->  \none\n")


def test_the_block_of_an_unknown_step_is_let_be() -> None:
    text = "<!-- journal:gone -->\nold, and edited\n<!-- /journal:gone 12345678 -->\n"
    assert put(text, a="one\n").startswith(text)


EDITED = block("a", "first\n\nlast\n").replace("last", "last, as I say")


def test_an_edited_block_is_known_as_one() -> None:
    (found,) = find_blocks(EDITED, 0, "e.md")
    assert is_edited(found, EDITED)
    clean = block("a", "x\n")
    assert not is_edited(find_blocks(clean, 0, "e.md")[0], clean)
    assert not is_edited(find_blocks("<!-- journal:a -->\n", 0, "e.md")[0], "<!-- journal:a -->\n")


def test_line_ends_that_an_editor_changed_are_no_edit() -> None:
    text = block("a", "first\nlast\n").replace("\n", "\r\n")
    assert not is_edited(find_blocks(text, 0, "e.md")[0], text)


def test_an_edit_is_merged_with_the_new_result_and_survives_later_runs() -> None:
    bases = ("first\n\nlast\n", "FIRST\n\nlast\n", "First\n\nlast\n")
    second = put(EDITED, a=bases[1], bases=bases)
    assert "FIRST\n\nlast, as I say\n" in second
    assert put(second, a=bases[1], bases=bases) == second
    assert "First\n\nlast, as I say\n" in put(second, a=bases[2], bases=bases)


def test_an_edit_survives_in_a_fresh_clone_while_the_result_is_the_same() -> None:
    assert put(EDITED, a="first\n\nlast\n") == EDITED


def test_an_edit_of_the_same_lines_is_a_conflict_that_says_how_to_choose() -> None:
    with pytest.raises(BlockConflictError, match=r"entries/e\.md:1: block 'a' .*--edits a=keep .*--edits a=drop"):
        put(EDITED, a="first\n\nLAST\n", bases=("first\n\nlast\n",))


def test_an_edit_whose_base_is_not_known_is_a_conflict() -> None:
    with pytest.raises(BlockConflictError, match="its generated text is unknown"):
        put(EDITED, a="FIRST\n\nlast\n")


def test_words_of_the_author_between_markers_without_a_checksum_are_not_overwritten() -> None:
    with pytest.raises(BlockConflictError):
        put("<!-- journal:a -->\nmy words\n<!-- /journal:a -->\n", a="one\n")


def test_edits_keep_keeps_the_text_also_in_later_runs() -> None:
    new = "first\n\nLAST\n"
    kept = put(EDITED, "keep", a=new)
    assert "last, as I say" in kept
    assert put(kept, a=new) == kept


def test_edits_drop_takes_the_new_result() -> None:
    assert put(EDITED, "drop", a="new\n") == block("a", "new\n")


def test_a_block_that_was_emptied_by_hand_is_filled_again() -> None:
    emptied = block("a", "one\n").replace("one\n", "\n")
    assert put(emptied, a="one\n") == block("a", "one\n")


def test_a_deleted_end_marker_comes_back_below_the_same_result() -> None:
    text = "Before.\n" + block("a", "one\n\ntwo\n") + "After.\n"
    broken = text.replace(f"<!-- /journal:a {checksum('one' + chr(10) * 2 + 'two' + chr(10))} -->\n", "")
    assert put(broken, a="one\n\ntwo\n") == text


def test_a_deleted_end_marker_above_another_result_loses_nothing() -> None:
    broken = "<!-- journal:a -->\none\nAfter.\n"
    assert put(broken, a="new\n") == block("a", "new\n") + "one\nAfter.\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (block("a", "x\n") * 2, 4, "a second block 'a'; keep one marker per step"),
        ("<!-- journal:a -->\n\n<!-- journal:a -->\n", 3, "a second block 'a'"),
        ("x\n\n<!-- /journal:a 12345678 -->\n", 3, "block 'a' ends here but has no beginning; remove this line"),
        ("<!-- journal:a -->\n" + block("b", "x\n") + "<!-- /journal:a -->\n", 5, "contains another block"),
        ("<!-- journal:a -->\n<!-- /journal:b -->\n", 2, "ends where block 'a' should end; fix the markers"),
        ("<!-- journal:a -->\n```\n<!-- /journal:a 12345678 -->\n", 3, "put it on a line of its own"),
        ("<!-- journal:a -->\nx <!-- /journal:a 12345678 -->\n", 2, "put it on a line of its own"),
        ("Words.\n\n```\ncode\n", 3, "is never closed and would swallow the block of step 'a'; close it"),
        ("Words.\n<!-- todo\n", 2, "is never closed"),
    ],
)
def test_markers_out_of_order_are_an_error_with_the_line_and_the_mend(text: str, line: int, words: str) -> None:
    with pytest.raises(EntryError) as caught:
        put(text, a="one\n")
    assert str(caught.value).startswith(f"entries/e.md:{line}: ")
    assert words in str(caught.value)


def test_an_example_of_a_block_below_its_marker_is_no_end_of_it() -> None:
    example = "```\n<!-- journal:a -->\n(results)\n<!-- /journal:a 5f0c2a9e -->\n```\n"
    assert put(f"<!-- journal:a -->\n{example}", a="one\n") == block("a", "one\n") + example


def test_a_page_has_no_markers_but_those_in_code_fences() -> None:
    example = "```\n<!-- journal:a -->\n<!-- /journal:a 5f0c2a9e -->\n```\n"
    text = f"---\n---\nWords.\n{block('a', 'one' + chr(10))}{example}  <!-- journal:b -->"
    assert without_markers(text, 8) == f"Words.\none\n{example}"


def test_an_entry_of_any_editor_keeps_its_bytes_around_the_block(space: Space) -> None:
    path = space.entry()
    front = (
        b"\xef\xbb\xbf---\r\n# mine\r\ntitle: 'A  \"day\"'  # so\r\nday:   133\r\ntasks: {a: {uses: text.write}}\r\n"
    )
    before = front + b"---\r\nCaf\xe9\r\nmixed\n\n<!-- journal:a -->\r\n"
    path.write_bytes(before + b"```\n<!-- journal:a -->\n```\r\nno end")
    space.run("day", "133", check=0)
    written = path.read_bytes()
    generated = b"- letters: **5**\r\n<!-- /journal:a " + checksum("- letters: **5**\n").encode() + b" -->\r\n"
    assert written == before + generated + b"```\n<!-- journal:a -->\n```\r\nno end"
    assert "nothing changed" in space.run("day", "133", check=0).out
    assert path.read_bytes() == written


def test_an_entry_that_is_a_link_stays_one_and_its_file_is_written(space: Space) -> None:
    path = space.entry("  a: {uses: text.write}\n")
    elsewhere = path.rename(space.root / "elsewhere.md")
    path.symlink_to(elsewhere)
    space.run("day", "133", check=0)
    assert path.is_symlink() and "letters: **5**" in elsewhere.read_text()


def edited_entry(space: Space, times: int = 1) -> Path:
    """An entry that ran once and whose block was then edited."""
    path = space.entry("  a:\n    uses: text.write\n    text: ab\n    times: 1\n")
    space.run("day", "133", check=0)
    path.write_text(path.read_text().replace("letters: **2**", "letters: **two**"))
    return path


def test_a_conflict_exits_4_leaves_the_file_and_either_choice_ends_it(space: Space) -> None:
    path = edited_entry(space)
    path.write_text(path.read_text().replace("times: 1", "times: 2"))
    before = path.read_bytes()
    done = space.run("day", "133", check=4)
    assert "--edits a=keep" in done.err and "--edits a=drop" in done.err
    assert path.read_bytes() == before
    space.run("day", "133", "--edits", "keep", check=0)
    assert "letters: **two**" in path.read_text()
    space.run("day", "133", check=0)
    assert "letters: **two**" in path.read_text()
    space.run("day", "133", "--edits", "drop", check=0)
    assert "letters: **4**" in path.read_text()


def test_an_edit_is_merged_by_the_command_and_survives_a_run_without_results(space: Space) -> None:
    path = space.entry("  a: {uses: text.join, sources: words.txt, title: T}\n")
    space.write("words.txt", "one")
    space.run("day", "133", check=0)
    path.write_text(path.read_text().replace("**T**\n", "**T**\n\nMy remark.\n"))
    space.write("words.txt", "two")
    space.run("day", "133", check=0)
    assert "My remark.\n" in path.read_text() and ">two<" in path.read_text()
    merged = path.read_bytes()
    shutil.rmtree(space.root / ".journal")
    space.run("day", "133", check=0)
    assert path.read_bytes() == merged


def test_in_a_fresh_clone_an_unedited_block_takes_the_new_result(space: Space) -> None:
    path = space.entry("  a: {uses: text.write, times: 1}\n")
    space.run("day", "133", check=0)
    shutil.rmtree(space.root / ".journal")
    path.write_text(path.read_text().replace("times: 1", "times: 2"))
    space.run("day", "133", check=0)
    assert "letters: **10**" in path.read_text()
    assert path.read_text().count("/journal:a") == 1
