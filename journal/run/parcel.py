"""A step packed with the files that it reads, for a machine that may share no folder with this one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journal.run.job import Job


@dataclass(frozen=True)
class Parcel:
    """A job, its files, and how to find out whether they are needed at all."""

    job: Job
    timeout_s: float | None
    run: str
    """Names the run; what a machine keeps between steps counts for one run alone."""
    marker: Path
    """A file of this run: where it can be read, the workspace's folder is shared."""
    places: Mapping[str, str]
    """Where in the archive each file or folder is that the job names."""
    archive: bytes

    @property
    def is_home(self) -> bool:
        """Return whether this machine sees the workspace itself."""
        try:
            return self.marker.read_text(encoding="ascii") == self.run
        except OSError:
            return False

    def unpack(self, folder: Path) -> Job:
        """Put the files into a folder; returns the job with its paths there."""
        root, out = folder / "workspace", folder / "out"
        root.mkdir()
        out.mkdir()
        unpack_folder(self.archive, root)
        source = self.job.source
        if source.module in self.places:
            source = replace(source, module=str(root / self.places[source.module]))
        values = _moved(dict(self.job.values), self.places, root)
        return replace(
            self.job, source=source, values=values, out=out, log=folder / "log", root=root, memory=None, code=()
        )


@dataclass(frozen=True)
class Returned:
    """What came of a parcel: the worker's last message, and the step's files where they have to travel."""

    message: tuple[Any, ...]
    archive: bytes | None
    log: str


def pack(job: Job, timeout_s: float | None, run: str, marker: Path, *, files: bool) -> Parcel:
    """Pack a job; its files only where no worker shares the workspace's folder."""
    if not files:
        return Parcel(job, timeout_s, run, marker, {}, b"")
    wanted = dict.fromkeys([*_paths_in(dict(job.values)), *job.code])
    places = {str(path): _place(number, path, job.root) for number, path in enumerate(wanted)}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for path in wanted:
            archive.add(path, places[str(path)])
    return Parcel(job, timeout_s, run, marker, places, stream.getvalue())


def pack_folder(folder: Path) -> bytes:
    """Return a folder's content as an archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    return stream.getvalue()


def unpack_folder(archive: bytes, folder: Path) -> None:
    """Put an archive's content into a folder, and nothing outside it."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")


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
