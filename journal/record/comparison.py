"""Two results of one step compared: byte for byte, and where bytes differ, by what they hold.

Another processor or another version of a library may round the last digits otherwise. How much of that is "within
tolerance" is fixed for each kind of content, and told with each comparison.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Any

from journal.api.report_file import StepReport
from journal.errors import StoreError

NUMBER_TOLERANCE = 1e-9
"""Relative: about a hundred thousand times the spacing of float64."""
PICTURE_DB, SOUND_TOLERANCE, WEIGHT_TOLERANCE = 50.0, 1e-4, 1e-5
"""Peak signal-to-noise ratio; share of full scale; share of a tensor's largest weight."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LONGEST = 60
_TEXTS = {".csv", ".json", ".jsonl", ".svg", ".txt", ".md", ".yml", ".yaml", ".tsv", ".html"}
_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
_SOUNDS = {".wav", ".flac", ".ogg", ".opus", ".mp3"}


class Likeness(StrEnum):
    """How alike two contents are, best first."""

    IDENTICAL = "identical"
    WITHIN = "within tolerance"
    MOVED = "moved"


@dataclass(frozen=True)
class Compared:
    """How one thing of a step's result compares with the same of another run."""

    name: str
    likeness: Likeness
    detail: str = ""
    """By how much it differs, or why that can't be said."""


def compare_steps(old: StepReport, new: StepReport) -> list[Compared]:
    """Compare the files and what the report shows, each under its name; files may be gone that ``old`` lists."""
    return [*_compare_files(old, new), *_compare_reports(old, new)]


def _compare_files(old: StepReport, new: StepReport) -> Iterator[Compared]:
    before, after = (dict(one.data.get("artifacts") or {}) for one in (old, new))
    for name in sorted({*before, *after}):
        if name not in after:
            yield Compared(name, Likeness.MOVED, "it is not made any more")
        elif name not in before:
            yield Compared(name, Likeness.MOVED, "it was not made before")
        elif before[name] == after[name]:
            yield Compared(name, Likeness.IDENTICAL)
        else:
            yield Compared(name, *_compare_contents(old.folder / name, new.folder / name))


def _compare_contents(old: Path, new: Path) -> tuple[Likeness, str]:
    """Compare two files that differ, by the kind of content that their name tells."""
    if not old.is_file():
        return Likeness.MOVED, "other bytes, and the former file is not here to compare"
    compare = _COMPARERS.get(new.suffix.lower())
    if compare is None:
        return Likeness.MOVED, "other bytes"
    try:
        return compare(old, new)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        return Likeness.MOVED, f"other bytes ({str(error).splitlines()[0] if str(error) else type(error).__name__})"


def _compare_texts(old: Path, new: Path) -> tuple[Likeness, str]:
    one, other = (path.read_text(encoding="utf-8") for path in (old, new))
    if _NUMBER.sub("0", one) != _NUMBER.sub("0", other):
        return Likeness.MOVED, "its words differ"
    pairs = [(a, b) for a, b in zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True) if a != b]
    moved = [(a, b) for a, b in pairs if not _is_last_digit(a, b)]
    if moved:
        return Likeness.MOVED, f"{len(moved)} of its numbers differ, the first {moved[0][0]} → {moved[0][1]}"
    return Likeness.WITHIN, f"{len(pairs)} of its numbers differ in the last digit"


def _is_last_digit(one: str, other: str) -> bool:
    """Return whether two written numbers differ by no more than a unit of the last digit written."""
    a, b = float(one), float(other)
    places = min(_places(one), _places(other))
    return _is_close(a, b) or (places > 0 and abs(a - b) <= 1.01 * 10.0**-places)


def _places(text: str) -> int:
    mantissa, _, exponent = text.lower().partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)


def _compare_pictures(old: Path, new: Path) -> tuple[Likeness, str]:
    from PIL import Image, ImageChops, ImageStat

    with Image.open(old) as one, Image.open(new) as other:
        if one.size != other.size:
            return Likeness.MOVED, f"{one.width} × {one.height} pixels → {other.width} × {other.height}"
        squares = ImageStat.Stat(ImageChops.difference(one.convert("RGBA"), other.convert("RGBA"))).sum2
        error = sum(squares) / (4 * one.width * one.height)
    if not error:
        return Likeness.WITHIN, "the same pixels"
    decibels = 10 * math.log10(255**2 / error)
    return (Likeness.WITHIN if decibels >= PICTURE_DB else Likeness.MOVED), f"{decibels:.1f} dB alike"


def _compare_sounds(old: Path, new: Path) -> tuple[Likeness, str]:
    import numpy as np
    import soundfile

    (one, rate), (other, rate_now) = (soundfile.read(path, always_2d=True) for path in (old, new))
    if rate != rate_now or one.shape != other.shape:
        return Likeness.MOVED, f"{len(one) / rate:.3f} s → {len(other) / rate_now:.3f} s"
    largest = float(np.abs(one - other).max(initial=0.0))
    if not largest:
        return Likeness.WITHIN, "the same samples"
    likeness = Likeness.WITHIN if largest <= SOUND_TOLERANCE else Likeness.MOVED
    return likeness, f"samples differ by up to {largest:.2g} of full scale"


def _compare_weights(old: Path, new: Path) -> tuple[Likeness, str]:
    from safetensors import safe_open

    with safe_open(old, "pt") as one, safe_open(new, "pt") as other:
        if {*one.keys()} != {*other.keys()}:
            return Likeness.MOVED, "its tensors have other names"
        largest = max((_share(one.get_tensor(name), other.get_tensor(name)) for name in one.keys()), default=0.0)  # noqa: SIM118
    likeness = Likeness.WITHIN if largest <= WEIGHT_TOLERANCE else Likeness.MOVED
    return likeness, f"weights differ by up to {largest:.2g} of the largest"


def _share(one: Any, other: Any) -> float:
    """Return the largest difference of two tensors as a share of the largest value."""
    if one.shape != other.shape:
        return math.inf
    if not one.numel():
        return 0.0
    largest = float(one.double().abs().max())
    return float((one.double() - other.double()).abs().max()) / (largest or 1.0)


_COMPARERS: Mapping[str, Callable[[Path, Path], tuple[Likeness, str]]] = {
    **dict.fromkeys(_TEXTS, _compare_texts),
    **dict.fromkeys(_PICTURES, _compare_pictures),
    **dict.fromkeys(_SOUNDS, _compare_sounds),
    ".safetensors": _compare_weights,
}


def _compare_reports(old: StepReport, new: StepReport) -> Iterator[Compared]:
    """Compare what the reports show: numbers by their names, and all else as words."""
    before, after = _numbers(old), _numbers(new)
    for name in before:
        if name in after:
            yield Compared(name, *_compare_numbers(before[name], after[name]))
    for name in sorted({*before} ^ {*after}):
        yield Compared(name, Likeness.MOVED, "it is no longer shown" if name in before else "it was not shown before")
    said, now_said = ([*_strings(one.data.get("items"))] for one in (old, new))
    others = [(a, b) for a, b in zip_longest(said, now_said, fillvalue="") if _wordy(a) != _wordy(b)]
    if others:
        yield Compared(
            "the words of the report", Likeness.MOVED, f"first {_short(others[0][0])} → {_short(others[0][1])}"
        )


def _numbers(report: StepReport) -> dict[str, float]:
    """Return the numbers that a report shows, a name that comes again with a count."""
    found = dict[str, float]()
    with suppress(StoreError):
        for item in report.report.items:
            for number in item.numbers():
                name = " ".join((*number.names, number.title)).strip()
                again = sum(1 for known in found if known == name or known.startswith(f"{name} #"))
                found[f"{name} #{again + 1}" if again else name] = float(number.number.value)
    return found


def _compare_numbers(old: float, new: float) -> tuple[Likeness, str]:
    if old == new or (math.isnan(old) and math.isnan(new)):
        return Likeness.IDENTICAL, ""
    return (Likeness.WITHIN if _is_close(old, new) else Likeness.MOVED), f"{old:.17g} → {new:.17g}"


def _is_close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=NUMBER_TOLERANCE, abs_tol=NUMBER_TOLERANCE * NUMBER_TOLERANCE)


def _wordy(text: str) -> str:
    """Return a text without its numbers, which are compared by their values."""
    return _NUMBER.sub("0", text)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return f"“{plain[:_LONGEST]}…”" if len(plain) > _LONGEST else f"“{plain}”"


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for part in data.values():
            yield from _strings(part)
    elif isinstance(data, list):
        for part in data:
            yield from _strings(part)
