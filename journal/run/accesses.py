"""What a step reads as it runs: files, folders, variables, modules and programs, observed in its own process.

Python announces opened files, listed folders, imports and started programs to an audit hook. Variables and questions
such as "does this file exist?" are not announced, so the functions that answer them are wrapped. What libraries written
in C and other programs read can't be seen from here.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from journal.api.machine import user_cache_dir
from journal.errors import TaskError
from journal.files import file_stat
from journal.plan.code import is_package_file
from journal.plan.variables import GIVEN, SESSION
from journal.run.callers import asker, asks_for_presence, importer, is_direct, is_import, is_of_core, reader
from journal.run.unannounced import announce_questions, announce_variables, path_of_descriptor

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PROBES = {"fc-list", "ldconfig", "uname", "lscpu", "nvidia-smi", "sysctl", "gcc", "cc"}
"""Programs by which libraries look at the machine."""
_MACHINE = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/var", "/run")
"""Folders of the machine: what libraries read there is no input, but what the user's own code opens is."""


@dataclass
class Accesses:
    """What was read, each file and folder with its stat at that time."""

    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """Paths whose existence was asked for."""
    written: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    names: bool = False
    """Whether it was asked which variables there are."""
    modules: dict[str, str] = field(default_factory=dict)
    """Source files of imported modules."""
    module_names: dict[str, str] = field(default_factory=dict)
    """The modules' names, by file."""
    models: set[str] = field(default_factory=set)
    """Models that were asked for by name."""
    tried: set[str] = field(default_factory=set)
    """Modules that the user's own code tried to import."""
    programs: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    day: bool = False
    date: bool = False

    def add(self, other: Accesses) -> None:
        """Add what another process of the step has read."""
        for mine, theirs in ((getattr(self, name), getattr(other, name)) for name in vars(self)):
            if isinstance(mine, set | dict):
                mine.update(theirs)
        self.day, self.date, self.names = self.day or other.day, self.date or other.date, self.names or other.names


@dataclass
class AccessRecorder:
    """Records what this process reads while ``recording``; a step's process has one."""

    root: Path
    out: Path
    inputs: tuple[Path, ...]
    """What the step declares, and may read but not write."""
    guarded: tuple[Path, ...]
    """Folders that no step may write to: where results are."""
    counts_code_of: Callable[[str], bool]
    """Whether a source file's reads count as those of the user's own code."""
    accesses: Accesses = field(default_factory=Accesses)
    is_on: bool = False
    own: Sequence[Path] = ()
    """Files elsewhere that are the step's own: the answers that it was given."""

    def __post_init__(self) -> None:
        self._quiet = threading.local()
        """Set while the recorder itself looks at files."""
        self._copied = set[str]()
        self._begun_ns = time.time_ns()
        self._loaded_before = len(sys.modules)
        self._own_folders = _below([self.out, self.root / ".journal/kept", *self.own])
        libraries = [Path(sys.prefix), Path(sys.base_prefix)]
        self._declared = _below([*self.inputs, self.root / ".journal", user_cache_dir(), *libraries])
        self._unwritable = _below([*self.inputs, *self.guarded])
        self._hidden = f"{Path.home()}/."
        self._events: Mapping[str, Callable[..., None]] = {
            "open": self._opened,
            "os.listdir": self._listed,
            "os.scandir": self._listed,
            "import": self._imported,
            "subprocess.Popen": self._started,
            "os.exec": self._started,
            "os.posix_spawn": self._started,
            "os.system": lambda command: self._started(None, [command]),
            "sqlite3.connect": lambda path: self._opened(_path_of_uri(path), None, 0),
            "ctypes.dlopen": lambda path: self._opened(path, None, 0) if "/" in _text(path) else None,
            "socket.getaddrinfo": lambda host, *_: self._asked_host(host),
            **dict.fromkeys(_CHANGES, self._changes),
        }

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record until the end of the block; hooks can't be removed, so each process does this once."""
        sys.addaudithook(self._hook)
        announce_questions(self.asked, self.sought, self._opened_below)
        announce_variables(self.read_variable, self.copy_variables)
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False
            self.note_modules()

    def note_modules(self) -> None:
        """Note the modules that were loaded since this process was forked."""
        # from the end, where the new ones are: a look at each would copy much of the nursery's memory
        for module in islice(reversed(sys.modules.values()), len(sys.modules) - self._loaded_before):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and file.endswith(".py"):
                self.accesses.modules.setdefault(file, "")
                self.accesses.module_names.setdefault(file, str(module.__name__))

    def asked(self, path: Any) -> None:
        """Note that something was asked about a path, if the user's own code asked."""
        if not self.is_on or getattr(self._quiet, "on", False):
            return
        name = _absolute(path)
        if name is None or f"{self.root}/".startswith(f"{name}/") or self._is_left_out(name):
            return
        if (file := asker()) and self.counts_code_of(file):
            if asks_for_presence() or not _is_file(name):
                self.accesses.asked.add(name)
            elif name not in self.accesses.files:  # its size or its times: as good as its content
                self._note(self.accesses.files, name)
                self.accesses.asked.add(name)

    def sought(self, module: str) -> None:
        """Note that it was asked whether a module can be imported, if the user's own code asked."""
        if self.is_on and (file := reader()) and self.counts_code_of(file):
            self.accesses.tried.add(module)

    def read_variable(self, name: str) -> None:
        """Note that a variable was read, if the user's own code read it."""
        if name in self._copied:
            self._copied.discard(name)
            return
        if not self.is_on or name in GIVEN or (name == "PATH" and not is_direct()):
            return
        if (file := asker()) and self.counts_code_of(file):
            self.accesses.variables.add(name)

    def copy_variables(self, names: Iterable[str]) -> None:
        """Take note that all variables are about to be read; those of a terminal's session don't count then."""
        self._copied = {name for name in names if SESSION.fullmatch(name)}
        if self.is_on and (file := asker()) and self.counts_code_of(file):
            self.accesses.names = True

    def _hook(self, event: str, given: tuple[Any, ...]) -> None:
        if self.is_on and (handle := self._events.get(event)) and not getattr(self._quiet, "on", False):
            self._quiet.on = True
            try:
                handle(*given)
            finally:
                self._quiet.on = False

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        name = _absolute(path)
        if name is None:
            return
        if isinstance(flags, int) and flags & _WRITES:
            self._refuse_if_guarded(name)
            if flags & os.O_RDWR and not flags & os.O_TRUNC and _is_file(name) and not self._is_left_out(name):
                self._note(self.accesses.files, name)
            self.accesses.written.add(name)
        elif os.path.isdir(name):  # noqa: PTH112
            self._listed(name)
        elif name in self.accesses.files or name in self.accesses.written:
            return
        elif name.endswith((".py", ".pyc")) and is_import():
            source = _source_of(name)
            self.accesses.modules.setdefault(source, _stat(source))
        elif not self._is_left_out(name):
            self._note(self.accesses.files, name)

    @contextmanager
    def _opened_below(self, path: Any, flags: int) -> Iterator[None]:
        """Note a file that is opened below a folder's descriptor, and nothing of what is announced of it."""
        self._hook("open", (path, None, flags))
        before = getattr(self._quiet, "on", False)
        self._quiet.on = True
        try:
            yield
        finally:
            self._quiet.on = before

    def _listed(self, path: Any = ".", *_: Any) -> None:
        path = path_of_descriptor(path) if isinstance(path, int) else "." if path is None else path
        name = _absolute(path) if path else None
        if name and name not in self.accesses.folders and not is_import() and not self._is_left_out(name):
            self._note(self.accesses.folders, name)

    def _note(self, noted: dict[str, str], name: str) -> None:
        if name.startswith(("/proc/", "/sys/", "/dev/")) or self._is_of_this_run(name):
            return
        is_of_machine = name.startswith(self._hidden) or name.startswith(_MACHINE)
        if not is_of_machine or name.startswith(f"{self.root}/") or self._is_own():
            noted[name] = _stat(name)

    def _is_of_this_run(self, name: str) -> bool:
        """Return whether a temporary file was made since this process began, by a program that the step started."""
        if name.startswith(f"{self.root}/") or not name.startswith(f"{tempfile.gettempdir()}/"):
            return False
        with suppress(OSError, ValueError):
            return os.stat(name).st_ctime_ns > self._begun_ns  # noqa: PTH116
        return False

    def _imported(self, name: str, *_: Any) -> None:
        if (file := importer()) and self.counts_code_of(file):
            self.accesses.tried.add(name)

    def _started(self, program: Any, arguments: Any = (), folder: Any = None, *_: Any) -> None:
        """Note a program, and the files that its arguments name, such as a script."""
        words = [_text(word) for word in (arguments if isinstance(arguments, list | tuple) else [arguments])]
        if len(words) == 1 or words[:1] in (["/bin/sh"], ["sh"]):
            words = [part for word in words for part in _split(word)]
        first = _text(program) if program else next(iter(words), "")
        name = os.path.basename(first)  # noqa: PTH119
        if name in _PROBES or is_of_core():
            return
        self.accesses.programs.add(name)
        for word in (shutil.which(first) or first, *words):
            path = os.path.join(_text(folder) if folder else os.getcwd(), word)  # noqa: PTH109, PTH118
            if os.path.isfile(path) and not path.startswith(_MACHINE):  # noqa: PTH113
                self._opened(path, None, 0)

    def _asked_host(self, host: Any) -> None:
        if host:
            self.accesses.hosts.add(_text(host))

    def _changes(self, *arguments: Any) -> None:
        """Note paths that are changed, which may be relative to the folders whose descriptors come after them."""
        paths = [one for one in arguments[:2] if isinstance(one, str | bytes | os.PathLike)]
        folders = arguments[len(arguments) - len(paths) :]
        for path, at in zip(paths, folders, strict=True):
            folder = path_of_descriptor(at) if isinstance(at, int) and at >= 0 else ""
            if name := _absolute(os.path.join(folder, _text(path))):  # noqa: PTH118
                self._refuse_if_guarded(name, and_above=True)
                self.accesses.written.add(name)

    def _refuse_if_guarded(self, name: str, *, and_above: bool = False) -> None:
        """Raise ``TaskError`` for a path that no step may change, or that holds one."""
        path = f"{name}/"
        if path.startswith(self._own_folders):
            return
        if path.startswith(self._unwritable) or (and_above and any(one.startswith(path) for one in self._unwritable)):
            shown = os.path.relpath(name, self.root) if name.startswith(f"{self.root}/") else os.path.basename(name)  # noqa: PTH119
            raise TaskError(f"it opened {shown} for writing, which is an input or a result; copy it to ctx.out first")

    def _is_left_out(self, name: str) -> bool:
        """Return whether a path is declared, the step's own, or a library's."""
        path = f"{name}/"
        is_declared = path.startswith((*self._declared, *self._own_folders))
        return is_declared or name in self.accesses.written or is_package_file(path)

    def _is_own(self) -> bool:
        """Return whether the user's own code reads, itself or through modules of Python."""
        file = reader()
        return bool(file) and self.counts_code_of(file)


_CHANGES = ("os.remove", "os.rename", "os.truncate", "os.rmdir", "os.link", "os.chmod", "shutil.rmtree", "shutil.move")


def _below(folders: list[Path]) -> tuple[str, ...]:
    return tuple(f"{os.path.abspath(folder)}/" for folder in folders)  # noqa: PTH100


def _is_file(name: str) -> bool:
    return os.path.isfile(name)  # noqa: PTH113


def _path_of_uri(path: Any) -> Any:
    """Return the path in the URI of a database, which is opened by ``file:some.db?mode=ro``."""
    text = _text(path)
    return unquote(urlsplit(text).path) if text.startswith("file:") else path


def _source_of(name: str) -> str:
    if not name.endswith(".pyc"):
        return name
    from importlib.util import source_from_cache

    try:
        return source_from_cache(name)
    except ValueError:  # not in a __pycache__
        return name


def _absolute(path: Any) -> str | None:
    try:
        return os.path.abspath(_text(path)) if isinstance(path, str | bytes | os.PathLike) else None  # noqa: PTH100
    except (OSError, ValueError):
        return None


def _text(path: Any) -> str:
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _stat(name: str) -> str:
    try:
        return file_stat(name)
    except (OSError, ValueError):
        return ""
