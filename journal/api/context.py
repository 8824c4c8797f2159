"""What a task may know of the step that it runs for: its folder, its day, its progress, its models."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from journal.api.models import Model, fetch_model

In = TypeVar("In")
Out = TypeVar("Out")


def _quiet(done: float, total: float, what: str = "") -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Context:
    """What a task may know of the step it runs for."""

    out: Path
    """Folder for the step's artifacts; it exists and is empty."""
    day: int = 0
    date: date = date(1970, 1, 1)
    seed: int = 0
    root: Path = field(default_factory=Path.cwd)
    """The workspace's folder."""
    models: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 1
    """CPU threads that the step may use."""
    progress: Callable[..., None] = _quiet
    """``progress(done, total, what="")``: how much of the work is done."""
    cache_dir: Path | None = None
    """Folder of what ``remember`` keeps, between runs and days."""
    cache_key: str = ""
    """Digest of the task's code and libraries: what is remembered counts for these alone."""
    map_over: Callable[[Callable[[Any], Any], list[Any]], list[Any]] | None = field(default=None, repr=False)
    """Takes items to the run's workers, where there is a run."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("journal.task"))

    def map(self, function: Callable[[In], Out], items: Iterable[In]) -> list[Out]:
        """Apply a function to each item over the run's workers; the results keep the items' order.

        A function of a module (or a ``partial`` of one) spreads over processes and machines; another one, which can't
        be sent there, over the step's own threads.
        """
        given = list(items)
        if self.map_over is not None and len(given) > 1 and _can_travel(function, given[0]):
            return self.map_over(function, given)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(function, given))

    def remember(self, key: Mapping[str, Any], path: Path) -> None:
        """Keep a file that depends on ``key`` (plain data) alone, so that a later run need not make it again."""
        if self.cache_dir is not None:
            target = self._kept(self.cache_dir, key)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f"{target.name}.{os.getpid()}.part")
            shutil.copyfile(path, partial)
            partial.replace(target)

    def recall(self, key: Mapping[str, Any], name: str) -> Path | None:
        """Return a remembered file as ``ctx.out / name``, or None where nothing is kept of that key."""
        if self.cache_dir is None or not (kept := self._kept(self.cache_dir, key)).is_file():
            return None
        return Path(shutil.copyfile(kept, self.out / name))

    def _kept(self, cache_dir: Path, key: Mapping[str, Any]) -> Path:
        text = json.dumps([self.cache_key, dict(key)], sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cache_dir / digest[:2] / digest

    def model(self, name: str) -> Model:
        """Fetch a model by its short name or source. Raises ``ModelError`` where it can't be had."""
        return fetch_model(name, self.models, self.root)


def _can_travel(function: Callable[..., Any], item: Any) -> bool:
    """Return whether a function can be sent to another process: one that a module holds under its name."""
    try:
        pickle.dumps((function, item))
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
