"""What a table's user should know: columns that only count, codes for missing cells, columns that hardly vary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_CODES = (-9999, -999, -99, -98, -9, 88, 98, 99, 888, 998, 999, 9999)
_MOST_POINTS = 7
_HARDLY = 0.98
_ENOUGH_ROWS = 20


@dataclass(frozen=True)
class Note:
    """Something about a table's columns that its user may not expect."""

    kind: str
    """``index``, ``codes``, ``nearly constant``, or ``few points``."""
    text: str
    columns: tuple[str, ...] = ()


def notes_on(rows: np.ndarray[Any, Any], names: Sequence[str]) -> list[Note]:
    """Look at rows (n, columns) of a table, all or the first many, and return what its user should be told."""
    return [*_counting(rows, names), *_codes(rows, names), *_constant(rows, names), *_few_points(rows, names)]


def looks_like_correlations(rows: np.ndarray[Any, Any]) -> bool:
    """Return whether rows (n, columns) are a symmetric matrix with ones on its diagonal."""
    import numpy as np

    if len(rows) < 2 or rows.shape[0] != rows.shape[1]:
        return False
    is_one = np.allclose(np.diag(rows), 1, rtol=0, atol=1e-9) and bool((np.abs(rows) <= 1 + 1e-9).all())
    return is_one and np.allclose(rows, rows.T, rtol=0, atol=1e-6)


def _counting(rows: np.ndarray[Any, Any], names: Sequence[str]) -> Iterator[Note]:
    import numpy as np

    if len(rows) < _ENOUGH_ROWS:
        return
    for place, name in enumerate(names):
        if bool((np.diff(rows[:, place]) == 1).all()):
            text = f"{name} only counts the rows (from {rows[0, place]:g} on); leave it out of columns"
            yield Note("index", text, (name,))


def _codes(rows: np.ndarray[Any, Any], names: Sequence[str]) -> Iterator[Note]:
    """Yield a note on values such as -999 that lie far from all others of their column."""
    import numpy as np

    for place, name in enumerate(names):
        column = rows[:, place]
        column = column[np.isfinite(column)]
        others = column[~np.isin(column, _CODES)]
        if not len(others) or len(others) == len(column):
            continue
        low, high = float(others.min()), float(others.max())
        reach = 3 * max(high - low, 1.0)
        for code in (one for one in _CODES if (column == one).any() and not low - reach <= one <= high + reach):
            count = int((column == code).sum())
            times = "once" if count == 1 else f"{count} times"
            text = (
                f"{name} is {code} {times} and else between {low:g} and {high:g}: say absent: [{code}] if it is a code"
            )
            yield Note("codes", text, (name,))


def _constant(rows: np.ndarray[Any, Any], names: Sequence[str]) -> Iterator[Note]:
    import numpy as np

    if len(rows) < _ENOUGH_ROWS:
        return
    for place, name in enumerate(names):
        values, counts = np.unique(rows[:, place], return_counts=True)
        if len(values) > 1 and counts.max() >= _HARDLY * len(rows):
            share = 100 * counts.max() / len(rows)
            text = f"{name} is {values[counts.argmax()]:g} in {share:.1f} % of the rows"
            yield Note("nearly constant", text, (name,))


def _few_points(rows: np.ndarray[Any, Any], names: Sequence[str]) -> Iterator[Note]:
    import numpy as np

    found = []
    for place, name in enumerate(names):
        values = np.unique(rows[:, place][np.isfinite(rows[:, place])])
        if len(rows) >= _ENOUGH_ROWS and 2 <= len(values) <= _MOST_POINTS and bool((values == np.round(values)).all()):
            found.append((name, len(values)))
    if found:
        fewest, most = min(count for _, count in found), max(count for _, count in found)
        points = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        who = ", ".join(name for name, _ in found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
        yield Note("few points", f"{who}: {points} different values", tuple(name for name, _ in found))
