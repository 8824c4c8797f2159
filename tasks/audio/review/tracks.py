"""The recordings of a step: which files they are, and each made ready in the background when the page asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from journal import JournalError, TaskError, UsageError

from ..file_names import name_recording
from ..listening import Source, file_digest
from .repeats import Repeats
from .track import make_track


@dataclass
class Making:
    """A recording that is being made ready, or is, or can't be."""

    part: float = 0.0
    """How much of it has been read."""
    made: Repeats | None = None
    """Its track, and what is said again in it."""
    problem: str = ""


@dataclass
class Tracks:
    """The recordings of a step, by the names of their clips."""

    find: Callable[[], Mapping[str, tuple[Source, str]]]
    """Returns them and what their content was when the clips were cut, as the step's report says now."""
    folder: Path
    _making: dict[str, Making] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, name: str) -> Making:
        """Return how far a recording is, and begin with it at the first call, and after it was said that it can't be.

        Raises UsageError where the step has no such recording.
        """
        found = self.find()
        if name not in found:
            raise UsageError(f"the clips of '{name}' can be typed and dropped, but no recording is known for them")
        source, digest = found[name]
        with self._lock:
            making = self._making.get(digest)
            if making is None:
                making = self._making[digest] = Making()
                Thread(target=self._make, args=(making, source, digest), daemon=True).start()
            if making.problem:
                del self._making[digest]
            return making

    def _make(self, making: Making, source: Source, digest: str) -> None:
        folder = self.folder / digest[:16]
        try:
            if not source.path.is_file():
                raise TaskError(f"{source.shown} isn't there any more; put it back to see and hear it")
            if file_digest(source.path) != digest:
                raise TaskError(f"{source.shown} has changed since its clips were cut; run the day again")
            folder.mkdir(exist_ok=True)
            track = make_track(source, folder, lambda part: setattr(making, "part", part))
            making.made = Repeats(track)
        except (JournalError, OSError) as error:
            making.problem = str(error)


def find_sources(data: Mapping[str, Any], digests: Mapping[str, Any], root: Path) -> dict[str, tuple[Source, str]]:
    """Return the recordings that a step's report says it was made from, by the names of their clips.

    ``digests`` are those that the clips were cut from.
    """
    parameters = data.get("parameters", {})
    channel, raw_rate = parameters.get("channel", "auto"), parameters.get("raw_rate")
    found = {}
    for name in _read_files(data.get("depends_on", {})):
        clips = name_recording(root / name)
        if clips in digests:
            found[clips] = Source(root / name, name, clips, channel, raw_rate), str(digests[clips])
    return found


def _read_files(depends_on: Mapping[str, str]) -> list[str]:
    """Return the files named as recordings, or where those are another step's, all files that it read."""
    if "files recordings" in depends_on:
        named = json.loads(depends_on["files recordings"])
        if files := [str(one) for group in named for one in group if isinstance(one, str)]:
            return files
    return [part.removeprefix("input ") for part in depends_on if part.startswith("input ")]
