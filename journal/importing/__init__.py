"""Posts of other programs made entries: nothing there is written over, and the words stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

from journal.entry import entry_days, parse_entry
from journal.errors import EntryError
from journal.importing.posts import Post, read_posts
from journal.store import write_atomically
from journal.workspace import Workspace

_LINK = re.compile(r"""(?P<before>\]\(\s*<?|(?:src|href)=")(?P<link>[^)>\s"]+)""")


@dataclass(frozen=True)
class Imported:
    """What became of a file: entries made, and what the author should know."""

    made: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: EntryError | None = None


def import_files(files: Sequence[Path], workspace: Workspace) -> Iterator[Imported]:
    """Write an entry for each post of each file; one that can't become an entry harms no other."""
    for path in files:
        try:
            posts = read_posts(path)
            made = [_import(post, workspace) for post in posts]
        except EntryError as error:
            yield Imported(problem=error)
            continue
        yield Imported([path for one in made for path in one.made], [note for one in made for note in one.notes])


def _import(post: Post, workspace: Workspace) -> Imported:
    post = _dated(post, workspace)
    days = entry_days(workspace)
    if post.day in days:
        return Imported(
            notes=[f"{post.path}: left out; day {post.day} has its entry: {workspace.shown(days[post.day])}"]
        )
    path = workspace.entries / f"{post.date}-day-{post.day}.md"
    files, body, missing = _with_files(post, path.with_suffix("").name)
    title = "" if "title" in post.data else f"title: {json.dumps(post.title, ensure_ascii=False)}\n"
    front = post.front if post.front.endswith("\n") or not post.front else f"{post.front}\n"
    text = f"---\nday: {post.day}\ndate: {post.date}\n{title}{front}---\n{body}"
    try:
        parse_entry(text, path, workspace)
    except EntryError as error:
        raise EntryError(f"{post.path}: {str(error).partition(': ')[2]}") from error
    for name, source in files.items():
        target = path.parent / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, source.read_bytes())
    write_atomically(path, text.encode("utf-8"))
    return Imported([path], [f"{post.path}: {link} is not there; its link stays as it is" for link in missing])


def _dated(post: Post, workspace: Workspace) -> Post:
    """Return a post with day and date, the missing one by the rule of day 1; raises EntryError where it can't be."""
    day = workspace.day_of(post.date) if post.day is None and post.date else post.day
    when = workspace.date_of(day) if post.date is None and day is not None else post.date
    if day is None or when is None:
        lacking = "no date" if when is None else "no day, and journal.yml no 'day-1' to count from"
        raise EntryError(f"{post.path}: it tells {lacking}; add 'day: 133' and 'date: 2024-05-13' to its front matter")
    if day < 0:
        raise EntryError(f"{post.path}: {when} is before day 1; add a 'day:' to its front matter")
    return replace(post, day=day, date=when)


def _with_files(post: Post, folder: str) -> tuple[dict[str, Path], str, list[str]]:
    """Return the files that a post links to by where they go, its body with links to there, and pictures not found."""
    files: dict[str, Path] = {}
    missing: list[str] = []

    def placed(match: re.Match[str]) -> str:
        link = match["link"]
        found = _find(link, post.path.parent)
        if found is None:
            if _is_picture(link):
                missing.append(link)
            return match[0]
        target = f"{folder}/files/{found.name}"
        while files.setdefault(target, found) != found:  # two files of one name, from two folders
            target = f"{folder}/files/{found.parent.name}-{Path(target).name}"
        return match["before"] + target.replace(" ", "%20")

    return files, _LINK.sub(placed, post.body), missing


def _find(link: str, folder: Path) -> Path | None:
    """Return the file that a link of a post means; one from the root is looked for in all folders above."""
    name = unquote(link.split("#")[0].split("?")[0])
    if not name or "://" in name or name.endswith((".md", ".html", "/")):
        return None
    places = [folder / name]
    if name.startswith("/"):
        above = [folder.resolve(), *folder.resolve().parents]
        places = [root / part / name[1:] for root in above for part in ("", "static", "public")]
    return next((path for path in places if path.is_file()), None)


def _is_picture(link: str) -> bool:
    return "://" not in link and link.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp"))
