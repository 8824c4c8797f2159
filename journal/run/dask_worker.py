"""The Dask worker's side: it runs packed jobs, and spreads the items of their ``ctx.map`` over all workers."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from journal.plan.code import read_code
from journal.run.job import MapItem, MapRequest
from journal.run.messages import Answer, Answers, Progress
from journal.run.packed_job import (
    PackedJob,
    Returned,
    pack_changes,
    pack_places,
    stats_in,
    unpack_folder,
    unpack_places,
)
from journal.run.remote import WorkerState, run_packed


def run_on_worker(packed: PackedJob) -> Returned:
    """Run a job in the processes kept for the run by this worker's thread."""
    from distributed import get_worker

    worker = get_worker()
    name, state = worker.get_current_task(), _state(packed.run)
    state.workers.delegate = lambda request: _spread(request, packed.run, shared=packed.is_shared)

    def progressed(progress: Progress) -> None:
        worker.log_event(f"journal-{packed.run}", (str(name), *astuple(progress)))

    def is_wanted() -> bool:
        task = worker.state.tasks.get(name)
        return task is not None and task.state not in ("cancelled", "released", "forgotten")

    return run_packed(packed, progressed, is_wanted, state)


def end_run(run: str, dask_worker: Any) -> None:
    """End the processes that a Dask worker keeps for a run; Dask passes the worker as ``dask_worker``."""
    states: dict[int, WorkerState] = dask_worker.__dict__.get("journal_states", {})
    for thread in [thread for thread, state in states.items() if state.run == run]:
        states.pop(thread).close()


def _state(run: str) -> WorkerState:
    """Return this thread's processes for a run, replacing those of an earlier run, whose code may be outdated."""
    from distributed import get_worker

    states: dict[int, WorkerState] = get_worker().__dict__.setdefault("journal_states", {})
    found = states.get(threading.get_ident())
    if found is None or found.run != run:
        if found:
            found.close()
        found = states[threading.get_ident()] = WorkerState(run, address=get_worker().address)
    return found


def _spread(request: MapRequest, run: str, *, shared: bool) -> Answers:
    """Spread a step's items over all workers, sending files both ways if they don't share the workspace."""
    from distributed import worker_client

    items = [request.item(number) for number in range(len(request.values))]
    answers: list[Answer]
    with worker_client() as client:
        if shared:
            answers = client.gather(client.map(_answer_at_home, items, run=run, pure=False))
        else:
            common = _Common(_own_code(request), pack_places(request.function.places, request.folders))
            archives = [pack_places(value.places, request.folders) for value in request.values]
            held = client.scatter(common, hash=False)
            returned = client.gather(client.map(_answer_away, items, archives, common=held, run=run, pure=False))
            answers = [_bring_home(one, request) for one in returned]
    error = next((answer.error for answer in answers if answer.error is not None), None)
    return Answers(tuple(answer.result for answer in answers), error)


@dataclass(frozen=True)
class _Common:
    """What all items of a ``ctx.map`` need: the workspace's own code, and the files named by the function."""

    code: dict[str, bytes]
    archive: bytes


@dataclass(frozen=True)
class _ReturnedItem:
    """An item's answer, with the files it made and its output."""

    answer: Answer
    archive: bytes
    log: str


def _own_code(request: MapRequest) -> dict[str, bytes]:
    """Return the workspace files that may contain the items' function, by their path in the workspace."""
    root, files = request.root, read_code(request.source, request.root).files
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files if path.is_relative_to(root)}


def _bring_home(returned: _ReturnedItem, request: MapRequest) -> Answer:
    """Put an item's files beside the step's own, and return its answer."""
    unpack_folder(returned.archive, request.folders["out"])
    with request.log.open("a", encoding="utf-8") as log:
        log.write(returned.log)
    return returned.answer


def _answer_at_home(item: MapItem, run: str) -> Answer:
    """Run an item in a process of its own, with its files where they are."""
    return _state(run).workers.answer(item)


def _answer_away(item: MapItem, archive: bytes, common: _Common, run: str) -> _ReturnedItem:
    """Run an item with its files in a temporary folder, and with the code of this run."""
    state = _state(run)
    item = _with_code(item, common.code, Path(state.folder.name))
    with tempfile.TemporaryDirectory(prefix="journal-") as name:
        folders = unpack_places((common.archive, archive), Path(name))
        before, log = stats_in(folders["out"]), Path(name) / "log"
        log.touch()
        answer = state.workers.answer(replace(item, folders=folders, log=log))
        written = log.read_text(encoding="utf-8", errors="replace")
        return _ReturnedItem(answer, pack_changes(folders["out"], before), written)


def _with_code(item: MapItem, code: dict[str, bytes], root: Path) -> MapItem:
    """Put the workspace's own code into a folder kept for the run, and return the item pointing to it."""
    for name, content in code.items():
        if not (root / name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    if not (code and item.source.is_plugin_file):
        return replace(item, root=root)
    place = Path(item.source.module).relative_to(item.root)
    return replace(item, source=replace(item.source, module=str(root / place)), root=root)
