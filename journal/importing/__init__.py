"""Importing posts from other programs: existing files are never overwritten, and the text stays unchanged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from journal.errors import EntryError
from journal.files import write_atomically
from journal.importing.links import Linked
from journal.importing.posts import Post, read_posts
from journal.layout import entry_file, media_of
from journal.record import Record
from journal.text.entry import parse_entry
from journal.text.workspace import Workspace


@dataclass(frozen=True)
class Imported:
    """The outcome for a post: its entry, if one was made, and notes for the author."""

    entry: Path | None = None
    notes: list[str] = field(default_factory=list)
    problem: EntryError | None = None


def import_file(path: Path, record: Record) -> Iterator[Imported]:
    """Turn each post in a file into an entry, and yield the outcomes.

    A post that can't become an entry writes nothing and doesn't affect the others. Raises ``EntryError`` where the file
    can't be read at all.
    """
    for post in read_posts(path):
        try:
            yield _import(post, record)
        except EntryError as error:
            yield Imported(problem=error)


def _import(post: Post, record: Record) -> Imported:
    workspace = record.workspace
    day, when, notes = _day_and_date(post, workspace)
    days, path = record.days(), entry_file(workspace.entries, day, when)
    if day in days or os.path.lexists(path):
        there = workspace.display_path(days.get(day, path))
        return Imported(notes=[f"{post.shown}: skipped; day {day} already has an entry: {there}"])
    linked = Linked(post, path)
    body = linked.body()
    newline = "\r\n" if "\r\n" in post.front else "\n"
    text = newline.join(["---", f"day: {day}", f"date: {when}", f"{post.front}---", body])
    try:
        parse_entry(text, path, workspace)
    except EntryError as error:
        raise EntryError(f"{post.shown}: {str(error).partition(': ')[2]}") from error
    _write(path, text, linked)
    return Imported(path, [f"{post.shown}: {note}" for note in (*notes, *post.notes, *linked.notes)])


def _write(path: Path, text: str, linked: Linked) -> None:
    """Write an entry after the files beside it, so that its links never point to missing files."""
    folder = media_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for source, name in linked.places.items():
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / name).exists():
                shutil.copyfile(source, folder / name)
    except OSError as error:
        where, why = folder.relative_to(path.parents[1]), error.strerror
        raise EntryError(f"{linked.post.shown}: its files can't be copied to {where}: {why}; fix that first") from error
    write_atomically(path, text.encode("utf-8"))


def _day_and_date(post: Post, workspace: Workspace) -> tuple[int, date, list[str]]:
    """Return day, date and notes, counting from day 1 if needed. Raises ``EntryError`` where they are unknown."""
    ruled = workspace.day_of(post.date) if post.date else None
    day = next((one for one in (post.day, ruled, post.named_day) if one is not None), None)
    when = post.date or (workspace.date_of(day) if day is not None else None)
    if day is None or when is None:
        lacking = "no date" if when is None else "no day, and journal.yml has no 'day-1' to count from"
        raise EntryError(f"{post.shown}: it has {lacking}; add 'day: 133' and 'date: 2024-05-13' to its front matter")
    if day < 0:
        raise EntryError(
            f"{post.shown}: {when} is before day 1; add a 'day:' to its front matter, or set an earlier 'day-1'"
        )
    if post.day is None and post.named_day not in (None, day):
        which = f"day {day} by its date, though its title or file name says day {post.named_day}"
        return day, when, [f"{which}; if that is right, state it: 'day: {post.named_day}' in its front matter"]
    return day, when, []
