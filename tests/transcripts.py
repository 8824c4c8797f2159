"""Transcripts in pages of the guide: files that a page shows are written, its commands run, their output compared."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>[\w-]+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^```$", re.M | re.S)
ANY = "…"
"""Stands for any text within a line; alone on a line, for any lines."""


@dataclass(frozen=True)
class Command:
    """A line after ``$``, and the lines that are shown below it."""

    line: str
    shown: str


@dataclass
class Shell:
    """Runs the commands of a page one after another, in a folder of its own."""

    folder: Path
    commands: Path
    """Where ``journal`` and ``python`` are."""
    variables: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    port: str = ""

    def run(self, line: str) -> str:
        """Return what a command says; it has to exit with 0, or as ``# exit 3`` at the end of its line says."""
        if line.startswith("cd "):
            self.folder = self.folder / line.removeprefix("cd ")
            return ""
        line, _, code = (line.replace("8786", self._port()) if "8786" in line else line).partition("  # exit ")
        env = {**os.environ, "PATH": f"{self.commands}:{os.environ['PATH']}", "COLUMNS": "100", "NO_COLOR": "1"}
        if line.endswith("&"):
            command = ["bash", "-c", f"exec {line.removesuffix('&')}"]
            quiet = subprocess.DEVNULL
            self.running.append(subprocess.Popen(command, cwd=self.folder, env=env, stderr=quiet, stdout=quiet))
            self._wait_for_port()
            return ""
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, env=env, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert "Traceback" not in said and done.returncode == int(code or 0), f"$ {line}\n{done.returncode}\n{said}"
        return said.replace(self.port, "8786") if self.port else said

    def _wait_for_port(self) -> None:
        """Return once something listens on the page's port."""
        while self.running[-1].poll() is None:
            with socket.socket() as one:
                if not one.connect_ex(("127.0.0.1", int(self._port()))):
                    return
            time.sleep(0.1)
        raise AssertionError(f"it ended at once: {self.running[-1].args}")

    def close(self) -> None:
        for one in self.running:
            one.send_signal(signal.SIGINT)
            one.wait()

    def _port(self) -> str:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = str(free.getsockname()[1])
        return self.port


def make_commands(folder: Path) -> Path:
    """Write ``journal``, ``python`` and their like into a folder, so that they are those of the tests."""
    folder.mkdir()
    for name, more in {"journal": "-m journal", "python": "", "dask": "-m distributed.cli.dask"}.items():
        words = "-c 'from dask.__main__ import main; main()'" if name == "dask" else more
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def parts_of(page: str) -> Iterator[Command | tuple[str, str]]:
    """Yield a page's files, as title and text, and commands, in order."""
    for fence in FENCE.finditer(page):
        if fence["title"]:
            yield fence["title"], fence["text"]
        elif fence["language"] == "console":
            for part in re.split(r"^\$ ", fence["text"], flags=re.M)[1:]:
                line, _, shown = part.partition("\n")
                yield Command(line, shown)


def write_file(folder: Path, title: str, text: str) -> None:
    """Write a file as a page shows it; ``…`` in its title stands for what differs from day to day."""
    found = list(folder.glob(title.replace(ANY, "*"))) if ANY in title else [folder / title]
    assert len(found) == 1, f"{title}: {found}"
    if ANY in title:  # the date is today's
        text = re.sub(r"^date: .*$", re.search(r"^date: .*$", found[0].read_text(), re.M)[0], text, flags=re.M)  # type: ignore[index]
    found[0].parent.mkdir(parents=True, exist_ok=True)
    found[0].write_text(text)


def agrees(shown: str, said: str) -> bool:
    """Return whether a page's output is what a command said, times and what ``…`` stands for aside."""
    pattern = ""
    for line in shown.splitlines():
        if line.strip() == ANY:
            pattern += r"(?:.*\n)*?"
            continue
        words = re.escape(line.rstrip()).replace(re.escape(ANY), ".*")
        pattern += re.sub(r"\\\(\d+\\\.\d\\ s\\\)", r"\\(\\d+\\.\\d s\\)", words) + r"[ ]*\n"
    plain = said if said.endswith("\n") or not said else f"{said}\n"
    return re.fullmatch(pattern, plain) is not None
