"""Who reads: the user's own code, a library, Python's import system or journal itself, as the call stack tells."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from journal.plan.code import CORE, is_standard_file

_ON_THEIR_OWN = {
    "subprocess", "tempfile", "locale", "multiprocessing", "urllib", "ssl", "http", "webbrowser", "site", "sysconfig",
    "importlib", "ctypes", "platform", "gettext", "logging", "asyncio", "concurrent", "encodings", "runpy", "zoneinfo",
}  # fmt: skip
"""Modules of Python that read variables and look for files for their own sake."""
_PRESENCE = {"exists", "lexists", "isfile", "isdir", "islink", "is_file", "is_dir", "is_symlink", "ismount", "realpath"}
"""Functions of Python that ask whether something is there, and nothing else about it."""
_IMPORTLIB = str(Path(importlib.__file__).parent)
_OBSERVERS = tuple(str(Path(__file__).with_name(name)) for name in ("callers.py", "accesses.py", "unannounced.py"))


def reader() -> str:
    """Return the file of the code that reads, itself or through modules of Python."""
    frame = _first(sys._getframe(), lambda one: _file(one) in _OBSERVERS or is_standard_file(_file(one)))
    return _file(frame) if frame else ""


def asker() -> str:
    """Return the file of the code that asks; modules of Python pass its questions on, or have their own."""
    frame = _first(sys._getframe(), _passes_on)
    return _file(frame) if frame else ""


def asks_for_presence() -> bool:
    """Return whether the question is only whether something is there."""
    frame = _first(sys._getframe(), lambda one: _passes_on(one) and one.f_code.co_name not in _PRESENCE)
    return frame is not None and _passes_on(frame)


def is_direct() -> bool:
    """Return whether nothing but ``os`` and the like lies between the code and what it reads."""
    frame = _first(sys._getframe(), lambda one: _file(one) in _OBSERVERS)
    return frame is not None and (not is_standard_file(_file(frame)) or _module(frame) in ("os", "collections"))


def importer() -> str:
    """Return the file of the code that imports."""
    frame = _first(sys._getframe(), lambda one: _file(one).startswith("<frozen ") or _file(one) in _OBSERVERS)
    return _file(frame) if frame else ""


def is_import() -> bool:
    """Return whether Python's import system is at work, journal's own for plugin files, or a quote of source lines.

    Warnings and tracebacks quote the lines of code that they are about, which the code itself counts for.
    """
    frame = _first(sys._getframe(), lambda one: _file(one) in _OBSERVERS or _module(one) in ("pathlib", "tokenize"))
    if frame is None:
        return False
    return _module(frame) == "linecache" or _file(frame).startswith(("<frozen importlib", _IMPORTLIB, CORE))


def is_of_core() -> bool:
    """Return whether journal itself is at work, for the task."""
    return reader().startswith(CORE)


def _passes_on(frame: FrameType) -> bool:
    """Return whether what reads here observes, or is a module of Python that reads for its caller."""
    if _file(frame) in _OBSERVERS:
        return True
    return is_standard_file(_file(frame)) and _module(frame) not in _ON_THEIR_OWN


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _first(frame: FrameType | None, is_passed: Callable[[FrameType], bool]) -> FrameType | None:
    while frame is not None and is_passed(frame):
        frame = frame.f_back
    return frame


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename
