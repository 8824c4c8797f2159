"""The year in numbers: what was written when, and the ledgers with their goals, as of a day."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import NormalDist, stdev
from typing import Any

from journal.api.numbers import format_number
from journal.record import Record
from journal.record.ledger import Ledger
from journal.text.entry import Entry
from journal.text.workspace import Workspace

_GENERATED = re.compile(r"<!--\s*journal:([\w-]+)\s*-->.*?<!--\s*/journal:\1[^>]*-->|<!--.*?-->", re.DOTALL)
_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_SHADES = "·░▒▓█"
"""No entry, and entries by quarters of their lengths."""
_CONFIDENCE = 0.8
_FEWEST_DAYS = 3
"""Below so many days no range is told."""
_LONGEST_LIST = 8


@dataclass(frozen=True)
class Forecast:
    """When a goal will be reached if it goes on like this."""

    per_day: float
    """The mean over all days from the first that added something."""
    day: int
    earliest: int | None = None
    latest: int | None = None
    """The ends of the range that holds it four times in five; None where that isn't known, or never."""


@dataclass(frozen=True)
class Year:
    """What was written."""

    days: list[int]
    gaps: list[tuple[int, int]]
    """Days without an entry, from and to, between the first and the last."""
    longest: tuple[int, int]
    """The first and the last day of the longest streak."""
    current: int
    """How many days the streak has lasted that ends with the last entry."""
    words: dict[int, int]
    """The author's own words of each day."""
    categories: dict[str, int]
    projects: dict[str, int]


def forecast(ledger: Ledger, as_of: int) -> Forecast | None:
    """Return when a ledger's goal will be reached, or None where it has none, nothing adds to it, or it is reached."""
    days = [day for day in ledger.by_day if day <= as_of]
    reached = ledger.until(as_of)
    if ledger.goal is None or not days or reached >= ledger.goal:
        return None
    amounts = [ledger.by_day.get(day, 0.0) for day in range(min(days), as_of + 1)]
    if sum(amounts) <= 0:
        return None
    rate, rest = sum(amounts) / len(amounts), ledger.goal - reached
    if len(amounts) < _FEWEST_DAYS:
        return Forecast(rate, as_of + math.ceil(rest / rate))
    spread = NormalDist().inv_cdf((1 + _CONFIDENCE) / 2) * stdev(amounts) / math.sqrt(len(amounts))
    slow = rate - spread
    return Forecast(
        rate,
        as_of + math.ceil(rest / rate),
        as_of + math.ceil(rest / (rate + spread)),
        as_of + math.ceil(rest / slow) if slow > 0 else None,
    )


def ledger_line(ledger: Ledger, as_of: int, workspace: Workspace) -> str:
    """Return where a ledger stands on a day, and when its goal will be reached at its rate."""
    sentence, ahead = ledger.sentence(as_of), forecast(ledger, as_of)
    if ahead is None:
        return sentence
    when = workspace.date_of(ahead.day)
    said = f"{sentence}; at {format_number(ahead.per_day)} {ledger.unit} a day its goal is reached on day {ahead.day}"
    said += f" ({when})" if when else ""
    if ahead.earliest is not None:
        late = f"day {ahead.latest}" if ahead.latest is not None else "never"
        said += f", or between day {ahead.earliest} and {late}"
    return said


def describe_ledger(ledger: Ledger, as_of: int) -> dict[str, Any]:
    """Return a ledger as plain data: as of a day, and by day up to it."""
    ahead = forecast(ledger, as_of)
    return {
        "name": ledger.name,
        "unit": ledger.unit,
        "as_of": as_of,
        "total": ledger.until(as_of),
        "goal": ledger.goal,
        "start": ledger.start,
        "by_day": {str(day): amount for day, amount in ledger.by_day.items() if day <= as_of},
        "forecast": asdict(ahead) if ahead else None,
    }


def read_year(record: Record, as_of: int | None = None) -> Year | None:
    """Return what was written up to a day, leaving out drafts and entries that can't be read; None if nothing was."""
    entries = [one for one in record.readable_entries()[0] if not one.draft and (as_of is None or one.day <= as_of)]
    if not entries:
        return None
    days = sorted({entry.day for entry in entries})
    streaks = list(_streaks(days))
    gaps = [(first[1] + 1, second[0] - 1) for first, second in pairwise(streaks)]
    longest = max(streaks, key=lambda streak: streak[1] - streak[0])
    last = streaks[-1]
    words = {entry.day: _words(entry) for entry in entries}
    categories = Counter(name for entry in entries for name in entry.categories)
    projects = Counter(name for entry in entries for name in entry.projects)
    current = last[1] - last[0] + 1
    return Year(days, gaps, longest, current, words, dict(categories.most_common()), dict(projects.most_common()))


def year_lines(year: Year, workspace: Workspace) -> list[str]:
    """Return a year in words, with a heat map where day 1 has a date."""
    first, last = year.days[0], year.days[-1]
    total = sum(year.words.values())
    lines = [
        f"{len(year.days)} {_plural('day', len(year.days))} written, {first} to {last}",
        f"streak: {year.current}; the longest {year.longest[1] - year.longest[0] + 1}, "
        f"day {year.longest[0]} to {year.longest[1]}",
    ]
    if year.gaps:
        shown = ", ".join(f"{one}" if one == other else f"{one} to {other}" for one, other in year.gaps[:_LONGEST_LIST])
        more = f" and {len(year.gaps) - _LONGEST_LIST} more" if len(year.gaps) > _LONGEST_LIST else ""
        missing = sum(other - one + 1 for one, other in year.gaps)
        lines.append(f"{missing} {_plural('day', missing)} without an entry: {shown}{more}")
    lines.append(f"{total:,} words, {total / len(year.days):.0f} a day")
    for what, counted in (("categories", year.categories), ("projects", year.projects)):
        if counted:
            named = [f"{name} {count}" for name, count in list(counted.items())[:_LONGEST_LIST]]
            lines.append(f"{what}: {', '.join(named)}")
    return [*lines, *(["", *heat_map(year, workspace)] if workspace.day_1 else [])]


def heat_map(year: Year, workspace: Workspace) -> Iterator[str]:
    """Yield a line for each day of the week, with a sign for each week of the last year, darker for more words."""
    dated = {workspace.date_of(day): count for day, count in year.words.items()}
    known = {when: count for when, count in dated.items() if when is not None}
    last = max(known)
    monday = last - timedelta(days=last.weekday())
    begin = max(min(known) - timedelta(days=min(known).weekday()), monday - timedelta(weeks=52))
    limits = quarters([count for when, count in known.items() if when >= begin])
    weeks = (monday - begin).days // 7 + 1
    for weekday, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")):
        signs = (_sign(begin + timedelta(weeks=week, days=weekday), known, limits, last) for week in range(weeks))
        yield f"{name} {''.join(signs)}".rstrip()


def _sign(when: date, words: dict[date, int], limits: Sequence[int], last: date) -> str:
    if when not in words:
        return _SHADES[0] if min(words) <= when <= last else " "
    return _SHADES[1 + sum(words[when] > limit for limit in limits)]


def quarters(counts: Sequence[int]) -> list[int]:
    """Return the three lengths that part entries into quarters."""
    ordered = sorted(counts)
    return [ordered[(len(ordered) - 1) * part // 4] for part in (1, 2, 3)]


def _streaks(days: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = previous = days[0]
    for day in days[1:]:
        if day != previous + 1:
            yield first, previous
            first = day
        previous = day
    yield first, previous


def _words(entry: Entry) -> int:
    return len(_WORD.findall(_GENERATED.sub(" ", entry.body)))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
