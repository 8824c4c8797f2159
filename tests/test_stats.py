"""The year in numbers, counted by hand."""

from __future__ import annotations

import json
import math

import pytest
from conftest import Space

from journal.ask.stats import forecast
from journal.record.ledger import Ledger

YML = "name: x\nday-1: 2024-01-01\ngoals: {glaswegian: 120 min}\n"


@pytest.fixture
def year(space: Space) -> Space:
    """Days 1 to 3, 5 and 6 of January 2024, whose first was a Monday; three of them add 90 s, 120 s and 150 s."""
    space.write("journal.yml", YML)
    for day, seconds in ((1, 90), (2, 0), (3, 120), (5, 0), (6, 150)):
        steps = f"  a: {{uses: toy.total, seconds: {seconds}}}\n" if seconds else ""
        space.entry(steps, f"Day {day}: {'word ' * day}\n\n", day=day)
    space.run("day", "1..6", check=0)
    return space


def test_streaks_gaps_and_words_are_counted(year: Space) -> None:
    lines = year.run("stats", check=0).out.splitlines()
    assert "5 days written, 1 to 6" in lines
    assert "streak: 2; the longest 3, day 1 to 3" in lines
    assert "1 day without an entry: 4" in lines
    assert "27 words, 5 a day" in lines  # "Day", its number, and as many words as the day has: 2 + day
    assert [line for line in lines if line[:4] in ("Mon ", "Thu ", "Sun")] == ["Mon ░", "Thu ·", "Sun"]


def test_a_goal_is_reached_at_the_mean_rate(year: Space) -> None:
    """6 min in 6 days are 1 min a day: the other 114 take until day 120, 2024-04-29."""
    out = year.run("stats", "glaswegian", check=0).out
    assert "glaswegian: 6.00 of 120 min (5.0 %); at 1 min a day its goal is reached on day 120 (2024-04-29)" in out


def test_as_of_a_day_counts_what_was_there_then(year: Space) -> None:
    data = json.loads(year.run("stats", "glaswegian", "--as-of", "3", "--json", check=0).out)
    assert data["total"] == 3.5
    assert data["by_day"] == {"1": 1.5, "3": 2.0}
    assert data["forecast"]["day"] == 3 + math.ceil(116.5 / (3.5 / 3))
    everything = json.loads(year.run("stats", "--as-of", "3", "--json", check=0).out)
    assert everything["year"]["days"] == [1, 2, 3]


def test_the_range_of_a_forecast_is_four_in_five() -> None:
    """Amounts 1, 2, 3: mean 2, standard error 1/√3; the normal quantile of 0.9 is 1.2816 (any table)."""
    found = forecast(Ledger("x", "min", {1: 1.0, 2: 2.0, 3: 3.0}, goal=106.0), 3)
    assert found is not None
    spread = 1.2815515655 / math.sqrt(3)
    assert (found.per_day, found.day) == (2.0, 53)
    assert (found.earliest, found.latest) == (3 + math.ceil(100 / (2 + spread)), 3 + math.ceil(100 / (2 - spread)))


def test_no_forecast_where_there_is_no_goal_or_it_is_reached() -> None:
    assert forecast(Ledger("x", "min", {1: 1.0}), 1) is None
    assert forecast(Ledger("x", "min", {1: 7.0}, goal=6.0), 1) is None
    assert forecast(Ledger("x", "min", {}, goal=6.0), 1) is None


def test_a_ledger_that_does_not_exist_is_said_with_the_nearest(year: Space) -> None:
    assert "there is no ledger 'glaswegan'; did you mean 'glaswegian'?" in year.run("stats", "glaswegan", check=2).err


def test_a_starting_balance_counts_in_every_total_and_not_in_the_rate(year: Space) -> None:
    """4 min before day 1: 10 of 120; at 1 min a day the other 110 take until day 116."""
    year.write("journal.yml", YML.replace("120 min}", "{goal: 120 min, start: 240 s}}"))
    out = year.run("stats", "glaswegian", check=0).out
    assert "glaswegian: 10.00 of 120 min (8.3 %); at 1 min a day its goal is reached on day 116" in out
    data = json.loads(year.run("stats", "glaswegian", "--as-of", "1", "--json", check=0).out)
    assert (data["start"], data["total"]) == (4.0, 5.5)
    assert year.run("day", "1..6", "--stale", check=0)
    assert "glaswegian: 5.50 of 120 min (4.6 %)" in next(year.root.glob("entries/*day-1.md")).read_text()


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("{start: 3 min}", "'glaswegian' has no goal; write {goal: 120 min, start: 4.75 min}"),
        ("{goal: 120 min, begin: 3 min}", "unknown setting 'begin'; choose from goal, start"),
        ("{goal: 120 min, start: some}", "start 'glaswegian': 'some' is not an amount"),
        ("{goal: 120 min, start: 3 clips}", "start 'glaswegian'"),
    ],
)
def test_a_wrong_starting_balance_is_told_with_its_line(year: Space, goal: str, said: str) -> None:
    year.write("journal.yml", YML.replace("120 min}", f"{goal}}}"))
    done = year.run("stats")
    assert done.code == 3
    assert said in done.err
    assert done.err.startswith("journal.yml")
