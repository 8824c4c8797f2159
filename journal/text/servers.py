"""Servers of language models: the section ``servers:`` of journal.yml.

A server's key is never written down: journal.yml names the variable that holds it, and the name has to tell that it is
a key, for it is by their names that the redactor and the fingerprints know which variables hold keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from journal.errors import EntryError, nearest
from journal.text.document import Document
from journal.text.secrets import is_secret
from journal.trust import is_trusted

_SETTINGS = ["url", "key", "concurrency", "retries", "timeout", "price"]
_PRICE = ["input", "output", "unit"]
_TAKEN = ("hf", "pypi", "package", "http", "https", "file")
_SECONDS = {"s": 1.0, "min": 60.0}


@dataclass(frozen=True)
class Price:
    """What a million tokens cost."""

    input: float
    output: float
    unit: str = "USD"

    def of(self, tokens_read: int, tokens_written: int) -> float:
        """Return the price of a request in the price's unit."""
        return (tokens_read * self.input + tokens_written * self.output) / 1e6


@dataclass(frozen=True)
class Server:
    """A server that speaks the OpenAI chat API."""

    name: str
    url: str
    """Its address up to where ``/chat/completions`` follows."""
    key: str = ""
    """The name of the variable that holds its key, if it wants one."""
    concurrency: int = 4
    """How many requests it may be sent at once."""
    retries: int = 4
    """How often a request is sent again that fails for now: too many requests, an overloaded server, a lost line."""
    timeout_s: float = 300.0
    """How long an answer may take, in seconds."""
    price: Price | None = None
    is_trusted: bool = True
    """Whether a key may be sent to it: not from a workspace that its user has not trusted."""


NO_SERVERS: Mapping[str, Server] = MappingProxyType({})


def read_servers(document: Document, root: Path) -> dict[str, Server]:
    """Return the servers of journal.yml by name. Raises ``EntryError`` where one is not valid."""
    section = document.data.get("servers") or {}
    if not isinstance(section, Mapping):
        place = document.place("servers")
        raise EntryError(f"{place}: 'servers' must hold 'name: {{url: ...}}' lines, not {section!r}; write such lines")
    return {name: _ServerReader(document, name, value).read(root) for name, value in section.items()}


class _ServerReader:
    """Reads one server; what is wrong names the line."""

    def __init__(self, document: Document, name: str, settings: Any) -> None:
        self.document, self.name, self.settings = document, name, settings

    def read(self, root: Path) -> Server:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", self.name) or self.name in _TAKEN:
            raise self._wrong("can't be a server's name; take another word of small letters, digits and hyphens")
        if not isinstance(self.settings, Mapping):
            raise self._wrong('needs an address; write {url: "http://127.0.0.1:8000/v1"}')
        self._check_names(self.settings, _SETTINGS)
        key = self._key()
        return Server(
            self.name,
            self._url(),
            key,
            self._whole("concurrency", Server.concurrency, 1),
            self._whole("retries", Server.retries, 0),
            self._timeout(),
            self._price(),
            is_trusted=not key or is_trusted(root),
        )

    def _url(self) -> str:
        url = self.settings.get("url")
        try:
            parts = urlsplit(str(url or ""))
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise self._wrong('needs its address as url: "http://127.0.0.1:8000/v1"', "url")
        if parts.username is not None or parts.query or parts.fragment:  # where keys stand; so the text isn't repeated
            message = "has a user, a query or a mark in its address; give the address alone, and its key as key: $NAME"
            raise self._wrong(message, "url")
        return str(url).rstrip("/")

    def _key(self) -> str:
        key = self.settings.get("key")
        if key is None:
            return ""
        if not isinstance(key, str) or not re.fullmatch(r"\$[A-Za-z_][A-Za-z0-9_]*", key):  # perhaps the key itself
            raise self._wrong("takes its key from a variable only; write key: $MINE_KEY, and set that variable", "key")
        if not is_secret(key[1:], None):
            why = "a key is known by its variable's name, so that it can be kept out of reports"
            raise self._wrong(f"has its key in {key}: {why}; name it {key}_KEY", "key")
        return key[1:]

    def _whole(self, setting: str, default: int, least: int) -> int:
        value = self.settings.get(setting, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= 1000:
            return value
        raise self._wrong(f"has {setting}: {value!r}; write a whole number from {least} to 1000", setting)

    def _timeout(self) -> float:
        value = self.settings.get("timeout", Server.timeout_s)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min)?", str(value))
        seconds = float(match[1]) * _SECONDS[match[2] or "s"] if match else 0.0
        if not 0 < seconds <= 86_400:
            raise self._wrong(f"has timeout: {value!r}; write how long an answer may take, such as 5 min", "timeout")
        return seconds

    def _price(self) -> Price | None:
        price = self.settings.get("price")
        if price is None:
            return None
        example = "write what a million tokens cost, such as {input: 0.15, output: 0.60, unit: USD}"
        if not isinstance(price, Mapping):
            raise self._wrong(f"has price: {price!r}; {example}", "price")
        self._check_names(price, _PRICE, "price")
        amounts = [price.get(name, 0) for name in ("input", "output")]
        for amount in amounts:
            if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount < math.inf:
                raise self._wrong(f"has a price of {amount!r}; {example}", "price")
        return Price(float(amounts[0]), float(amounts[1]), str(price.get("unit", Price.unit)))

    def _check_names(self, names: Mapping[str, Any], known: list[str], *path: str) -> None:
        for name in names:
            if name not in known:
                place = self.document.place("servers", self.name, *path, name)
                raise EntryError(f"{place}: unknown setting '{name}'{nearest(name, known)}")

    def _wrong(self, message: str, *path: str) -> EntryError:
        named = path if path and isinstance(self.settings, Mapping) and path[0] in self.settings else ()
        return EntryError(f"{self.document.place('servers', self.name, *named)}: server '{self.name}' {message}")
