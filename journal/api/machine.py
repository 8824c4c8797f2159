"""What this machine offers: cores, memory, and a cache folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")


def cpu_count() -> int:
    """Return the number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_ram_gb() -> float:
    """Return the memory in GB available to new processes, on this machine or in this process's control group."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, StopIteration):  # only Linux tells what is free; elsewhere count all there is
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    return min(free, _free_in_group(free)) / 1e9


def user_cache_dir() -> Path:
    """Return the user's cache folder for fetched and converted models (``JOURNAL_CACHE`` overrides it)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("JOURNAL_CACHE") or Path(base) / "journal")


def _free_in_group(whole: int) -> int:
    """Return what a control group's limit leaves, counting its cached files as free."""
    try:
        limit = (_GROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((_GROUP / "memory.current").read_text(encoding="ascii"))
        stats = dict(line.split() for line in (_GROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        return int(limit) - used + int(stats.get("inactive_file", 0)) if limit.isdecimal() else whole
    except (OSError, ValueError):
        return whole
