"""Where work runs: on this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from journal.errors import UsageError
from journal.run.job import Event, Job
from journal.run.resources import Claims, Room

if TYPE_CHECKING:
    from journal.store import Store


class Site(Protocol):
    """Takes jobs and tells what becomes of them."""

    place: str

    def start(self, key: str, job: Job, timeout_s: float | None, claims: Claims) -> None: ...
    def wait(self) -> Iterator[Event]: ...
    def close(self) -> None: ...


def open_site(where: str, room: Room, store: Store) -> Site:
    """Open the place that is asked for: "local", "dask", or the address of a Dask scheduler."""
    if where == "local":
        from journal.run.local import Pool

        return Pool(int(room.whole["cpu"]))
    if where == "dask" or "://" in where:
        from journal.run.dask import DaskSite

        return DaskSite("" if where == "dask" else where, room, store)
    raise UsageError(f"work can't run on '{where}'; use local, dask, or a scheduler's address such as tcp://host:8786")
