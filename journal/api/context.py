"""The context of a task: the folder, day, progress and models of the step it runs for."""

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

from journal.api.answers import AnswerStore
from journal.api.models import Model, fetch_model
from journal.text.servers import Server

In = TypeVar("In")
Out = TypeVar("Out")


def _quiet(done: float, total: float, what: str = "") -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Context:
    """The step that a task runs for, as the task sees it."""

    out: Path
    """Folder for the step's artifacts, initially empty."""
    day: int = 0
    date: date = date(1970, 1, 1)
    seed: int = 0
    root: Path = field(default_factory=Path.cwd)
    """The workspace's folder."""
    models: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, Server] = field(default_factory=dict)
    jobs: int = 1
    """How many CPU threads the step may use."""
    progress: Callable[..., None] = _quiet
    """``progress(done, total, what="")`` reports how much of the work is done."""
    cache_dir: Path | None = None
    """Folder for files kept by ``remember``, shared between runs and days."""
    cache_key: str = ""
    """Digest of the task's code and libraries, for which alone remembered files are valid."""
    answers: AnswerStore = field(default_factory=AnswerStore, repr=False)
    """Keeps answers that cost time or money, each as it comes: a step that fails loses none of them."""
    map_over: Callable[[Callable[[Any], Any], list[Any]], list[Any]] | None = field(default=None, repr=False)
    """Sends items to the run's workers, if there is a run."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("journal.task"))

    def map(self, function: Callable[[In], Out], items: Iterable[In]) -> list[Out]:
        """Apply a function to each item on the run's workers, and return the results in the items' order.

        A module-level function (or a ``partial`` of one) runs in several processes and machines; any other function
        can't be sent to them and runs in the step's own threads.
        """
        given = list(items)
        if self.map_over is not None and len(given) > 1 and _can_travel(function, given[0]):
            return self.map_over(function, given)
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.jobs) as pool:
            return list(pool.map(function, given))

    def remember(self, key: Mapping[str, Any], path: Path) -> None:
        """Keep a file that depends only on ``key`` (plain data), so that later runs need not recreate it."""
        if self.cache_dir is not None:
            target = self._kept(self.cache_dir, key)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f"{target.name}.{os.getpid()}.part")
            shutil.copyfile(path, partial)
            partial.replace(target)

    def recall(self, key: Mapping[str, Any], name: str) -> Path | None:
        """Copy a remembered file to ``ctx.out / name`` and return that path, or None if nothing is kept for the key."""
        if self.cache_dir is None or not (kept := self._kept(self.cache_dir, key)).is_file():
            return None
        return Path(shutil.copyfile(kept, self.out / name))

    def _kept(self, cache_dir: Path, key: Mapping[str, Any]) -> Path:
        text = json.dumps([self.cache_key, dict(key)], sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cache_dir / digest[:2] / digest

    def model(self, name: str) -> Model:
        """Fetch a model by its short name or source. Raises ``ModelError`` where it can't be fetched."""
        return fetch_model(name, self.models, self.root, self.servers)


def _can_travel(function: Callable[..., Any], item: Any) -> bool:
    """Return whether a function can be sent to another process, as those at module level can."""
    try:
        pickle.dumps((function, item))
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
