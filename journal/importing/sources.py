"""What is imported: a post, a folder of posts, or an export, recognised by what is in it."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from journal.errors import EntryError
from journal.importing.exports import read_export
from journal.importing.notebooks import read_notebook
from journal.importing.notion import NAME, read_page
from journal.importing.obsidian import Vault
from journal.importing.posts import TEXTS, Post, read_posts, text_of

_MARKS = {
    "_config.yml": "Jekyll", "_config.yaml": "Jekyll", "_posts": "Jekyll", "hugo.toml": "Hugo", "hugo.yaml": "Hugo",
    "hugo.json": "Hugo", "config.toml": "Hugo", "_quarto.yml": "Quarto", ".obsidian": "Obsidian",
}  # fmt: skip
_POSTS_OF = {"Jekyll": ("_posts", "_drafts"), "Hugo": ("content",)}
"""The folders in which these programs have posts."""
_NOT_POSTS = re.compile(r"(readme|license|changelog|contributing|_index|404|about)\.\w+", re.IGNORECASE)
_HIDDEN = re.compile(r"\.|_site$|node_modules$|public$|templates?$|_templates$|archetypes$|themes$|_layouts|_includes")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}|.*\bday[ _-]?\d", re.IGNORECASE)
_EXPORTS = (".xml", ".atom", ".wxr", ".rss")


@dataclass
class Source:
    """Where posts come from: the program, the posts, and what is left out, by kind."""

    path: Path
    program: str
    posts: list[Post] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[EntryError] = field(default_factory=list)

    @property
    def is_of_many(self) -> bool:
        """Whether this is a folder or an export, and not a single post."""
        return self.path.is_dir() or self.path.suffix.lower() not in TEXTS

    @property
    def sentence(self) -> str:
        """What was recognised: "blog.xml: an export of Blogger, 12 posts; left out: 40 comments, 2 pages"."""
        count = len(self.posts) + len(self.problems)
        kind = f"{self.path}: {self.program}, {_counted(count, 'post')}"
        left = ", ".join(_counted(number, what) for what, number in sorted(self.left_out.items()))
        return f"{kind}; left out: {left}" if left else kind


def read_source(path: Path) -> Source:
    """Recognise a file or folder and read its posts. Raises ``EntryError`` where it holds none."""
    if path.is_dir():
        return _read_folder(path)
    suffix = path.suffix.lower()
    if suffix in _EXPORTS:
        export = read_export(path)
        return Source(path, f"an export of {export.program}", export.posts, export.left_out)
    if suffix == ".json":
        articles = _articles(path)
        return articles or Source(path, "an export of jrnl", list(read_posts(path)))
    if suffix not in TEXTS:
        raise EntryError(
            f"{path}: is no post; give Markdown, a notebook, a folder of posts, or an export of Blogger, WordPress, "
            "dev.to or jrnl"
        )
    return Source(path, "a notebook" if suffix == ".ipynb" else "Markdown", list(_posts_in(path)))


def _read_folder(folder: Path) -> Source:
    program = next((name for mark, name in _MARKS.items() if (folder / mark).exists()), "")
    files, left_out = list[Path](), Counter[str]()
    roots = [folder / name for name in _POSTS_OF.get(program, ()) if (folder / name).is_dir()] or [folder]
    paths = sorted(one for root in roots for one in _walk(root))
    if not program and any(NAME.fullmatch(path.name) for path in paths):
        program = "Notion"
    for path in paths:
        if path.suffix.lower() not in TEXTS:
            left_out["other file"] += 1
        elif _NOT_POSTS.fullmatch(path.name) or not (_is_dated(path) or (program == "Notion" and _has_day(path))):
            left_out["file without a date or day"] += 1
        else:
            files.append(path)
    if not files:
        raise EntryError(f"{folder}: holds no posts: no Markdown with a date or a day in its name or front matter")
    source = Source(folder, _folder_words(program), left_out=left_out)
    vault = Vault(folder) if program == "Obsidian" else None
    for path in files:
        try:
            source.posts += [vault.read(post) if vault else post for post in _posts_in(path, program)]
        except EntryError as error:
            source.problems.append(error)
    return source


def _walk(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _HIDDEN.match(name) or name in ("_posts", "_drafts")]
        yield from (Path(where, name) for name in names if not name.startswith("."))


def _is_dated(path: Path) -> bool:
    """Return whether a file's name, its folder's (Hugo's bundles), or its front matter says when it was written."""
    if _DATED.match(path.parent.name if path.stem == "index" else path.stem):
        return True
    if path.suffix.lower() == ".ipynb":
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(4096).decode("utf-8", "replace")
    except OSError:
        return True  # what is wrong is told when it is read
    begins = re.match(r"\ufeff?(?:(?:---|\+\+\+)\s*$|\{)", head, re.MULTILINE)
    return bool(begins and re.search(r"""^\s*"?(date|day)"?\s*[:=]""", head, re.MULTILINE))


def _has_day(path: Path) -> bool:
    """Return whether a page of Notion has a date among its properties."""
    try:
        return read_page(path, text_of(path)).date is not None
    except EntryError:
        return True  # what is wrong is told when it is read


def _posts_in(path: Path, program: str = "") -> Iterator[Post]:
    if program == "Notion" and NAME.fullmatch(path.name):
        yield read_page(path, text_of(path))
    elif path.suffix.lower() == ".ipynb":
        yield read_notebook(path)
    else:
        yield from read_posts(path)


def _articles(path: Path) -> Source | None:
    """Return the articles of dev.to's JSON, or None where it is something else."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None  # the reader of jrnl's says what is wrong
    if (
        not data
        or not isinstance(data, list)
        or not all(isinstance(one, dict) and "body_markdown" in one for one in data)
    ):
        return None
    from journal.importing.dev_to import read_article

    return Source(path, "an export of dev.to", [read_article(path, one) for one in data])


def _folder_words(program: str) -> str:
    return {"": "a folder of Markdown", "Obsidian": "a vault of Obsidian", "Notion": "an export of Notion"}.get(
        program, f"a blog of {program}"
    )


def _counted(count: int, what: str) -> str:
    if count == 1:
        return f"1 {what}"
    return f"{count:,} {what.replace('file ', 'files ', 1) if what.startswith('file ') else what + 's'}"
