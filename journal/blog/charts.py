"""Charts that pages draw themselves: how a ledger grows towards its goal, and the days of a year with an entry."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import accumulate

from journal.api.numbers import format_number
from journal.ask.stats import Forecast, forecast, quarters
from journal.record.ledger import Ledger

_WIDTH, _HEIGHT = 1000, 300
_FARTHEST = 3
"""A goal more than so many times the days, or the amount, so far ahead isn't drawn, or these would be a dot."""
_CLEAR = 30
"""How far from both ends a label has to stand, in percent, to have room on a phone."""
_FEWEST_DAYS = 7
_CELL, _GAP = 10, 2


def burn_up(ledger: Ledger, as_of: int) -> str:
    """Return a chart of a ledger up to a day, with its goal and where it leads; nothing before its second day.

    Labels are text beside the drawing, so that they keep their size on a phone.
    """
    days = [day for day in ledger.by_day if day <= as_of]
    if len(days) < 2:
        return ""
    first, ahead = min(days) - 1, forecast(ledger, as_of)
    is_near = ahead is not None and ahead.day - as_of <= _FARTHEST * (as_of - first)
    last = ahead.day if ahead and is_near else as_of
    goal = ledger.goal if ledger.goal and (is_near or ledger.total * _FARTHEST >= ledger.goal) else None
    top = max(ledger.total, goal or 0.0) or 1.0

    def point(day: float, amount: float) -> str:
        return f"{_WIDTH * (day - first) / (last - first):.1f},{_HEIGHT * (1 - amount / top):.1f}"

    span = range(first, as_of + 1)
    sums = list(accumulate(ledger.by_day.get(day, ledger.start if day == first else 0.0) for day in span))
    steps = [point(first, ledger.start)]
    for day, before, after in zip(span[1:], sums, sums[1:], strict=False):
        steps += [point(day, before), point(day, after)] if after != before else []
    steps.append(point(as_of, sums[-1]))
    area = " ".join([*steps, point(as_of, 0), point(first, 0)])
    drawn = [f'<polygon class="grown" points="{area}"/>', f'<polyline class="sum" points="{" ".join(steps)}"/>']
    if goal:
        drawn.append(f'<polyline class="goal" points="{point(first, goal)} {point(last, goal)}"/>')
    if ahead and is_near and goal:
        drawn += _ahead(ahead, as_of, last, sums[-1], goal, point)
    scale = f"{format_number(top, None if top == goal else 2)} {ledger.unit}".rstrip()
    label = html.escape(f"{ledger.sentence(as_of)}, by day", quote=True)
    labels = f"<span>Day {min(days)}</span>"
    if last > as_of:
        place = 100 * (as_of - first) / (last - first)
        if place >= _CLEAR and place <= 100 - _CLEAR:  # else it would stand in another's place
            labels += f'<span style="left: {place:.1f}%">Day {as_of}</span>'
        labels += f"<span>goal on day {last}</span>"
    else:
        labels += f"<span>Day {as_of}</span>"
    return (
        f'<figure class="burn-up">\n<p>{html.escape(scale)}</p>\n'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{''.join(drawn)}</svg>\n<p>{labels}</p>\n</figure>\n"
    )


def _ahead(
    ahead: Forecast, as_of: int, last: int, reached: float, goal: float, point: Callable[[float, float], str]
) -> list[str]:
    """Return the way to the goal at the rate so far, and between the ends of its range."""
    found = [f'<polyline class="ahead" points="{point(as_of, reached)} {point(last, goal)}"/>']
    if ahead.earliest is not None:
        slow = (goal - reached) / (ahead.latest - as_of) if ahead.latest else 0.0
        corners = [
            point(as_of, reached), point(max(ahead.earliest, as_of), goal), point(last, goal),
            point(last, reached + slow * (last - as_of)),
        ]  # fmt: skip
        found.insert(0, f'<polygon class="range" points="{" ".join(corners)}"/>')
    return found


def year_map(words: Mapping[date, int]) -> str:
    """Return a year's days as squares, a column a week, darker the more was written; nothing for a few days.

    ``words`` are the words of each day that has an entry, all of one year.
    """
    if len(words) < _FEWEST_DAYS:
        return ""
    year = min(words).year
    begin = date(year, 1, 1) - timedelta(days=date(year, 1, 1).weekday())
    limits = quarters(list(words.values()))
    cells = []
    for number in range((date(year, 12, 31) - begin).days + 1):
        when = begin + timedelta(days=number)
        if when.year == year:
            shade = 1 + sum(words[when] > limit for limit in limits) if when in words else 0
            x, y = number // 7 * (_CELL + _GAP), number % 7 * (_CELL + _GAP)
            cells.append(f'<rect class="shade-{shade}" x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" rx="2"/>')
    weeks = ((date(year, 12, 31) - begin).days // 7) + 1
    size = f"{weeks * (_CELL + _GAP) - _GAP} {7 * (_CELL + _GAP) - _GAP}"
    label = f"{len(words)} days of {year} with an entry, darker for more words"
    return f'<svg class="year" viewBox="0 0 {size}" role="img" aria-label="{label}">{"".join(cells)}</svg>\n'
