"""Commands at a terminal of their own."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from conftest import Space, environment


def at_terminal(space: Space, *arguments: str, typed: str = "", **variables: str) -> str:
    """Return what a command writes to a terminal of its own, where ``typed`` has been typed ahead."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "journal", *arguments]
    done = subprocess.Popen(
        command, cwd=space.root, stdin=theirs, stdout=theirs, stderr=theirs, env={**environment(), **variables}
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    said = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the last one who held the other side has closed it
            break
        if not part:
            break
        said += part
    os.close(ours)
    done.wait()
    return said.decode()
