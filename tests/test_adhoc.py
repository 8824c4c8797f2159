"""Claims about a task that is tried from the command line, without an entry."""

from __future__ import annotations

import json

import pytest
from conftest import Space

from journal.text.document import parse_yaml

pytestmark = pytest.mark.slow


def test_a_task_is_run_its_numbers_shown_and_its_files_left_in_build_run(space: Space) -> None:
    space.write("words.txt", "three short words")
    assert "- words: **3**" in space.run("run", "text.count", "source=words.txt", check=0).out
    done = space.run("run", "text.write", "text=many words: here", "times=2", check=0)
    assert "- letters: **32**" in done.out
    assert "\nbuild/run/write/text.txt\n" in done.out
    assert (space.root / "build/run/write/text.txt").read_text() == "many words: here" * 2
    assert not list((space.root / "entries").glob("*"))


def test_the_step_it_tells_is_up_to_date_in_an_entry(space: Space) -> None:
    told = space.run("run", "text.write", 'text="true"', "times=2", check=0).out
    tasks = told.partition("'tasks:'\n")[2]
    assert parse_yaml(tasks, "told").data == {"write": {"uses": "text.write", "text": "true", "times": 2}}
    space.entry(tasks)
    assert "up to date: letters 8" in space.run("day", "133", check=0).out


def test_tried_again_it_is_up_to_date_and_force_runs_it(space: Space) -> None:
    space.run("run", "text.write", check=0)
    assert "up to date" in space.run("run", "text.write", check=0).out
    assert "✓" in space.run("run", "text.write", "--force", check=0).out


def test_an_output_of_a_day_can_be_given(space: Space) -> None:
    space.entry("  a: {uses: text.write, text: one two}\n")
    space.run("day", "133", check=0)
    assert "- words: **2**" in space.run("run", "text.count", "source=${day-133.a.path}", check=0).out


def test_several_files_are_given_as_a_list(space: Space) -> None:
    for name in ("a b.txt", "b.txt", "[c].txt"):
        space.write(name, name)
    assert "- files: **2**" in space.run("run", "text.join", 'sources=["a b.txt", b.txt]', check=0).out
    assert "- files: **3**" in space.run("run", "text.join", "sources=*.txt", check=0).out


def test_its_report_can_be_read_by_other_programs(space: Space) -> None:
    report = json.loads(space.run("run", "text.write", "text=abc", "--json", check=0).out)
    assert (report["task"], report["headline"]) == ("text.write", "letters 3")


def test_a_failure_can_be_read_by_other_programs_too(space: Space) -> None:
    told = json.loads(space.run("run", "toy.fail", "--json", check=1).out)
    assert (told["outcome"], told["message"]) == ("failed", "it went wrong; do it right")


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("text=2024", "2024"),
        ("text=true", "true"),
        ("text=", ""),
        ("text=[draft] hello: there", "[draft] hello: there"),
        ("text='quoted'", "quoted"),
        ("text=a=b # c", "a=b # c"),
        ("text=a \u2028 b\x85c", "a \u2028 b\x85c"),
        ("text=[1]\nn: 5", "[1]\nn: 5"),
        ('text="open', '"open'),
    ],
)
def test_a_text_needs_no_quotes_but_those_of_the_shell(space: Space, word: str, text: str) -> None:
    report = json.loads(space.run("run", "text.write", word, "--json", check=0).out)
    assert report["parameters"]["text"] == text


def test_a_trial_is_no_attempt_at_a_days_step(space: Space) -> None:
    space.entry(day=130)
    space.run("run", "toy.fail", check=1)
    space.entry("  fail: {uses: text.write}\n", day=131)
    assert space.run("status", check=0).out.endswith("    fail: never run\n")
    assert " no day " in space.run("history", check=0).out


def test_what_is_in_the_way_in_build_is_told(space: Space) -> None:
    space.write("build", "a file")
    assert "run/write can't be written" in space.run("run", "text.write", check=1).err
    (space.root / "build").unlink()
    space.write("build/run/write", "a file")
    for _ in range(2):
        space.run("run", "text.write", check=0)
        assert (space.root / "build/run/write/text.txt").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["text.wrte"], 3, "unknown task 'text.wrte'; did you mean 'text.write'?"),
        (["text.write", "txt=a"], 3, "task 'text.write' has no parameter 'txt'; did you mean 'text'?"),
        (["text.write", "times=0"], 3, "parameter 'times'"),
        (["text.count"], 3, "task 'text.count' needs the parameter 'source'"),
        (["text.count", "source=none.txt"], 3, "parameter 'source': there is no file none.txt"),
        (["text.write", "hello"], 2, "'hello' is not NAME=VALUE; journal task text.write lists the names"),
        (["text.write", "text=a", "text=b"], 2, "text is given twice"),
        (["text.join", "sources=[a, b"], 3, "parameter 'sources': no file matches [a, b"),
        (["text.write", "text=${a.path}"], 2, "there are no other steps to refer to"),
        (["text.write", "text=\udcff"], 2, "text: the value is not UTF-8 text"),
        (["text.write", "retries=3"], 2, "'retries' only applies to steps of an entry"),
        (["toy.fail"], 1, ""),
    ],
)
def test_what_can_not_be_run_is_one_line(space: Space, words: list[str], code: int, said: str) -> None:
    done = space.run("run", *words, check=code)
    assert said in done.err and done.err.count("\n") == (1 if said else 0)
    assert "it went wrong; do it right" in done.out or said
