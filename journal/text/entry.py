"""An entry: a day's dated Markdown file, with the steps in its front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from journal.errors import EntryError, nearest, together
from journal.layout import LAST_DAY, artifacts_of, parse_entry_name
from journal.text.document import Document, parse_yaml
from journal.text.workspace import Workspace, parse_amount

RESERVED = ("uses", "after", "timeout", "retries", "when", "show", "hide", "fold")
_FRONT_MATTER_NAMES = [
    "day", "date", "title", "categories", "tags", "tasks", "draft", "description", "template", "updated", "aliases",
    "projects",
]  # fmt: skip
_NAMES_OF_OTHERS = ["subtitle", "dated", "comments", "image", "images", "permalink", "redirect_from"]
_FORMER_ADDRESSES = ("permalink", "aliases", "redirect_from")
_FRONT_MATTER_END = re.compile(r"(?<=[\r\n])(---|\.\.\.)[ \t]*(\r\n|\n|\r|\Z)")
_STEP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Step:
    """One use of a task in an entry."""

    id: str
    uses: str
    parameters: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]
    """The line of each parameter."""
    after: tuple[str, ...] = ()
    timeout_s: float | None = None
    retries: int = 0
    when: str = "auto"
    """ "auto", or "manual" for a step that runs only when named with ``--only``."""
    show: tuple[str, ...] = ()
    """The parts of its report that stand open, in this order."""
    hide: tuple[str, ...] = ()
    fold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A day's file, parsed."""

    path: Path
    text: str
    """The whole file, byte for byte; bytes that aren't UTF-8 appear as surrogates."""
    day: int
    date: date
    title: str
    categories: tuple[str, ...]
    steps: tuple[Step, ...]
    body_start: int
    """Where in ``text`` the Markdown below the front matter begins."""
    display_path: str
    """The file's name, for messages."""
    draft: bool = False
    description: str = ""
    tags: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    """What it works on, over several days."""
    updated: str = ""
    """When it was last changed, as its author says: a date."""
    addresses: tuple[str, ...] = ()
    """Addresses under which it was known before, which lead to its page."""

    @property
    def body(self) -> str:
        return self.text[self.body_start :]

    @property
    def artifacts(self) -> Path:
        """The folder beside the entry that holds a folder for each step."""
        return artifacts_of(self.path)

    def step(self, step_id: str) -> Step | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def place(self, step: Step, parameter: str | None = None) -> str:
        """Return ``file:line`` of a step or of one of its parameters."""
        return f"{self.display_path}:{step.lines.get(parameter or '', step.line)}"


def read_entry(path: Path, workspace: Workspace) -> Entry:
    """Read an entry. Raises ``EntryError`` where it can't be read or is not valid."""
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise EntryError(
            f"{workspace.display_path(path)}:1: can't be read: {error.strerror}; fix that first"
        ) from error
    return parse_entry(text, path, workspace)


def parse_entry(text: str, path: Path, workspace: Workspace) -> Entry:
    """Parse the text of an entry, taking the day and date from its path if the front matter leaves them out."""
    shown = workspace.display_path(path)
    yaml_text, yaml_line, body_start = split_front_matter(text, shown)
    document = parse_yaml(yaml_text, shown, yaml_line)
    faults = list(_faults(document, path, workspace))
    if faults:
        raise together(faults)
    day, when = _day_and_date(document, path, workspace)
    return Entry(
        path=path,
        text=text,
        day=day,
        date=when,
        title=_text(document, "title") or f"Day {day}",
        categories=tuple(_words(document, "categories")),
        steps=tuple(_step(document, name, value) for name, value in _tasks(document).items()),
        body_start=body_start,
        display_path=shown,
        draft=_draft(document),
        description=_text(document, "description"),
        tags=tuple(_words(document, "tags")),
        projects=tuple(_words(document, "projects")),
        updated=_text(document, "updated"),
        addresses=tuple(address for name in _FORMER_ADDRESSES for address in _words(document, name)),
    )


def _faults(document: Document, path: Path, workspace: Workspace) -> Iterator[EntryError]:
    """Yield all that is wrong with the front matter, so that a person meets it at once."""
    tasks = document.data.get("tasks")
    steps = tasks.items() if isinstance(tasks, dict) else ()
    checks: list[Callable[[], object]] = [
        partial(_check_names, document),
        partial(_day_and_date, document, path, workspace),
        partial(_text, document, "title"),
        partial(_draft, document),
        *(partial(_words, document, name) for name in ("categories", "tags", "projects")),
        partial(_tasks, document),
        *(partial(_step, document, name, value) for name, value in steps),
    ]
    for check in checks:
        try:
            check()
        except EntryError as error:
            yield error


def _check_names(document: Document) -> None:
    """Raise ``EntryError`` where a name looks like a mistyped one of ours; names used by other programs are fine."""
    for name in document.data:
        if name not in (*_FRONT_MATTER_NAMES, *_NAMES_OF_OTHERS):
            known = nearest(name, _FRONT_MATTER_NAMES, cutoff=0.8)
            if known.startswith("; did"):
                raise EntryError(f"{document.place(name)}: unknown key '{name}'{known}")
            if _holds_steps(document.data[name]):
                mend = "write the steps below 'tasks:', each as its id, and below that 'uses: TASK'"
                raise EntryError(f"{document.place(name)}: unknown key '{name}'; {mend}")


def _holds_steps(value: Any) -> bool:
    """Return whether a value looks as steps do in other programs' files: a list or mapping of what to use."""
    ones = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return any(isinstance(one, dict) and ("uses" in one or {"id", "task"} <= set(one)) for one in ones)


def split_front_matter(text: str, shown: str) -> tuple[str, int, int]:
    """Return the front matter's YAML, the line it begins on, and the offset of the body."""
    match = re.match("\ufeff?---[ \t]*(\r\n|\n|\r)", text)
    if text.startswith(("\udcff\udcfe", "\udcfe\udcff")):
        raise EntryError(f"{shown}:1: the file is UTF-16; save it as UTF-8")
    if not match:
        raise EntryError(f"{shown}:1: no front matter; begin the file with a line ---, then 'title: ...', then ---")
    end = _FRONT_MATTER_END.search(text, match.end())
    if not end:
        raise EntryError(f"{shown}:1: the front matter is never closed; end it with a line ---")
    return text[match.end() : end.start()], 2, end.end()


def _day_and_date(document: Document, path: Path, workspace: Workspace) -> tuple[int, date]:
    """Return the day and date as stated, or else as given by the file's name or counted from day 1."""
    day, when = _stated_day(document), _stated_date(document)
    named_day, named_date = _named(path, document.where)
    _check_equal(document, "day", day, named_day)
    _check_equal(document, "date", when, named_date)
    day = named_day if day is None else day
    when = when or named_date
    if day is None and when is not None:
        day = workspace.day_of(when)
    if when is None and day is not None:
        when = workspace.date_of(day)
    if day is None or when is None:
        raise EntryError(f"{document.place()}: the entry has no day and date; add 'day: 133' and 'date: 2024-05-13'")
    return day, when


def _stated_day(document: Document) -> int | None:
    day = document.data.get("day")
    if day is None or (isinstance(day, int) and not isinstance(day, bool) and 0 <= day <= LAST_DAY):
        return day
    raise EntryError(f"{document.place('day')}: day is {day!r}; write a number such as 133")


def _stated_date(document: Document) -> date | None:
    when = document.data.get("date")
    if when is None or isinstance(when, date):
        return when
    raise EntryError(f"{document.place('date')}: date is {when!r}; write a date such as 2024-05-13")


def _named(path: Path, shown: str) -> tuple[int | None, date | None]:
    """Return the day and date in a file's name."""
    name = parse_entry_name(path)
    if not name:
        return None, None
    try:
        return name.day, date.fromisoformat(name.date)
    except ValueError as error:
        raise EntryError(f"{shown}:1: {name.date} in the file's name is not a date; rename the file") from error


def _check_equal(document: Document, what: str, stated: object, named: object) -> None:
    if stated is not None and named is not None and stated != named:
        place = document.place(what)
        raise EntryError(f"{place}: {what} is {stated}, but the file's name says {named}; make them agree")


def _text(document: Document, name: str) -> str:
    value = document.data.get(name)
    if isinstance(value, dict | list):
        raise EntryError(f"{document.place(name)}: {name} must be one line of text; put it in quotes")
    return "" if value is None else str(value)


def _draft(document: Document) -> bool:
    value = document.data.get("draft")
    if value is None or isinstance(value, bool):
        return bool(value)
    raise EntryError(f"{document.place('draft')}: draft is {value!r}; write true or false")


def _words(document: Document, name: str) -> list[str]:
    value = document.data.get(name) or []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or any(isinstance(word, dict | list) for word in value):
        raise EntryError(f"{document.place(name)}: {name} must be a list of words, such as [theory, deep-learning]")
    return [str(word) for word in value]


def _tasks(document: Document) -> dict[str, Any]:
    value = document.data.get("tasks") or {}
    if not isinstance(value, dict):
        raise EntryError(f"{document.place('tasks')}: tasks must hold steps: 'id:' with 'uses: TASK' below it")
    return value


def _step(document: Document, name: str, value: Any) -> Step:
    place = document.place("tasks", name)
    if not _STEP_ID.fullmatch(name):
        raise EntryError(f"{place}: step id '{name}' may contain only letters, digits, - and _; rename it")
    if not isinstance(value, dict) or not isinstance(value.get("uses"), str):
        raise EntryError(f"{place}: step '{name}' names no task; {_why_no_task(value)}")
    lines = {key: document.lines[("tasks", name, key)] for key in value}
    return Step(
        id=name,
        uses=value["uses"],
        parameters={key: item for key, item in value.items() if key not in RESERVED},
        line=document.lines[("tasks", name)],
        lines=lines,
        after=tuple(_after(document, name, value.get("after", []))),
        timeout_s=_timeout(document, name, value.get("timeout")),
        retries=_retries(document, name, value.get("retries", 0)),
        when=_when(document, name, value.get("when", "auto")),
        show=_parts(document, name, "show", value.get("show", [])),
        hide=_parts(document, name, "hide", value.get("hide", [])),
        fold=_parts(document, name, "fold", value.get("fold", [])),
    )


def _why_no_task(value: Any) -> str:
    if isinstance(value, str) and (glued := re.match(r"(\w+):(?=\S)", value)):
        return f"write a space after '{glued[1]}:'"
    names = (
        [name for name in value if nearest(name.lower(), ["uses"]).startswith("; did")]
        if isinstance(value, dict)
        else []
    )
    return f"write 'uses' for '{names[0]}'" if names else "add 'uses: TASK' below it (journal task lists them)"


def _after(document: Document, step: str, value: Any) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise EntryError(f"{document.place('tasks', step, 'after')}: after must be a step id or a list of step ids")
    return names


def _parts(document: Document, step: str, what: str, value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        place = document.place("tasks", step, what)
        raise EntryError(f"{place}: {what} must be a list of parts, such as [metrics]; journal task lists them")
    return tuple(names)


def _timeout(document: Document, step: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        amount = parse_amount(value)
        seconds = amount.to("s") if amount.unit else amount.value
        if not seconds:
            raise ValueError("it would end the step immediately")
        return seconds
    except ValueError as error:
        place = document.place("tasks", step, "timeout")
        raise EntryError(f"{place}: timeout: {error}; write '10 min' or '90 s'") from error


def _retries(document: Document, step: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise EntryError(f"{document.place('tasks', step, 'retries')}: retries is {value!r}; write 0, 1, 2, ...")


def _when(document: Document, step: str, value: Any) -> str:
    if value in ("auto", "manual"):
        return str(value)
    raise EntryError(f"{document.place('tasks', step, 'when')}: when is {value!r}; write 'auto' or 'manual'")
