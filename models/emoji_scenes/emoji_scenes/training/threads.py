"""Leave cores to others while training on a shared machine: a step waits for its slowest thread."""

from __future__ import annotations

import os
import time
from pathlib import Path

TICKS = Path("/proc/stat")
LOOK_SECONDS = 3.0


class Threads:
    """Sets PyTorch's threads to the cores that others leave free, looked at every few seconds (Linux only)."""

    def __init__(self) -> None:
        self.cores = len(os.sched_getaffinity(0)) if TICKS.exists() else 0
        self.seen = self._look() if self.cores else (0.0, 0.0, 0.0)

    def adapt(self) -> None:
        """Look at what others use and set the number of threads, if it is time to."""
        import torch

        if not self.cores or time.monotonic() - self.seen[0] < LOOK_SECONDS:
            return
        before, self.seen = self.seen, self._look()
        seconds, busy, own = (now - then for now, then in zip(self.seen, before, strict=True))
        others = max(0.0, busy - own) / seconds
        free = max(1, round(self.cores - others))
        if free != torch.get_num_threads():
            torch.set_num_threads(free)

    @staticmethod
    def _look() -> tuple[float, float, float]:
        """Return the time now, the CPU seconds that the machine has worked, and those this process has."""
        fields = [int(field) for field in TICKS.read_text().split("\n", 1)[0].split()[1:]]
        idle = fields[3] + fields[4]
        return time.monotonic(), (sum(fields[:8]) - idle) / os.sysconf("SC_CLK_TCK"), time.process_time()
