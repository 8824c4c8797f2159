"""Run what a dated entry says, put the results between its sentences, and make the entries a blog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from journal.api.report import Report, new_figure
from journal.api.task import Context, File, Files, Model, Task, task
from journal.errors import TaskError

if TYPE_CHECKING:
    from pydantic import Field

__version__ = "0.1.0"
__all__ = ["Context", "Field", "File", "Files", "Model", "Report", "Task", "TaskError", "new_figure", "task"]


def __getattr__(name: str) -> Any:
    if name == "Field":  # pydantic takes a tenth of a second to import, and few commands need it
        from pydantic import Field

        return Field
    raise AttributeError(f"module 'journal' has no attribute '{name}'")
