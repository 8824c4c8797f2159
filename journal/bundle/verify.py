"""A bundle checked on any machine: its digests, and its day run again in a scratch place as far as that can be."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from journal.api.models import content_digest
from journal.bundle.archive import BundleError, unpack_archive
from journal.bundle.crate import METADATA, Crate
from journal.day import OpenWorkspace
from journal.day.replay import StepReplay, replay_day
from journal.doors import Installed
from journal.errors import JournalError
from journal.plan.registry import read_registry
from journal.record import Record
from journal.record.comparison import Likeness
from journal.run import Observer, RunOptions
from journal.store import Store
from journal.text.workspace import find_workspace
from journal.trust import VARIABLE, is_trusted

SETTINGS = "journal.yml"
_CODE = {".py", ".pyc", ".pyd", ".so", ".pth", ".dylib", ".dll", ".egg", ".whl"}


@dataclass(frozen=True)
class Verification:
    """What was found of a bundle."""

    day: int
    files: int
    missing: tuple[str, ...]
    """A line for each thing that would be needed and is not in it, or may not be used."""
    replays: tuple[StepReplay, ...]

    @property
    def exit_code(self) -> int:
        """0 where every step came out the same; 1 where one did not, or could not be run again."""
        likenesses = [one.likeness for one in self.replays]
        return int(not likenesses or None in likenesses or Likeness.MOVED in likenesses)


def verify_bundle(source: Path, observer: Observer, jobs: int | None = None) -> Verification:
    """Check a bundle's digests and run its day again, in a scratch place that is removed at the end.

    Its own code runs only where the user says so. Raises ``BundleError`` where it is no bundle or not as it was made.
    """
    with tempfile.TemporaryDirectory(prefix="journal-bundle-") as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        names = unpack_archive(source, folder)
        crate = Crate(folder, str(source))
        _check_digests(source, folder, crate, names)
        untrusted = [] if is_trusted(folder) else _remove_code(folder, names)
        missing = tuple(_missing(crate, untrusted))
        return Verification(crate.day, len(names), missing, tuple(_replay(folder, crate, untrusted, observer, jobs)))


def _check_digests(source: Path, folder: Path, crate: Crate, names: list[str]) -> None:
    if SETTINGS not in names:
        raise BundleError(f"{source}: has no {SETTINGS}, as every bundle has; give one made by journal bundle")
    faults = [f"{name} is not listed in {METADATA}" for name in sorted({*names} - {*crate.digests, METADATA})]
    for name, digest in crate.digests.items():
        if name not in names:
            faults.append(f"{name} is gone")
        elif content_digest(folder / name) != digest:
            faults.append(f"{name} has another content than when it was bundled")
    if faults:
        more = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise BundleError(f"{source}: {'; '.join(faults[:3])}{more}; fetch it again, or ask who made it")


def _remove_code(folder: Path, names: list[str]) -> list[str]:
    """Remove what could be imported, so that no step runs a stranger's code; returns the files' names."""
    found = [name for name in names if Path(name).suffix.lower() in _CODE]
    for name in found:
        (folder / name).unlink()
    return found


def _missing(crate: Crate, untrusted: list[str]) -> Iterator[str]:
    for name, reason in crate.left_out.items():
        yield f"{name}: not in the bundle: {reason}"
    if untrusted:
        shown = ", ".join(untrusted[:5]) + (", ..." if len(untrusted) > 5 else "")
        yield f"{shown}: code of its own, which is not run; look at it, then: {VARIABLE}=1 journal bundle --verify FILE"


def _replay(
    folder: Path, crate: Crate, untrusted: list[str], observer: Observer, jobs: int | None
) -> Iterator[StepReplay]:
    """Yield how each step compares; one whose inputs are not here is not run."""
    workspace, installed = find_workspace(folder), Installed()  # of an earlier format too
    record = Record(workspace, installed)
    entry = record.entry(crate.day)
    lacking = {step.id: sorted({*crate.reads.get(step.id, [])} & {*crate.left_out, *untrusted}) for step in entry.steps}
    registry = read_registry(workspace.plugins, installed)
    whole = []
    for step in entry.steps:
        if lacking[step.id]:
            yield StepReplay(step.id, problem=f"not in the bundle: {', '.join(lacking[step.id][:3])}")
        elif untrusted and step.uses not in registry.names():
            yield StepReplay(step.id, problem=f"{step.uses} is code of the bundle's own")
        elif not (entry.artifacts / step.id).is_dir():
            yield StepReplay(step.id, problem="it has no result")
        else:
            whole.append(step.id)
    if not whole:
        return
    store = Store(folder.parent / "store")
    try:
        opened = OpenWorkspace(workspace, registry, store, record)
        yield from replay_day(opened, crate.day, RunOptions(only=tuple(whole), jobs=jobs, on="local"), observer)
    except JournalError as error:
        yield from (StepReplay(step, problem=str(error), failed=True) for step in whole)
    finally:
        store.close()
        shutil.rmtree(folder.parent / "store", ignore_errors=True)
