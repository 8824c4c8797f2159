"""What is beside the entries: reports, artifacts, verdicts, and the totals over days."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from journal.api.item_kinds import ItemKinds
from journal.api.report_file import StepReport, read_step
from journal.doors import Installed
from journal.errors import EntryError, StoreError, UsageError
from journal.files import file_stat
from journal.layout import (
    all_steps,
    artifacts_of,
    entry_files,
    has_report,
    parse_entry_name,
    report_in,
    steps_of,
    verdicts_of,
)
from journal.text.entry import Entry, read_entry
from journal.text.workspace import Workspace, find_workspace

if TYPE_CHECKING:
    from journal.record.verdicts import Verdict


class Record:
    """Entries and the reports beside them; each file is read once, and again only if it changed."""

    def __init__(self, workspace: Workspace, installed: Installed | None = None) -> None:
        self.workspace = workspace
        self.kinds = ItemKinds(workspace.plugins, installed)
        self._entries: dict[Path, tuple[str, Entry]] = {}
        self._steps: dict[Path, tuple[str, StepReport]] = {}
        self._listing: tuple[str, dict[int, list[Path]]] = ("", {})
        self._year = ""

    def days(self) -> dict[int, Path]:
        """Return the file of each day, in order, leaving out files without a day."""
        return {day: paths[-1] for day, paths in self._listed().items()}

    def _listed(self) -> dict[int, list[Path]]:
        """Return the files of each day, listed again only if the folder has changed."""
        stat = _stat(self.workspace.entries)
        if stat != self._listing[0] or not stat:
            found: dict[int, list[Path]] = {}
            nameless = False
            for path in entry_files(self.workspace.entries):
                nameless = nameless or parse_entry_name(path) is None
                if (day := self._day_of(path)) is not None:
                    found.setdefault(day, []).append(path)
            # a day in the front matter may change without the folder's list of names
            self._listing = ("" if nameless else stat, dict(sorted(found.items())))
        return self._listing[1]

    def year_stat(self) -> str:
        """Return a text that changes with any entry and any report, read again after ``has_changed``."""
        if not self._year:
            entries = self.workspace.entries
            files = [*map(str, entry_files(entries)), *(str(report_in(folder)) for folder in all_steps(entries))]
            self._year = hashlib.sha256(repr([(file, _stat(file)) for file in files]).encode()).hexdigest()
        return self._year

    def has_changed(self) -> None:
        """Take note that entries or reports were written."""
        self._year = ""

    def entry(self, day: int) -> Entry:
        """Return the entry of a day. Raises ``UsageError`` where there is none, ``EntryError`` where there are two."""
        return self.read(self.entry_path(day))

    def entry_path(self, day: int) -> Path:
        """Return the file of a day. Raises ``UsageError`` where there is none, ``EntryError`` where there are two."""
        found = self._listed().get(day, [])
        if not found:
            raise UsageError(f"no entry for day {day} in entries/; create one with: journal new {day}")
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise EntryError(f"entries/{found[0].name}:1: day {day} has two entries, {names}; keep one")
        return found[0]

    def entry_files(self) -> list[Path]:
        """Return the files of all entries, by file name."""
        return entry_files(self.workspace.entries)

    def readable_entries(self) -> tuple[list[Entry], tuple[str, ...]]:
        """Return the entries that can be read, by file name, and what is wrong with the others."""
        entries, problems = list[Entry](), list[str]()
        for path in entry_files(self.workspace.entries):
            try:
                entries.append(self.read(path))
            except EntryError as error:
                problems.append(str(error))
        return entries, tuple(problems)

    def read(self, path: Path) -> Entry:
        """Return the entry in a file. Raises ``EntryError`` where it is not valid."""
        stat = _stat(path)
        if path not in self._entries or self._entries[path][0] != stat or not stat:
            self._entries[path] = (stat, read_entry(path, self.workspace))
        return self._entries[path][1]

    def step(self, folder: Path) -> StepReport:
        """Return the step report in a folder, wherever that is. Raises ``StoreError`` where it can't be read."""
        stat = _stat(report_in(folder))
        if folder not in self._steps or self._steps[folder][0] != stat or not stat:
            self._steps[folder] = (stat, read_step(folder, self.kinds))
        return self._steps[folder][1]

    def steps(self, entry: Path) -> list[StepReport]:
        """Return the step reports beside an entry, including those of steps that it no longer has.

        Raises ``StoreError`` where one can't be read.
        """
        return [self.step(folder) for folder in steps_of(entry)]

    def folders(self, entry: Path) -> list[Path]:
        """Return the folders of the entry's steps that have a report; none if the entry is not valid."""
        folders = steps_of(entry)
        if not folders:
            return []
        try:
            steps = {step.id for step in self.read(entry).steps}
        except EntryError:
            return []  # the command that reads the entry itself reports what is wrong with it
        return [folder for folder in folders if folder.name in steps]

    def find(self, entry: Entry, step: str) -> StepReport | None:
        """Return a step's report, or None. Raises ``StoreError`` where it can't be read."""
        folder = entry.artifacts / step
        return self.step(folder) if has_report(folder) else None

    def reported_digest(self, path: Path) -> str:
        """Return the digest that a step's report gives a file or folder it made, or an empty string."""
        listed, name = self._listed_with(path)
        if name in listed:
            return listed[name]
        inside = sorted((one.removeprefix(f"{name}/"), digest) for one, digest in listed.items() if _is_in(one, name))
        return hashlib.sha256(repr(inside).encode()).hexdigest() if inside else ""

    def lacks(self, path: Path) -> bool:
        """Return whether a file that a step made, or a file in such a folder, is not there."""
        listed, name = self._listed_with(path)
        folder = path.parents[name.count("/")] if name else path
        return not path.exists() or not all((folder / one).exists() for one in listed if _is_in(one, name))

    def _listed_with(self, path: Path) -> tuple[dict[str, str], str]:
        """Return the files that the report above a path lists with their digests, and the path's name among them."""
        folder = next((parent for parent in path.parents if has_report(parent)), None)
        if folder is None:
            return {}, ""
        return dict(self.step(folder).data.get("artifacts") or {}), path.relative_to(folder).as_posix()

    def artifacts(self, entry: Path) -> Path:
        """Return the folder beside an entry that holds a folder for each step."""
        return artifacts_of(entry)

    def verdicts(self, entry: Path) -> list[Verdict]:
        """Return the verdicts on an entry's pictures. Raises ``EntryError`` where their file is not valid."""
        from journal.record.verdicts import read_verdicts  # few days have any

        return read_verdicts(entry, self.workspace)

    def verdicts_path(self, entry: Path) -> str:
        """Return the path of an entry's file of verdicts, for messages."""
        return self.workspace.display_path(verdicts_of(entry))

    def add_verdicts(self, given: Mapping[Path, Sequence[Verdict]], waiting: Callable[[str], None]) -> None:
        """Add verdicts beside entries, to all or none; ``waiting`` is told who else is adding some."""
        from journal.record.verdict_file import add_verdicts

        add_verdicts(given, self.workspace, waiting)

    def sheet(self, entry: Path, step: str, name: str) -> list[dict[str, str]]:
        """Return the rows of a step's sheet; none if there is no such sheet. Raises ``EntryError`` if it is damaged."""
        from journal.record.sheets import read_sheet  # few days have any

        return read_sheet(entry, step, name, self.workspace)

    def write_sheet(self, entry: Path, step: str, name: str, rows: Sequence[Mapping[str, str]]) -> None:
        """Replace a step's sheet, as its author would."""
        from journal.record.sheets import write_sheet

        write_sheet(entry, step, name, rows)

    def sheet_version(self, entry: Path, step: str, name: str) -> str:
        """Return a text that changes whenever a step's sheet does."""
        from journal.record.sheets import sheet_version

        return sheet_version(entry, step, name)

    def _day_of(self, path: Path) -> int | None:
        """Return the day in the file's name, or else in its front matter."""
        if name := parse_entry_name(path):
            return name.day
        try:
            return self.read(path).day
        except EntryError:
            return None


def open_record() -> Record:
    """Open the record of the current folder's workspace."""
    return Record(find_workspace(Path.cwd()))


def reports_below(entries: Path) -> Iterator[StepReport]:
    """Yield every report beside any entry, even if the entry itself is gone, leaving out damaged ones."""
    kinds = ItemKinds()
    for folder in all_steps(entries):
        with suppress(StoreError):
            yield read_step(folder, kinds)


def _is_in(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/")


def _stat(path: Path | str) -> str:
    try:
        return file_stat(path)
    except OSError:
        return ""
