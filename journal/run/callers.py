"""Who reads: the user's own code, a library, Python's import system or journal itself, as the call stack tells."""

from __future__ import annotations

import importlib
import pathlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from journal.plan.code import CORE, is_standard_file

ASKING = ("os", "posixpath", "genericpath", "pathlib", "collections", "glob", "fnmatch", "contextlib")
"""Modules of Python that ask for variables and files on their caller's behalf."""
_IMPORTLIB = str(Path(importlib.__file__).parent)
_OBSERVERS = tuple(str(Path(__file__).with_name(name)) for name in ("callers.py", "accesses.py", "unannounced.py"))


def reader(through: tuple[str, ...] = ()) -> str:
    """Return the file of the code that reads: itself, or through modules of Python, all or those named."""
    frame = _first(sys._getframe(), lambda one: _passes_on(one, through))
    return frame.f_code.co_filename if frame else ""


def importer() -> str:
    """Return the file of the code that imports."""
    frame = _first(sys._getframe(), lambda one: _file(one).startswith("<frozen ") or _file(one) in _OBSERVERS)
    return _file(frame) if frame else ""


def is_import() -> bool:
    """Return whether Python's import system is at work, or journal's own for plugin files."""
    frame = _first(sys._getframe(), lambda one: _file(one) in (*_OBSERVERS, pathlib.__file__))
    return frame is not None and _file(frame).startswith(("<frozen importlib", _IMPORTLIB, CORE))


def is_of_core() -> bool:
    """Return whether journal itself is at work, for the task."""
    return reader().startswith(CORE)


def _passes_on(frame: FrameType, through: tuple[str, ...]) -> bool:
    """Return whether what reads here observes, or is a module of Python that reads for its caller."""
    if _file(frame) in _OBSERVERS:
        return True
    name = str(frame.f_globals.get("__name__", ""))
    return is_standard_file(_file(frame)) and (not through or name.partition(".")[0] in through)


def _first(frame: FrameType | None, is_passed: Callable[[FrameType], bool]) -> FrameType | None:
    while frame is not None and is_passed(frame):
        frame = frame.f_back
    return frame


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename
