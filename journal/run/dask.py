"""Steps on a Dask cluster: an existing one, by its address, or one started on this machine for the run."""

from __future__ import annotations

import logging
import secrets
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from journal.errors import UsageError
from journal.extras import install_line
from journal.run.dask_worker import end_run, run_on_worker
from journal.run.executor import Executor
from journal.run.job import Job
from journal.run.messages import Event, Failed, Progress
from journal.run.resources import Claims, ResourcePool

_OWN = ("cpu", "memory")
"""Resources that Dask workers offer without configuration."""


@dataclass(frozen=True)
class _Settled:
    """A finished future."""

    key: str
    future: Any


class DaskExecutor(Executor):
    """Sends jobs to Dask workers and brings their files back."""

    name = "dask"

    def __init__(self, address: str, resources: ResourcePool, work: Path) -> None:
        super().__init__(address, resources, work)
        self.events: SimpleQueue[Event | _Settled] = SimpleQueue()
        self.jobs: dict[str, Job] = {}
        self.futures: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        self.cluster: Any = None
        self.client = self._connect()
        self.has_own_queue = bool(address)  # such a cluster may grow
        self.shares_files = not address or self._is_shared()
        self.client.subscribe_topic(f"journal-{self.run}", self._hear)

    def start(self, key: str, job: Job, timeout_s: float | None, claims: Claims) -> None:
        """Submit a step; claims other than cores and memory are matched to workers that offer such resources."""
        wanted = {name: amount for name, amount in claims.items() if name not in _OWN and amount}
        if self.cluster is None and (lacking := self._lacking(wanted)):
            message = f"no Dask worker offers {lacking}; start one with: dask worker --resources '{lacking}'"
            self.events.put(Event(key, Failed(message)))
            return
        name = f"{key}-{secrets.token_hex(4)}"
        self.jobs[key], self.names[name] = job, key
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about large messages, which are intended: they carry files
            resources = {} if self.cluster else wanted or None
            packed = self.pack(job, timeout_s)
            future = self.client.submit(run_on_worker, packed, key=name, pure=False, resources=resources)
        self.futures[key] = future
        future.add_done_callback(lambda done: self.events.put(_Settled(key, done)))

    def wait(self) -> Iterator[Event]:
        """Wait for news from the workers and yield it."""
        event: Event | _Settled | None = self.events.get()
        while event:
            yield self._settle(event) if isinstance(event, _Settled) else event
            try:
                event = self.events.get_nowait()
            except Empty:
                event = None

    def close(self) -> None:
        """Cancel what is running, and stop the cluster if it was started here."""
        self.client.cancel(list(self.futures.values()), force=True)
        if self.cluster is None:
            with suppress(OSError, TimeoutError):  # a lost worker has nothing left to end
                self.client.run(end_run, self.run, on_error="ignore")
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()
        self.marker.unlink(missing_ok=True)

    def _connect(self) -> Any:
        try:
            import distributed
        except ImportError as error:
            raise UsageError(f"Dask is not installed; {install_line('dask')}, or use --on local") from error
        import dask

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        if self.address:
            try:
                return distributed.Client(self.address, timeout=10)
            except (OSError, ValueError) as error:
                message = f"no Dask scheduler answers at {self.address}; start one with: dask scheduler"
                raise UsageError(message) from error
        dask.config.set({"distributed.scheduler.allowed-failures": 1})
        self.cluster = distributed.LocalCluster(
            n_workers=int(self.resources.whole["cpu"]),
            threads_per_worker=1,
            dashboard_address=None,
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        )
        return distributed.Client(self.cluster)

    def _is_shared(self) -> bool:
        """Return whether all current workers see the workspace; workers that join later are asked separately."""
        self.write_marker()
        seen = self.client.run(_sees, str(self.marker), self.run)
        return bool(seen) and all(seen.values())

    def _lacking(self, wanted: Claims) -> str:
        """Return what no worker offers, in Dask's notation; empty while there are no workers."""
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        offers = [worker.get("resources", {}) for worker in workers]
        fits = any(all(offer.get(name, 0) >= amount for name, amount in wanted.items()) for offer in offers)
        return "" if fits or not offers else " ".join(f"{name}={amount:g}" for name, amount in wanted.items())

    def _hear(self, event: tuple[float, Sequence[Any]]) -> None:
        name, *values = event[1]
        if name in self.names:
            self.events.put(Event(self.names[name], Progress(*values)))

    def _settle(self, settled: _Settled) -> Event:
        """Bring a step's files home, and return its worker's last message."""
        key, future = settled.key, settled.future
        self.futures.pop(key, None)
        job = self.jobs.pop(key)
        if future.status != "finished":
            error = future.exception() if future.status == "error" else None
            return Event(key, Failed(_cause(error)))
        return self.receive(key, job, future.result())


def _sees(marker: str, text: str) -> bool:
    try:
        return Path(marker).read_text(encoding="ascii") == text
    except OSError:
        return False


def _cause(error: BaseException | None) -> str:
    if error is None:
        return "it was cancelled by the Dask scheduler"
    if type(error).__name__ == "KilledWorker":
        return "every Dask worker that took it died; it may need more memory than they have"
    return f"on its Dask worker: {type(error).__name__}: {' '.join(str(error).split())}"
