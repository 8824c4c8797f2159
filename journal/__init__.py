"""Run the steps of dated entries, put the results between their sentences, and publish the entries as a blog.

Everything a plugin needs is here: ``from journal import File, Report, task``. Names are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from journal.extras import VERSION

if TYPE_CHECKING:
    from pydantic import Field

    from journal.api.answers import AnswerStore
    from journal.api.context import Context
    from journal.api.data.notes import Note, looks_like_correlations, notes_on
    from journal.api.data.table import DataTable, open_table
    from journal.api.figures import new_figure
    from journal.api.item import Item, Page
    from journal.api.items import Audio, FileLink, Gallery, Image, Metric, Part, Quote, Table, Text, Total, Trial
    from journal.api.machine import cpu_count, free_ram_gb, user_cache_dir
    from journal.api.models import Model, content_digest
    from journal.api.numbers import Composite, NamedNumber, Number
    from journal.api.rate import Rate
    from journal.api.report import Report
    from journal.api.sheet_file import is_touched, write_rows
    from journal.api.task import File, Files, ModelName, Sheet, Task, brief, task
    from journal.blog.leaks import private_in, private_words
    from journal.errors import EntryError, JournalError, ModelError, TaskError, UsageError, nearest
    from journal.record import Record, open_record
    from journal.record.verdicts import Verdict, picture_digest, verdicts_on
    from journal.run.executor import Executor
    from journal.run.job import Job
    from journal.run.messages import Event, Failed, Finished, Progress
    from journal.run.packed_job import PackedJob, Returned
    from journal.run.remote import run_packed
    from journal.run.resources import Claims, ResourcePool
    from journal.text.escape import escape, escape_html
    from journal.text.servers import Server

__version__ = VERSION
__all__ = [
    "AnswerStore",
    "Audio",
    "Claims",
    "Composite",
    "Context",
    "DataTable",
    "EntryError",
    "Event",
    "Executor",
    "Failed",
    "Field",
    "File",
    "FileLink",
    "Files",
    "Finished",
    "Gallery",
    "Image",
    "Item",
    "Job",
    "JournalError",
    "Metric",
    "Model",
    "ModelError",
    "ModelName",
    "NamedNumber",
    "Note",
    "Number",
    "PackedJob",
    "Page",
    "Part",
    "Progress",
    "Quote",
    "Rate",
    "Record",
    "Report",
    "ResourcePool",
    "Returned",
    "Server",
    "Sheet",
    "Table",
    "Task",
    "TaskError",
    "Text",
    "Total",
    "Trial",
    "UsageError",
    "Verdict",
    "brief",
    "content_digest",
    "cpu_count",
    "escape",
    "escape_html",
    "free_ram_gb",
    "is_touched",
    "looks_like_correlations",
    "nearest",
    "new_figure",
    "notes_on",
    "open_record",
    "open_table",
    "picture_digest",
    "private_in",
    "private_words",
    "run_packed",
    "task",
    "user_cache_dir",
    "verdicts_on",
    "write_rows",
]
_PLACES = {
    "journal.api.answers": ["AnswerStore"],
    "journal.api.context": ["Context"],
    "journal.api.data.notes": ["Note", "looks_like_correlations", "notes_on"],
    "journal.api.data.table": ["DataTable", "open_table"],
    "journal.api.figures": ["new_figure"],
    "journal.api.item": ["Item", "Page"],
    "journal.api.items": [
        *["Audio", "FileLink", "Gallery", "Image", "Metric", "Part", "Quote", "Table", "Text", "Total", "Trial"]
    ],
    "journal.api.machine": ["cpu_count", "free_ram_gb", "user_cache_dir"],
    "journal.api.models": ["Model", "content_digest"],
    "journal.api.numbers": ["Composite", "NamedNumber", "Number"],
    "journal.api.rate": ["Rate"],
    "journal.api.report": ["Report"],
    "journal.api.sheet_file": ["is_touched", "write_rows"],
    "journal.api.task": ["File", "Files", "ModelName", "Sheet", "Task", "brief", "task"],
    "journal.blog.leaks": ["private_in", "private_words"],
    "journal.errors": ["EntryError", "JournalError", "ModelError", "TaskError", "UsageError", "nearest"],
    "journal.record": ["Record", "open_record"],
    "journal.record.verdicts": ["Verdict", "picture_digest", "verdicts_on"],
    "journal.run.executor": ["Executor"],
    "journal.run.job": ["Job"],
    "journal.run.messages": ["Event", "Failed", "Finished", "Progress"],
    "journal.run.packed_job": ["PackedJob", "Returned"],
    "journal.run.remote": ["run_packed"],
    "journal.run.resources": ["Claims", "ResourcePool"],
    "journal.text.escape": ["escape", "escape_html"],
    "journal.text.servers": ["Server"],
    "pydantic": ["Field"],  # it takes a tenth of a second to import, and few commands need it
}
_PLACE_OF = {name: place for place, names in _PLACES.items() for name in names}


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def __getattr__(name: str) -> object:
    if name in _PLACE_OF:
        return getattr(import_module(_PLACE_OF[name]), name)
    raise AttributeError(f"module 'journal' has no attribute '{name}'")
