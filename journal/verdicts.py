"""What the author thinks of a day's pictures: a file of verdicts beside the entry."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from journal.document import Document, parse_yaml
from journal.entry import entry_days, verdicts_file
from journal.errors import EntryError, UsageError, nearest
from journal.report import Gallery, Image, Item, Report, Trial, read_report
from journal.store import write_atomically
from journal.workspace import Workspace

WORDS = ("kept", "failed")
_NAMES = ("picture", "verdict", "word", "sha256", "prompt", "model", "seed")
_ITEM = re.compile(r"^( *)- ", re.MULTILINE)
_OPENING = "# What I think of this day's pictures. `journal verdict` adds to it, and so may I.\nverdicts:\n"


@dataclass(frozen=True)
class Verdict:
    """What somebody thinks of one picture."""

    picture: str
    """Its place below the entry's folder: ``step/file.png``."""
    verdict: str
    """ "kept" or "failed"."""
    word: str = ""
    """Why, in a word or a sentence."""
    sha256: str = ""
    """Digest of the picture that was looked at; where none is given, of whatever picture is in that place."""
    prompt: str = ""
    model: str = ""
    seed: int | None = None

    @property
    def told(self) -> str:
        return f"{self.verdict}: {self.word}" if self.word else self.verdict

    def is_of(self, picture: str, sha256: str) -> bool:
        """Say whether this is a verdict on that picture as it is now."""
        return self.picture == picture and self.sha256 in ("", sha256)


def read_verdicts(entry: Path, workspace: Workspace) -> list[Verdict]:
    """Return an entry's verdicts in the order they were given; raises EntryError with the line of what is wrong."""
    path = verdicts_file(entry)
    if not path.is_file():
        return []
    return parse_verdicts(path.read_bytes().decode("utf-8", "surrogateescape"), workspace.shown(path))


def parse_verdicts(text: str, shown: str) -> list[Verdict]:
    """Parse the text of a file of verdicts; ``shown`` is its name for messages."""
    document = parse_yaml(text, shown)
    for name in document.data:
        if name != "verdicts":
            raise EntryError(f"{document.place(name)}: unknown key '{name}'{nearest(name, ['verdicts'])}")
    given = document.data.get("verdicts") or []
    if not isinstance(given, list):
        raise EntryError(f"{document.place('verdicts')}: verdicts is a list; begin each with '- picture: STEP/FILE'")
    return [_verdict(value, document, str(index)) for index, value in enumerate(given)]


def _verdict(value: Any, document: Document, index: str) -> Verdict:
    place = document.place("verdicts", index, "picture")
    if not isinstance(value, dict) or not isinstance(value.get("picture"), str):
        raise EntryError(f"{place}: a verdict names no picture; add 'picture: STEP/FILE'")
    for name, one in value.items():
        if name not in _NAMES:
            where = document.place("verdicts", index, name)
            raise EntryError(f"{where}: unknown key '{name}'{nearest(name, list(_NAMES))}")
        if isinstance(one, dict | list):
            where = document.place("verdicts", index, name)
            raise EntryError(f"{where}: {name} is one line of text; put it in quotes")
    if value.get("verdict") not in WORDS:
        where = document.place("verdicts", index, "verdict" if "verdict" in value else "picture")
        raise EntryError(f"{where}: verdict is {value.get('verdict')!r}; write kept or failed")
    seed = value.get("seed")
    texts = {name: "" if one is None else str(one) for name, one in value.items() if name != "seed"}
    return Verdict(**texts, seed=seed if isinstance(seed, int) else None)


def give_verdict(pictures: Sequence[Path], verdict: str, word: str, workspace: Workspace) -> list[int]:
    """Write a verdict on pictures that stand beside entries; returns their days. Raises UsageError, writes all or none.

    What was tried is noted with it, so that the try counts also when its picture has given way to another.
    """
    if verdict not in WORDS:
        raise UsageError(f"'{verdict}' is no verdict; say kept or failed, and --word why")
    given: dict[Path, list[Verdict]] = {}
    days = {path: day for day, path in entry_days(workspace).items()}
    for picture in pictures:
        entry, place = _entry_of(picture, days, workspace)
        given.setdefault(entry, []).append(_about(picture, place, verdict, " ".join(word.split())))
    texts = {entry: _with_more(entry, verdicts, workspace) for entry, verdicts in given.items()}
    for entry, text in texts.items():
        write_atomically(verdicts_file(entry), text.encode())
    return [days[entry] for entry in given]


def _entry_of(picture: Path, days: Iterable[Path], workspace: Workspace) -> tuple[Path, str]:
    """Return the entry that a picture stands beside, and its place there."""
    if not picture.is_file():
        raise UsageError(f"{picture}: no such picture; name one beside an entry, entries/DATE-day-N/STEP/FILE.png")
    absolute = picture.resolve()
    for entry in days:
        home = entry.with_suffix("").resolve()
        if absolute.is_relative_to(home) and len(absolute.relative_to(home).parts) > 1:
            return entry, absolute.relative_to(home).as_posix()
    raise UsageError(f"{picture}: stands beside no entry of this journal; name one of entries/DATE-day-N/STEP/FILE.png")


def _about(picture: Path, place: str, verdict: str, word: str) -> Verdict:
    trial = next((one for one in _trials_beside(picture, place) if place.endswith(f"/{one.path}")), None)
    given = Verdict(place, verdict, word, digest_of_picture(picture))
    return replace(given, prompt=trial.prompt, model=trial.model, seed=trial.seed) if trial else given


def _trials_beside(picture: Path, place: str) -> list[Trial]:
    step = picture.resolve().parents[place.count("/") - 1]
    return read_report(step).trials if (step / "report.json").is_file() else []


def digest_of_picture(path: Path) -> str:
    """Return as much of a picture's SHA-256 as a verdict notes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _with_more(entry: Path, verdicts: Sequence[Verdict], workspace: Workspace) -> str:
    """Return the file's text with verdicts at its end; what stands there already stays as it is, comments and all."""
    known = read_verdicts(entry, workspace)  # a damaged file is said before anything is written
    path = verdicts_file(entry)
    before = path.read_bytes().decode() if path.exists() else ""
    before = before if before.strip() else _OPENING
    indent = found[1] if (found := _ITEM.search(before)) else "  "
    text = before + ("" if before.endswith("\n") else "\n") + "".join(_as_yaml(verdict, indent) for verdict in verdicts)
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
    """Write a text in quotes, which JSON and YAML share; characters that no YAML may hold are left out."""
    if isinstance(value, int) or value in WORDS:
        return str(value)
    return json.dumps("".join(sign for sign in value if sign.isprintable()), ensure_ascii=False)


def with_verdicts(report: Report, step: str, folder: Path, verdicts: Sequence[Verdict]) -> Report:
    """Return a report whose pictures' captions end with the latest verdict on them. ``folder`` holds the pictures."""
    if not any(verdict.picture.startswith(f"{step}/") for verdict in verdicts):
        return report

    def judged(image: Image) -> Image:
        found = latest_verdict(f"{step}/{image.path}", folder / image.path, verdicts)
        return replace(image, caption=f"{image.caption} – {found.told}".removeprefix(" – ")) if found else image

    def with_them(item: Item) -> Item:
        if isinstance(item, Gallery):
            return replace(item, pictures=[judged(picture) for picture in item.pictures])
        return judged(item) if isinstance(item, Image) else item

    return replace(report, items=[with_them(item) for item in report.items])


def latest_verdict(place: str, path: Path, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the last verdict on a picture as it is now, or None."""
    of_place = [verdict for verdict in verdicts if verdict.picture == place]
    if not of_place or not path.is_file():
        return None
    digest = digest_of_picture(path)
    return next((verdict for verdict in reversed(of_place) if verdict.is_of(place, digest)), None)
