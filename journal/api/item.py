"""What every item of a report is: a value with a kind, its JSON form, its files, its numbers and its Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar, Protocol, Self
from urllib.parse import quote as quote_url

from journal.api.numbers import NamedNumber
from journal.errors import JournalError, TaskError, one_line
from journal.text.escape import escape, stands_alone


class Page(Protocol):
    """The page that an item is shown on."""

    def link(self, path: str) -> str:
        """Return the address of one of the step's files, from the entry on."""
        ...

    def total(self, ledger: str) -> str:
        """Say where a ledger stands on the page's day."""
        ...


@dataclass(frozen=True)
class Item:
    """What a report shows at one place. A kind of one's own is a frozen dataclass of this one with a ``markdown``.

    Its fields are plain data and make its JSON form. A field named ``path`` is a file in the step's folder; ``files``
    names other such fields.
    """

    kind: ClassVar[str]
    files: ClassVar[tuple[str, ...]] = ("path",)

    def markdown(self, page: Page) -> str:
        """Return the item as Markdown; nothing where it shows nothing."""
        return ""

    def numbers(self) -> Iterator[NamedNumber]:
        """Yield the numbers that it shows, for checks and for other programs."""
        yield from ()

    def with_files(self, place: Callable[[str], str]) -> Self:
        """Return the item with each of its paths as ``place`` gives it."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if one.name in self.files}
        return replace(self, **{name: place(path) for name, path in found.items()}) if found else self

    def to_json(self) -> dict[str, object]:
        """Return the item as plain data."""
        return {"kind": self.kind, **{one.name: getattr(self, one.name) for one in fields(self)}}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """Make an item of its JSON form."""
        return cls(**{name: value for name, value in data.items() if name != "kind"})


@dataclass(frozen=True)
class UnknownItem(Item):
    """An item of a kind that nothing installed here knows: kept as it is, and named where it would stand."""

    kind: ClassVar = "unknown"
    data: Mapping[str, object]
    why: str = ""

    def markdown(self, page: Page) -> str:
        return f"> {escape(self.why)}"

    def to_json(self) -> dict[str, object]:
        return dict(self.data)


def markdown_of(item: Item, page: Page) -> str:
    """Return an item as Markdown; one from a plugin that can't be shown says why, and breaks nothing around it."""
    try:
        text = item.markdown(page)
    except JournalError:
        raise
    except Exception as error:  # third-party code may fail in any way
        return UnknownItem({}, f"Not shown: {_named(item)}: {one_line(f'{type(error).__name__}: {error}')}").markdown(
            page
        )
    if isinstance(text, str) and (_is_built_in(item) or stands_alone(text)):
        return text
    what = (
        "an open comment, code fence or marker in its Markdown" if isinstance(text, str) else "its Markdown is no text"
    )
    return UnknownItem({}, f"Not shown: {_named(item)}: {what}").markdown(page)


def numbers_of(item: Item) -> list[NamedNumber]:
    """Return the numbers that an item shows; raises ``TaskError`` naming its kind where a plugin can't list them."""
    try:
        return list(item.numbers())
    except Exception as error:  # third-party code may fail in any way
        cause = one_line(f"{type(error).__name__}: {error}")
        raise TaskError(f"{_named(item)}: its numbers can't be listed: {cause}; fix its plugin") from error


def _named(item: Item) -> str:
    return f"an item of the kind '{item.kind}'"


def _is_built_in(item: Item) -> bool:
    return type(item).__module__.startswith("journal.")


def file_link(folder: str, path: str) -> str:
    """Return the address of a step's file, from the entry on; ``folder`` leads to the step's artifacts."""
    return quote_url(f"{folder}/{path}")
