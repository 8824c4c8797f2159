"""Bringing other hosts' media to the entries: fetched or found, noted in a manifest, and the links led to them."""

from __future__ import annotations

import csv
import hashlib
import html
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from journal.files import write_atomically
from journal.media.fetch import Fetched, fetch_all, suffix_of
from journal.media.references import Reference, references_of
from journal.record import Record
from journal.text.workspace import Workspace

FOLDER, MANIFEST = "media", "media.csv"
_COLUMNS = ("file", "sha256", "address", "web")
_WIDEST, _LARGE = 1600, 300_000
"""A picture wider, in pixels, or larger, in bytes, gets a smaller copy for pages."""
_QUALITY = 82


@dataclass
class Adopted:
    """What became of the addresses."""

    files: dict[str, str] = field(default_factory=dict)
    """The file in ``entries/media`` that each address has now."""
    dead: dict[str, str] = field(default_factory=dict)
    """Why an address gave nothing."""
    entries: list[Path] = field(default_factory=list)
    """The entries whose links were changed."""


def adopt(record: Record, tell: Callable[[Fetched], None]) -> Adopted:
    """Fetch what entries show from other hosts, and lead their links to it; what was fetched before is not again."""
    workspace = record.workspace
    folder, known = workspace.entries / FOLDER, read_manifest(workspace)
    away = [one for one in references_of(record) if one.host]
    rows = {row["address"]: row for row in known}
    missing = [one for one in away if not _is_here(rows.get(one.url), folder)]
    result = Adopted()
    for found in fetch_all(((one.url, one.kind) for one in missing), folder, tell):
        if found.path is None:
            result.dead[found.url] = found.problem
        else:
            rows[found.url] = {"file": found.path.name, "sha256": found.sha256, "address": found.url, "web": ""}
    return _lead(away, rows, workspace, result)


def find_lost(record: Record, places: Path) -> Adopted:
    """Fill what other hosts no longer give from files of the same name in a folder of the author's.

    A name that several different files have is left alone, with a word.
    """
    workspace = record.workspace
    rows = {row["address"]: row for row in read_manifest(workspace)}
    files: dict[str, dict[str, Path]] = defaultdict(dict)
    for path in sorted(one for one in places.rglob("*") if one.is_file()):
        files[path.name.casefold()][hashlib.sha256(path.read_bytes()).hexdigest()] = path
    folder, result = workspace.entries / FOLDER, Adopted()
    folder.mkdir(parents=True, exist_ok=True)
    away = [one for one in references_of(record) if one.host]
    for one in away:
        if _is_here(rows.get(one.url), folder):
            continue
        name = Path(unquote(urlsplit(one.url).path)).name
        same = files.get(name.casefold(), {})
        if len(same) != 1:
            result.dead[one.url] = f"{len(same) or 'no'} {'files have' if len(same) > 1 else 'file has'} its name"
            continue
        digest, path = next(iter(same.items()))
        data = path.read_bytes()
        found = suffix_of(data[:4096])
        if found is None or found[1] != one.kind:
            result.dead[one.url] = f"{path.name} is no {one.kind}"
            continue
        target = folder / f"{path.stem}-{digest[:8]}{found[0]}"
        write_atomically(target, data)
        rows[one.url] = {"file": target.name, "sha256": digest, "address": one.url, "web": ""}
    return _lead(away, rows, workspace, result)


def read_manifest(workspace: Workspace) -> list[dict[str, str]]:
    """Return the rows of ``entries/media.csv``: which file each former address has."""
    path = workspace.entries / MANIFEST
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [{name: row.get(name) or "" for name in _COLUMNS} for row in csv.DictReader(stream)]


def _lead(
    away: Sequence[Reference], rows: Mapping[str, dict[str, str]], workspace: Workspace, result: Adopted
) -> Adopted:
    """Write the manifest, and then the links of those addresses that have a file now."""
    folder = workspace.entries / FOLDER
    for row in rows.values():
        row["web"] = row["web"] or _web_size(folder / row["file"])
    _write_manifest(rows.values(), workspace)
    changed: dict[Path, list[tuple[Reference, str]]] = defaultdict(list)
    for one in away:
        found = rows.get(one.url)
        if found and _is_here(found, folder):
            result.files[one.url] = found["file"]
            changed[one.entry].append((one, f"{FOLDER}/{quote(found['web'] or found['file'])}"))
    for path, places in changed.items():
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        for one, link in sorted(places, key=lambda place: -place[0].start):
            if html.unescape(text[one.start : one.end]) == one.address:  # its author may have written meanwhile
                text = text[: one.start] + link + text[one.end :]
        write_atomically(path, text.encode("utf-8", "surrogateescape"))
        result.entries.append(path)
    return result


def _is_here(row: Mapping[str, str] | None, folder: Path) -> bool:
    """Return whether a row's file is as it was fetched."""
    if not row or not (folder / row["file"]).is_file():
        return False
    return hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest() == row["sha256"]


def _write_manifest(rows: Iterable[Mapping[str, str]], workspace: Workspace) -> None:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["file"], row["address"])))
    write_atomically(workspace.entries / MANIFEST, stream.getvalue().encode())


def _web_size(path: Path) -> str:
    """Make a smaller copy of a large picture for pages; returns its name, or nothing where none is needed."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if path.suffix not in (".png", ".jpg", ".webp") or not path.is_file():
        return ""
    try:
        with Image.open(path) as picture:
            if getattr(picture, "is_animated", False):
                return ""
            if picture.width <= _WIDEST and path.stat().st_size <= _LARGE:
                return ""
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((_WIDEST, 10 * _WIDEST))
            target = path.with_name(f"{path.stem}-web.webp")
            upright.convert("RGBA" if upright.has_transparency_data else "RGB").save(target, quality=_QUALITY)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError):
        return ""
    if target.stat().st_size >= path.stat().st_size:
        target.unlink()
        return ""
    return target.name
