"""Tells whether an entry already shows its results, so that nothing needs to be written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from journal.files import file_stat
from journal.layout import report_in, sheets_of, verdicts_of
from journal.plan.task_cache import digest_of, own_code_digest
from journal.run import Run, StepResult
from journal.text.entry import Entry


def is_rendered(run: Run, entry: Entry, results: list[StepResult]) -> bool:
    """Return whether the entry and its artifacts are unchanged since they were written with these results."""
    noted = run.store.recall("shown", entry.display_path)
    if noted is None:
        return False
    counts, before = json.loads(noted)
    return bool(before == showing(run, entry, entry.text, results, counts))


def showing(run: Run, entry: Entry, text: str, results: list[StepResult], counts: bool) -> str:
    """Return a digest of the entry, its artifacts, and everything they derive from."""
    results_now = [(one.planned.id, one.failed, _stat_of_result(one.folder), one.message) for one in results]
    files = [*_files_below(entry.artifacts), *map(str, run.workspace.plugins.glob("*.py"))]
    files += [str(file) for file in (verdicts_of(entry.path),) if file.exists()]
    files += map(str, sheets_of(entry.path))
    year = run.record.year_stat() if counts else ""  # blocks show totals over all days
    others = sorted(file for file in files if file != str(entry.path))
    return digest_of(
        text,
        results_now,
        own_code_digest(),
        run.record.kinds.provided(),
        year,
        [(file, _stat(file)) for file in others],
        file_stat(run.workspace.root / "journal.yml"),
    )


def _stat_of_result(folder: Path | None) -> str:
    """Return a text that changes with a result, since a forced run may replace it in the same folder."""
    return f"{folder} {_stat(str(report_in(folder)))}" if folder else ""


def _stat(file: str) -> str:
    try:
        return file_stat(file)
    except OSError:  # a link to nowhere
        return ""


def _files_below(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        yield from (os.path.join(where, name) for name in names)  # noqa: PTH118  # a thousand files at each start


def note_rendered(run: Run, entry: Entry, text: str, results: list[StepResult], counts: bool) -> None:
    """Note that the entry, with this text, shows these results; ``counts`` says whether any adds to a ledger."""
    run.store.note("shown", entry.display_path, json.dumps([counts, showing(run, entry, text, results, counts)]))
    run.store.flush()
