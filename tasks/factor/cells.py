"""Cells of the report's tables: numbers with their precision, and words with numbers in them."""

from __future__ import annotations

from journal import Composite, Number


def chi_square_cell(text: str, chi_square: float, df: int, p_value: float) -> Composite:
    """Return a test's result; ``text`` has places for χ² and df, and the p-value is added."""
    p = Number(p_value, figures=3) if p_value < 0.001 else Number(p_value, digits=3)
    written = "p < 0.001" if p_value < 0.001 else "p = {p}"
    return Composite(f"{text}, {written}", {"χ²": Number(chi_square, digits=2), "df": Number(df), "p": p})


def rmsea_cell(rmsea: float, low: float | None, high: float | None, confidence: float) -> Number | Composite:
    """Return the RMSEA with its interval, where there is one."""
    point = Number(rmsea, digits=3)
    if low is None or high is None:
        return point
    ends = {"low": Number(low, digits=3), "high": Number(high, digits=3)}
    numbers = {"RMSEA": point, "confidence": Number(100 * confidence, "%", digits=0), **ends}
    return Composite("{RMSEA} ({confidence} from {low} to {high})", numbers)


def determinant_cell(determinant: float) -> Number | Composite:
    """Return a determinant to three figures; one that takes a power of ten stands at the left, as words do."""
    number = Number(determinant, figures=3)
    return Composite("{determinant}", {"determinant": number}) if "e" in str(number) else number
