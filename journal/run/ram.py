"""How much memory this process has had at most, and how much the machine has to spare."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from math import ceil, frexp
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")
_STEPS = 16
"""So many sizes from one power of two to the next."""


def forget_peak() -> bool:
    """Begin to measure this process's highest resident memory anew; False where the system can't (all but Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def peak_gb() -> float:
    """Return the highest resident memory of this process in GB, since ``forget_peak`` or its start."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")) / 1e9
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def spare_gb() -> float:
    """Return the memory in GB that new processes may take: of this machine, or of the group that holds this process."""
    spare = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, StopIteration):  # elsewhere than on Linux nothing tells what is free: all there is counts
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        spare = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    return min(spare, _spare_in_group(spare)) / 1e9


def rounded_up(size: float) -> float:
    """Return a size a little above: of a thousand steps many then claim the same."""
    _, exponent = frexp(size)
    unit = 2.0**exponent / (2 * _STEPS)
    return ceil(size / unit) * unit


def _spare_in_group(whole: int) -> int:
    """Return what a control group's limit leaves; files that it holds in memory make room when asked."""
    try:
        limit = (_GROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((_GROUP / "memory.current").read_text(encoding="ascii"))
        stats = dict(line.split() for line in (_GROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        return int(limit) - used + int(stats.get("inactive_file", 0)) if limit.isdecimal() else whole
    except (OSError, ValueError):
        return whole
