"""Run a plan: each step in a worker process, as soon as what it needs is there, unless its result is at hand."""

from __future__ import annotations

from journal.run.loop import run_plan
from journal.run.result import Observer, RunOptions, StepResult
from journal.run.steps import Run

__all__ = ["Observer", "Run", "RunOptions", "StepResult", "run_plan"]
