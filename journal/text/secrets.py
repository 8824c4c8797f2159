"""Keys and tokens: what they look like, and texts without them.

A key leaves a step most easily in an error message or an answer of the server that it was sent to. Whatever text leaves
a step passes ``Redactor.clean``, which knows every key of this process's variables and the shapes of common tokens.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

REMOVED = "[key removed]"
SHAPES = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:[\s\S]{0,8000}?-----END [A-Z ]*PRIVATE KEY-----)?",
    "a key of OpenAI's shape": r"\bsk-(?:proj-|ant-|or-)?[A-Za-z0-9_-]{16,}",
    "a token of Hugging Face": r"\bhf_[A-Za-z0-9]{20,}",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{16,}",
    "a key of AWS": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a key of Google": r"\bAIza[A-Za-z0-9_-]{30,}",
    "a token of Slack": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a token of npm or PyPI": r"\b(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{40,})",
    "a key of Stripe": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "a web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]{3,}@",
    "a bearer token": r"\b[Bb]earer\s+[A-Za-z0-9._~+/-]{20,}",
}
"""Shapes that nothing else has, as regular expressions."""
_NAMES = re.compile(
    r"(?i)(?:^|_)(?:api_?key|key|token|secret|passw(?:or)?d|passphrase|credentials?|auth)(?:_|$|\d)|apikey$"
)
_NOT_SECRET = re.compile(r"(?i)true|false|none|null|yes|no|\d{1,6}|/[\w./-]*|[\w-]{1,7}")
_ANY_SHAPE = re.compile("|".join(f"(?:{shape})" for shape in SHAPES.values()))


@dataclass(frozen=True)
class Redactor:
    """Removes keys from texts."""

    known: tuple[str, ...] = ()
    """Keys in every form in which they may be repeated, the longest first."""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Redactor:
        """Return one that knows the keys among variables, by their names."""
        values = {value.strip() for name, value in variables.items() if _NAMES.search(name)}
        forms = {form for value in values if not _NOT_SECRET.fullmatch(value) for form in _forms(value)}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def finds(self, text: str) -> bool:
        """Return whether a text holds a key."""
        return any(key in text for key in self.known) or _ANY_SHAPE.search(text) is not None

    def clean(self, text: str) -> str:
        """Return a text with every key replaced."""
        for key in self.known:
            text = text.replace(key, REMOVED)
        return _ANY_SHAPE.sub(REMOVED, text)


def _forms(key: str) -> Iterator[str]:
    """Yield a key as it may be repeated: as it is, each of its lines, in an address, in JSON, in a header."""
    yield key
    yield from (line.strip() for line in key.splitlines() if len(line.strip()) >= 8)
    yield quote(key, safe="")
    yield key.encode("unicode_escape").decode()
    yield base64.b64encode(key.encode("utf-8", "surrogateescape")).decode()
    yield base64.b64encode(b":" + key.encode("utf-8", "surrogateescape")).decode().lstrip("=")
