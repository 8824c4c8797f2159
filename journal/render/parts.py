"""The parts of a report: which stand open, which are folded, and in which order, as its task or the author has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from journal.api.item import Item
from journal.api.items import Audio, FileLink, Gallery, Image, Metric, Part, Quote, Table, Text, Total, Trial
from journal.errors import nearest

_ONE_AT_MOST = (Image, Gallery, Table)
_MORE = (Audio, FileLink)


@dataclass(frozen=True)
class Section:
    """Items of a report under one name."""

    name: str
    title: str
    """The words that it is folded under."""
    items: tuple[Item, ...]
    folded: bool = False


@dataclass(frozen=True)
class Arrangement:
    """What an author says of a step's parts: those to show, in this order; those to hide; those to fold."""

    show: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    fold: tuple[str, ...] = ()

    def unknown(self, sections: Iterable[Section]) -> str:
        """Return a few words about a name that no part has, or nothing."""
        known = [section.name for section in sections]
        for name in (*self.show, *self.hide, *self.fold):
            if name not in known:
                return f"no part '{name}'{nearest(name, known)}"
        return ""


def sections_of(items: Sequence[Item]) -> list[Section]:
    """Return a report's parts: as its task named them, or else by the kinds and titles of its items."""
    shown = [
        item for item in items if not isinstance(item, Trial) and not (isinstance(item, Metric) and not item.visible)
    ]
    return _named(shown) if any(isinstance(item, Part) for item in shown) else _derived(shown)


def arrange(sections: Sequence[Section], wanted: Arrangement) -> list[Section]:
    """Return parts in the order in which they stand: with ``show``, all others are folded, but for totals."""
    by_name = {section.name: section for section in sections}
    first = [replace(by_name[name], folded=False) for name in wanted.show if name in by_name]
    others = [section for section in sections if section.name not in (*wanted.show, *wanted.hide)]
    if wanted.show:
        others = [replace(one, folded=one.folded or one.name not in ("metrics", "totals")) for one in others]
    found = [replace(one, folded=True) if one.name in wanted.fold else one for one in [*first, *others]]
    return sorted(found, key=lambda one: (one.name == "totals", one.name != "metrics"))


def _named(items: Sequence[Item]) -> list[Section]:
    sections: list[Section] = []
    for item in items:
        if isinstance(item, Part):
            sections.append(Section(item.name, item.title or item.name.replace("-", " "), (), item.folded))
        elif isinstance(item, Total):
            sections.append(Section("totals", "Totals", (item,)))
        elif not sections:
            sections.append(Section("summary", "Summary", (item,)))
        else:
            place = next(at for at in range(len(sections) - 1, -1, -1) if sections[at].name != "totals")
            sections[place] = replace(sections[place], items=(*sections[place].items, item))
    return _merged([section for section in sections if section.items])


def _derived(items: Sequence[Item]) -> list[Section]:
    """Name parts by their kinds and titles; beyond the first picture and the first table, they are folded."""
    sections = []
    seen: set[type[Item]] = set()
    for (_, name), group in groupby(items, lambda item: (item.kind, _name(item))):
        some = tuple(group)
        kind = Image if isinstance(some[0], Gallery) else type(some[0])
        folded = (isinstance(some[0], _ONE_AT_MOST) and kind in seen) or (isinstance(some[0], _MORE) and len(some) > 3)
        seen.add(kind)
        sections.append(Section(name, _title(some), some, folded))
    return _merged(sections)


def _merged(sections: Sequence[Section]) -> list[Section]:
    """Return sections with names of their own: metrics and totals are one each, others are numbered."""
    found: dict[str, Section] = {}
    for section in sections:
        name = section.name
        if name in ("metrics", "totals") and name in found:
            found[name] = replace(found[name], items=(*found[name].items, *section.items))
            continue
        number = 2
        while name in found:
            name, number = f"{section.name}-{number}", number + 1
        found[name] = replace(section, name=name)
    return list(found.values())


def _name(item: Item) -> str:
    """Return what an item is called in an entry's ``show``, ``hide`` and ``fold``."""
    names = {Metric: "metrics", Total: "totals", Audio: "sounds", FileLink: "files", Text: "text"}
    if type(item) in names:
        return names[type(item)]
    if isinstance(item, Image):
        return _slug(item.path.rpartition("/")[2].rpartition(".")[0])
    plain = {Table: "table", Gallery: "pictures", Quote: "quote"}.get(type(item), item.kind)
    return _slug(str(getattr(item, "title", ""))) or plain


def _title(items: Sequence[Item]) -> str:
    first = items[0]
    if isinstance(first, Audio):
        return f"{len(items)} sounds" if len(items) > 1 else "A sound"
    if isinstance(first, Image):
        return first.caption or first.alt
    if isinstance(first, Table):
        return first.title or ", ".join(first.columns)
    if isinstance(first, Gallery):
        return first.title or f"{len(first.pictures)} pictures"
    return str(getattr(first, "title", "")) or first.kind.capitalize()


def _slug(text: str) -> str:
    words = re.sub(r"\(.*?\)", "", text.lower()).split(":")[0]
    return re.sub(r"[^\w]+", "-", words).strip("-")[:40].rstrip("-")
