"""A step that is running, and whether what it reads stays as it was."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from journal.errors import JournalError
from journal.files import file_stat
from journal.plan import PlannedStep
from journal.plan.fingerprint import read_inputs, take_fingerprint
from journal.plan.inputs import paths_in
from journal.run.job import Job
from journal.run.messages import Finished
from journal.run.ready_queue import Waiting
from journal.run.steps import Run


@dataclass
class InHand:
    """A step that is running."""

    waiting: Waiting
    job: Job
    started: float
    tries_left: int
    stats: Mapping[str, str]
    """The stat of each file that it was given, from when its digest was taken."""

    @property
    def planned(self) -> PlannedStep:
        return self.waiting.planned

    def changed(self, finished: Finished, run: Run) -> list[str]:
        """Return what is no longer as the step read it, so that its result would be kept under another's name."""
        changed = [name for name, stat in self.stats.items() if _stat_or_none(name) != stat]
        changed += finished.changed
        if not changed and self.stats and self._fingerprint(run) != self.waiting.ready.fingerprint.digest:
            changed.append("what it reads")
        return changed

    def _fingerprint(self, run: Run) -> str:
        source, outputs = self.planned.known_source, self.waiting.ready.inputs.outputs
        try:
            inputs = read_inputs(self.planned, source, outputs, run.cache, run.sheet_reader(self.planned))
            return take_fingerprint(self.planned, source, inputs, run.cache).digest
        except JournalError:
            return ""


def watched_stats(job: Job, waiting: Waiting, run: Run) -> dict[str, str]:
    """Return the stat of each file given to a step, of the author's as it was when its digest was taken."""
    made = set(paths_in(list(waiting.ready.inputs.outputs.values())))
    known = run.store.digests.stats
    files = ((path, file) for path in job.inputs for file in (path.rglob("*") if path.is_dir() else [path]))
    return {str(file): (None if path in made else known.get(str(file))) or file_stat(file) for path, file in files}


def is_of_results(changed: list[str], run: Run) -> bool:
    """Return whether the step itself must have changed something: nobody else writes where results are."""
    folders = (run.store.results, run.workspace.entries)
    return any(Path(name).is_relative_to(folder) for name in changed for folder in folders)


def why_not_kept(changed: list[str], run: Run) -> str:
    """Return why a step fails that changed what it read, or for which it changes all the time."""
    names = display_names(changed, run)
    if is_of_results(changed, run):
        return f"it changed {names}, which it may only read; copy it to ctx.out first"
    return f"{names} keeps changing while it runs; run it again when that is over"


def display_names(changed: list[str], run: Run) -> str:
    """Return the first few names of what changed, relative to the workspace."""
    shown = (run.workspace.display_path(Path(name)) if os.path.isabs(name) else name for name in changed[:3])  # noqa: PTH117
    return ", ".join(shown)


def _stat_or_none(name: str) -> str | None:
    try:
        return file_stat(name)
    except OSError:
        return None
