"""What the review page asks, and what it is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal import UsageError

from .day_run import DayRun
from .repeats import Repeats
from .sheet import ReviewSheet, SheetChangedError, parse_rows
from .track import BANDS, COLUMNS_PER_S, PEAKS_PER_S, Track
from .tracks import Tracks

_MOST_COLUMNS = 6000


@dataclass(frozen=True)
class Answer:
    """A response: its content, or the file that holds it."""

    content: bytes = b""
    kind: str = "application/octet-stream"
    code: int = 200
    file: Path | None = None

    @classmethod
    def of_text(cls, text: str, code: int) -> Answer:
        return cls(f"{text}\n".encode(), "text/plain; charset=utf-8", code)

    @classmethod
    def of_data(cls, data: Any, code: int = 200) -> Answer:
        return cls(json.dumps(data).encode(), "application/json", code)


@dataclass(frozen=True)
class Review:
    """All that the page is about: a step's sheet, its recordings, and the run that follows."""

    sheet: ReviewSheet
    tracks: Tracks
    run: DayRun
    title: str


def answer(review: Review, method: str, path: Sequence[str], asked: Mapping[str, str], body: Any) -> Answer:
    """Answer a request. Raises JournalError for what can't be done, ValueError and its like for nonsense."""
    match method, *path:
        case "GET", "sheet":
            return Answer.of_data(_sheet(review))
        case "POST", "sheet":
            return _save(review, body)
        case "GET", "run":
            return Answer.of_data({**review.run.state(), **_totals(review)})
        case "POST", "run":
            review.run.start()
            return Answer.of_data(review.run.state())
        case "DELETE", "run":
            review.run.stop()
            return Answer.of_data(review.run.state())
        case "GET", "track", name:
            return Answer.of_data(_track(review, name))
        case "GET", "track", name, part:
            return _part(_made(review, name).track, part, asked)
        case "POST", "track", name, "repeats":
            spans = [(float(start_s), float(end_s)) for start_s, end_s in body]
            return Answer.of_data(_made(review, name).find(spans))
    return Answer.of_text("there is nothing here", 404)


def _sheet(review: Review) -> dict[str, Any]:
    found = review.sheet.read()
    names = list(dict.fromkeys(row["cells"].get("recording", "") for row in found["rows"]))
    return {**found, **_totals(review), "title": review.title, "recordings": names, "step": review.run.step}


def _totals(review: Review) -> dict[str, Any]:
    """Return what the step's report says: its headline, and the seconds that it adds to ledgers."""
    record = review.sheet.record
    record.has_changed()
    step = record.find(record.read(review.sheet.entry), review.sheet.step)
    totals = [{"ledger": one.ledger, "value": one.value, "unit": one.unit} for one in step.totals] if step else []
    return {"headline": step.headline if step else "", "totals": totals}


def _save(review: Review, body: Any) -> Answer:
    try:
        review.sheet.write(parse_rows(body["rows"]), str(body["version"]))
    except SheetChangedError:
        return Answer.of_data(_sheet(review), 409)
    return Answer.of_data({"version": review.sheet.read()["version"]})


def _track(review: Review, name: str) -> dict[str, Any]:
    making = review.tracks.get(name)
    if making.made is None:
        return {"part": making.part, "problem": making.problem}
    rates = {"peaksPerSecond": PEAKS_PER_S, "columnsPerSecond": COLUMNS_PER_S, "bands": BANDS}
    return {"length": making.made.track.length_s, **rates}


def _made(review: Review, name: str) -> Repeats:
    """Return a recording's track and what is said again in it."""
    made = review.tracks.get(name).made
    if made is None:
        raise UsageError(f"the recording '{name}' isn't ready")
    return made


def _part(track: Track, part: str, asked: Mapping[str, str]) -> Answer:
    match part:
        case "sound.wav":
            return Answer(kind="audio/wav", file=track.sound)
        case "peaks":
            return Answer(track.peaks.read_bytes())
        case "spectrum":
            first, count = int(asked["from"]), int(asked["count"])
            if first < 0 or not 0 < count <= _MOST_COLUMNS:
                raise ValueError("no such stretch")
            with track.spectrum.open("rb") as stream:
                stream.seek(first * BANDS)
                return Answer(stream.read(count * BANDS))
    return Answer.of_text("there is nothing here", 404)
