"""The kinds of report items: from installed packages, including this one, and from plugins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from journal.api.item import Item, UnknownItem
from journal.api.plugin_files import Declared, load_plugin_file, read_plugin_files
from journal.doors import ITEMS, DoorError, Installed
from journal.errors import TaskError, one_line
from journal.extras import DISTRIBUTION
from journal.trust import HOW, is_trusted


class ItemKinds:
    """Creates items from their JSON form, importing the class of each kind on first use."""

    def __init__(self, plugins: Path | None = None, installed: Installed | None = None) -> None:
        self.plugins, self.installed = plugins, installed or Installed()
        self._classes: dict[str, type[Item]] = {}

    def load(self, data: Mapping[str, object]) -> Item:
        """Create an item; if its kind is not available or can't read it, keep its data and show the reason."""
        kind = str(data["kind"])
        try:
            found = self._class(kind)
        except DoorError as error:
            return UnknownItem(data, f"Not shown: an item of the kind '{kind}'. {error}")
        if found.__module__.startswith("journal."):
            return found.from_json(data)
        try:
            return found.from_json(data)
        except Exception as error:  # of another version of its plugin, say
            cause = one_line(f"{type(error).__name__}: {error}")
            return UnknownItem(data, f"Not shown: an item of the kind '{kind}', which its plugin can't read ({cause})")

    def provided(self) -> list[str]:
        """Return what installed packages provide, as text that changes with it."""
        return [f"{point.name} {point.value}" for point in self.installed.entry_points(ITEMS)]

    def check(self, item: Item) -> None:
        """Raise ``TaskError`` where an item could not be read back: its kind is another's, or nobody's."""
        if type(item).__module__.startswith("journal."):
            return
        try:
            found = self._class(item.kind)
        except DoorError as error:
            raise TaskError(f"an item of the kind '{item.kind}' can't be read back: {error}") from error
        if (found.__module__, found.__qualname__) != (type(item).__module__, type(item).__qualname__):
            raise TaskError(f"the kind '{item.kind}' is already {found.__qualname__} of {found.__module__}; rename it")

    def _class(self, kind: str) -> type[Item]:
        if kind not in self._classes:
            self._classes[kind] = self._find(kind)
        return self._classes[kind]

    def _find(self, kind: str) -> type[Item]:
        """Return the class of a kind; a built-in kind can't be replaced, others have to be unique."""
        points = [point for point in self.installed.entry_points(ITEMS) if point.name == kind]
        declared = self._declared.get(kind, [])
        if any(point.package == DISTRIBUTION for point in points) or (points and not declared):
            point = self.installed.find(ITEMS, kind)
            found, origin = point.load(), point.origin
        elif len(declared) == 1 and not points:
            found, origin = _load(declared[0]), declared[0].origin
        elif not declared:
            raise DoorError(f"no plugin and no installed package provides '{kind}' (entry points {ITEMS})")
        else:
            origins = [*(point.origin for point in points), *(one.origin for one in declared)]
            raise DoorError(f"'{kind}' is provided by {' and '.join(origins)}; rename one of them")
        if not (isinstance(found, type) and issubclass(found, Item)):
            raise DoorError(f"'{kind}' from {origin} is not an Item; make it a dataclass derived from journal.Item")
        if getattr(found, "kind", None) != kind:
            raise DoorError(f"'{kind}' from {origin} has the kind {getattr(found, 'kind', None)!r}; make them equal")
        return found

    @cached_property
    def _declared(self) -> dict[str, list[Declared]]:
        found: dict[str, list[Declared]] = {}
        for file in read_plugin_files(self.plugins) if self.plugins else []:
            for declared in file.items:
                found.setdefault(declared.name, []).append(declared)
        return found


def _load(declared: Declared) -> object:
    if not is_trusted(declared.path.parent.parent):
        raise DoorError(f"'{declared.name}' is code of this workspace ({declared.origin}), which is not trusted; {HOW}")
    try:
        return getattr(load_plugin_file(declared.path), declared.attribute)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way, and must not break others
        cause = one_line(f"{type(error).__name__}: {error}")
        raise DoorError(f"'{declared.name}' of {declared.origin} can't be imported: {cause}") from error
