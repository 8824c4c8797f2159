"""Opens the review page of a step's clips."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import quote

from journal import Record, UsageError, nearest

from ..listening import Source
from .answers import Review
from .day_run import DayRun
from .server import open_server
from .sheet import ReviewSheet
from .tracks import Tracks, find_sources


def review_clips(
    record: Record, entry: Path, step: str, recording: str, browse: bool, say: Callable[[str], None]
) -> None:
    """Serve the page until Ctrl-C, in a browser where there is one; it begins with a recording, or the first for "".

    Raises JournalError where the sheet is damaged or has no such recording.
    """
    names = list(dict.fromkeys(row["recording"] for row in record.sheet(entry, step, "cuts")))
    if recording and recording not in names:
        raise UsageError(f"there is no recording '{recording}' in the cut sheet{nearest(recording, names)}")
    with tempfile.TemporaryDirectory(prefix="journal-clips-") as folder:
        review = make_review(record, entry, step, Path(folder))
        server = open_server(review)
        address = server.address + (f"#{quote(recording)}" if recording else "")
        say(f"review the clips at {address} (Ctrl-C to stop)")
        if browse:  # beside the server, which the browser may wait for
            Thread(target=_browse, args=(address, say), daemon=True).start()
        try:
            server.serve()
        finally:
            review.run.stop()
    say("stopped")


def make_review(record: Record, entry: Path, step: str, folder: Path) -> Review:
    """Return what the page is about; sound is made ready in ``folder``. Raises JournalError for a damaged sheet."""
    read = record.read(entry)
    if record.find(read, step) is None or read.day is None:
        raise UsageError(f"day {read.day} has no clips of step '{step}'; run it first")
    sheet = ReviewSheet(record, entry, step, Lock())
    sheet.read()
    tracks = Tracks(partial(_find_recordings, record, entry, step), folder)
    return Review(sheet, tracks, DayRun(record.workspace.root, read.day, step), f"Day {read.day} · {step}")


def _find_recordings(record: Record, entry: Path, step: str) -> dict[str, tuple[Source, str]]:
    found = record.find(record.read(entry), step)
    return find_sources(found.data, found.report.outputs.get("sources") or {}, record.workspace.root) if found else {}


def _browse(address: str, say: Callable[[str], None]) -> None:
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        browser = None
    in_terminal = isinstance(browser, webbrowser.GenericBrowser) and not isinstance(
        browser, webbrowser.BackgroundBrowser
    )
    if browser is None or (in_terminal and "BROWSER" not in os.environ) or not browser.open(address):
        say("no browser was found; open the address in one")
