"""Posts: what the blog knows of each entry, kept by the stats of all that it was made from."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from journal.blog.addresses import day_address
from journal.blog.links import Links, stat_of
from journal.blog.made import Made, how_made, is_locked, is_of
from journal.blog.prose import Reading, read_prose
from journal.blog.words import words_of
from journal.errors import EntryError, StoreError, UsageError
from journal.files import file_stat, is_fresh, tree_stats
from journal.layout import artifacts_of, bundle_of, replays_of
from journal.plan.task_cache import digest_of, own_code_digest
from journal.record import Record
from journal.text.blocks import find_blocks, is_edited
from journal.text.edits import may_be_edited
from journal.text.entry import Entry
from journal.text.escape import escape
from journal.text.template import fill_template, read_template
from journal.text.values import may_have_values, without_value_markers

_EMPTY_BULLET = re.compile(r"^[-*+][ \t]*$", re.MULTILINE)
_MARKER = re.compile(r"<!--\s*journal:[\w-]+\s*-->")
_MANY = 24
"""Entries from which on it is worth reading them on several cores."""


@dataclass(frozen=True)
class Post:
    """A day as listings, feeds and checks see it; its HTML is kept apart, since most builds don't need it."""

    file: str
    """The entry's file name."""
    day: int
    date: str
    title: str
    draft: bool
    description: str
    categories: list[str]
    tags: list[str]
    projects: list[str]
    updated: str
    addresses: list[str]
    excerpt: str
    words: int
    headings: list[tuple[int, str, str]]
    uses: list[str]
    files: dict[str, str] = field(default_factory=dict)
    """Where each file that it links to stands in the site, and where it comes from, below the workspace."""
    pictures: list[tuple[str, str]] = field(default_factory=list)
    """The pictures it shows, from the site's root, each with its description."""
    sounds: list[tuple[str, str]] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    """Hosts of pictures, sounds and frames that stand elsewhere."""
    entries: dict[str, int | None] = field(default_factory=dict)
    """The entries that it links to, and their days."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """The stat of each file that it links to outside its own folder, empty where there is none."""
    totals: dict[str, list[tuple[str, float, str]]] = field(default_factory=dict)
    """What each step adds to ledgers: name, amount, unit."""
    said: list[str] = field(default_factory=list)
    """What its blocks say of ledgers, as it is written."""
    warnings: list[str] = field(default_factory=list)
    edited: dict[str, int] = field(default_factory=dict)
    """The blocks that were edited by hand, and their lines."""
    content: str = ""
    """A digest of its HTML."""
    anchors: list[tuple[str, str]] = field(default_factory=list)
    """The places on pages that it links to: the entry, empty for its own, and the anchor."""
    has_values: bool = False
    """Whether its sentences hold values."""
    is_bare: bool = False
    """Whether it has an empty bullet, so that the entry before it says whether this one is a draft."""
    made: Made = field(default_factory=dict)
    """How its results were made."""
    bundle: str = ""
    """Where its bundle stands in the site, if there is one of its results as they are."""

    @property
    def address(self) -> str:
        return day_address(self.day)

    @property
    def name(self) -> str:
        """The title with its day, unless it says that itself."""
        says = re.search(rf"\bday[ -]?0*{self.day}\b", self.title, re.IGNORECASE)
        return self.title if says else f"(Day {self.day}) {self.title}"


class PostBox:
    """Posts and their HTML, kept in a file between builds; losing it costs one longer build."""

    def __init__(self, path: Path, record: Record) -> None:
        self.record, self.workspace = record, record.workspace
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = _open(path)
        self._rows: dict[str, tuple[str, str]] = {}
        self._words: dict[str, str] = {}
        for file, stamp, post, words in self._database.execute("SELECT file, stamp, post, words FROM post"):
            self._rows[file], self._words[file] = (stamp, post), words
        settings = self.workspace.blog
        self._common = digest_of(own_code_digest(), settings.embeds)
        self._seen: set[str] = set()

    def posts(self) -> Iterator[Post | EntryError]:
        """Yield every entry as a post, or what is wrong with it."""
        days = {path.name: day for day, path in self.record.days().items()}
        found: dict[Path, Post | EntryError | None] = {}
        for path in self.record.entry_files():
            self._seen.add(path.name)
            found[path] = self._kept(path, days)
        anew = [path for path, post in found.items() if post is None]
        for path, read in zip(anew, _read_all(anew, self.record, days), strict=True):
            found[path] = read if isinstance(read, EntryError) else self._keep(path, *read)
        yield from (post for post in found.values() if post is not None)

    def html(self, post: Post) -> str:
        """Return a post's HTML."""
        found = self._database.execute("SELECT html FROM post WHERE file = ?", (post.file,)).fetchone()
        return str(found[0])

    def words(self, post: Post) -> list[str]:
        """Return the distinct words on a post's page."""
        return self._words[post.file].split(" ") if self._words.get(post.file) else []

    def close(self) -> None:
        """Drop entries that are gone, and write what is new."""
        gone = [(file,) for file in self._rows if file not in self._seen]
        self._database.executemany("DELETE FROM post WHERE file = ?", gone)
        self._database.commit()
        self._database.close()

    def _kept(self, path: Path, days: Mapping[str, int]) -> Post | None:
        """Return an entry as it was read before, if all that it was made from is as it was."""
        kept = self._rows.get(path.name)
        if kept is None or kept[0] != self._stamp(path):
            return None
        post = Post(**json.loads(kept[1]))
        return post if self._leads_to_the_same(post, days) else None

    def _keep(self, path: Path, post: Post, html: str, words: str) -> Post:
        self._words[path.name] = words
        young = (
            post.is_bare
            or is_fresh(path)
            or any(is_fresh(Path(file)) for file, *_ in tree_stats(str(artifacts_of(path))))
        )
        data = json.dumps(asdict(post), ensure_ascii=False)
        row = (path.name, "" if young else self._stamp(path), data, html, words)
        self._database.execute("INSERT OR REPLACE INTO post VALUES (?, ?, ?, ?, ?)", row)
        return Post(**json.loads(data))

    def _leads_to_the_same(self, post: Post, days: Mapping[str, int]) -> bool:
        """Return whether entries and files elsewhere that a post links to are as they were."""
        return all(days.get(name) == day for name, day in post.entries.items()) and all(
            stat_of(self.workspace.entries / name) == stat for name, stat in post.elsewhere.items()
        )

    def _stamp(self, path: Path) -> str:
        return digest_of(self._common, file_stat(path), list(tree_stats(str(artifacts_of(path)))))


Read = tuple[Post, str, str]
"""A post, its HTML, and its distinct words."""


def _read_all(paths: list[Path], record: Record, days: Mapping[str, int]) -> list[Read | EntryError]:
    """Read entries, many of them on all cores."""
    cores = os.cpu_count() or 1
    if len(paths) < _MANY or cores == 1 or threading.active_count() > 1:
        return _read_some(paths, record, days)
    size = -(-len(paths) // (4 * cores))
    parts = [paths[start : start + size] for start in range(0, len(paths), size)]
    with ProcessPoolExecutor(cores, mp_context=get_context("fork")) as pool:
        read = partial(_read_some, record=record, days=days)
        return [one for some in pool.map(read, parts) for one in some]


def _read_some(paths: list[Path], record: Record, days: Mapping[str, int]) -> list[Read | EntryError]:
    found: list[Read | EntryError] = []
    for path in paths:
        try:
            found.append(read_post(record.read(path), record, days))
        except EntryError as error:
            found.append(error)
    return found


def read_post(entry: Entry, record: Record, days: Mapping[str, int]) -> Read:
    """Return an entry as a post, with its HTML and its words; ``days`` gives the day of each entry's file."""
    workspace, totals = record.workspace, _totals(entry, record)
    links = Links(entry, workspace, days)
    edited = _edited(entry)
    reading = Reading(links.resolve, links.inline, links.size, workspace.blog.embeds, edited)
    prose = read_prose(without_value_markers(entry.body), reading)
    html = prose.html.encode("utf-8", "replace").decode()
    replays, bundle = links.watch(replays_of(entry.path)), links.watch(bundle_of(workspace.root, entry.day))
    made = how_made(entry, record, replays)
    is_bundled = bool(made) and is_of(bundle, entry, record)
    if is_bundled:
        made["locked"] = is_locked(bundle, made)
    post = Post(
        entry.path.name, entry.day, entry.date.isoformat(), _clean(entry.title),
        entry.draft or _is_untouched(entry, record), _clean(entry.description),
        list(entry.categories), list(entry.tags), list(entry.projects), entry.updated, list(entry.addresses),
        _clean(prose.excerpt),
        prose.words, [(one.level, one.anchor, _clean(one.text)) for one in prose.headings], sorted(prose.uses),
        links.files, links.described(html), links.sounds, sorted(links.hosts),
        links.entries, links.elsewhere, totals, _said(entry, totals), links.warnings, edited,
        digest_of(html), links.anchors, may_have_values(entry.text), bool(_EMPTY_BULLET.search(entry.body)),
        made, links.attach(bundle) if is_bundled else "",
    )  # fmt: skip
    return post, html, " ".join(words_of(f"{post.name} {_clean(prose.text)}"))


def _is_untouched(entry: Entry, record: Record) -> bool:
    """Return whether an entry's text is still that of the template, or what the entry before it has as well."""
    with suppress(UsageError):
        template = fill_template(read_template(record.workspace), entry.day, entry.date.isoformat(), "")
        body = template.partition("\n---\n")[2]
        if body.strip() and entry.body.split() == body.split():
            return True
    if not _EMPTY_BULLET.search(entry.body):
        return False
    before = max((day for day in record.days() if day < entry.day), default=None)
    with suppress(EntryError):
        known = _habits(record.read(record.days()[before])) if before is not None else set()
        return bool(known) and _habits(entry) <= known | {""}
    return False


def _habits(entry: Entry) -> set[str]:
    """Return an entry's lines without its number, bullets and the markers of its steps."""
    plain = (re.sub(rf"\b{entry.day}\b", "", line).strip() for line in entry.body.splitlines())
    return {line for line in plain if line not in ("*", "-", "+") and not _MARKER.fullmatch(line)}


def _totals(entry: Entry, record: Record) -> dict[str, list[tuple[str, float, str]]]:
    found = {}
    for folder in record.folders(entry.path):
        with suppress(StoreError):  # what is wrong with a report is said where totals are added up
            found[folder.name] = [(one.ledger, one.value, one.unit) for one in record.step(folder).totals]
    return {step: totals for step, totals in found.items() if totals}


def _said(entry: Entry, totals: Mapping[str, list[tuple[str, float, str]]]) -> list[str]:
    names = {ledger for counted in totals.values() for ledger, _, _ in counted}
    return [
        line
        for name in sorted(names)
        for line in re.findall(rf"^\*\*({re.escape(escape(name))}: .*)\*\*\s*$", entry.text, re.MULTILINE)
    ]


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _edited(entry: Entry) -> dict[str, int]:
    if not may_be_edited(entry.text):
        return {}
    blocks = find_blocks(entry.text, entry.body_start, entry.display_path)
    return {block.id: block.line for block in blocks if is_edited(block, entry.text)}


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        database.execute(_TABLE)
        database.execute("SELECT file, stamp, post, html, words FROM post LIMIT 1")
    except sqlite3.DatabaseError:  # damaged, or of another version: it is only a cache
        database.close()
        path.unlink()
        database = sqlite3.connect(path, check_same_thread=False)
        database.execute(_TABLE)
    return database


_TABLE = "CREATE TABLE IF NOT EXISTS post (file TEXT PRIMARY KEY, stamp TEXT, post TEXT, html TEXT, words TEXT)"
