"""Days that refer to days, and what status says of them."""

from __future__ import annotations

import json

import pytest
from conftest import Space

pytestmark = pytest.mark.slow


@pytest.fixture
def year(space: Space) -> Space:
    """Four days; 131 and 132 refer to 130, 133 to none."""
    space.write("a.txt", "one two")
    space.write("b.txt", "b")
    space.entry(
        "  make:\n    uses: text.write\n    text: one\n  count:\n    uses: text.count\n    source: a.txt\n", day=130
    )
    space.entry("  joined:\n    uses: text.join\n    sources: ['${day-130.make.path}', b.txt]\n", day=131)
    space.entry("  again:\n    uses: text.write\n    text: ${day-130.make.text} more\n", day=132)
    space.entry("  alone:\n    uses: text.write\n    text: alone\n", day=133)
    space.run("day", "130..133", check=0)
    return space


def _status(space: Space) -> dict[int, dict]:
    return {one["day"]: one for one in json.loads(space.run("status", "--json", check=0).out)}


def _edit(space: Space, day: int, old: str, new: str) -> None:
    path = next((space.root / "entries").glob(f"*-day-{day}.md"))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_step_reads_an_output_of_an_earlier_day(year: Space) -> None:
    assert "oneb" in next((year.root / "entries").glob("*-day-131.md")).read_text()
    assert {day: one["current"] for day, one in _status(year).items()} == {
        130: ["make", "count"],
        131: ["joined"],
        132: ["again"],
        133: ["alone"],
    }


def test_status_names_the_days_that_a_change_makes_stale(year: Space) -> None:
    _edit(year, 130, "text: one", "text: two")
    status = _status(year)
    assert status[130]["stale"] == {"make": ['parameter text "one" → "two"']}
    assert status[130]["current"] == ["count"]
    assert status[131]["stale"] == {"joined": ["make of day 130 runs again"]}
    assert status[132]["stale"] == {"again": ["make of day 130 runs again"]}
    assert status[133]["stale"] == {}
    lines = year.run("status").out
    assert "day 131  1 stale" in lines
    assert "    joined: stale: make of day 130 runs again" in lines


def test_stale_brings_those_days_up_to_date_in_order_and_no_others(year: Space) -> None:
    _edit(year, 130, "text: one", "text: two")
    done = year.run("day", "130..140", "--stale", check=0)
    assert [line for line in done.out.splitlines() if line.startswith("day ")] == [
        "day 130: A day",
        "day 131: A day",
        "day 132: A day",
    ]
    assert "twob" in next((year.root / "entries").glob("*-day-131.md")).read_text()
    assert not any(one["stale"] for one in _status(year).values())
    again = year.run("day", "130..140", "--stale", check=0)
    assert again.out + again.err == "none of these days is stale\n"


def test_an_earlier_day_that_comes_out_the_same_reruns_no_later_one(year: Space) -> None:
    year.write("a.txt", "three four")
    done = year.run("day", "130..133", check=0)
    assert [line.split(";")[0] for line in done.out.splitlines() if " ran, " in line] == [
        "1 ran, 1 up to date, 0 failed"
    ]


def test_a_reason_names_the_day_that_ran_again(year: Space) -> None:
    _edit(year, 130, "text: one", "text: two")
    year.run("day", "130", check=0)
    steps = json.loads(year.run("day", "131", "--dry-run", "--json", check=0).out)["steps"]
    assert steps[0]["reasons"] == ["make of day 130 ran again"]


def test_status_tells_failed_never_run_and_edited_steps(year: Space) -> None:
    year.entry("  bad:\n    uses: toy.fail\n  new:\n    uses: text.write\n", day=134)
    year.run("day", "134", "--only", "bad", check=1)
    _edit(year, 133, "letters: **5**", "letters: **five**")
    status = _status(year)
    assert status[134]["failed"] == {"bad": "it went wrong; do it right"}
    assert status[134]["never_run"] == ["new"]
    assert status[133]["edited"] == ["alone"]
    lines = year.run("status").out
    assert "bad: failed: it went wrong; do it right" in lines
    assert "new: never run" in lines
    assert "alone: its block was edited by hand" in lines


def test_a_day_that_cannot_be_read_hides_no_other(year: Space) -> None:
    (year.root / "entries/2024-05-12-day-132.md").write_text("no front matter")
    status = _status(year)
    assert "no front matter" in status[132]["problem"]
    assert status[133]["current"] == ["alone"]


def test_a_failed_step_that_was_not_changed_runs_again_and_says_so(year: Space) -> None:
    year.entry("  bad:\n    uses: toy.fail\n", day=134)
    year.run("day", "134", check=1)
    assert "would run: failed last time" in year.run("day", "134", "--dry-run", check=0).out
    assert "failed last time" in year.run("day", "134", check=1).out


def test_a_reference_to_a_result_that_is_not_there_says_what_to_run(year: Space) -> None:
    year.entry("  early:\n    uses: text.write\n", day=129)
    year.entry("  late:\n    uses: text.write\n    text: ${day-129.early.text}\n", day=134)
    done = year.run("day", "134", check=1)
    assert "${day-129.early.text}: it has no result yet; run: journal day 129" in done.out
    year.run("day", "129", check=0)
    year.run("day", "134", check=0)
