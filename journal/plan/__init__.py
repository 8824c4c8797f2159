"""Planning: the steps of an entry, their order, and what each result depends on."""

from __future__ import annotations

from journal.plan.steps import Plan, PlannedStep, make_plan

__all__ = ["Plan", "PlannedStep", "make_plan"]
