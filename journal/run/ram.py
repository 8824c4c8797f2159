"""The peak memory of this process."""

from __future__ import annotations

import resource
import sys
from math import ceil, frexp
from pathlib import Path

_STEPS = 16
"""How many rounded sizes there are from one power of two to the next."""


def reset_peak() -> bool:
    """Reset this process's peak memory, and return whether the system can (only Linux does)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def peak_gb() -> float:
    """Return the peak resident memory of this process in GB, since ``reset_peak`` or its start."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")) / 1e9
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def rounded_up(size: float) -> float:
    """Return a size rounded up a little, so that of a thousand steps many claim the same amount."""
    _, exponent = frexp(size)
    unit = 2.0**exponent / (2 * _STEPS)
    return ceil(size / unit) * unit
