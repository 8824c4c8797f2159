"""How a typed number differs from a true one: by a factor of ten, a digit, its rounding, its sign, its unit."""

from __future__ import annotations

from enum import StrEnum

from journal.api.numbers import Number, format_number
from journal.ask.prose.numerals import SECONDS, Numeral, Reading

_NEAR = 0.1
_EXACT = 1 + 1e-9


class Slip(StrEnum):
    """Kinds of slips."""

    FACTOR = "factor"
    DIGITS = "digits"
    ROUNDING = "rounding"
    SIGN = "sign"
    UNIT = "unit"
    NEIGHBOUR = "neighbour"
    STALE = "stale"
    ORDER = "order"
    OTHER = "other"


def equals(typed: Numeral, unit: str, number: Number) -> bool:
    """Return whether a typed number is this one, in any unit it converts to, at the precision typed."""
    return any(_agrees(reading, value, digits) for value, digits in _forms(number, unit) for reading in typed.readings)


def find_slip(typed: Numeral, unit: str, number: Number) -> Slip | None:
    """Return how a typed number that isn't this one was probably meant to be it, or None."""
    known = unit in ("", "%", *SECONDS)
    same = (known and _agrees(reading, float(number.value), number.digits) for reading in typed.readings)
    if any(same) and (not _fits(unit, number) or (_converts(unit, number.unit) and unit != number.unit)):
        return Slip.UNIT
    forms = list(_forms(number, unit))
    least = 1 if unit else 2
    found = [_slip_of(reading, value, digits, least) for value, digits in forms for reading in typed.readings]
    return min((one for one in found if one), key=list(Slip).index, default=None) if found else None


def is_square(typed: Numeral, number: Number) -> bool:
    """Return whether a typed number is the square of this one as it is shown, as a share is of a loading."""
    shown = [round(float(number.value), digits) ** 2 for digits in {number.digits or 3, 2, 3, 4, 5}]
    return any(
        len(reading.figures) >= 3 and abs(reading.value / scale - one) <= reading.step / scale / 2 * _EXACT
        for reading in typed.readings
        for one in shown
        for scale in (1, 100)
    )


def told(typed: Numeral, unit: str, number: Number) -> str:
    """Write the true number in the unit typed, with as many digits as were typed, and three figures at least."""
    value, _ = next(iter(_forms(number, unit)), (float(number.value), None))
    shown = unit if _converts(unit, number.unit) or (unit == "%" and not number.unit) else number.unit
    if value == round(value) and typed.is_whole:
        return f"{round(value):,} {shown}".strip() if abs(value) >= 1e4 else f"{round(value)} {shown}".strip()
    decimals = max(0, -_exponent(typed.readings[-1].step))
    least = 2 - _exponent(abs(value)) if value else 0
    return f"{format_number(float(value), max(decimals, least, 0))} {shown}".strip()


def told_of(number: Number) -> str:
    """Write a number as its report shows it."""
    digits = 2 if number.digits is None else number.digits
    return f"{format_number(float(number.value), digits)} {number.unit}".strip()


def _forms(number: Number, unit: str) -> list[tuple[float, int | None]]:
    """Return the number as it would be typed in a unit, with its shown decimals; none where it can't be."""
    value = float(number.value)
    unit = "min" if unit == "m" and number.unit in SECONDS else unit
    if _converts(unit, number.unit):
        factor = SECONDS[number.unit] / SECONDS[unit]
        return [(value * factor, number.digits if factor == 1 else None)]
    if unit == number.unit:
        return [(value, number.digits)]
    if unit == "%" and not number.unit and abs(value) <= 1.5:
        return [(100 * value, None if number.digits is None else max(number.digits - 2, 0))]
    if not unit and number.unit == "%":
        return [(value / 100, None)] + ([(value, number.digits)] if abs(value) >= 1 else [])
    return [(value, number.digits)] if not unit else []


def _fits(unit: str, number: Number) -> bool:
    return bool(_forms(number, unit)) and not (not unit and number.unit == "%" and abs(float(number.value)) < 1)


def _converts(unit: str, other: str) -> bool:
    return unit in SECONDS and other in SECONDS


def _agrees(reading: Reading, value: float, digits: int | None) -> bool:
    """Return whether a reading is a value rounded as typed, or its shown form rounded again; the sign may be told."""
    shown = value if digits is None else round(value, digits)
    half = reading.step / 2 * _EXACT
    return any(min(abs(reading.value - one), abs(reading.value - abs(one))) <= half for one in (value, shown)) and (
        reading.value != 0 or abs(value) <= half
    )


def _slip_of(reading: Reading, value: float, digits: int | None, least: int) -> Slip | None:
    if not value or not reading.value:
        return None
    if _agrees(Reading(-reading.value, reading.step, reading.figures), value, digits):
        return Slip.SIGN
    if reading.figures and len(reading.figures.rstrip("0")) + (reading.step < 1) >= least:
        for power in (-3, -2, -1, 1, 2, 3):
            moved = Reading(reading.value * 10.0**power, reading.step * 10.0**power, reading.figures)
            if _agrees(moved, value, digits):
                return Slip.FACTOR
    if len(reading.figures) >= 2 and _is_misspelt(reading.figures, _leading(value, len(reading.figures))):
        return Slip.DIGITS
    close = abs(abs(reading.value) - abs(value)) <= max(_NEAR * abs(value), 1.5 * reading.step * (reading.step < 1))
    return Slip.ROUNDING if close and len(reading.figures) + (reading.step < 1) >= 2 else None


def _is_misspelt(typed: str, true: str) -> bool:
    """Return whether one digit of three or more was changed, or digits were swapped."""
    if len(typed) >= 3 and typed != true and sorted(typed) == sorted(true):
        return True
    wrong = [index for index, (one, other) in enumerate(zip(typed, true, strict=True)) if one != other]
    if len(wrong) == 1:
        return len(typed) >= 3
    swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1
    return swapped and typed[wrong[0]] == true[wrong[1]] and typed[wrong[1]] == true[wrong[0]]


def _leading(value: float, count: int) -> str:
    """Return the first ``count`` significant digits of a value, rounded."""
    return f"{abs(value):.{count - 1}e}".split("e")[0].replace(".", "")


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1])
