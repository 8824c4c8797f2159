"""A file's stamp: what the file system says of it that changes with its content."""

from __future__ import annotations

import os
from pathlib import Path


def stamp_of(path: Path | str) -> str:
    """Return a text that changes with a file's content, or with a folder's list of names.

    Size, times and inode; the time of the last change of status counts too, since no program can set it back.
    """
    now = os.stat(path)  # noqa: PTH116  # a thousand at each start; a Path for each would take longer
    return f"{now.st_size} {now.st_mtime_ns} {now.st_ctime_ns} {now.st_ino}"
