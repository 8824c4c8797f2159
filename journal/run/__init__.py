"""Run a plan: each step in a worker process, as soon as what it needs is there, unless its result is at hand."""

from __future__ import annotations

from journal.run.loop import run_plan
from journal.run.result import Choice, Observer, StepResult
from journal.run.steps import Run

__all__ = ["Choice", "Observer", "Run", "StepResult", "run_plan"]
