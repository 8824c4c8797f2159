"""The zip itself: the same content gives the same bytes, and nothing is believed that one from elsewhere says.

Files are stored uncompressed: compressed bytes differ between versions of zlib, and what is stored can't unpack to
more than it is.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from journal.errors import JournalError, one_line
from journal.files import write_atomically

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_MOST_FILES = 100_000
_DAMAGED = (OSError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError)


class BundleError(JournalError):
    """A file is no bundle, or is not as it was made."""


def write_archive(target: Path, files: Mapping[str, bytes | Path]) -> None:
    """Write files into a zip, sorted by name, without times, owners or compression."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3  # the same on every system
            archive.writestr(entry, content if isinstance(content, bytes) else content.read_bytes())
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, written.getvalue())


def unpack_archive(source: Path, folder: Path) -> list[str]:
    """Unpack a bundle into a folder and return its files' names. Raises ``BundleError`` where anything is amiss."""
    if not source.is_file():
        raise BundleError(f"{source}: there is no such file; give a zip made by journal bundle")
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            if fault := _fault(entries, source.stat().st_size):
                raise BundleError(f"{source}: {fault}, as no bundle has; nothing was unpacked")
            for entry in entries:
                path = folder / entry.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as content, path.open("xb") as unpacked:
                    while piece := content.read(1 << 20):
                        unpacked.write(piece)
    except _DAMAGED as error:
        raise BundleError(f"{source}: can't be unpacked ({one_line(str(error))}); fetch it again") from error
    return [entry.filename for entry in entries]


def _fault(entries: list[zipfile.ZipInfo], size: int) -> str:
    """Return in words what in a zip's list no bundle has, or nothing."""
    if len(entries) > _MOST_FILES:
        return f"it lists {len(entries)} files"
    if sum(entry.file_size for entry in entries) > size:
        return "it unpacks to more than it holds"
    known = set[str]()
    for entry in entries:
        name, shown = entry.filename, one_line(entry.orig_filename[:100])
        if not _is_below(name) or name != entry.orig_filename:
            return f"'{shown}' leads out of it"
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            return f"'{shown}' is compressed or encrypted"
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG) or entry.is_dir():
            return f"'{shown}' is no plain file"
        if name.casefold() in known:
            return f"'{shown}' is in it twice"
        known.add(name.casefold())
    return ""


def _is_below(name: str) -> bool:
    plain = name.isprintable() and "\\" not in name and ":" not in name
    return plain and name == PurePosixPath(name).as_posix() and not {"", ".", "..", "/"} & {*name.split("/")}
