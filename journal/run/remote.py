"""What a Dask worker does: it runs a step in a process of its own, as a run on this machine does."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from journal.errors import JournalError
from journal.fingerprint import library_version
from journal.fingerprint.code import read_code
from journal.registry import TaskSource
from journal.run.job import FanOut, Item, Job
from journal.run.parcel import Parcel, Returned, pack_folder
from journal.run.pool import Pool

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


def end_run(run: str) -> None:
    """End the processes that this Dask worker keeps for a run."""
    from distributed import get_worker

    benches: dict[int, _Bench] = get_worker().__dict__.get("journal_benches", {})
    for thread in [thread for thread, bench in benches.items() if bench.run == run]:
        bench = benches.pop(thread)
        bench.pool.close()
        bench.folder.cleanup()


def _serve(job: Job, parcel: Parcel) -> tuple[Any, ...]:
    from distributed import get_worker

    bench = _bench(parcel.run)
    try:
        _check_code(job, bench)
    except JournalError as error:
        return ("failed", str(error))
    worker, name = get_worker(), get_worker().get_current_task()
    bench.pool.delegate = lambda asked: _spread(asked, parcel.run, shared=parcel.is_home)
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


def _check_code(job: Job, bench: _Bench) -> None:
    """Raise JournalError where this machine has another version of the task, whose result would pass for this one's."""
    if job.source in bench.checked:
        return
    parts = job.header["depends_on"]
    name = job.header["task"]
    if read_code(job.source, job.root).digest != parts[f"code {name}"]:
        raise JournalError(f"the Dask worker has other code of '{name}'; install the same version there")
    for part, wanted in parts.items():
        kind, _, library = part.partition(" ")
        if kind == "library" and library_version(library) != wanted:
            raise JournalError(
                f"the Dask worker has {library} {library_version(library)}, not {wanted}; install that version there"
            )
    bench.checked.add(job.source)


def _spread(asked: FanOut, run: str, *, shared: bool) -> tuple[list[bytes], bytes | None] | None:
    """Have a step's items taken by all workers; None where its files are on this machine alone."""
    from distributed import worker_client

    if not shared and asked.names_files:
        return None
    items = [
        Item(number, asked.source, asked.function, value, asked.log if shared else None, asked.root)
        for number, value in enumerate(asked.values)
    ]
    code = {} if shared else _own_code(asked)
    with worker_client() as client:
        answers = client.gather(client.map(_answer_item, items, run=run, code=code, pure=False))
    error = next((one[3] for one in answers if one[3] is not None), None)
    return [one[2] for one in answers], error


def _own_code(asked: FanOut) -> dict[str, bytes]:
    """Return the files of the workspace that the items' function may stand in, by their place in it."""
    files = read_code(asked.source, asked.root).files
    return {
        path.relative_to(asked.root).as_posix(): path.read_bytes() for path in files if path.is_relative_to(asked.root)
    }


def _answer_item(item: Item, run: str, code: dict[str, bytes]) -> tuple[Any, ...]:
    """Take an item in a process of its own, which knows the code of this run and no older one."""
    bench = _bench(run)
    root = Path(bench.folder.name)
    for name, content in code.items():
        if not (root / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    if code and item.source.module.endswith(".py"):
        place = Path(item.source.module).relative_to(item.root)
        item = replace(item, source=replace(item.source, module=str(root / place)), root=root)
    return bench.pool.answer(item)
