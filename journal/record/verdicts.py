"""The author's verdicts on a day's pictures, in a file beside the entry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from journal.api.item import Item
from journal.api.items import Gallery, Image
from journal.api.report import Report
from journal.errors import EntryError, nearest
from journal.layout import verdicts_of
from journal.text.document import Document, parse_yaml
from journal.text.workspace import Workspace

_NAMES = ("picture", "verdict", "word", "digest", "prompt", "model", "seed")


@dataclass(frozen=True)
class Verdict:
    """A verdict on one picture."""

    WORDS: ClassVar = ("kept", "failed")

    picture: str
    """Its path below the entry's folder: ``step/file.png``."""
    verdict: str
    """ "kept" or "failed"."""
    word: str = ""
    """Why, in a word or a sentence."""
    digest: str = ""
    """The digest of the judged pixels; if empty, the verdict applies to whatever picture has that path."""
    prompt: str = ""
    model: str = ""
    seed: int | None = None

    @property
    def sentence(self) -> str:
        return f"{self.verdict}: {self.word}" if self.word else self.verdict

    def is_of(self, picture: str, digest: str) -> bool:
        """Return whether this is a verdict on that picture as it is now."""
        return self.picture == picture and self.digest in ("", digest)


def read_verdicts(entry: Path, workspace: Workspace) -> list[Verdict]:
    """Return an entry's verdicts, in order. Raises ``EntryError`` where their file is not valid."""
    path = verdicts_of(entry)
    if not path.is_file():
        return []
    return parse_verdicts(path.read_bytes().decode("utf-8", "surrogateescape"), workspace.display_path(path))


def parse_verdicts(text: str, shown: str) -> list[Verdict]:
    """Parse a file of verdicts, named ``shown`` in messages. Raises ``EntryError`` where it is not valid."""
    document = parse_yaml(text, shown)
    for name in document.data:
        if name != "verdicts":
            raise EntryError(f"{document.place(name)}: unknown key '{name}'{nearest(name, ['verdicts'])}")
    given = document.data.get("verdicts") or []
    if not isinstance(given, list):
        raise EntryError(
            f"{document.place('verdicts')}: verdicts must be a list; begin each with '- picture: STEP/FILE'"
        )
    return [_verdict(value, document, str(index)) for index, value in enumerate(given)]


def _verdict(value: Any, document: Document, index: str) -> Verdict:
    place = document.place("verdicts", index, "picture")
    if not isinstance(value, dict) or not isinstance(value.get("picture"), str):
        raise EntryError(f"{place}: this verdict names no picture; add 'picture: STEP/FILE'")
    for name, one in value.items():
        if name not in _NAMES:
            where = document.place("verdicts", index, name)
            raise EntryError(f"{where}: unknown key '{name}'{nearest(name, list(_NAMES))}")
        if isinstance(one, dict | list):
            where = document.place("verdicts", index, name)
            raise EntryError(f"{where}: {name} must be one line of text; put it in quotes")
    if value.get("verdict") not in Verdict.WORDS:
        where = document.place("verdicts", index, "verdict" if "verdict" in value else "picture")
        raise EntryError(f"{where}: verdict is {value.get('verdict')!r}; write kept or failed")
    seed = value.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise EntryError(f"{document.place('verdicts', index, 'seed')}: seed is {seed!r}; write a whole number")
    texts = {name: "" if one is None else str(one) for name, one in value.items() if name != "seed"}
    return Verdict(**texts, seed=seed)


def picture_digest(path: Path) -> str:
    """Return a digest of a picture's pixels, regardless of metadata; if it is not a picture, of its bytes."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        with Pillow.open(path) as picture:
            content = repr((picture.mode, picture.size)).encode() + picture.tobytes()
    except (UnidentifiedImageError, OSError):
        content = path.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def with_verdicts(report: Report, step: str, folder: Path, verdicts: Sequence[Verdict]) -> Report:
    """Return the report with the latest verdict on each picture in ``folder`` appended to its caption."""
    if not any(verdict.picture.startswith(f"{step}/") for verdict in verdicts):
        return report

    def judged(image: Image) -> Image:
        found = latest_verdict(f"{step}/{image.path}", folder / image.path, verdicts)
        return replace(image, caption=f"{image.caption} – {found.sentence}".removeprefix(" – ")) if found else image

    def with_them(item: Item) -> Item:
        if isinstance(item, Gallery):
            return replace(item, pictures=[judged(picture) for picture in item.pictures])
        return judged(item) if isinstance(item, Image) else item

    return replace(report, items=[with_them(item) for item in report.items])


def latest_verdict(place: str, path: Path, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the last verdict on a picture as it is now, or None."""
    found = verdicts_on(place, path, verdicts)
    return found[-1] if found else None


def verdicts_on(place: str, path: Path, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts on a picture as it is now, or, if its file is gone, on the last picture judged there."""
    of_place = [verdict for verdict in verdicts if verdict.picture == place]
    if not of_place:
        return []
    digest = picture_digest(path) if path.is_file() else of_place[-1].digest
    return [verdict for verdict in of_place if verdict.is_of(place, digest)]
