"""The errors that users see, each with its exit code."""

from __future__ import annotations

import re
from collections.abc import Sequence


class JournalError(Exception):
    """An error for the user, in one line: where, what, what to do."""

    exit_code = 1


class UsageError(JournalError):
    """The command was asked for something it can't do."""

    exit_code = 2


class EntryError(JournalError):
    """An entry, a plan or a workspace file is wrong; the message begins with ``path:line:``."""

    exit_code = 3


def together(faults: Sequence[EntryError]) -> EntryError:
    """Return several faults as one error, whose message has a line for each."""
    lines = dict.fromkeys(line for fault in faults for line in str(fault).splitlines())
    return EntryError("\n".join(lines))


class BlockConflictError(JournalError):
    """A block's edits by hand conflict with its new result."""

    exit_code = 4


class TaskError(JournalError):
    """A task can't work with what it was given; tasks raise this for bad input."""


class ModelError(JournalError):
    """A model can't be found or fetched."""


class StoreError(JournalError):
    """Results can't be read or written."""


def nearest(word: str, words: list[str], cutoff: float = 0.6) -> str:
    """Return ``"; did you mean 'x'?"`` with the valid name nearest to a wrong one, or else a list of valid names."""
    import difflib

    close = difflib.get_close_matches(word, words, n=1, cutoff=cutoff)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; choose from {', '.join(sorted(words))}" if words else ""


UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""What can't be written, or would move the cursor of a terminal or turn its text around."""


def one_line(text: str) -> str:
    """Return a text on one line, for messages; what can't be shown is written as an escape."""
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], " ".join(text.split()))
