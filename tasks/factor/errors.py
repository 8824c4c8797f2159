"""What the factor modules raise on bad data, and the cautions they return beside a result."""

from dataclasses import dataclass


class FactorError(ValueError):
    """Data that cannot be analysed: one line that says what is wrong and what to do."""


@dataclass(frozen=True)
class Caution:
    """A finding that the reader of a result has to know.

    ``code`` names it for programs (``heywood``, ``ultra-heywood``, ``singular``, ``no-convergence``, ...), ``message``
    says in one sentence what it is and what to do, ``variables`` are the row numbers (from 0) it is about.
    """

    code: str
    message: str
    variables: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    """The number of each of these variables that the caution is about."""
