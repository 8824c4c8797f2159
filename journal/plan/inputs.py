"""File parameters resolved to paths of existing files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journal.api.task import ParameterError, brief
from journal.errors import nearest

_BYTES = re.compile("[\udc80-\udcff]")
_GLOB = re.compile(r"[*?\[]")


def resolve_inputs(roles: Mapping[str, str], values: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Turn the text of file parameters into paths. Raises ``ParameterError`` where a file does not exist.

    ``roles`` gives the role of each of the task's parameters: "file", "files", or another, whose value is left alone.
    """
    resolved = dict(values)
    for name, role in roles.items():
        if name in values and values[name] is not None:
            if role == "file":
                resolved[name] = _file(name, values[name], root)
            elif role == "files":
                resolved[name] = _files(name, values[name], root)
    return resolved


def _file(name: str, value: Any, root: Path) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise ParameterError(name, f"parameter '{name}' is {value!r}; give the path of one file")
    path = root / value
    if not _exists(path):
        raise ParameterError(name, f"parameter '{name}': there is no file {brief(_shown(path, root))}{_similar(path)}")
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
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _similar(path: Path) -> str:
    siblings = [one.name for one in path.parent.iterdir()] if _exists(path.parent) and path.parent.is_dir() else []
    found = nearest(path.name, siblings)
    return found if found.startswith("; did") else "; check the path, which is relative to the workspace"
