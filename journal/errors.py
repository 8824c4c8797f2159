"""Everything that can go wrong for a user, each with the exit code that the command line gives it."""

from __future__ import annotations


class JournalError(Exception):
    """One line for the user: where, what, what to do."""

    exit_code = 1


class UsageError(JournalError):
    """The command was asked for something that it can't do."""

    exit_code = 2


class EntryError(JournalError):
    """An entry, a plan or a workspace file is wrong; the message begins with ``path:line:``."""

    exit_code = 3


class BlockConflictError(JournalError):
    """A block that was edited by hand is in the way of its new result."""

    exit_code = 4


class TaskError(JournalError):
    """A task can't do its work with what it was given. Tasks raise this for bad input."""


class ModelError(JournalError):
    """A model can't be had."""


class StoreError(JournalError):
    """Results can't be read or written."""


def nearest(word: str, words: list[str], cutoff: float = 0.6) -> str:
    """Return ``"; did you mean 'x'?"`` for the valid name nearest to a wrong one, or the list of valid names."""
    import difflib

    close = difflib.get_close_matches(word, words, n=1, cutoff=cutoff)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is {', '.join(sorted(words))}" if words else ""


def one_line(text: str) -> str:
    """Return a text on one line, as messages are."""
    return " ".join(text.split())
