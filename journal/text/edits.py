"""Edits by hand: whether a block has some, and what its author wants done with them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from journal.errors import UsageError

_WHOLE_BLOCK = re.compile(
    r"^ {0,3}<!--\s*journal:(?P<id>[\w-]+)\s*-->[^\r\n]*(?:\r\n|\n|\r)(?P<inside>.*?)"
    r"^ {0,3}<!--\s*/journal:(?P=id)(?:\s+(?P<sum>[0-9a-f]{8}))?\s*-->",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Edits:
    """What to do with blocks that were edited by hand: "merge", "keep" or "drop", for all steps or for single ones."""

    all_steps: str = "merge"
    by_step: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: Sequence[str]) -> Edits:
        """Read "keep" and "STEP=keep". Raises ``UsageError`` for anything else."""
        chosen: dict[str, str] = {}
        for word in words:
            step, _, choice = word.rpartition("=")
            if choice not in ("merge", "keep", "drop"):
                raise UsageError(f"--edits is '{word}'; use merge, keep or drop, or STEP=keep for a single step")
            chosen[step] = choice
        return cls(chosen.pop("", "merge"), chosen)

    def of(self, step: str) -> str:
        """Return the choice for a step."""
        return self.by_step.get(step, self.all_steps)


def checksum(generated: str) -> str:
    """Return an eight-digit hexadecimal checksum of a generated text, ignoring the style of line ends."""
    return hashlib.sha256(unix(generated).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def may_be_edited(text: str) -> bool:
    """Return whether some block may have been edited by hand, without parsing the Markdown around it."""
    found = _WHOLE_BLOCK.finditer(text)
    return any(match["inside"].strip() and match["sum"] != checksum(match["inside"]) for match in found)


def unix(text: str) -> str:
    """Return a text with ``\\n`` as its line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
