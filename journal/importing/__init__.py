"""Importing posts from other programs: existing files are never overwritten, and the text stays unchanged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from journal.errors import EntryError
from journal.files import write_atomically
from journal.importing.destinations import Destinations
from journal.importing.links import Linked
from journal.importing.posts import Post
from journal.importing.sources import Source, read_source
from journal.layout import LAST_DAY, entry_file, media_of
from journal.record import Record
from journal.text.entry import parse_entry
from journal.text.workspace import Workspace

__all__ = ["Imported", "Source", "import_posts", "read_source"]


@dataclass(frozen=True)
class Imported:
    """The outcome for a post: its entry, if one was made, and notes for the author."""

    entry: Path | None = None
    title: str = ""
    """How it is called and why, where the post states no title."""
    notes: list[str] = field(default_factory=list)
    mapped: list[str] = field(default_factory=list)
    """Links that lead to other entries now."""
    problem: EntryError | None = None


@dataclass(frozen=True)
class _Placed:
    """A post with its day, its date and the entry that it becomes."""

    post: Post
    day: int
    date: date
    entry: Path
    notes: list[str]
    there: Path | None
    """The entry that the day has already."""


def import_posts(source: Source, record: Record, *, dry_run: bool = False) -> Iterator[Imported]:
    """Turn each post into an entry, and yield the outcomes; a dry run writes nothing.

    A post that can't become an entry writes nothing and doesn't affect the others.
    """
    for problem in source.problems:
        yield Imported(problem=problem)
    placed, days = list[_Placed](), dict(record.days())
    for post in source.posts:
        try:
            placed.append(_place(post, record.workspace, days))
        except EntryError as error:
            yield Imported(problem=error)
    destinations = Destinations([(one.post, one.entry) for one in placed])
    for one in placed:
        try:
            yield _import(one, record.workspace, destinations, dry_run=dry_run)
        except EntryError as error:
            yield Imported(problem=error)


def _place(post: Post, workspace: Workspace, days: dict[int, Path]) -> _Placed:
    """Find a post's day and entry; a new one is added to ``days``."""
    day, when, notes = _day_and_date(post, workspace, days)
    path = entry_file(workspace.entries, day, when)
    there = days.get(day) or (path if os.path.lexists(path) else None)
    if there is None:
        days[day] = path
    return _Placed(post, day, when, there or path, notes, there)


def _import(placed: _Placed, workspace: Workspace, destinations: Destinations, *, dry_run: bool) -> Imported:
    post, path = placed.post, placed.entry
    if placed.there:
        there = workspace.display_path(placed.there)
        return Imported(notes=[f"{post.shown}: skipped; day {placed.day} already has an entry: {there}"])
    linked = Linked(post, path, destinations)
    body = linked.body()
    newline = "\r\n" if "\r\n" in post.front else "\n"
    text = newline.join(["---", f"day: {placed.day}", f"date: {placed.date}", f"{post.front}---", body])
    try:
        parse_entry(text, path, workspace)
    except EntryError as error:
        raise EntryError(f"{post.shown}: {str(error).partition(': ')[2]}") from error
    if not dry_run:
        _write(path, text, linked)
    notes = [f"{post.shown}: {note}" for note in (*placed.notes, *post.notes)]
    title = f"'{post.title}', from {post.chosen}" if post.chosen else ""
    return Imported(path, title, [*notes, *linked.notes], linked.mapped)


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


def _day_and_date(post: Post, workspace: Workspace, days: Mapping[int, Path]) -> tuple[int, date, list[str]]:
    """Return day, date and notes, counting from day 1 if needed. Raises ``EntryError`` where they are unknown.

    A post whose number is off the rule, such as a "day 0" or a "final day 366" on the date of another, keeps its own.
    """
    ruled = workspace.day_of(post.date) if post.date else None
    named = post.named_day if post.named_day is not None and post.named_day <= LAST_DAY else None
    off_rule = named is not None and ruled is not None and named != ruled and (ruled < 0 or ruled in days)
    ruled = named if off_rule and named not in days else ruled
    day = next((one for one in (post.day, ruled, named) if one is not None), None)
    when = post.date or (workspace.date_of(day) if day is not None else None)
    if day is None or when is None:
        lacking = "no date" if when is None else "no day, and journal.yml has no 'day-1' to count from"
        raise EntryError(f"{post.shown}: it has {lacking}; add 'day: 133' and 'date: 2024-05-13' to its front matter")
    if day < 0:
        raise EntryError(
            f"{post.shown}: {when} is before day 1; add a 'day:' to its front matter, or set an earlier 'day-1'"
        )
    if off_rule and day == named:
        return day, when, [f"day {day} as its title or file name says, which its date is off"]
    if post.day is None and named not in (None, day):
        which = f"day {day} by its date, though its title or file name says day {named}"
        return day, when, [f"{which}; if that is right, state it: 'day: {named}' in its front matter"]
    return day, when, []
