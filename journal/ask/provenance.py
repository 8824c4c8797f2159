"""Where a file came from: the step that made it, found by content, and the chain down to recordings and data.

A copy is the same file wherever it lies and whatever it is called now. An edited picture or sound is compared with
those that steps made, and the nearest is named with how much differs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.api.models import content_digest
from journal.api.report_file import StepReport
from journal.ask.why import has_recipe, read_recipe
from journal.errors import JournalError, UsageError
from journal.layout import day_of_step
from journal.plan.parts import PartKind, load_parts
from journal.record import Record, reports_below

_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
_SOUNDS = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REFERENCE = re.compile(r"\$\{(?!day-\d)")
_SIDE = 16
"""Pictures are first compared as thumbnails of so many pixels a side, so that a resized copy is found."""
_LEAST_DB, _LEAST_CORRELATION = 14.0, 0.8
"""Below these a picture or a sound is another one rather than an edited copy."""
_DEEPEST = 12


@dataclass(frozen=True)
class Origin:
    """A file of a step's result, and how a file in hand differs from it."""

    report: StepReport
    name: str
    difference: str = ""
    """Empty where the content is the same."""

    @property
    def day(self) -> int:
        return day_of_step(self.report.folder) or 0

    @property
    def step(self) -> str:
        return f"{self.day}.{self.report.step}"


def explain_file(path: Path, record: Record) -> list[str] | None:
    """Return lines on where a file came from, or None where no step made it or anything like it."""
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; give one that a step made")
    reports = list(reports_below(record.workspace.entries))
    digest = content_digest(path)
    same = [Origin(one, name) for one in reports for name, other in _artifacts(one).items() if other == digest]
    if same:
        return [line for origin in same[:1] for line in _lines(origin, record)] + _also(same[1:])
    if used := _uses(digest, reports):
        return used
    alike = _most_alike(path, reports)
    return _lines(alike, record) if alike else None


def step_of_file(path: Path, record: Record) -> tuple[str, dict[str, Any]]:
    """Return the task and parameters that made a file: those of the recipe inside it, or of the step that made it.

    References to other steps of its entry name the day. Raises ``UsageError`` where neither is known.
    """
    if has_recipe(path):
        recipe = read_recipe(path)
        return str(recipe["task"]), dict(recipe["parameters"])
    digest = content_digest(path)
    for report in reports_below(record.workspace.entries):
        if digest in _artifacts(report).values():
            return report.task, _with_day(dict(report.data.get("parameters") or {}), Origin(report, "").day)
    raise UsageError(f"{path}: it holds no recipe, and no step whose report is here made it; give a file of a step")


def _with_day(value: Any, day: int) -> Any:
    """Return a parameter's value with the day in each reference to a step: ``${day-133.clips.metadata}``."""
    if isinstance(value, str):
        return _REFERENCE.sub(f"${{day-{day}.", value)
    if isinstance(value, dict):
        return {name: _with_day(part, day) for name, part in value.items()}
    return [_with_day(part, day) for part in value] if isinstance(value, list) else value


def difference(picture: Path, again: Path) -> str:
    """Return in words how a picture differs from the one made again of its recipe; empty for the same bytes."""
    if content_digest(picture) == content_digest(again):
        return ""
    return _compare_pictures(picture, again)[1] or "it shows something else"


def _artifacts(report: StepReport) -> dict[str, str]:
    return {str(name): str(digest) for name, digest in (report.data.get("artifacts") or {}).items()}


def _also(others: list[Origin]) -> list[str]:
    return [f"also made by {one.step}: {one.name}" for one in others]


def _uses(digest: str, reports: list[StepReport]) -> list[str]:
    """Return lines on the steps that read a file with this content as an input."""
    found = []
    for report in reports:
        for part, state in load_parts(report.depends_on).items():
            if part.kind == PartKind.INPUT and state == digest:
                found.append(f"an input, {part.name}, of {day_of_step(report.folder)}.{report.step} ({report.task})")
    return found


def _lines(origin: Origin, record: Record) -> list[str]:
    report = origin.report
    shown = record.workspace.display_path(report.folder / origin.name)
    first = f"{shown}, made by {origin.step} ({report.task})"
    lines = [f"an edited copy of {first}: {origin.difference}" if origin.difference else first]
    lines += [f"  {name}: {_short(value)}" for name, value in (report.data.get("parameters") or {}).items()]
    parts = load_parts(report.depends_on)
    lines += [f"  {part}: {state}" for part, state in parts.items() if part.kind in (PartKind.SEED, PartKind.VERSION)]
    lines += [f"  {line}" for line in _made(report)]
    tree = list(_tree(report, record, 1, set()))
    return [*lines, *(["came from", *tree] if tree else [])]


def _made(report: StepReport) -> Iterator[str]:
    made: dict[str, Any] = dict(report.data.get("made") or {})
    if made.get("python"):
        libraries = ", ".join(f"{name} {version}" for name, version in report.libraries.items())
        yield f"made with Python {made['python']}{f', {libraries}' if libraries else ''}"
    machine = made.get("machine")
    if isinstance(machine, dict):
        yield f"on {', '.join(str(value) for value in machine.values() if value)}"


def _tree(report: StepReport, record: Record, depth: int, known: set[str]) -> Iterator[str]:
    """Yield the inputs, models and results that a step's result depends on, each with its own below it."""
    indent = "  " * depth
    for part, state in load_parts(report.depends_on).items():
        if part.kind in (PartKind.INPUT, PartKind.MODEL):
            yield f"{indent}{part}, {f'sha256 {state[:16]}' if _SHA256.fullmatch(state) else state}"
        elif part.kind == PartKind.OUTPUT and depth < _DEEPEST:
            step = part.name.rpartition(".")[0]
            if step in known:
                continue
            known.add(step)
            yield f"{indent}{part.name}"
            if other := _report_of(step, report, record):
                yield from _tree(other, record, depth + 1, known)


def _report_of(step: str, report: StepReport, record: Record) -> StepReport | None:
    """Return the report of ``clips`` or ``day-132.clips`` as a step's report speaks of it."""
    first, dot, rest = step.partition(".")
    day = int(first.removeprefix("day-")) if dot and first.startswith("day-") else day_of_step(report.folder)
    with suppress(JournalError, ValueError):
        if day is not None:
            return record.find(record.entry(day), rest if dot else step)
    return None


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _most_alike(path: Path, reports: list[StepReport]) -> Origin | None:
    """Return the picture or sound of a step that a file was most likely made of, or None."""
    suffix = path.suffix.lower()
    kinds = next((kinds for kinds in (_PICTURES, _SOUNDS) if suffix in kinds), None)
    if kinds is None:
        return None
    best: tuple[float, Origin] | None = None
    for report in reports:
        for name in _artifacts(report):
            other = report.folder / name
            if Path(name).suffix.lower() in kinds and other.is_file():
                with suppress(OSError, ValueError, RuntimeError, ImportError, SyntaxError):
                    compare = _compare_pictures if kinds is _PICTURES else _compare_sounds
                    likeness, words = compare(path, other)
                    if words and (best is None or likeness > best[0]):
                        best = (likeness, Origin(report, name, words))
    return best[1] if best else None


def _compare_pictures(one: Path, other: Path) -> tuple[float, str]:
    """Return how alike two pictures are in dB as thumbnails, and in words what differs; none where they are others."""
    from PIL import Image, ImageChops, ImageStat

    with Image.open(one) as first, Image.open(other) as second:
        a, b = first.convert("RGB"), second.convert("RGB")
    small = [picture.resize((_SIDE, _SIDE), Image.Resampling.BOX) for picture in (a, b)]
    error = sum(ImageStat.Stat(ImageChops.difference(*small)).sum2) / (3 * _SIDE**2)
    decibels = 10 * math.log10(255**2 / error) if error else 99.0
    if decibels < _LEAST_DB:
        return decibels, ""
    if a.size != b.size:
        return decibels, f"{b.width} × {b.height} pixels → {a.width} × {a.height}"
    changed = ImageChops.difference(a, b).convert("L").point(lambda value: 255 if value else 0)
    share = ImageStat.Stat(changed).mean[0] / 255
    return decibels, f"{100 * share:.2g} % of its pixels differ" if share else "the same pixels in another file"


def _compare_sounds(one: Path, other: Path) -> tuple[float, str]:
    """Return the correlation of two sounds, and in words what differs; none where they are others."""
    import numpy as np
    import soundfile

    (a, rate), (b, other_rate) = (soundfile.read(path, always_2d=True) for path in (one, other))
    first, second = a.mean(axis=1), b.mean(axis=1)
    if rate != other_rate or not len(first) or not len(second):
        return 0.0, ""
    size = 1 << (len(first) + len(second)).bit_length()
    spectrum = np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size))
    peak = float(np.abs(np.fft.irfft(spectrum, size)).max())
    shorter = min((first, second), key=len)
    longer_energy = float((max((first, second), key=len) ** 2).sum())
    norm = math.sqrt(float((shorter**2).sum()) * max(longer_energy, 1e-30))
    correlation = peak / norm if norm else 0.0
    if correlation < _LEAST_CORRELATION:
        return correlation, ""
    if len(first) != len(second):
        return correlation, f"{len(second) / rate:.2f} s → {len(first) / rate:.2f} s"
    return correlation, "the same samples in another file" if np.array_equal(a, b) else "its samples differ"
