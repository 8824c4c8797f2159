"""The gate before publishing: rules that each name what should not go out, and where it stands."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from journal.api.report_file import read_data
from journal.blog.heads import site_url
from journal.blog.leaks import (
    MOST_BYTES,
    emails_in,
    homes_in,
    private_in,
    private_words,
    secrets_in,
    words_in,
    words_of_file,
)
from journal.blog.posts import Post
from journal.layout import steps_of
from journal.record.consent import SOUNDS, consented
from journal.text.workspace import Workspace

_MOST_LINES = 20
_WITH_PLACES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".avif"}
_GPS = 0x8825
"""The part of Exif data that holds a place (Exif 2.32, 4.6.3)."""
_DRAWINGS = {".svg", ".xml", ".xhtml", ".xht"}
_SCRIPT = re.compile(r"<(?:\w+:)?script\b|\son[a-z]+\s*=|javascript:|<\?xml-stylesheet", re.IGNORECASE)
_OPEN_VALUE = re.compile(r"\$\{[^}\s]+\}")


@dataclass(frozen=True)
class Finding:
    """Something that should not go out: its kind, which ``--allow`` names, and a line that says where and what."""

    kind: str
    line: str


@dataclass(frozen=True)
class Outgoing:
    """What is to be published."""

    workspace: Workspace
    posts: Sequence[Post]
    statuses: Sequence[tuple[int, str, str]]
    """The day, the kind ("stale", "failed", "edited") and the words, of what isn't as its step made it."""

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of all words that go out: entries, files that they link to, pages of the site."""
        for post in self.posts:
            yield f"entries/{post.file}", words_of_file(self.workspace.entries / post.file)
        for source in self.files():
            if words := words_of_file(self.workspace.root / source):
                yield source, words
        for post in self.posts:
            yield from self._bundled(post)

    def _bundled(self, post: Post) -> Iterator[tuple[str, str]]:
        """Yield the words in a day's bundle, which may be older than what is private now; the entry is read anyway."""
        for name in self.bundled_names(post):
            if name != f"entries/{post.file}":
                with zipfile.ZipFile(self.workspace.root / post.files[post.bundle]) as archive:
                    if archive.getinfo(name).file_size <= MOST_BYTES:
                        yield f"{post.files[post.bundle]}: {name}", words_in(archive.read(name))

    def bundled_names(self, post: Post) -> list[str]:
        """Return the files in the bundle that goes out with a day; none where none does."""
        if not post.bundle:
            return []
        try:
            with zipfile.ZipFile(self.workspace.root / post.files[post.bundle]) as archive:
                return archive.namelist()
        except (OSError, zipfile.BadZipFile):
            return []

    def files(self) -> list[str]:
        """Return the files that go out as they are, below the workspace: those linked to, and those of ``site/``."""
        site = self.workspace.root / "site"
        own = (
            path.relative_to(self.workspace.root).as_posix()
            for path in site.rglob("*")
            if path.is_file() and path.name != "mkdocs.yml"
        )
        return sorted({*own, *(source for post in self.posts for source in post.files.values())})


Rule = Callable[[Outgoing], Iterator[str]]


def findings(outgoing: Outgoing) -> list[Finding]:
    """Return all that should not go out, in the order of rules."""
    return [Finding(kind, line) for kind, rule in RULES.items() for line in rule(outgoing)]


def refusal(found: Sequence[Finding], allowed: Sequence[str]) -> list[str]:
    """Return the lines of a refusal, a few of each kind, or nothing where all that was found is allowed."""
    lines: list[str] = []
    for kind in dict.fromkeys(one.kind for one in found if one.kind not in allowed):
        of_kind = [one.line for one in found if one.kind == kind]
        lines += of_kind[:_MOST_LINES]
        if len(of_kind) > _MOST_LINES:
            lines.append(f"and {len(of_kind) - _MOST_LINES} more of this kind")
        lines.append(f"to publish all the same: --allow {kind}")
    return lines


def _status(kind: str) -> Rule:
    def rule(outgoing: Outgoing) -> Iterator[str]:
        yield from (f"day {day}: {words}" for day, what, words in outgoing.statuses if what == kind)

    return rule


def _edited(outgoing: Outgoing) -> Iterator[str]:
    for post in outgoing.posts:
        for step, line in post.edited.items():
            yield f"entries/{post.file}:{line}: block '{step}' was edited by hand"
    yield from _status("edited")(outgoing)


def _values(outgoing: Outgoing) -> Iterator[str]:
    for post in outgoing.posts:
        for what, said in (("title", post.title), ("description", post.description)):
            for match in _OPEN_VALUE.finditer(said):
                yield f"entries/{post.file}: {match[0]} stands in the {what} as it is; write what it should be"
    entries = {f"entries/{post.file}" for post in outgoing.posts}
    for name, text in outgoing.texts():
        for number, line in _prose_lines(text) if name in entries else ():
            for match in _OPEN_VALUE.finditer(line):
                yield f"{name}:{number}: {match[0]} stands in the text as it is; write what it should be"


def _address(outgoing: Outgoing) -> Iterator[str]:
    if not site_url(outgoing.workspace):
        url = outgoing.workspace.url or "not set"
        yield f"journal.yml: url is {url}; set it to the blog's own address, for feeds and permanent links"


def _secrets(outgoing: Outgoing) -> Iterator[str]:
    for name, text in outgoing.texts():
        for number, what, found in secrets_in(text):
            yield f"{name}:{number}: {what}, {_hidden(found)}; remove it, and have it replaced"


def _emails(outgoing: Outgoing) -> Iterator[str]:
    for name, text in outgoing.texts():
        yield from (f"{name}:{number}: an e-mail address, {found}; take it out" for number, found in emails_in(text))


def _paths(outgoing: Outgoing) -> Iterator[str]:
    for name, text in outgoing.texts():
        for number, found in homes_in(text):
            yield f"{name}:{number}: a folder of somebody's machine, {found}; take it out"


def _private(outgoing: Outgoing) -> Iterator[str]:
    pattern = private_words(outgoing.workspace.private)
    if pattern is None:
        return
    for name, text in outgoing.texts():
        for number, found in private_in(text, pattern):
            yield f"{name}:{number}: a private word of journal.yml, {_hidden(found)}; take it out"
    for name in (*outgoing.files(), *(f"entries/{post.file}" for post in outgoing.posts)):
        for _, found in private_in(name, pattern):
            yield f"{name}: its name has a private word of journal.yml, {_hidden(found)}; rename it"


def _active(outgoing: Outgoing) -> Iterator[str]:
    """Yield the attached drawings that hold a script, which runs at the blog's address for who opens them."""
    for source in sorted({source for post in outgoing.posts for source in post.files.values()}):
        if Path(source).suffix.lower() in _DRAWINGS and _SCRIPT.search(words_of_file(outgoing.workspace.root / source)):
            yield f"{source}: it holds a script, which runs where it is opened by itself; save it without"


def _hosts(outgoing: Outgoing) -> Iterator[str]:
    for post in outgoing.posts:
        for host in post.hosts:
            if host not in outgoing.workspace.blog.embeds:
                yield f"entries/{post.file}: shows something from {host}, which can go at any time; keep a copy of it"


def _links(outgoing: Outgoing) -> Iterator[str]:
    yield from (line for post in outgoing.posts for line in post.warnings)


def _places(outgoing: Outgoing) -> Iterator[str]:
    """Yield the pictures that say where they were taken, as a phone's camera writes it."""
    for name in outgoing.files():
        if Path(name).suffix.lower() in _WITH_PLACES and _has_place(outgoing.workspace.root / name):
            yield f"{name}: it says where it was taken (GPS, in its Exif data); save it without"


def _has_place(path: Path) -> bool:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return any(tag in picture.getexif().get_ifd(_GPS) for tag in (2, 4))  # latitude, longitude
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError):
        return False


def _consent(outgoing: Outgoing) -> Iterator[str]:
    """Yield the speakers of sounds that go out who have not consented, where the workspace keeps a list of them."""
    workspace = outgoing.workspace
    if workspace.speakers is None:
        return
    known = consented(workspace.speakers)
    for post in outgoing.posts:
        for folder in steps_of(workspace.entries / post.file) if post.sounds or _has_sounds(outgoing, post) else ():
            speaker = _speaker(folder)
            if speaker and speaker not in known:
                shown = workspace.display_path(workspace.speakers)
                yield f"entries/{post.file}: the voice of {speaker} in '{folder.name}', of whom {shown} has no consent"


def _has_sounds(outgoing: Outgoing, post: Post) -> bool:
    return any(Path(name).suffix.lower() in SOUNDS for name in outgoing.bundled_names(post))


def _speaker(folder: Path) -> str:
    """Return whose voice a step's recordings hold, as its parameters say."""
    try:
        return str(read_data(folder).get("parameters", {}).get("speaker") or "")
    except (OSError, ValueError, AttributeError):
        return ""


RULES: dict[str, Rule] = {
    "failed": _status("failed"),
    "stale": _status("stale"),
    "edited": _edited,
    "secret": _secrets,
    "private": _private,
    "email": _emails,
    "path": _paths,
    "place": _places,
    "script": _active,
    "consent": _consent,
    "value": _values,
    "link": _links,
    "host": _hosts,
    "address": _address,
}
"""The rules by the kinds that ``--allow`` names."""


def _prose_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of an entry's text below the front matter and outside code, with their numbers."""
    fence, inside = "", text.startswith("---")
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = not (number > 1 and line.strip() in ("---", "..."))
            continue
        mark = re.match(r" {0,3}(```+|~~~+)", line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        elif not fence:
            yield number, re.sub(r"`[^`]*`", "", line)


def _hidden(text: str) -> str:
    return f"{text[:3]}…" if len(text) > 4 else "…"
