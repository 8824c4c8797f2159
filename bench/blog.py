"""Time the blog beside Material with its blog plugin, Zensical and Hugo on the same days, in one go.

    python bench/blog.py                 # 367 days
    python bench/blog.py --days 1101

The days are written by this script: five sections each, with lists, a table, code and a formula. Each program builds
them from nothing, and again after one day was edited, in turns; the best of each counts. Hugo is left out where it is
not installed.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
VENV = BUILD / "bench-venv"
VOWELS, CONSONANTS = "aeiou", "bcdfghklmnprstvw"
MATERIAL = """site_name: A year
theme: {name: material, font: false}
plugins: [search, blog]
markdown_extensions: [tables, footnotes, pymdownx.highlight, pymdownx.superfences]
"""
ZENSICAL = """site_name: A year
theme: {name: material, font: false}
markdown_extensions: [tables, footnotes, pymdownx.highlight, pymdownx.superfences]
"""


@dataclass(frozen=True)
class Contender:
    """A program, its folder, what to remove for a build from nothing, and a day to edit."""

    name: str
    command: Sequence[str]
    folder: Path
    made: tuple[str, ...]
    day: Path

    def build(self) -> tuple[float, float]:
        """Return the seconds of a build, and the most memory in MB that it took."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        begun = time.perf_counter()
        done = subprocess.run(
            ["/usr/bin/env", "time", "-f", "%M", *self.command], cwd=self.folder, capture_output=True, text=True,
            env={**_compiled(), "JOURNAL_TRUST": "1", "NO_MKDOCS_2_WARNING": "1"}, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - begun
        if done.returncode:
            raise SystemExit(f"{self.name} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
        last = done.stderr.strip().splitlines()[-1]
        return seconds, float(last) / 1000 if last.isdecimal() else before / 1000

    def forget(self) -> None:
        for name in self.made:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def edit(self) -> None:
        with self.day.open("a", encoding="utf-8") as stream:
            stream.write(f"\nMore words, {random.random()}.\n")
        time.sleep(0.15)


def main() -> None:
    """Print the seconds and the memory of each program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--days", type=int, default=367)
    parser.add_argument("--turns", type=int, default=3)
    arguments = parser.parse_args()
    _install()
    folder = BUILD / "bench-blog"
    shutil.rmtree(folder, ignore_errors=True)
    contenders = [make(folder, arguments.days) for make in (_journal, _material, _zensical, _hugo)]
    found = [one for one in contenders if one]
    print(f"{arguments.days} days, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, best of {arguments.turns}")
    for title, edits in (("from nothing", False), ("after an edit of one day", True)):
        print(f"\n{title}")
        times = {one.name: _best(one, arguments.turns, edits=edits) for one in found}
        first = next(iter(times.values()))[0]
        for name, (seconds, megabytes) in times.items():
            print(f"  {name:<24} {seconds:7.2f} s  {seconds / first:6.2f} x the first  {megabytes:6.0f} MB")


def _best(one: Contender, turns: int, *, edits: bool) -> tuple[float, float]:
    found = []
    for _ in range(turns):
        if edits:
            one.edit()
        else:
            one.forget()
        found.append(one.build())
    return min(found)


def _install() -> None:
    if not (VENV / "bin" / "zensical").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        needed = ["zensical", "mkdocs-material==9.8.1", "mkdocs<2"]
        subprocess.run([VENV / "bin" / "pip", "install", "--quiet", *needed], check=True)


def _compiled() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _bodies(days: int) -> list[tuple[int, date, str, str]]:
    """Return the number, date, title and text of each day."""
    chance = random.Random(1)
    words = []
    for _ in range(7000):
        syllables = chance.randint(1, 4)
        words.append("".join(chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in range(syllables)))

    def some(count: int) -> str:
        return " ".join(chance.choice(words) for _ in range(count))

    found = []
    for day in range(1, days + 1):
        parts = [f"## Hello, day {day}\n\nA quick summary of today:\n\n- {some(6)}\n- {some(7)}\n"]
        for _ in range(5):
            links = f"**{some(3)}** [{some(2)}](https://a.dev/)\n\n- {some(8)}\n- {some(9)}\n"
            parts.append(f"### {some(4)}\n\n{some(60)}\n\n{some(50)} {links}")
        parts.append(
            "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nfor i in range(10):\n    print(i, 'x')\n```\n\nSee you.\n"
        )
        found.append((day, date(2023, 1, 1) + timedelta(days=day), some(4), "\n".join(parts)))
    return found


def _journal(folder: Path, days: int) -> Contender:
    place = folder / "journal"
    (place / "entries").mkdir(parents=True)
    (place / "site").mkdir()
    (place / "journal.yml").write_text("name: A year\nurl: https://year.dev/\nday-1: 2023-01-02\n")
    shutil.copy(ROOT / "site" / "mkdocs.yml", place / "site")
    for day, when, title, body in _bodies(days):
        path = place / "entries" / f"{when}-day-{day}.md"
        path.write_text(f"---\ntitle: {title}\ncategories: [theory, notes]\n---\n{body}")
    edited = sorted((place / "entries").glob("*.md"))[days // 2]
    return Contender("journal", [sys.executable, "-m", "journal", "build"], place, ("build",), edited)


def _material(folder: Path, days: int) -> Contender:
    place = folder / "material"
    posts = place / "docs" / "blog" / "posts"
    posts.mkdir(parents=True)
    (place / "mkdocs.yml").write_text(MATERIAL)
    (place / "docs" / "blog" / "index.md").write_text("# Blog\n")
    (place / "docs" / "index.md").write_text("# Home\n")
    for day, when, title, body in _bodies(days):
        text = body.replace("\n### ", "\n<!-- more -->\n\n### ", 1)
        (posts / f"{day}.md").write_text(f"---\ndate: {when}\ncategories: [theory, notes]\n---\n# {title}\n\n{text}")
    return Contender(
        "Material with its blog",
        [str(VENV / "bin" / "mkdocs"), "build", "-q"],
        place,
        ("site",),
        posts / f"{days // 2}.md",
    )


def _zensical(folder: Path, days: int) -> Contender:
    place = folder / "zensical"
    (place / "docs" / "days").mkdir(parents=True)
    (place / "mkdocs.yml").write_text(ZENSICAL)
    (place / "docs" / "index.md").write_text("# Home\n")
    for day, _, title, body in _bodies(days):
        (place / "docs" / "days" / f"{day}.md").write_text(f"# {title}\n\n{body}")
    edited = place / "docs" / "days" / f"{days // 2}.md"
    return Contender("Zensical", [str(VENV / "bin" / "zensical"), "build"], place, ("site", ".cache"), edited)


def _hugo(folder: Path, days: int) -> Contender | None:
    hugo = shutil.which("hugo")
    if hugo is None:
        return None
    place = folder / "hugo"
    (place / "content" / "posts").mkdir(parents=True)
    layouts = place / "layouts" / "_default"
    layouts.mkdir(parents=True)
    (place / "hugo.toml").write_text("baseURL = 'https://year.dev/'\ntitle = 'A year'\n")
    page = "<!doctype html><html><head><title>{{ .Title }}</title></head><body>%s</body></html>\n"
    (layouts / "single.html").write_text(page % "<h1>{{ .Title }}</h1>{{ .Content }}")
    (layouts / "list.html").write_text(page % "{{ range .Pages }}<a href='{{ .Permalink }}'>{{ .Title }}</a>{{ end }}")
    for day, when, title, body in _bodies(days):
        path = place / "content" / "posts" / f"{day}.md"
        path.write_text(f"---\ntitle: {title}\ndate: {when}\ncategories: [theory, notes]\n---\n{body}")
    edited = place / "content" / "posts" / f"{days // 2}.md"
    return Contender("Hugo, bare layouts", [hugo, "--quiet"], place, ("public", "resources"), edited)


if __name__ == "__main__":
    main()
