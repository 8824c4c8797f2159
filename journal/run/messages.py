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
    """A step's result is written; ``peak_gb`` is the peak memory of its process, if known."""

    headline: str
    peak_gb: float | None = None


@dataclass(frozen=True)
class Failed:
    """A step failed, with the reason in one line."""

    message: str
    peak_gb: float | None = None


Ended = Finished | Failed


@dataclass(frozen=True)
class Event:
    """What happened to a step, by its key."""

    key: str
    message: Progress | Ended


@dataclass(frozen=True)
class Answer:
    """The pickled result or error of one item of a ``ctx.map``."""

    number: int
    result: bytes
    error: bytes | None = None


@dataclass(frozen=True)
class Answers:
    """All pickled results of a ``ctx.map``, in the items' order, or the error that ended it."""

    results: tuple[bytes, ...]
    error: bytes | None = None
