"""File parameters resolved to paths of existing files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from journal.api.roles import RoleTree
from journal.api.task import ParameterError, brief
from journal.errors import nearest

_BYTES = re.compile("[\udc80-\udcff]")
_GLOB = re.compile(r"[*?\[]")


def resolve_inputs(roles: Mapping[str, RoleTree], values: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Turn the text of files, at whatever depth, into paths. Raises ``ParameterError`` where one does not exist.

    ``roles`` gives the role of each of the task's parameters.
    """
    return {name: _resolve(name, value, roles.get(name, "value"), root) for name, value in values.items()}


def paths_in(value: Any) -> Iterator[Path]:
    """Yield the paths in a value of a parameter or an output, at any depth."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, Mapping):
        yield from (path for part in value.values() for path in paths_in(part))
    elif isinstance(value, list | tuple):
        yield from (path for part in value for path in paths_in(part))


def models_in(value: Any, role: RoleTree) -> Iterator[str]:
    """Yield the models that a parameter names, at whatever depth."""
    if role == "model" and isinstance(value, str):
        yield value
    elif isinstance(role, Mapping):
        for part, inner in _parts(value, role):
            yield from models_in(part, inner)


def _resolve(name: str, value: Any, role: RoleTree, root: Path) -> Any:
    if value is None or role in ("value", "model", "sheet"):
        return value
    if role == "file":
        return _file(name, value, root)
    if role == "files":
        return _files(name, value, root)
    if isinstance(value, Mapping):
        roles = _roles_of_keys(value, role)
        return {key: _resolve(name, part, roles[key], root) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_resolve(name, part, inner, root) for part, inner in _parts(value, role)]
    return value  # not of the declared type, as the check of types will say


def _parts(value: Any, role: RoleTree) -> Iterator[tuple[Any, RoleTree]]:
    """Yield the parts of a value, each with its role."""
    if isinstance(value, Mapping):
        roles = _roles_of_keys(value, role)
        yield from ((part, roles[key]) for key, part in value.items())
    elif isinstance(value, list | tuple) and isinstance(role, Mapping):
        each = role.get("each", "value")
        yield from ((part, each) for part in value)


def _roles_of_keys(value: Mapping[Any, Any], role: RoleTree) -> dict[Any, RoleTree]:
    if not isinstance(role, Mapping):
        return dict.fromkeys(value, "value")
    fields = role.get("fields", {})
    return {key: role.get("each") or fields.get(key, "value") for key in value}


def _file(name: str, value: Any, root: Path) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise ParameterError(name, f"parameter '{name}' is {value!r}; give the path of one file")
    path = root / value
    if isinstance(value, Path) and not _exists(path):
        return path  # another step's output, which can be made again
    if not _exists(path):
        raise ParameterError(
            name, f"parameter '{name}': there is no file {brief(_shown(path, root))}{_similar(path, root)}"
        )
    if not (path.is_file() or path.is_dir()):
        kind = "a device, a pipe or a socket; its content has no end that can be relied on"
        raise ParameterError(name, f"parameter '{name}': {brief(_shown(path, root))} is {kind}; give a file")
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name longer than any file's, or a NUL in it
        return False


def _files(name: str, value: Any, root: Path) -> list[Path]:
    """Return the files of a path, a list or a glob, without duplicates, in the order given and sorted within a glob."""
    values = value if isinstance(value, list) else [value]
    paths: list[Path] = []
    for one in values:
        if isinstance(one, str) and _GLOB.search(one) and not _exists(root / one):
            paths += _glob(name, one, root)
        else:
            paths.append(_file(name, one, root))
    if not paths:
        raise ParameterError(name, f"parameter '{name}' names no files; give a path, a list of paths or a glob")
    return list(dict.fromkeys(paths))


def _glob(name: str, pattern: str, root: Path) -> list[Path]:
    if Path(pattern).is_absolute():
        raise ParameterError(name, f"parameter '{name}': the glob {pattern} must be relative to the workspace")
    try:
        found = sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, OSError) as error:
        raise ParameterError(name, f"parameter '{name}': {pattern} is not a valid glob: {error}") from error
    if not found:
        raise ParameterError(name, f"parameter '{name}': no file matches {pattern}")
    for path in found:
        if _BYTES.search(path.name):
            shown = _BYTES.sub("?", _shown(path, root))
            raise ParameterError(name, f"parameter '{name}': the name of {shown} is not UTF-8; rename the file")
    return found


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _similar(path: Path, root: Path) -> str:
    """Return the file that was meant, if one is like it: beside it, or of that name in another folder nearby."""
    folder = path.parent
    siblings = {_shown(one, root): one.name for one in folder.iterdir()} if _exists(folder) and folder.is_dir() else {}
    found = nearest(path.name, list(siblings.values()))
    if found.startswith("; did"):
        place = next(place for place, name in siblings.items() if f"'{name}'" in found)
        return f"; did you mean '{place}'?"
    if elsewhere := _of_that_name(path.name, root):
        return f"; did you mean '{_shown(elsewhere, root)}'?"
    if not path.is_relative_to(root):
        return "; check the path"
    if not _exists(folder):
        return f"; check the path: there is no folder {_shown(folder, root)}"
    return "; check the path, which is relative to the workspace"


def _of_that_name(name: str, root: Path) -> Path | None:
    """Return a file of that name in one of the workspace's folders."""
    folders = sorted(one for one in root.iterdir() if one.is_dir() and not one.name.startswith("."))
    return next((folder / name for folder in folders if _exists(folder / name)), None)
