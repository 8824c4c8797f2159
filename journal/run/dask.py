"""Steps on a Dask cluster: one that is there, by its address, or one started on this machine for the run."""

from __future__ import annotations

import logging
import secrets
import warnings
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from journal.errors import StoreError, UsageError
from journal.run.bundle import Returned, pack, unpack_folder
from journal.run.job import Event, Job
from journal.run.remote import end_run, run_parcel
from journal.run.resources import Claims, Room
from journal.store import Store

_OWN = ("cpu", "memory")
"""Resources that Dask workers offer without being told to."""


class DaskSite:
    """Takes jobs to Dask workers and brings their files back."""

    place = "dask"

    def __init__(self, address: str, room: Room, store: Store) -> None:
        self.run = secrets.token_hex(8)
        self.marker = store.work / f"dask-{self.run}"
        self.marker.parent.mkdir(parents=True, exist_ok=True)
        self.marker.write_text(self.run, encoding="ascii")
        self.events: SimpleQueue[Event] = SimpleQueue()
        self.jobs: dict[str, Job] = {}
        self.futures: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        self.cluster: Any = None
        self.client = self._connect(address, room)
        self.shared = (bool(address) and self._is_shared()) or not address
        self.client.subscribe_topic(f"journal-{self.run}", self._hear)
        if address:
            room.open_up()  # such a cluster has a queue of its own, and may grow

    def start(self, key: str, job: Job, timeout_s: float | None, claims: Claims) -> None:
        """Submit a step. ``resources`` beyond cores and memory go to the workers that offer them."""
        wanted = {name: amount for name, amount in claims.items() if name not in _OWN and amount}
        if self.cluster is None and (lacking := self._lacking(wanted)):
            message = f"no Dask worker offers {lacking}; start one with: dask worker --resources '{lacking}'"
            self.events.put(Event(key, "failed", (message,)))
            return
        name = f"{key}-{secrets.token_hex(4)}"
        self.jobs[key], self.names[name] = job, key
        parcel = pack(job, timeout_s, self.run, self.marker, files=not self.shared)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # files in the message are meant: a worker that dies takes none with it
            future = self.client.submit(
                run_parcel, parcel, key=name, pure=False, resources={} if self.cluster else wanted or None
            )
        self.futures[key] = future
        future.add_done_callback(lambda done: self.events.put(Event(key, "ended", (done,))))

    def wait(self) -> Iterator[Event]:
        """Wait until a worker says something; yield what happened."""
        event: Event | None = self.events.get()
        while event:
            yield self._settle(event) if event.kind == "ended" else event
            try:
                event = self.events.get_nowait()
            except Empty:
                event = None

    def close(self) -> None:
        """Cancel what is under way, and stop the cluster if it was started here."""
        self.client.cancel(list(self.futures.values()), force=True)
        if self.cluster is None:
            with suppress(OSError, TimeoutError):  # a worker that is lost holds nothing any more
                self.client.run(end_run, self.run, on_error="ignore")
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()
        self.marker.unlink(missing_ok=True)

    def _connect(self, address: str, room: Room) -> Any:
        try:
            import distributed
        except ImportError as error:
            raise UsageError("Dask is not installed; install journal[dask], or use --on local") from error
        import dask

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        if address:
            try:
                return distributed.Client(address, timeout=10)
            except (OSError, ValueError) as error:
                raise UsageError(f"no Dask scheduler answers at {address}; start one with: dask scheduler") from error
        dask.config.set({"distributed.scheduler.allowed-failures": 1})
        self.cluster = distributed.LocalCluster(
            n_workers=int(room.whole["cpu"]),
            threads_per_worker=1,
            dashboard_address=None,
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        )
        return distributed.Client(self.cluster)

    def _is_shared(self) -> bool:
        """Return whether every worker there is now sees the workspace; one that comes later is asked again."""
        seen = self.client.run(_sees, str(self.marker), self.run)
        return bool(seen) and all(seen.values())

    def _lacking(self, wanted: Claims) -> str:
        """Return what no worker offers, as Dask writes it; nothing while there is no worker yet."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        offers = [worker.get("resources", {}) for worker in workers]
        fits = any(all(offer.get(name, 0) >= amount for name, amount in wanted.items()) for offer in offers)
        return "" if fits or not offers else " ".join(f"{name}={amount:g}" for name, amount in wanted.items())

    def _hear(self, event: tuple[float, tuple[Any, ...]]) -> None:
        name, *values = event[1]
        if name in self.names:
            self.events.put(Event(self.names[name], "progress", tuple(values)))

    def _settle(self, event: Event) -> Event:
        """Bring a step's files home; returns what its worker said last."""
        future = event.values[0]
        self.futures.pop(event.key, None)
        job = self.jobs.pop(event.key)
        if future.status != "finished":
            error = future.exception() if future.status == "error" else None
            return Event(event.key, "failed", (_cause(error),))
        returned: Returned = future.result()
        try:
            if returned.log:
                job.log.write_text(returned.log, encoding="utf-8")
            if returned.archive is not None:
                unpack_folder(returned.archive, job.out)
        except OSError as error:
            raise StoreError(f".journal/work: the files of {event.key} can't be kept: {error.strerror}") from error
        kind, *values = returned.message
        return Event(event.key, kind, tuple(values))


def _sees(marker: str, text: str) -> bool:
    from pathlib import Path

    try:
        return Path(marker).read_text(encoding="ascii") == text
    except OSError:
        return False


def _cause(error: BaseException | None) -> str:
    if error is None:
        return "it was cancelled by the Dask scheduler"
    if type(error).__name__ == "KilledWorker":
        return "the Dask workers that took it died, each time; it may need more memory than they have"
    return f"on its Dask worker: {type(error).__name__}: {' '.join(str(error).split())}"
