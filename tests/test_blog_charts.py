"""The charts that pages draw: a ledger's growth ends where the ledger stands, and a year has all its days."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from journal.blog.charts import burn_up, year_map
from journal.record.ledger import Ledger

AMOUNTS = st.dictionaries(st.integers(1, 400), st.floats(0.01, 500), min_size=2, max_size=60)


def points_of(chart: str, name: str) -> list[tuple[float, float]]:
    found = re.search(rf'class="{name}" points="([^"]*)"', chart)
    assert found, name
    pairs = [pair.split(",") for pair in found[1].split()]
    return [(float(x), float(y)) for x, y in pairs]


@given(AMOUNTS, st.none() | st.floats(1, 10_000))
def test_a_ledger_grows_from_nothing_to_its_total(by_day: dict[int, float], goal: float | None) -> None:
    ledger = Ledger("minutes", "min", by_day, goal)
    chart = burn_up(ledger, max(by_day))
    line = points_of(chart, "sum")
    top = max(ledger.total, goal or 0) if 'class="goal"' in chart else ledger.total
    assert line[0] == (0, 300)
    assert abs(line[-1][1] - 300 * (1 - ledger.total / top)) < 0.11
    assert line == sorted(line, key=lambda point: (point[0], -point[1]))  # it never goes back or down
    inside = [number for points in re.findall('points="([^"]*)"', chart) for number in re.split("[ ,]", points)]
    assert all(-0.1 <= float(number) <= 1000.1 for number in inside)


def test_the_way_ahead_leads_to_the_goal_on_the_day_that_is_told() -> None:
    """Ten a day for ten days, 100 of 200: ten days more. The rate never varied, so that the range is that day alone."""
    chart = burn_up(Ledger("minutes", "min", dict.fromkeys(range(1, 11), 10.0), 200.0), 10)
    assert "goal on day 20" in chart
    assert points_of(chart, "ahead") == [(500, 150), (1000, 0)]
    assert points_of(chart, "range") == [(500, 150), (1000, 0), (1000, 0), (1000, 0)]


def test_a_goal_out_of_sight_is_not_drawn() -> None:
    chart = burn_up(Ledger("minutes", "min", {1: 1.0, 2: 1.0, 3: 1.5}, 5000.0), 3)
    assert "ahead" not in chart and "goal" not in chart.replace("of 5000", "")
    assert "Day 3" in chart


def test_a_single_day_is_no_chart() -> None:
    assert burn_up(Ledger("minutes", "min", {3: 1.0}, 100.0), 3) == ""


@given(st.integers(1990, 2060), st.sets(st.integers(0, 364), min_size=7))
def test_a_year_has_a_square_for_each_of_its_days(year: int, days: set[int]) -> None:
    words = {date(year, 1, 1) + timedelta(days=day): day for day in days}
    chart = year_map(words)
    assert chart.count("<rect") == 365 + calendar.isleap(year)
    assert chart.count('class="shade-0"') == chart.count("<rect") - len(days)
    places = re.findall(r'x="(\d+)" y="(\d+)"', chart)
    assert len(set(places)) == len(places)
