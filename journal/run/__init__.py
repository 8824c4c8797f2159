"""Running plans: each step without a stored result runs in a worker process as soon as its needs are met."""

from __future__ import annotations

from journal.run.loop import run_plan
from journal.run.result import Observer, RunOptions, StepResult
from journal.run.steps import Run

__all__ = ["Observer", "Run", "RunOptions", "StepResult", "run_plan"]
