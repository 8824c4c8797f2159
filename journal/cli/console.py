"""The terminal output of a run: a bar for each running step, a line for each finished one."""

from __future__ import annotations

import os
import sys
from itertools import takewhile
from shutil import get_terminal_size
from types import TracebackType
from typing import TYPE_CHECKING

from journal.plan import PlannedStep
from journal.run import StepResult
from journal.run.messages import Progress
from journal.store.history import Outcome

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_SIGNS = {
    Outcome.DONE: "✓",
    Outcome.CURRENT: "·",
    Outcome.FAILED: "✗",
    Outcome.SKIPPED: "-",
    Outcome.WOULD_RUN: "→",
}


class Console:
    """Observes a run: on a terminal it shows bars while steps run, elsewhere plain lines only."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.bars: Bars | None = None
        self.bar_of: dict[str, TaskID] = {}
        self.said: dict[str, int] = {}

    def __enter__(self) -> Console:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bars:
            self.bars.stop()

    def line(self, text: str) -> None:
        """Print a line, with no character in it taken as markup."""
        if self.bars:
            self.bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        elif not self.quiet:
            encoding = sys.stdout.encoding or "utf-8"
            print(text.encode(encoding, "replace").decode(encoding), flush=True)

    def started(self, step: PlannedStep, reasons: tuple[str, ...]) -> None:
        if not self.bars and not self.quiet and _can_draw():
            self.bars = _make_bars()
            self.bars.start()
        if self.bars:
            self.bar_of[step.id] = self.bars.add_task(step.id, total=None, what="")
        else:
            self.line(f"  {step.id}: started ({'; '.join(reasons[:3])})")

    def progressed(self, step: PlannedStep, progress: Progress) -> None:
        done, total, what = progress.done, progress.total, progress.what
        if self.bars and step.id in self.bar_of:
            self.bars.update(self.bar_of[step.id], completed=done, total=total, what=what)
            return
        quarter = int(4 * done / total) if total else 0
        if 0 < quarter < 4 and quarter > self.said.get(step.id, 0):
            self.said[step.id] = quarter
            self.line(f"  {step.id}: {100 * done / total:.0f} % {what}".rstrip())

    def retried(self, step: PlannedStep, message: str, tries_left: int) -> None:
        more = f"{tries_left} more after this" if tries_left else "for the last time"
        self.line(f"  {step.id}: {message}; retrying, {more}")

    def finished(self, result: StepResult) -> None:
        if self.bars and result.planned.id in self.bar_of:
            self.bars.remove_task(self.bar_of.pop(result.planned.id))
        self.line(describe(result))
        for note in result.notes:
            self.line(f"      {note}")
        for line in takewhile(lambda line: not line.startswith("Traceback"), result.log):
            self.line(f"      {line}")
        if result.log:
            self.line(f"      (full log: {result.log_path})")


def describe(result: StepResult) -> str:
    """Return the line that reports how a step ended."""
    if result.outcome == Outcome.CURRENT:
        return describe_current(result.planned.id, result.planned.step.uses, result.headline)
    name = f"{_SIGNS[result.outcome]} {result.planned.id:<12} {result.planned.step.uses:<18}"
    if result.outcome == Outcome.DONE:
        return f"{name} {result.headline} ({result.seconds:.1f} s)"
    if result.outcome == Outcome.WOULD_RUN:
        return f"{name} would run: {'; '.join(result.reasons)}"
    return f"{name} {result.message}"


def describe_current(step: str, uses: str, headline: str) -> str:
    """Return the line that reports a step that is up to date."""
    return f"{_SIGNS[Outcome.CURRENT]} {step:<12} {uses:<18} up to date: {headline}"


def _can_draw() -> bool:
    """Return whether lines can be drawn anew where the output goes: at a terminal that moves its cursor."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _make_bars() -> Bars:
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("  {task.description:<12}"),
        BarColumn(30 if get_terminal_size().columns >= 80 else 8),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    return Bars(*columns, TextColumn("{task.fields[what]}"), TimeElapsedColumn(), transient=True)
