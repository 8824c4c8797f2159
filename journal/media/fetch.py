"""Fetching files of other hosts: several at once, few from each, and only what is what it says."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_AT_ONCE, _PER_HOST = 8, 2
_TIMEOUT_S = (10, 30)
_RETRIES = 3
_LARGEST = 200_000_000
_CHUNK = 1 << 16
_KINDS = (
    (rb"\x89PNG\r\n\x1a\n", ".png", "picture"),
    (rb"\xff\xd8\xff", ".jpg", "picture"),
    (rb"GIF8[79]a", ".gif", "picture"),
    (rb"RIFF....WEBP", ".webp", "picture"),
    (rb"....ftypavi[fs]", ".avif", "picture"),
    (
        rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE svg[^>]*>\s*)?<svg\b",
        ".svg",
        "picture",
    ),
    (rb"(?:RIFF|RF64)....WAVE", ".wav", "sound"),
    (rb"fLaC", ".flac", "sound"),
    (rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]", ".mp3", "sound"),
    (rb"OggS", ".ogg", "sound"),
    (rb"....ftypM4A", ".m4a", "sound"),
    (rb"....ftyp", ".mp4", "video"),
    (rb"\x1a\x45\xdf\xa3", ".webm", "video"),
)
"""How files begin, the suffix they get, and what they are."""


@dataclass(frozen=True)
class Fetched:
    """What an address gave: a file, or why there is none."""

    url: str
    path: Path | None = None
    sha256: str = ""
    size: int = 0
    problem: str = ""


def fetch_all(wanted: Iterable[tuple[str, str]], folder: Path, tell: Callable[[Fetched], None]) -> list[Fetched]:
    """Fetch addresses, each with the kind that it has to be, into a folder, named by name and digest.

    ``tell`` hears each as it is done. No host is asked for more than ``_PER_HOST`` at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    gates: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(_PER_HOST))
    lock = threading.Lock()

    def one(given: tuple[str, str]) -> Fetched:
        url, kind = given
        with lock:
            gate = gates[urlsplit(url).netloc]
        with gate:
            found = _fetch(url, kind, folder)
        with lock:
            tell(found)
        return found

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(one, _by_turns(wanted)))


def suffix_of(first: bytes) -> tuple[str, str] | None:
    """Return the suffix and the kind of a file by its first bytes, or None for one that is no picture or sound."""
    return next(
        ((suffix, kind) for pattern, suffix, kind in _KINDS if re.match(pattern, first, re.DOTALL | re.IGNORECASE)),
        None,
    )


def _by_turns(wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield addresses host by host in turns, so that a slow one does not hold up all workers."""
    hosts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for one in dict.fromkeys(wanted):
        hosts[urlsplit(one[0]).netloc].append(one)
    while hosts:
        for host in list(hosts):
            yield hosts[host].pop(0)
            if not hosts[host]:
                del hosts[host]


def _fetch(url: str, kind: str, folder: Path) -> Fetched:
    import requests

    partial = folder / f".{hashlib.sha256(url.encode()).hexdigest()[:16]}.part"
    try:
        with _session() as session, session.get(url, stream=True, timeout=_TIMEOUT_S) as answer:
            if answer.status_code != 200:
                return Fetched(url, problem=f"the server says {answer.status_code} {answer.reason}".strip())
            digest, size = hashlib.sha256(), 0
            with partial.open("wb") as stream:
                for chunk in answer.iter_content(_CHUNK):
                    size += len(chunk)
                    if size > _LARGEST:
                        return Fetched(url, problem=f"it is larger than {_LARGEST // 1_000_000} MB")
                    digest.update(chunk)
                    stream.write(chunk)
            return _kept(url, kind, partial, digest.hexdigest(), size, folder)
    except requests.exceptions.RequestException as error:
        return Fetched(url, problem=_reason(error))
    except (OSError, ValueError) as error:
        return Fetched(url, problem=str(error).splitlines()[0])
    finally:
        partial.unlink(missing_ok=True)


def _kept(url: str, kind: str, partial: Path, digest: str, size: int, folder: Path) -> Fetched:
    with partial.open("rb") as stream:
        first = stream.read(4096)
    found = suffix_of(first)
    if found is None or found[1] != kind:
        what = "nothing" if not size else "a page" if b"<html" in first.lower() else f"no {kind}"
        return Fetched(url, problem=f"it answers with {what}")
    plain = re.sub(r"[^\w.-]+", "-", Path(unquote(urlsplit(url).path)).stem).strip("-.")[:40] or kind
    path = folder / f"{plain}-{digest[:8]}{found[0]}"
    partial.replace(path)
    return Fetched(url, path, digest, size)


def _session() -> Any:
    """Return a session that tries again where a server is busy, as long as that asks for."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    retry = Retry(_RETRIES, backoff_factor=0.3, status_forcelist=(429, 500, 502, 503, 504), raise_on_status=False,
                  respect_retry_after_header=True, redirect=8)  # fmt: skip
    session = requests.Session()
    session.headers["User-Agent"] = "journal-in-public (an author fetching the pictures of their own posts)"
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _reason(error: Exception) -> str:
    """Return why a request failed, in a few words."""
    text = str(error)
    for sign, words in (
        ("IncompleteRead", "it breaks off before its end"), ("timed out", "the server takes too long"),
        ("NameResolution", "there is no such host"), ("Name or service", "there is no such host"),
        ("refused", "the server can't be reached"), ("redirects", "it leads in circles"),
        ("CERTIFICATE", "the server's certificate is not valid"),
    ):  # fmt: skip
        if sign in text:
            return words
    return text.splitlines()[0][:120] if text else type(error).__name__
