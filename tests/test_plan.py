"""Plans: the order of steps, what refers to what, and what is wrong, with its line."""

from __future__ import annotations

import json

import pytest
from conftest import Space

from journal.errors import EntryError
from journal.plan.registry import read_registry
from journal.plan.steps import make_plan
from journal.text.entry import read_entry
from journal.text.workspace import read_workspace

ENTRY = "entries/2024-05-13-day-133.md"


def problems(space: Space, tasks: str) -> list[str]:
    """Plan a day; return what is wrong with it."""
    workspace = read_workspace(space.root)
    try:
        plan = make_plan(read_entry(space.entry(tasks), workspace), workspace, read_registry(workspace.plugins))
    except EntryError as error:
        return [str(error)]
    return [str(problem) for problem in plan.problems]


@pytest.mark.parametrize(
    ("tasks", "line", "message"),
    [
        ("  a:\n    uses: audio.clp\n", 6, "unknown task 'audio.clp'; did you mean 'audio.clip'?"),
        ("  a:\n    uses: text.write\n    txt: b\n", 7, "task 'text.write' has no parameter 'txt'; did you mean"),
        ("  a:\n    uses: text.write\n    times: 0\n", 7, "parameter 'times' of 'text.write' is 0: input should be"),
        ("  a:\n    uses: text.write\n    text: 5\n", 7, "is 5: input should be a valid string; put it in quotes"),
        ("  a:\n    uses: text.write\n    text: no\n    times: on\n", 8, "is 'on': input should be a valid integer"),
        ("  a:\n    uses: text.count\n", 5, "task 'text.count' needs the parameter 'source'"),
        ("  a:\n    uses: text.count\n    source:\n", 7, "parameter 'source' of 'text.count' is None"),
        ("  a:\n    uses: text.count\n    source: ''\n", 7, "parameter 'source' is ''; give the path of one file"),
        ("  a:\n    uses: text.count\n    source: [a]\n", 7, "parameter 'source' is ['a']; give the path of one file"),
        ("  a:\n    uses: text.count\n    source: wrds.txt\n", 7, "no file wrds.txt; did you mean 'words.txt'?"),
        ("  a:\n    uses: text.count\n    source: x/y.txt\n", 7, "there is no file x/y.txt; check the path"),
        ("  a:\n    uses: text.count\n    source: " + "x" * 5000 + "\n", 7, "there is no file xxxxx"),
        ("  a:\n    uses: text.count\n    source: \"a\\0b\"\n", 7, "there is no file"),
        ("  a:\n    uses: text.join\n    sources: '*.csv'\n", 7, "parameter 'sources': no file matches *.csv"),
        ("  a:\n    uses: text.join\n    sources: 'a**b/*'\n", 7, "a**b/*"),
        ("  a:\n    uses: text.join\n    sources: []\n", 7, "names no files; give a path, a list of paths or a glob"),
        ("  a:\n    uses: text.join\n    sources: /*.txt\n", 7, "the glob /*.txt must be relative to the workspace"),
        ("  a:\n    uses: text.write\n    text: ${b.text}\n", 7, "step 'a' refers to an unknown step 'b'"),
        ("  a:\n    uses: text.write\n    text: ${a}\n", 7, "${a} lacks an output; write ${a.OUTPUT}"),
        ("  a:\n    uses: text.write\n    text: ${day-132.a}\n", 7, "${day-132.a} lacks an output; write"),
        ("  a:\n    uses: text.write\n    after: b\n", 7, "step 'a' refers to an unknown step 'b'"),
        ("  a:\n    uses: text.write\n    text: ${day-133.a.text}\n", 7, "day 133 may only refer to days before it"),
        ("  a:\n    uses: text.write\n    text: ${day-140.a.text}\n", 7, "is not from an earlier day"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_its_place(space: Space, tasks: str, line: int, message: str) -> None:
    space.write("words.txt", "one")
    (said,) = problems(space, tasks)
    assert said.startswith(f"{ENTRY}:{line}: ")
    assert message in said
    assert "\n" not in said and len(said) < 500


def test_a_cycle_is_printed(space: Space) -> None:
    tasks = "  a: {uses: text.write, after: c}\n  b: {uses: text.write, text: '${a.text}'}\n"
    space.entry(tasks + "  c: {uses: text.write, text: '${b.text}'}\n")
    said = space.run("day", "133", check=3).err
    assert said.startswith(f"{ENTRY}:")
    assert "the steps wait for each other: " in said and "remove one of the references" in said
    assert {"a", "b", "c"} <= set(said.split("other: ")[1].split(";")[0].split(" → "))


def test_a_step_that_waits_for_itself_is_a_cycle(space: Space) -> None:
    assert "a → a" in problems(space, "  a: {uses: text.write, text: '${a.text}'}\n")[0]


def test_the_problems_of_one_step_do_not_stop_the_others(space: Space) -> None:
    path = space.entry("  bad: {uses: text.wrte}\n  worse: {uses: text.write, times: x}\n  good: {uses: text.write}\n")
    done = space.run("day", "133", check=3)
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [f"{ENTRY}:5", f"{ENTRY}:6"]
    text = path.read_text()
    assert "letters: **5**" in text
    assert "unknown task 'text.wrte'" in done.out
    assert "This step failed" not in text  # what is wrong as it is written is said at the terminal alone


def test_a_step_that_needs_a_wrong_one_is_skipped_and_says_so(space: Space) -> None:
    path = space.entry("  bad: {uses: text.wrte}\n  next: {uses: text.write, text: '${bad.text}'}\n")
    before = path.read_bytes()
    assert "not run because bad failed" in space.run("day", "133", check=3).out
    assert path.read_bytes() == before


TYPED = """
from journal import Report, task

@task("toy.values")
def values() -> Report:
    return Report().output("count", 3).output("share", 0.5).output("names", ["a", "b"]).output("on", True)

@task("toy.types")
def types(whole: int, text: str, names: list[str], nested: dict[str, float], on: bool) -> Report:
    return Report().metric("all", repr((whole, text, names, nested, on)))
"""


def test_a_reference_keeps_its_type_and_is_text_within_text(space: Space) -> None:
    space.write("plugins/typed.py", TYPED)
    path = space.entry(
        "  types:\n    uses: toy.types\n    whole: ${v.count}\n"
        '    text: "${v.count} of ${ v.names }: ${v.share} $5 ${x}"\n'
        "    names: ${v.names}\n    nested: {a: '${v.share}'}\n    on: ${v.on}\n  v: {uses: toy.values}\n"
    )
    space.run("day", "133", check=0)
    written = path.with_suffix("") / "types/report.json"
    assert json.loads(written.read_text())["items"][0]["value"] == (
        "(3, \"3 of ['a', 'b']: 0.5 $5 ${x}\", ['a', 'b'], {'a': 0.5}, True)"
    )


def test_a_reference_to_an_earlier_day_gives_what_that_day_has(space: Space) -> None:
    space.entry("  a: {uses: text.write, text: earlier}\n", day=132)
    path = space.entry(
        "  b: {uses: text.count, source: '${day-132.a.path}'}\n  c: {uses: text.write, text: '${day-132.a.text}'}\n"
    )
    assert "day 132" in problems_of_missing_day(space)
    space.run("day", "132", check=0)
    space.run("day", "133", check=0)
    assert "words: **1**" in path.read_text() and "letters: **7**" in path.read_text()


def problems_of_missing_day(space: Space) -> str:
    """Run the day before the earlier one has results."""
    done = space.run("day", "133", check=1)
    return done.out + done.err


def test_an_output_that_a_step_does_not_have_is_an_error_that_lists_those_it_has(space: Space) -> None:
    path = space.entry("  a: {uses: text.write}\n  b: {uses: text.write, text: '${a.txt}'}\n")
    done = space.run("day", "133", check=1)
    assert "step 'a' has no output 'txt'; it has path, text" in done.out
    assert "has no output" in path.read_text()


def test_files_keep_their_order_each_once_and_sorted_within_a_glob(space: Space) -> None:
    for name in ("b.txt", "a.txt", "c.txt"):
        space.write(f"data/{name}", name[0])
    path = space.entry("  a: {uses: text.join, sources: [data/c.txt, 'data/*.txt']}\n")
    space.run("day", "133", check=0)
    assert '<pre class="quote">cab</pre>' in path.read_text()


def test_a_file_whose_name_looks_like_a_glob_is_that_file(space: Space) -> None:
    space.write("data/[1] *.txt", "starred")
    path = space.entry("  a: {uses: text.join, sources: 'data/[1] *.txt'}\n")
    space.run("day", "133", check=0)
    assert ">starred<" in path.read_text()


def test_after_makes_an_order_without_a_reference(space: Space) -> None:
    space.entry("  b: {uses: text.write, after: [a], text: second}\n  a: {uses: text.write, text: first}\n")
    lines = [line for line in space.run("day", "133", check=0).out.splitlines() if line.startswith("✓")]
    assert [line.split()[1] for line in lines] == ["a", "b"]


def test_a_file_whose_name_is_no_utf_8_is_an_error_that_says_so(space: Space) -> None:
    space.write("data/x.txt", "x").rename(space.root / "data" / "caf\udce9.txt")
    (said,) = problems(space, "  a:\n    uses: text.join\n    sources: data/*.txt\n")
    assert said == f"{ENTRY}:7: parameter 'sources': the name of data/caf?.txt is not UTF-8; rename the file"
