"""The kinds of report items: from installed packages, including this one, and from plugins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from journal.api.item import Item, UnknownItem
from journal.api.plugin_files import Declared, load_plugin_file, read_plugin_files
from journal.doors import ITEMS, DoorError, Installed
from journal.errors import one_line


class ItemKinds:
    """Creates items from their JSON form, importing the class of each kind on first use."""

    def __init__(self, plugins: Path | None = None, installed: Installed | None = None) -> None:
        self.plugins, self.installed = plugins, installed or Installed()
        self._classes: dict[str, type[Item]] = {}

    def load(self, data: Mapping[str, object]) -> Item:
        """Create an item; if its kind is not available, keep its data and show the reason."""
        kind = str(data["kind"])
        try:
            found = self._class(kind)
        except DoorError as error:
            return UnknownItem(data, f"Not shown: an item of the kind '{kind}'. {error}")
        return found.from_json(data)

    def _class(self, kind: str) -> type[Item]:
        if kind not in self._classes:
            self._classes[kind] = self._find(kind)
        return self._classes[kind]

    def _find(self, kind: str) -> type[Item]:
        if kind in self._declared:
            declared = self._declared[kind]
            found, origin = _load(declared), declared.origin
        else:
            point = self.installed.find(ITEMS, kind)
            found, origin = point.load(), point.origin
        if isinstance(found, type) and issubclass(found, Item):
            return found
        raise DoorError(f"'{kind}' from {origin} is not an Item; make it a dataclass derived from journal.Item")

    @cached_property
    def _declared(self) -> dict[str, Declared]:
        files = read_plugin_files(self.plugins) if self.plugins else []
        return {declared.name: declared for file in files for declared in file.items}


def _load(declared: Declared) -> object:
    try:
        return getattr(load_plugin_file(declared.path), declared.attribute)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way, and must not break others
        cause = one_line(f"{type(error).__name__}: {error}")
        raise DoorError(f"'{declared.name}' of {declared.origin} can't be imported: {cause}") from error
