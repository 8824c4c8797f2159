"""Plugin files of a workspace: the tasks and item kinds they declare, found without importing them."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from journal.errors import one_line


@dataclass(frozen=True)
class Declared:
    """A name declared by a plugin file, and the function or class behind it."""

    name: str
    path: Path
    attribute: str

    @property
    def origin(self) -> str:
        """The file, for messages."""
        return f"{self.path.parent.name}/{self.path.name}"


@dataclass(frozen=True)
class PluginFile:
    """What a plugin file declares, or the ``problem`` that prevents reading it."""

    path: Path
    tasks: tuple[Declared, ...] = ()
    items: tuple[Declared, ...] = ()
    problem: str = ""


def read_plugin_files(folder: Path) -> list[PluginFile]:
    """Return what the files in a plugin folder declare, without importing them."""
    return [_read(path) for path in sorted(folder.glob("*.py"))] if folder.is_dir() else []


def load_plugin_file(path: Path) -> ModuleType:
    """Import a plugin file, once per process for the same content."""
    content = path.read_bytes()
    name = f"journal_plugin_{path.stem}_{hashlib.sha256(content).hexdigest()[:12]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path.name} is not a Python module")
        module = importlib.util.module_from_spec(spec)
        module.__package__ = path.parent.name  # so that "from . import helper" finds the file beside it
        sys.modules[name] = module
        add_own_folders(path.parent.parent)
        try:
            exec(compile(content, str(path), "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def add_own_folders(root: Path) -> list[str]:
    """Make the modules of a workspace and of its plugins folder importable; returns what was added to ``sys.path``.

    They come last, so that none takes the place of a library.
    """
    plugins = root / "plugins"
    folders = (root, plugins) if plugins.is_dir() else (root,)
    added = [str(folder) for folder in folders if str(folder) not in sys.path]
    sys.path.extend(added)
    return added


def _read(path: Path) -> PluginFile:
    try:
        tree = ast.parse(path.read_bytes(), path.name)
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError) as error:
        return PluginFile(path, problem=one_line(str(error)))
    return PluginFile(path, tuple(_tasks_in(tree, path)), tuple(_items_in(tree, path)))


def _tasks_in(tree: ast.Module, path: Path) -> Iterator[Declared]:
    """Find ``@task("name")`` functions."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names = filter(None, map(_task_name, node.decorator_list))
            yield from (Declared(name, path, node.name) for name in names)


def _task_name(decorator: ast.expr) -> str | None:
    if not isinstance(decorator, ast.Call):
        return None
    called = decorator.func.attr if isinstance(decorator.func, ast.Attribute) else getattr(decorator.func, "id", "")
    given = [*decorator.args[:1], *(keyword.value for keyword in decorator.keywords if keyword.arg == "name")]
    return _text(given[0]) if called == "task" and given else None


def _items_in(tree: ast.Module, path: Path) -> Iterator[Declared]:
    """Find classes that define ``kind = "name"``, as item kinds do."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            kinds = filter(None, map(_kind, node.body))
            yield from (Declared(kind, path, node.name) for kind in kinds)


def _kind(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        return None
    is_kind = any(isinstance(target, ast.Name) and target.id == "kind" for target in targets)
    return _text(statement.value) if is_kind and statement.value else None


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
