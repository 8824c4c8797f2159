"""Keys and tokens: what they look like, and texts without them.

A key leaves a step most easily in an error message or an answer of the server that it was sent to. Whatever text leaves
a step passes ``Redactor.clean``, which knows every key of this process's variables and the shapes of common tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

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
    "a key of SendGrid": r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "a token of DigitalOcean": r"\bdo[opr]_v1_[a-f0-9]{40,}",
    "a key of age": r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}",
    "a token of Replicate": r"\br8_[A-Za-z0-9]{30,}",
    "a client secret of Google": r"\bGOCSPX-[A-Za-z0-9_-]{20,}",
    "a webhook": r"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{16,}"
    r"|discord(?:app)?\.com/api/webhooks/\d+/[\w-]{30,}",
    "a token of Telegram": r"\bbot\d{8,10}:[A-Za-z0-9_-]{35}",
    "a key of Azure": r"\bAccountKey=[A-Za-z0-9+/]{40,}|[?&]sig=[A-Za-z0-9%+/]{30,}",
    "a web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]{3,}@",
    "a bearer token": r"\b[Bb]earer\s+[A-Za-z0-9._~+/-]{20,}",
}
"""Shapes that nothing else has, as regular expressions."""
_SECRET = re.compile(
    r"(?:^|_)(?:KEY|TOKEN|SECRET|PASS|PASSWD|PASSWORD|PASSPHRASE|CREDENTIALS?|AUTH|PAT|PIN|COOKIE|SESSION)(?:$|_)"
    r"|APIKEY|PRIVATE|_DSN$|DATABASE_URL",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"^(?:sk-|hf_|ghp_|gho_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|eyJ|-----BEGIN)|://[^/\s:@]+:[^/\s@]+@"
)
_NOT_SECRET = re.compile(r"(?i)true|false|none|null|yes|no|\d{1,6}|/[\w./-]*|[\w-]{1,7}")
_OF_A_DESKTOP = re.compile(r"SESSION", re.IGNORECASE)
"""Names of variables such as DESKTOP_SESSION, whose values are plain words."""


def is_secret(name: str, value: str | None) -> bool:
    """Return whether a variable holds a key, by its name or by the shape of its value."""
    return bool(_SECRET.search(name)) or bool(value and _SECRET_VALUE.search(value))


@dataclass(frozen=True)
class Redactor:
    """Removes keys from texts."""

    known: tuple[str, ...] = ()
    """Keys in every form in which they may be repeated, the longest first."""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Redactor:
        """Return one that knows the keys among variables, by their names."""
        named = ((name, value) for name, value in variables.items() if not _OF_A_DESKTOP.search(name))
        values = {value.strip() for name, value in named if is_secret(name, value)}
        forms = {form for value in values if not _NOT_SECRET.fullmatch(value) for form in _forms(value)}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def finds(self, text: str) -> bool:
        """Return whether a text holds a key."""
        return any(key in text for key in self.known) or _any_shape().search(text) is not None

    def clean(self, text: str) -> str:
        """Return a text with every key replaced."""
        for key in self.known:
            text = text.replace(key, REMOVED)
        return _any_shape().sub(REMOVED, text)

    def clean_data(self, data: Any) -> Any:
        """Return plain data with every key replaced, in names too."""
        if isinstance(data, str):
            return self.clean(data)
        if isinstance(data, Mapping):
            return {self.clean(str(name)): self.clean_data(part) for name, part in data.items()}
        return [self.clean_data(part) for part in data] if isinstance(data, list | tuple) else data


@cache
def _any_shape() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{shape})" for shape in SHAPES.values()))


def _forms(key: str) -> Iterator[str]:
    """Yield a key as it may be repeated: as it is, each of its lines, in an address, in JSON, in a header."""
    import base64
    from urllib.parse import quote

    yield key
    yield from (line.strip() for line in key.splitlines() if len(line.strip()) >= 8)
    yield quote(key, safe="")
    yield key.encode("unicode_escape").decode()
    yield base64.b64encode(key.encode("utf-8", "surrogateescape")).decode()
    yield base64.b64encode(b":" + key.encode("utf-8", "surrogateescape")).decode().lstrip("=")
