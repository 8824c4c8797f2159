"""SHA-256 digests of files, computed once and cached by size, times and inode."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

from journal.api.models import content_digest
from journal.files import file_stat, is_fresh
from journal.store.database import Database


class Digests:
    """A cache of file digests; ``flush`` writes new ones to the database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: dict[str, tuple[str, str]] | None = None
        self._new: dict[str, tuple[str, str]] = {}
        self.stats: dict[str, str] = {}
        """The stat of each file whose digest this process was asked for, as it was then."""

    def digest(self, path: Path) -> str:
        """Return the SHA-256 of a file's content, or of a folder's file names and contents."""
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if one.is_file())
            listing = [(one.relative_to(path).as_posix(), self.digest(one)) for one in files]
            return hashlib.sha256(repr(listing).encode()).hexdigest()
        name, stamp = str(path), file_stat(path)
        self.stats[name] = stamp
        known = self._checked(name)
        if known and known[0] == stamp:
            return known[1]
        digest = content_digest(path)
        if stamp == file_stat(path) and not is_fresh(path):
            self._new[name] = (stamp, digest)
        return digest

    def forget(self) -> None:
        """Read every file anew from now on."""
        self._known = {}

    def flush(self) -> None:
        """Write new digests to the database."""
        if self._new:
            rows = [
                (path, stamp, f"{digest}{sum_of(path, stamp, digest)}") for path, (stamp, digest) in self._new.items()
            ]
            self.database.write(("INSERT OR REPLACE INTO digest VALUES (?, ?, ?)", rows))
            self._all().update((path, (stamp, digest)) for path, stamp, digest in rows)
            self._new = {}

    def _all(self) -> dict[str, tuple[str, str]]:
        if self._known is None:
            rows = self.database.read("SELECT path, stamp, digest FROM digest")
            self._known = {path: (stamp, digest) for path, stamp, digest in rows}
        return self._known

    def _checked(self, path: str) -> tuple[str, str] | None:
        """Return the stat and digest known of a path, or None if that row is damaged."""
        if path in self._new:
            return self._new[path]
        known = self._all().get(path)
        if known is None:
            return None
        stamp, digest = str(known[0]), str(known[1])
        plain, found = digest[:-_SUM], digest[-_SUM:]
        return (stamp, plain) if found == sum_of(path, stamp, plain) else None


_SUM = 8


def sum_of(*parts: str) -> str:
    """Return a checksum of eight digits, by which a damaged row is known."""
    return f"{zlib.crc32(chr(10).join(parts).encode('utf-8', 'surrogateescape')):08x}"
