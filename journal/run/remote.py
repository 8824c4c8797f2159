"""What a Dask worker does: it runs steps and items in processes of its own, as a run on this machine does."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from journal import __version__
from journal.errors import JournalError
from journal.plan.code import read_code
from journal.plan.fingerprint import library_version
from journal.plan.registry import TaskSource
from journal.run.bundle import (
    Parcel,
    Returned,
    pack_changes,
    pack_folder,
    pack_places,
    stamps_in,
    unpack_folder,
    unpack_places,
)
from journal.run.job import FanOut, Item, Job
from journal.run.local import Pool

_LOOK_S = 1.0
"""So often a step under way looks whether it is still wanted."""


@dataclass
class _Bench:
    """What a Dask worker keeps between the steps of a run: processes with their models, and what it has checked."""

    run: str
    pool: Pool
    checked: set[TaskSource] = field(default_factory=set)
    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory("", "journal-")
    )


def run_parcel(parcel: Parcel) -> Returned:
    """Run a step where its files are, or in a folder for the time of it; what fails is a message."""
    if parcel.is_home:
        return Returned(_serve(parcel.job, parcel), None, "")
    with tempfile.TemporaryDirectory(prefix="journal-") as folder:
        job = parcel.unpack(Path(folder))
        job.log.touch()
        message = _serve(job, parcel)
        log = job.log.read_text(encoding="utf-8", errors="replace")
        return Returned(message, pack_folder(job.out) if message[0] == "done" else None, log)


def end_run(run: str, dask_worker: Any) -> None:
    """End the processes that a Dask worker keeps for a run; Dask gives the worker by that name."""
    benches: dict[int, _Bench] = dask_worker.__dict__.get("journal_benches", {})
    for thread in [thread for thread, bench in benches.items() if bench.run == run]:
        bench = benches.pop(thread)
        bench.pool.close()
        bench.folder.cleanup()


def _serve(job: Job, parcel: Parcel) -> tuple[Any, ...]:
    from distributed import get_worker

    bench, worker = _bench(parcel.run), get_worker()
    try:
        _check_code(job, parcel.version, bench)
    except JournalError as error:
        job.log.write_text(f"refused by {worker.address} on {platform.node()}\n", encoding="utf-8")
        return ("failed", str(error))
    name = worker.get_current_task()
    bench.pool.delegate = lambda asked: _spread(asked, parcel.run, shared=parcel.is_shared)
    bench.pool.start("step", job, parcel.timeout_s)
    while True:
        for event in bench.pool.wait(_LOOK_S):
            if event.kind != "progress":
                return (event.kind, *event.values)
            worker.log_event(f"journal-{parcel.run}", (str(name), *event.values))
        task = worker.state.tasks.get(name)
        if task is None or task.state in ("cancelled", "released", "forgotten"):
            bench.pool.close()
            return ("failed", "it was cancelled")


def _bench(run: str) -> _Bench:
    """Return this thread's processes for a run; those of an earlier run may hold code that has changed since."""
    import threading

    from distributed import get_worker

    benches: dict[int, _Bench] = get_worker().__dict__.setdefault("journal_benches", {})
    found = benches.get(threading.get_ident())
    if found is None or found.run != run:
        if found:
            found.pool.close()
            found.folder.cleanup()
        found = benches[threading.get_ident()] = _Bench(run, Pool())
    return found


def _check_code(job: Job, version: str, bench: _Bench) -> None:
    """Raise JournalError where this machine has another version of the task, whose result would pass for this one's."""
    if job.source in bench.checked:
        return
    _check_version("journal", __version__, version)
    parts, name, origin = job.header["depends_on"], job.header["task"], job.source.origin
    code = read_code(job.source, job.root)
    if code.digest != parts[f"code {name}"]:
        what = "other code" if code.files else "no code"
        raise JournalError(f"the Dask worker has {what} of '{name}'; install the same version of {origin} there")
    for part, wanted in parts.items():
        kind, _, library = part.partition(" ")
        if kind == "library":
            _check_version(library, library_version(library), wanted)
    bench.checked.add(job.source)


def _check_version(library: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise JournalError(f"the Dask worker has {library} {found}, not {wanted}; install that version there")


def _spread(asked: FanOut, run: str, *, shared: bool) -> tuple[list[bytes], bytes | None]:
    """Have a step's items taken by all workers; their files travel both ways where these share no folder."""
    from distributed import worker_client

    items = [asked.item(number) for number in range(len(asked.values))]
    with worker_client() as client:
        if shared:
            answers = client.gather(client.map(_answer_item, items, run=run, pure=False))
        else:
            common = _Common(_own_code(asked), pack_places(asked.function.places, asked.folders))
            archives = [pack_places(value.places, asked.folders) for value in asked.values]
            held = client.scatter(common, hash=False)
            returned = client.gather(client.map(_answer_parcel, items, archives, common=held, run=run, pure=False))
            answers = [_bring_home(one, asked) for one in returned]
    error = next((one[3] for one in answers if one[3] is not None), None)
    return [one[2] for one in answers], error


@dataclass(frozen=True)
class _Common:
    """What all items of a fan-out need: the workspace's own code, and the files that the function names."""

    code: dict[str, bytes]
    archive: bytes


def _own_code(asked: FanOut) -> dict[str, bytes]:
    """Return the files of the workspace that the items' function may stand in, by their place in it."""
    files = read_code(asked.source, asked.root).files
    return {
        path.relative_to(asked.root).as_posix(): path.read_bytes() for path in files if path.is_relative_to(asked.root)
    }


def _bring_home(returned: Returned, asked: FanOut) -> tuple[Any, ...]:
    """Put what an item made where the step's own files are; returns its answer."""
    if returned.archive is not None:
        unpack_folder(returned.archive, asked.folders["out"])
    with asked.log.open("a", encoding="utf-8") as log:
        log.write(returned.log)
    return returned.message


def _answer_item(item: Item, run: str) -> tuple[Any, ...]:
    """Take an item in a process of its own, with its files where they are."""
    return _bench(run).pool.answer(item)


def _answer_parcel(item: Item, archive: bytes, common: _Common, run: str) -> Returned:
    """Take an item with its files in a folder for the time of it, and with the code of this run and no older one."""
    bench = _bench(run)
    item = _at_home(item, common.code, Path(bench.folder.name))
    with tempfile.TemporaryDirectory(prefix="journal-") as name:
        folders = unpack_places((common.archive, archive), Path(name))
        before, log = stamps_in(folders["out"]), Path(name) / "log"
        log.touch()
        message = bench.pool.answer(replace(item, folders=folders, log=log))
        written = log.read_text(encoding="utf-8", errors="replace")
        return Returned(message, pack_changes(folders["out"], before), written)


def _at_home(item: Item, code: dict[str, bytes], root: Path) -> Item:
    """Put the workspace's own code into a folder that stays for the run; returns the item with its function there."""
    for name, content in code.items():
        if not (root / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    if not (code and item.source.module.endswith(".py")):
        return replace(item, root=root)
    place = Path(item.source.module).relative_to(item.root)
    return replace(item, source=replace(item.source, module=str(root / place)), root=root)
