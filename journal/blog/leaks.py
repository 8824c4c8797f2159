"""What should not go out in words: keys, addresses, folders, private names, as written and as read.

A page shows ``Acme **Corp**`` over the end of a line as the same words as ``Acme Corp``.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from urllib.parse import unquote

from journal.text.secrets import SHAPES

MOST_BYTES = 20_000_000
"""Larger files are not looked into."""
_HEAD = 8192
_NAME = (
    r"(?i)(?<![A-Za-z0-9])(?:[A-Za-z0-9]{1,20}[_-])*"
    r"(?:api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|secret|token|passwd|pwd|passw(?:or)?d)"
    r"(?:[_-](?:key|token|access[_-]key))?(?![A-Za-z0-9])"
)
"""What keys are called: DB_PASSWORD, "client_secret", AWS_SECRET_ACCESS_KEY."""
_MIXED = r"(?=[^\s\"'`<]*\d)(?=[^\s\"'`<]*[A-Za-z])"
SECRETS = {
    **SHAPES,
    "a key or password": rf"{_NAME}[\"'`]?\s*[:=]\s*"
    rf"(?:[\"'`]{_MIXED}[^\s\"'`<>{{}}]{{8,}}|{_MIXED}[A-Za-z0-9_./+~=-]{{12,}})",
    "a password": r"(?i)(?<![A-Za-z0-9])(?:[A-Za-z0-9]{1,20}[_-])*(?:passw(?:or)?d|passwd|pwd)[\"'`]?"
    rf"(?:\s+is)?\s*[:=]\s*[\"'`]?{_MIXED}[A-Za-z0-9_./+~!@#%^&*=-]{{8,}}",
    "a password of a command": r"\bcurl\b[^\n|;]*?\s(?:-u|--user)[ =]?[\"']?[^\s:\"'$]+:[^\s\"'$]{3,}"
    r"|\bmysql\w*\b[^\n|;]*?\s-p(?=\S*[A-Za-z0-9])[^\s$-]\S{2,}|\bwandb login [0-9a-f]{40}\b",
}
"""Keys and passwords by what they are, as regular expressions for a line."""
_SAMPLES = re.compile(
    r"EXAMPLE|[xX*]{6,}|\.{3}|…|<[\w-]+>|change-?me"
    r"|://(?:user(?:name)?|postgres|root|admin|me|you|guest):(?:pass(?:word)?|postgres|secret|pw|guest)@"
    r"|@(?:localhost|127\.0\.0\.1|(?:[\w-]+\.)?example\.(?:com|org|net))\b"
    r"|eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.eyJzdWIiOiIxMjM0NTY3ODkw"
)
"""What documentation writes in a key's place; the last is jwt.io's example."""
_EMAIL = re.compile(r"://[^\s/]*@\S*|(?<![\w.+/@-])[\w.+-]+@(?:[\w-]+\.)+[A-Za-z]{2,}\b")
_NOT_ANYBODYS = re.compile(
    r"^://|@(?:.*\.)?example\.(?:com|org|net)$|^(?:git|noreply|no-reply)@|\.(?:png|jpe?g|svg|webp)$"
)
_HOME = re.compile(
    r"(?:(?<![\w/.~])|(?<=file://))(?:/home/(?!user\b|you\b|me\b)[\w.-]+|/Users/(?!you\b|me\b)[\w.-]+|/root/[\w.-]+)"
    r"|(?<![\w/.~])[A-Z]:\\\\?Users\\\\?(?!(?i:your?|user|me|name)(?i:name)?\b)[\w.-]+"
)
_MARKUP = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>|\*+|`+")
_PARTS = r"[\s_.+-]+"

Found = tuple[int, str]
"""A line's number, and what stands there."""


def words_in(data: bytes) -> str:
    """Return the words of a file's content, empty where it is no text: names and endings don't say what is in it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return "" if b"\0" in data[:_HEAD] else data.decode("utf-8", "replace")


def words_of_file(path: Path) -> str:
    """Return the words of a file; empty where it is no text, is over 20 MB or can't be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return ""
        return words_in(path.read_bytes())
    except OSError:
        return ""


def secrets_in(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, kind and words of keys and passwords, one a line; samples of documentation are none."""
    patterns = {what: re.compile(pattern) for what, pattern in SECRETS.items()}
    for number, line in enumerate(text.splitlines(), 1):
        for said in dict.fromkeys((line, _as_read(line))):
            found = next(
                (
                    (what, match[0])
                    for what, pattern in patterns.items()
                    for match in pattern.finditer(said)
                    if not _SAMPLES.search(said[match.start() : match.end() + 12])
                ),
                None,
            )
            if found:
                yield number, *found
                break


def emails_in(text: str) -> Iterator[Found]:
    """Yield e-mail addresses of somebody."""
    return _matches(text, _EMAIL, lambda found: not _NOT_ANYBODYS.search(found))


def homes_in(text: str) -> Iterator[Found]:
    """Yield folders of somebody's machine."""
    return _matches(text, _HOME, lambda found: True)


def private_words(words: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern of words, in whatever case, and with whatever is customary between their parts; None of none."""
    parts = [_PARTS.join(map(re.escape, _composed(word).split())) for word in words if word.strip()]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(parts)})(?![^\W_])", re.IGNORECASE) if parts else None


def private_in(text: str, pattern: re.Pattern[str]) -> Iterator[Found]:
    """Yield private words, those of link targets too."""
    return _matches(_composed(unquote(text)), pattern, lambda found: True)


def _matches(text: str, pattern: re.Pattern[str], counts: Callable[[str], bool]) -> Iterator[Found]:
    """Yield what a pattern finds first in each line, as it is written; or as it is read, over the ends of lines."""
    lines = text.splitlines()
    found: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        if (match := next((match[0] for match in pattern.finditer(line) if counts(match[0])), None)) is not None:
            found[number] = match
    read = [_as_read(line).strip() for line in lines]
    starts = [0, *accumulate(len(line) + 1 for line in read)]
    for seen in pattern.finditer(" ".join(read)):
        if counts(seen[0]):
            found.setdefault(bisect_right(starts, seen.start()), seen[0])
    return iter(sorted(found.items()))


def _as_read(line: str) -> str:
    """Return a line as a page shows it: without markup, entities resolved, letters composed."""
    return _composed(html.unescape(_MARKUP.sub("", line))).replace("\xa0", " ")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
