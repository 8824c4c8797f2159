"""The user's own code: which modules that is, which of them a task's module imports, and their digest.

Code is the user's own if it is neither Python's nor an installed package's: the modules of the workspace, and packages
installed in place. It counts by whole modules, as syntax.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from threading import Lock

from journal.api.plugin_files import add_own_folders
from journal.plan.code_digest import CodeDigest
from journal.plan.registry import TaskSource
from journal.plan.syntax import syntax_digest

ONE_AT_A_TIME = Lock()
"""Python 3.11 can't build syntax trees in two threads at once, and the path for imports is the process's."""
_STANDARD = tuple({sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")})
_INSTALLED = ("/site-packages/", "/dist-packages/")
CORE = str(Path(__file__).parents[1])


def is_own_file(path: str) -> bool:
    """Return whether a file is not part of Python, of an installed package, or of journal's core."""
    return not (is_standard_file(path) or is_package_file(path))


def is_standard_file(path: str) -> bool:
    """Return whether a file is part of Python itself."""
    return path.startswith("<frozen ") or (path.startswith(_STANDARD) and not any(part in path for part in _INSTALLED))


def is_package_file(path: str) -> bool:
    """Return whether a file is part of an installed package, or of journal's core."""
    return any(part in path for part in _INSTALLED) or path.startswith(CORE)


def read_code(source: TaskSource, root: Path) -> CodeDigest:
    """Digest the modules that importing a task's module brings in: its own package's, and the user's own."""
    with ONE_AT_A_TIME, importable(root):
        modules = list(_follow(source))
    # a plugin file counts by what it says, not by where it lies
    named = [(Path(module.name).name, syntax_digest(module.path.read_bytes())) for module in modules]
    libraries = {library for module in modules for library in module.libraries}
    digest = hashlib.sha256(repr(sorted(named)).encode()).hexdigest()
    return CodeDigest(digest, tuple(sorted(module.path for module in modules)), tuple(sorted(libraries)))


def name_of(path: Path, root: Path) -> str:
    """Return the name that stands for a source file: its path in the workspace, or its module's name elsewhere."""
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    parts = [path.stem] if path.stem != "__init__" else []
    while (path.parent / "__init__.py").is_file():
        path = path.parent
        parts.insert(0, path.name)
    return ".".join(parts)


def find_module(name: str, root: Path) -> Path | None:
    """Return the file of a module of the user's own, without importing anything."""
    try:
        with ONE_AT_A_TIME, importable(root):
            spec = find_spec(name)
    except (ImportError, ValueError, AttributeError):  # a finder of a stranger's
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


def is_found(name: str, root: Path) -> bool:
    """Return whether a module could be imported, without importing anything."""
    with ONE_AT_A_TIME, importable(root):
        return name in sys.builtin_module_names or find_spec(name) is not None


@contextmanager
def importable(root: Path) -> Iterator[None]:
    """Make the workspace's own modules importable, as they are in a step."""
    importlib.invalidate_caches()
    find_spec.cache_clear()
    added = add_own_folders(root)
    try:
        yield
    finally:
        for folder in added:
            sys.path.remove(folder)
        find_spec.cache_clear()


@dataclass(frozen=True)
class _Module:
    """A module: what it imports of the user's own, and the libraries it imports."""

    name: str
    path: Path
    imports: tuple[str, ...]
    libraries: tuple[str, ...]


def _follow(source: TaskSource) -> Iterator[_Module]:
    top = source.module.split(".")[0]
    waiting, seen = [source.module], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if module := _read(name, top):
            yield module
            waiting += [*module.imports, *([] if name.endswith(".py") else _above(name))]


def _read(name: str, top: str) -> _Module | None:
    if name.endswith(".py"):
        return _parsed(name, Path(name), name, is_package=False, content=Path(name).read_bytes())
    spec = find_spec(name)
    if spec is None or not (spec.origin or "").endswith(".py"):
        return None
    path = Path(str(spec.origin))
    if name.split(".")[0] != top and not is_own_file(str(path)):
        return None
    is_package = spec.submodule_search_locations is not None
    return _parsed(name, path, top, is_package=is_package, content=path.read_bytes())


def _parsed(name: str, path: Path, top: str, *, is_package: bool, content: bytes) -> _Module:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):  # importing it says what is wrong
        return _Module(name, path, (), ())
    imports, libraries = list[str](), set[str]()
    for found in _imported(tree, name, is_package):
        if _is_followed(found, top):
            imports.append(found)
        elif _is_library(found):
            libraries.add(found.split(".")[0])
    return _Module(name, path, tuple(imports), tuple(libraries))


def _imported(tree: ast.Module, name: str, is_package: bool) -> Iterator[str]:
    """Yield what may be a module's name in any import statement, or in a call such as ``import_module("a.b")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name, is_package)
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Call) and node.args and _called(node) in ("import_module", "__import__"):
            given = node.args[0]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value.lstrip(".")


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = [Path(name).parent.name, Path(name).stem] if name.endswith(".py") else name.split(".")
    kept = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _above(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _is_followed(name: str, top: str) -> bool:
    first = name.split(".")[0]
    if first == "journal" or first in sys.stdlib_module_names:
        return False
    spec = find_spec(name)
    return bool(spec and spec.origin and (first == top or is_own_file(spec.origin)))


def _is_library(name: str) -> bool:
    spec = find_spec(name.split(".")[0]) if name else None
    places = [spec.origin or "", *(spec.submodule_search_locations or [])] if spec else []
    return any(part in f"{place}/" for place in places for part in _INSTALLED)


@lru_cache(maxsize=4096)
def find_spec(name: str) -> ModuleSpec | None:
    """Find a module as an import would, without importing its parent packages."""
    above, _, last = name.rpartition(".")
    if not last:
        return None
    if above:
        parent = find_spec(above)
        places = parent.submodule_search_locations if parent else None
        return PathFinder.find_spec(name, list(places)) if places is not None else None
    found = (finder.find_spec(name, None) for finder in sys.meta_path if name and hasattr(finder, "find_spec"))
    return next((spec for spec in found if spec), None)
