"""Blocks of entries as the blog shows them: of day 133, of the gallery, and of what is run for the guide alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from journal.blog.drawings import inline_drawing
from journal.blog.prose import Reading, read_prose
from journal.record import Record
from journal.text.blocks import find_blocks
from journal.text.entry import Entry
from journal.text.workspace import read_workspace


@dataclass
class Blocks:
    """The blocks that pages show, each kept until its page is made, and the files that they need."""

    work: Path
    """A folder for workspaces that are there for the guide alone."""
    files: dict[str, Path] = field(default_factory=dict)
    """By address in the guide."""
    _shown: list[str] = field(default_factory=list)

    def of_step(self, entry: Entry, step: str) -> str:
        """Return a line of Markdown for which ``put_into`` puts a step's block."""
        block = next(one for one in find_blocks(entry.text, entry.body_start, entry.display_path) if one.id == step)
        reading = Reading(
            resolve=lambda _, address: self._address(entry, address),
            inline=lambda address, alt: self._drawing(entry, address, alt),
        )
        html = read_prose(entry.text[block.start : block.end], reading).html
        self._shown.append(f'<div class="shown">\n{html}\n</div>')
        return f"\nBLOCK{len(self._shown) - 1}END\n"

    def put_into(self, html: str) -> str:
        """Return a page with its blocks in place of the lines that stand for them."""
        return re.sub(r"<p>BLOCK(\d+)END</p>", lambda found: self._shown[int(found[1])], html)

    def run(self, name: str, files: dict[str, str], tasks: str, steps: list[str]) -> Entry:
        """Return the entry of a day that was run in a workspace of its own; ``tasks`` is YAML below ``tasks:``."""
        root = self.work / name
        body = "\n".join(f"<!-- journal:{step} -->\n" for step in steps)
        settings = "name: A journal\nday-1: 2024-01-02\ngoals: {glaswegian: 120 min}\n"
        entry = f"---\nday: 133\ntitle: Shown\ntasks:\n{tasks}---\n{body}"
        for path, text in {**files, "journal.yml": settings, "entries/2024-05-13-day-133.md": entry}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "journal", "day", "133"], cwd=root, capture_output=True, text=True, check=False,
            env={**os.environ, "JOURNAL_TRUST": "1"},
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"the guide's day failed: {done.stdout}{done.stderr}")
        return Record(read_workspace(root)).entry(133)

    def _address(self, entry: Entry, address: str) -> str:
        path = entry.path.parent / address.partition("#")[0]
        if not path.is_file():
            return address
        name = f"shown/{entry.path.parents[1].name}/{path.relative_to(entry.path.parent).as_posix()}"
        self.files[name] = path
        return name

    def _drawing(self, entry: Entry, address: str, alt: str) -> str | None:
        path = entry.path.parent / address
        return inline_drawing(path, alt) if path.suffix == ".svg" and path.is_file() else None
