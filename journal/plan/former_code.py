"""The former rule for code: a task's function and every definition that it reaches. Only kept to take results over.

How ``read_code`` works: a target is one definition of a module, or all of it. Starting with the task's function and
the statements that run when its module is imported, each target's syntax is read, and what it names becomes a target in
turn: definitions of the same module, and what its imports bind, one attribute of a module where that is all it uses.
Modules of libraries are not followed. The digest is of the syntax of all targets, sorted.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from journal.plan.code import ONE_AT_A_TIME, find_spec, importable
from journal.plan.registry import TaskSource

_WHOLE = "*"


@dataclass(frozen=True)
class _Target:
    """A definition in a module, or the whole module."""

    module: str
    name: str


@dataclass
class _Module:
    """The top-level definitions of a module, and the origins of its imported names."""

    name: str
    path: Path
    is_package: bool
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    """Statements that run on import without binding a name."""
    imports: dict[str, _Target] = field(default_factory=dict)


def read_code(source: TaskSource, root: Path) -> str:
    """Return the digest that the former rule gives the code of a task."""
    with ONE_AT_A_TIME, importable(root):
        reached = dict(_reach(source, root))
    parts = sorted((target.module, target.name, dump) for target, dump in reached.items())
    # a plugin file counts by what it says, not by where it lies
    text = repr([(Path(module).name, name, dump) for module, name, dump in parts])
    return hashlib.sha256(text.encode()).hexdigest()


def _reach(source: TaskSource, root: Path) -> Iterator[tuple[_Target, str]]:
    """Follow names from the task's function through definitions and imports."""
    waiting = [_Target(source.module, source.attribute), _Target(source.module, "")]
    seen: set[_Target] = set()
    top = source.module.split(".")[0]
    while waiting:
        target = waiting.pop()
        if target in seen or (module := _module(target.module, source.module, top, root)) is None:
            continue
        seen.add(target)
        statements = _statements(module, target.name)
        yield target, _dump(statements)
        waiting += [_Target(target.module, ""), *_mentioned(module, statements)]
        if target.name not in (_WHOLE, "") and target.name in module.imports:
            waiting.append(module.imports[target.name])


def _statements(module: _Module, name: str) -> list[ast.stmt]:
    if name == _WHOLE:
        return [statement for group in module.definitions.values() for statement in group]
    return module.effects if name == "" else module.definitions.get(name, [])


def _mentioned(module: _Module, statements: list[ast.stmt]) -> Iterator[_Target]:
    """Yield what the statements refer to: definitions of the same module, and imports from others."""
    local: dict[str, _Target] = {}
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            local |= _imported(node, module)
    yield from local.values()
    if "*" in module.imports:
        yield module.imports["*"]
    nodes = [node for statement in statements for node in ast.walk(statement)]
    attribute_of = {
        id(node.value): node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in module.definitions:
            yield _Target(module.name, node.id)
        if isinstance(node, ast.Name) and node.id in module.imports:
            yield _narrowed(module.imports[node.id], node.id, attribute_of.get(id(node)))


def _narrowed(target: _Target, bound: str, attribute: str | None) -> _Target:
    """Narrow ``helpers.add``, where all of ``helpers`` is imported, to that one definition."""
    is_first_part = target.module != bound and target.module.startswith(f"{bound}.")  # import a.b binds a
    if target.name != _WHOLE or attribute is None or is_first_part:
        return target
    submodule = f"{target.module}.{attribute}"
    return _Target(submodule, _WHOLE) if _is_module(submodule) else _Target(target.module, attribute)


def _imported(node: ast.Import | ast.ImportFrom, module: _Module) -> dict[str, _Target]:
    """Return the targets of an import statement by the names they are bound to."""
    if isinstance(node, ast.Import):
        return {alias.asname or alias.name.split(".")[0]: _Target(alias.name, _WHOLE) for alias in node.names}
    base = node.module or ""
    if node.level:
        parts = module.name.split(".")
        kept = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
        base = ".".join([*kept, *([node.module] if node.module else [])])
    found: dict[str, _Target] = {}
    for alias in node.names:
        submodule = f"{base}.{alias.name}"
        ours = base.split(".")[0] == module.name.split(".")[0] or _is_local(base.split(".")[0])
        target = _Target(submodule, _WHOLE) if ours and _is_module(submodule) else _Target(base, alias.name)
        found[alias.asname or alias.name] = target
    return found


def _is_local(top: str) -> bool:
    """Return whether a package is not an installed library."""
    spec = find_spec(top)
    places = [spec.origin] if spec and spec.origin else list(spec.submodule_search_locations or []) if spec else []
    return bool(places) and "-packages" not in str(places[0]) and top not in sys.stdlib_module_names


def _is_module(name: str) -> bool:
    return find_spec(name) is not None


def _module(name: str, start: str, top: str, root: Path) -> _Module | None:
    """Parse a module if it belongs to the project: to the task's own package, or to the workspace."""
    if name.endswith(".py"):
        return _parse(name, Path(name), False)
    if name.split(".")[0] == "journal" or not (name.split(".")[0] == top or _is_local(name.split(".")[0])):
        return None
    spec = find_spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    path = Path(spec.origin)
    ours = name.split(".")[0] == top or (path.is_relative_to(root) and "site-packages" not in path.parts)
    return _parse(name, path, spec.submodule_search_locations is not None) if ours else None


def _parse(name: str, path: Path, is_package: bool) -> _Module:
    return _parse_text(name, path, is_package, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=512)
def _parse_text(name: str, path: Path, is_package: bool, text: str) -> _Module:
    module = _Module(name, path, is_package)
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module.imports |= _imported(statement, module)
        elif isinstance(statement, ast.Try | ast.If) and not _is_type_checking(statement):
            module.effects.append(statement)  # what it imports or defines is reached with it
        elif bound := list(_bound(statement)):
            for target in bound:
                module.definitions.setdefault(target, []).append(statement)
        elif not _is_docstring(statement) and not _is_type_checking(statement):
            module.effects.append(statement)
    return module


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names bound by a definition or an assignment."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        yield from (node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id


def _dump(statements: list[ast.stmt]) -> str:
    return "\n".join(ast.dump(_Bare().visit(ast.parse(ast.unparse(statement)))) for statement in statements)


class _Bare(ast.NodeTransformer):
    """Removes docstrings, which don't affect results."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        body = getattr(node, "body", None)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and isinstance(body, list):
            node.body = [one for one in body if not _is_docstring(one)] or [ast.Pass()]
        return super().generic_visit(node)


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _is_type_checking(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING")
