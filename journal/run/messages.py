"""Messages between a run and its workers: progress, how a step ended, the items of a ``ctx.map``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    seen: Mapping[str, str] = field(default_factory=dict)
    """What the step was seen to read beyond what it declares, as in its report."""
    outside: Mapping[str, str] = field(default_factory=dict)
    """The paths of files outside the workspace, which no report holds."""
    changed: tuple[str, ...] = ()
    """What changed while the step ran, after it had read it."""


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
    accesses: bytes = b""
    """What the item's process read, pickled."""


@dataclass(frozen=True)
class Answers:
    """All pickled results of a ``ctx.map``, in the items' order, or the error that ended it."""

    results: tuple[bytes, ...]
    error: bytes | None = None
    accesses: tuple[bytes, ...] = ()
