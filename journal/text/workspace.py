"""The workspace: a folder with a journal.yml, and the settings in that file."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from journal.errors import EntryError, UsageError, nearest
from journal.text.document import Document, parse_yaml
from journal.text.formats import check_format, move_to_present
from journal.text.servers import Server, read_servers

FILE_NAME = "journal.yml"
_SETTINGS = [
    *["name", "url", "day-1", "goals", "models", "servers", "speakers", "limits", "run", "blog", "private"],
    "format",
]
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_BYTES = {"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9}
_GIGABYTES = {"GB": 1.0, "MB": 1e-3}


@dataclass(frozen=True)
class Amount:
    """A number with a unit, such as 120 min."""

    value: float
    unit: str

    def to(self, unit: str) -> float:
        """Return the number in another unit, converting times. Raises ``ValueError`` where other units differ."""
        if unit == self.unit:
            return self.value
        if unit in _SECONDS and self.unit in _SECONDS:
            return self.value * _SECONDS[self.unit] / _SECONDS[unit]
        raise ValueError(f"{self.unit or 'a bare number'} can't be converted to {unit or 'a bare number'}")


@dataclass(frozen=True)
class BlogSettings:
    """What the blog says of itself, and whose frames it may show."""

    author: str = ""
    description: str = ""
    accent: str = "#2f6f6a"
    """The colour of links and marks."""
    embeds: tuple[str, ...] = ()
    """Hosts from which entries may show a frame, such as www.youtube-nocookie.com."""


@dataclass(frozen=True)
class Workspace:
    """The settings in journal.yml."""

    root: Path
    name: str
    url: str = ""
    day_1: date | None = None
    goals: Mapping[str, Amount] = field(default_factory=dict)
    starts: Mapping[str, Amount] = field(default_factory=dict)
    """What ledgers held before their first day here."""
    models: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, Server] = field(default_factory=dict)
    """Servers of language models, by name."""
    speakers: Path | None = None
    """The file on the people in the recordings, with their consent."""
    on: str = "local"
    jobs: int | None = None
    """Threads for all steps together; None means one per core."""
    gpus: int | None = None
    """GPUs of this machine; None means as many as are found."""
    largest_artifact: float = 500e6
    """The size in bytes above which a file that a step makes fails it."""
    largest_text: float = 1e6
    """The size in bytes above which a report's text fails its step."""
    memory_gb: float | None = None
    """Memory for all steps together; None means what is free when a run begins."""
    blog: BlogSettings = BlogSettings()
    private: tuple[str, ...] = ()
    """Names and words that are never published."""

    @property
    def entries(self) -> Path:
        return self.root / "entries"

    @property
    def plugins(self) -> Path:
        return self.root / "plugins"

    @property
    def state(self) -> Path:
        """The folder of results and history, ignored by git."""
        return self.root / ".journal"

    @property
    def build(self) -> Path:
        return self.root / "build"

    def date_of(self, day: int) -> date | None:
        """Return the date of a day, counted from day 1."""
        try:
            return self.day_1 + timedelta(days=day - 1) if self.day_1 else None
        except OverflowError:
            return None  # no calendar goes that far

    def day_of(self, when: date) -> int | None:
        """Return the day of a date, counted from day 1."""
        return (when - self.day_1).days + 1 if self.day_1 else None

    def display_path(self, path: Path) -> str:
        """Return a path relative to the workspace, for messages and entries."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name


def find_workspace(start: Path, *, moves: bool = True) -> Workspace:
    """Read the workspace of a folder, from the nearest journal.yml in it or above it.

    One of an earlier format is brought to the present one, and a line says so, unless ``moves`` is False: it is read
    all the same. Raises ``UsageError`` where there is none.
    """
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / FILE_NAME).is_file():
            if moves:
                move_to_present(folder / FILE_NAME, folder / ".journal", lambda line: print(line, file=sys.stderr))
            return read_workspace(folder)
    raise UsageError(
        f"no {FILE_NAME} here or in a folder above; go to your workspace, or create one with: journal init"
    )


def read_workspace(root: Path) -> Workspace:
    """Read ``root/journal.yml``. Raises ``EntryError`` where it can't be read or is not valid."""
    try:
        text = (root / FILE_NAME).read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise EntryError(f"{FILE_NAME}:1: can't be read: {error.strerror}; fix that first") from error
    document = parse_yaml(text, FILE_NAME)
    check_format(document)  # first: a newer format may have keys that are unknown here
    _check_names(document, (), _SETTINGS)
    _check_names(document, ("blog",), ["author", "description", "accent", "embeds"])
    _check_names(document, ("limits",), ["artifact", "text"])
    run = _section(document, "run")
    _check_names(document, ("run",), ["on", "jobs", "gpus", "memory"])
    return Workspace(
        root=root,
        name=_text(document, "name") or root.name,
        url=_text(document, "url"),
        day_1=_day_1(document),
        goals={name: _goal(document, name, "goal", value) for name, value in _section(document, "goals").items()},
        starts={
            name: _goal(document, name, "start", value)
            for name, value in _section(document, "goals").items()
            if isinstance(value, dict) and "start" in value
        },
        models={name: _text(document, "models", name) for name in _section(document, "models")},
        servers=read_servers(document, root),
        speakers=root / speakers if (speakers := _text(document, "speakers")) else None,
        on=_text(document, "run", "on") or "local",
        jobs=_count(document, "jobs", run.get("jobs", "auto")),
        gpus=_count(document, "gpus", run.get("gpus", "auto")),
        largest_artifact=_size(document, "artifact", 500e6),
        largest_text=_size(document, "text", 1e6),
        memory_gb=_memory(document, run.get("memory", "auto")),
        blog=BlogSettings(
            _text(document, "blog", "author"),
            _text(document, "blog", "description"),
            _accent(document),
            _names(document, "blog", "embeds"),
        ),
        private=_names(document, "private"),
    )


def parse_amount(text: Any) -> Amount:
    """Parse "120 min", "36 clips" or a bare number. Raises ``ValueError`` where it is none of these."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([^\d\s]*)\s*", str(text))
    if not match:
        raise ValueError(f"'{text}' is not an amount such as '120 min'")
    return Amount(float(match[1]), match[2])


def _section(document: Document, name: str) -> dict[str, Any]:
    value = document.data.get(name) or {}
    if not isinstance(value, dict):
        raise EntryError(
            f"{document.place(name)}: '{name}' must hold 'name: value' lines, not {value!r}; write such lines"
        )
    return value


def _text(document: Document, *keys: str) -> str:
    value: Any = document.data
    for key in keys:
        value = (value or {}).get(key)
    if isinstance(value, dict | list):
        raise EntryError(f"{document.place(*keys)}: '{keys[-1]}' must be one line of text, not {value!r}; fix it there")
    return "" if value is None else str(value)


def _names(document: Document, *keys: str) -> tuple[str, ...]:
    value: Any = document.data
    for key in keys:
        value = (value or {}).get(key)
    found = [value] if isinstance(value, str) else value or []
    if not isinstance(found, list) or any(isinstance(one, dict | list) for one in found):
        raise EntryError(
            f"{document.place(*keys)}: '{keys[-1]}' must be a list of words, not {value!r}; write such a list"
        )
    return tuple(str(one) for one in found)


def _accent(document: Document) -> str:
    colour = _text(document, "blog", "accent") or BlogSettings.accent
    if re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return colour.lower()
    place = document.place("blog", "accent")
    raise EntryError(f"{place}: accent is {colour!r}; write a colour such as '#2f6f6a', in quotes")


def _check_names(document: Document, path: tuple[str, ...], known: list[str]) -> None:
    names: Any = document.data
    for part in path:
        names = names.get(part) or {}
    for name in names:
        if name not in known:
            place = document.place(*path, name)
            raise EntryError(f"{place}: unknown setting '{name}'{nearest(name, known)}")


def _day_1(document: Document) -> date | None:
    value = document.data.get("day-1")
    if value is None or isinstance(value, date):
        return value
    raise EntryError(f"{document.place('day-1')}: day-1 is {value!r}; write a date such as 2024-01-02")


def _goal(document: Document, name: str, which: str, value: Any) -> Amount:
    """Return a ledger's goal, or what it starts from; a value that is no mapping is its goal."""
    path: tuple[str, ...] = ("goals", name)
    if isinstance(value, dict):
        _check_names(document, path, ["goal", "start"])
        if which not in value:
            raise EntryError(f"{document.place(*path)}: '{name}' has no goal; write {{goal: 120 min, start: 4.75 min}}")
        value, path = value[which], (*path, which)
    try:
        return parse_amount(value)
    except ValueError as error:
        raise EntryError(f"{document.place(*path)}: {which} '{name}': {error}") from error


def _memory(document: Document, value: Any) -> float | None:
    if value == "auto":
        return None
    return _quantity(document, ("run", "memory"), value, _GIGABYTES, "'auto', '6 GB' or '500 MB'")


def _size(document: Document, name: str, default: float) -> float:
    value = _section(document, "limits").get(name)
    if value is None:
        return default
    return _quantity(document, ("limits", name), value, _BYTES, "a size such as '200 MB' or '100 kB'")


def _quantity(
    document: Document, path: tuple[str, str], value: Any, units: Mapping[str, float], examples: str
) -> float:
    """Return an amount in the base of its units. Raises ``EntryError`` where it is none above zero."""
    wrong = EntryError(f"{document.place(*path)}: {path[-1]} is {value!r}; write {examples}")
    try:
        amount = parse_amount(value)
    except ValueError as error:
        raise wrong from error
    if not amount.value or amount.unit not in units:
        raise wrong
    return amount.value * units[amount.unit]


def _count(document: Document, name: str, value: Any) -> int | None:
    if value == "auto":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise EntryError(
        f"{document.place('run', name)}: {name} is {value!r}; write 'auto' or a whole number of at least 1"
    )
