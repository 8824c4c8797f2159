"""Steps and items packed with the files they read, for machines that may not share a folder with this one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journal.extras import VERSION
from journal.files import file_stat
from journal.layout import ANSWERS
from journal.run.job import Job
from journal.run.messages import Ended
from journal.run.pickling import Folders, Place

_WHOLE: Place = ("workspace", ".")


@dataclass(frozen=True)
class PackedJob:
    """A job, its files, and the means to tell whether they are needed at all."""

    job: Job
    timeout_s: float | None
    run: str
    """The run's identifier; what a machine keeps between steps is valid for one run only."""
    marker: Path
    """A file of this run, readable only where the workspace's folder is shared."""
    places: Mapping[str, str]
    """The path in the archive of each file or folder named by the job."""
    archive: bytes
    answers: bytes = b""
    """The answers that the step was given so far."""
    version: str = VERSION
    """The version of journal, which has to be the same on the worker."""

    @property
    def is_shared(self) -> bool:
        """Return whether all workers see the workspace, so that no file has to be sent."""
        return self.is_home and not self.archive

    @property
    def is_home(self) -> bool:
        """Return whether this machine sees the workspace itself."""
        try:
            return self.marker.read_text(encoding="ascii") == self.run
        except OSError:
            return False

    def unpack(self, folder: Path) -> Job:
        """Unpack the files into a folder, and return the job with its paths there."""
        root, out = folder / "workspace", folder / "out"
        root.mkdir()
        out.mkdir()
        unpack_folder(self.archive, root)
        answers = folder / ANSWERS
        answers.write_bytes(self.answers)
        source = self.job.source
        if source.module in self.places:
            source = replace(source, module=str(root / self.places[source.module]))
        values = _moved(dict(self.job.values), self.places, root)
        inputs = tuple(_moved(list(self.job.inputs), self.places, root))
        return replace(
            self.job, source=source, values=values, out=out, log=folder / "log", root=root, cache_dir=None, code=(),
            inputs=inputs, guarded=(), answers=answers,
        )  # fmt: skip


@dataclass(frozen=True)
class Returned:
    """The outcome of a packed job: the worker's last message, and the step's files if they have to be sent."""

    message: Ended
    archive: bytes | None
    log: str
    answers: bytes = b""
    """The answers that were added to those sent along, whether or not it failed."""


def pack_job(job: Job, timeout_s: float | None, run: str, marker: Path, *, files: bool) -> PackedJob:
    """Pack a job, with its files if ``files`` is set."""
    if not files:
        return PackedJob(job, timeout_s, run, marker, {}, b"")
    wanted = dict.fromkeys([*_paths_in(dict(job.values)), *job.code])
    places = {str(path): _place(number, path, job.root) for number, path in enumerate(wanted)}
    archive = _archive(_trees((path, places[str(path)]) for path in wanted))
    answers = job.answers.read_bytes() if job.answers and job.answers.exists() else b""
    return PackedJob(job, timeout_s, run, marker, places, archive, answers)


def pack_folder(folder: Path) -> bytes:
    """Return a folder's content as an archive."""
    return _archive(_trees((path, path.name) for path in sorted(folder.iterdir())))


def pack_places(places: Iterable[Place], folders: Folders) -> bytes:
    """Return an archive of what is at those places, with a folder for each of the step's folders.

    For a file that doesn't exist yet, its folder is packed. The workspace as a whole is never packed: whoever names it
    only means a starting point for other paths.
    """
    named = [(folders[name] / path, str(Path(name, path))) for name, path in places if (name, path) != _WHOLE]
    to_come = {path.parent: str(Path(place).parent) for path, place in named if not path.exists()}
    there = ((path, place) for path, place in named if path.exists())
    return _archive([*((path, place) for path, place in to_come.items() if path.is_dir()), *_trees(there)])


def unpack_places(archives: Iterable[bytes], folder: Path) -> Folders:
    """Unpack such archives into a folder, and return where the step's folders are in it."""
    folders = {name: folder / name for name in ("out", "workspace")}
    for place in folders.values():
        place.mkdir()
    for archive in archives:
        unpack_folder(archive, folder)
    return folders


def stats_in(folder: Path) -> dict[str, str]:
    """Return a stamp for each file below a folder, which changes with the file."""
    found = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.exists())
    return {name: "folder" if path.is_dir() else file_stat(path) for name, path in found}


def pack_changes(folder: Path, before: Mapping[str, str]) -> bytes:
    """Return an archive of the files in a folder that are new or changed since ``stats_in`` returned ``before``."""
    changed = (name for name, stamp in sorted(stats_in(folder).items()) if before.get(name) != stamp)
    return _archive((folder / name, name) for name in changed)


def unpack_folder(archive: bytes, folder: Path) -> None:
    """Unpack an archive into a folder, writing nothing outside it."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


def _archive(files: Iterable[tuple[Path, str]]) -> bytes:
    """Return an archive of files and empty folders, each under its given name."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1, dereference=True) as archive:
        for path, name in files:
            archive.add(path, name, recursive=False)
    return stream.getvalue()


def _trees(roots: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    """Yield files and folders, with everything below them."""
    for root, name in roots:
        yield root, name
        for path in sorted(root.rglob("*")):
            yield path, f"{name}/{path.relative_to(root).as_posix()}"


def _place(number: int, path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else f".elsewhere/{number}/{path.name}"


def _paths_in(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _paths_in(part)


def _moved(value: Any, places: Mapping[str, str], root: Path) -> Any:
    if isinstance(value, Path):
        return root / places[str(value)] if str(value) in places else value
    if isinstance(value, dict):
        return {name: _moved(part, places, root) for name, part in value.items()}
    if isinstance(value, list):
        return [_moved(part, places, root) for part in value]
    return value
