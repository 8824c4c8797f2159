"""Messages between a run and its workers: progress, how a step ended, the items of a ``ctx.map``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How much of a step's work is done."""

    done: float
    total: float
    what: str = ""


@dataclass(frozen=True)
class Finished:
    """A step's result is written; ``peak_gb`` is the most memory that its process had, where somebody knows."""

    headline: str
    peak_gb: float | None = None


@dataclass(frozen=True)
class Failed:
    """A step has no result, and why in one line."""

    message: str
    peak_gb: float | None = None


Ended = Finished | Failed


@dataclass(frozen=True)
class Event:
    """What happened to the step of that key."""

    key: str
    message: Progress | Ended


@dataclass(frozen=True)
class Answer:
    """What came of one item of a ``ctx.map``: its result or its error, pickled."""

    number: int
    result: bytes
    error: bytes | None = None


@dataclass(frozen=True)
class Answers:
    """All results of a ``ctx.map``, pickled, in the order of the items; or the error that ended it."""

    results: tuple[bytes, ...]
    error: bytes | None = None
