"""Verdicts given by command: added to the end of the file beside the entry, whose bytes before them all stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from journal.api.report import Gallery, Image, Report, Trial, read_report
from journal.errors import EntryError, UsageError
from journal.files import lock, write_atomically
from journal.record.verdicts import WORDS, Verdict, digest_of_picture, parse_verdicts, read_verdicts
from journal.text.document import as_yaml
from journal.text.entry import entry_days, verdicts_file
from journal.text.workspace import Workspace

_OPENING = "# What I think of this day's pictures. `journal verdict` adds to it, and so may I.\nverdicts:\n"
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)
_NAMED = "name one beside an entry, entries/DATE-day-N/STEP/FILE.png"


def give_verdict(
    pictures: Sequence[Path], verdict: str, word: str, workspace: Workspace, waiting: Callable[[str], None]
) -> list[int]:
    """Write a verdict on pictures that stand beside entries; returns their days. Raises UsageError, writes all or none.

    What was tried is noted with it, so that the try counts also when its picture has given way to another.
    ``waiting`` is told who else is giving verdicts just now.
    """
    if verdict not in WORDS:
        raise UsageError(f"'{verdict}' is no verdict; say kept or failed, and --word why")
    given: dict[Path, list[Verdict]] = {}
    days = {path: day for day, path in entry_days(workspace).items()}
    for picture in pictures:
        entry, place = _entry_of(picture, days, workspace)
        given.setdefault(entry, []).append(_about(picture, entry, place, Verdict(place, verdict, _word(word))))
    workspace.state.mkdir(exist_ok=True)
    with lock(workspace.state / "verdicts.lock", "journal verdict", waiting):
        texts = {entry: _with_more(entry, verdicts, workspace) for entry, verdicts in given.items()}
        for entry, text in texts.items():
            write_atomically(verdicts_file(entry), text.encode())
    return [days[entry] for entry in given]


def _word(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError("--word is no text in UTF-8; say it in other letters") from error
    return " ".join(text.split())


def _entry_of(picture: Path, days: Iterable[Path], workspace: Workspace) -> tuple[Path, str]:
    """Return the entry that a picture stands beside, and its place there."""
    if not picture.is_file():
        raise UsageError(f"{picture}: no such picture; {_NAMED}")
    absolute = picture.resolve()
    for entry in days:
        home = entry.with_suffix("").resolve()
        if absolute.is_relative_to(home) and len(absolute.relative_to(home).parts) > 1:
            return entry, absolute.relative_to(home).as_posix()
    raise UsageError(f"{picture}: stands beside no entry of this journal; {_NAMED}")


def _about(picture: Path, entry: Path, place: str, verdict: Verdict) -> Verdict:
    """Return a verdict with what a report tells of its picture."""
    step, _, path = place.partition("/")
    folder = entry.with_suffix("") / step
    shown = list(_pictures_of(read_report(folder))) if (folder / "report.json").is_file() else []
    if not any(one.path == path for one in shown):
        raise UsageError(f"{picture}: is no picture that a step's report shows; {_NAMED}")
    trial = next((one for one in shown if isinstance(one, Trial) and one.path == path), None)
    given = replace(verdict, digest=digest_of_picture(picture))
    return replace(given, prompt=trial.prompt, model=trial.model, seed=trial.seed) if trial else given


def _pictures_of(report: Report) -> Iterator[Image | Trial]:
    for item in report.items:
        if isinstance(item, Gallery):
            yield from item.pictures
        elif isinstance(item, Image | Trial):
            yield item


def _with_more(entry: Path, verdicts: Sequence[Verdict], workspace: Workspace) -> str:
    """Return the file's text with verdicts at its end, in its own indentation and line ends."""
    known = read_verdicts(entry, workspace)  # a damaged file is said before anything is written
    path = verdicts_file(entry)
    before = path.read_bytes().decode() if path.exists() else ""
    before = before if before.strip() else _OPENING
    newline = "\r\n" if "\r\n" in before else "\n"
    indent = found[1] if (found := _ITEM.search(before)) else "  "
    added = "".join(_as_yaml(verdict, indent) for verdict in verdicts)
    text = before + ("" if before.endswith("\n") else newline) + added.replace("\n", newline)
    try:
        written = parse_verdicts(text, workspace.shown(path))
    except EntryError:
        written = []
    if len(written) != len(known) + len(verdicts):
        place = f"{workspace.shown(path)}:1"
        raise EntryError(f"{place}: nothing can be added at its end; write 'verdicts:' and below it '- picture: ...'")
    return text


def _as_yaml(verdict: Verdict, indent: str) -> str:
    told = {name: value for name, value in vars(verdict).items() if value not in ("", None)}
    lines = [f"{name}: {_scalar(value)}" for name, value in told.items()]
    return f"{indent}- {lines[0]}\n" + "".join(f"{indent}  {line}\n" for line in lines[1:])


def _scalar(value: str | int) -> str:
    return str(value) if value in WORDS else as_yaml(value)
