"""Verdicts on pictures: what an author thinks of some that stand beside entries, with what was tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from journal import Gallery, Image, Record, Report, Trial, UsageError, Verdict, picture_digest

_NAMED = "name one beside an entry, entries/DATE-day-N/STEP/FILE.png"


def give_verdict(
    pictures: Sequence[Path], verdict: str, word: str, record: Record, waiting: Callable[[str], None]
) -> list[int]:
    """Write a verdict on pictures that stand beside entries; returns their days. Raises UsageError, writes all or none.

    What was tried is noted with it, so that the try counts also when its picture has given way to another.
    ``waiting`` hears who else is giving verdicts just now.
    """
    if verdict not in Verdict.WORDS:
        raise UsageError(f"'{verdict}' is no verdict; say kept or failed, and --word why")
    given: dict[Path, list[Verdict]] = {}
    days = {path: day for day, path in record.days().items()}
    for picture in pictures:
        entry, place = _entry_of(picture, days, record)
        given.setdefault(entry, []).append(_about(picture, entry, place, Verdict(place, verdict, _word(word)), record))
    record.add_verdicts(given, waiting)
    return [days[entry] for entry in given]


def _word(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("--word is no text in UTF-8; say it in other letters") from error
    return " ".join(text.split())


def _entry_of(picture: Path, days: Iterable[Path], record: Record) -> tuple[Path, str]:
    """Return the entry that a picture stands beside, and its place there."""
    if not picture.is_file():
        raise UsageError(f"{picture}: no such picture; {_NAMED}")
    absolute = picture.resolve()
    for entry in days:
        home = record.artifacts(entry).resolve()
        if absolute.is_relative_to(home) and len(absolute.relative_to(home).parts) > 1:
            return entry, absolute.relative_to(home).as_posix()
    raise UsageError(f"{picture}: stands beside no entry of this journal; {_NAMED}")


def _about(picture: Path, entry: Path, place: str, verdict: Verdict, record: Record) -> Verdict:
    """Return a verdict with what a report tells of its picture."""
    step, _, path = place.partition("/")
    found = next((one for one in record.steps(entry) if one.step == step), None)
    shown = list(_pictures_of(found.report)) if found else []
    if not any(one.path == path for one in shown):
        raise UsageError(f"{picture}: is no picture that a step's report shows; {_NAMED}")
    trial = next((one for one in shown if isinstance(one, Trial) and one.path == path), None)
    given = replace(verdict, digest=picture_digest(picture))
    return replace(given, prompt=trial.prompt, model=trial.model, seed=trial.seed) if trial else given


def _pictures_of(report: Report) -> Iterator[Image | Trial]:
    for item in report.items:
        if isinstance(item, Gallery):
            yield from item.pictures
        elif isinstance(item, Image | Trial):
            yield item
