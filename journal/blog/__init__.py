"""The blog: entries become pages in a frame of MkDocs', feeds, a search index and files, in build/site."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from journal.blog.compile import Blog, compile_blog, day_pages, framed, sort_posts
from journal.blog.dead_links import with_link_warnings
from journal.blog.frame import BlogError, Frames, build_whole, has_more, left_out, make_frames
from journal.blog.heads import site_url
from journal.blog.posts import Post, PostBox
from journal.blog.site import Copied, Output, write_site
from journal.record import Record
from journal.record.ledger import Ledgers
from journal.record.shown_totals import outdated_lines
from journal.record.values import Names, look_at_values, value_lines
from journal.text.escape import escape
from journal.text.workspace import Amount, Workspace

__all__ = ["BlogError", "Built", "build_site", "write_docs"]


@dataclass(frozen=True)
class Built:
    """The outcome of a build."""

    days: int
    index: Path
    made: tuple[str, ...] = ()
    """The addresses of the pages and files that were made; all others are as before."""
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Entries that are wrong and have no page."""
    posts: tuple[Post, ...] = ()


def build_site(workspace: Workspace, *, site: Path | None = None, drafts: bool = False, future: bool = False) -> Built:
    """Build the site, making again only what has changed. Raises ``BlogError`` where its settings are wrong.

    ``drafts`` shows drafts and days to come as well, ``future`` the latter alone.
    """
    site = site or workspace.build / "site"
    record = Record(workspace)
    box = PostBox(workspace.build / "posts.db", record)
    sorted_posts = sort_posts(box.posts(), drafts=drafts, future=future, today=date.today())
    posts = with_link_warnings(sorted_posts.shown, box)
    ledgers = _ledgers(record, posts)
    blog = compile_blog(posts, box, ledgers, workspace)
    frames = make_frames(workspace, blog.listed, ["day/1/index.html", "category/one.html", "page.html"])
    more = has_more(workspace)
    outputs = _whole(blog, frames, box) if more else framed(blog, frames, box)
    made = write_site(outputs, site)
    box.close()
    lines = (left_out(workspace), _words_on(more), frames.warnings, sorted_posts.left_out, _about(posts, workspace))
    warnings = [line for some in lines for line in some]
    return Built(
        len(posts), site / "index.html", tuple(made), (*warnings, *_outdated(posts, ledgers, record)),
        tuple(sorted_posts.problems), tuple(posts),
    )  # fmt: skip


def write_docs(blog: Blog, frames: Frames, box: PostBox, docs: Path) -> None:
    """Write the pages as a tree of Markdown files with finished HTML, as MkDocs and its like build it."""
    pages = [*blog.pages.values(), *(page.make() for _, page in day_pages(blog, box))]
    shutil.rmtree(docs, ignore_errors=True)
    for page in pages:
        path = (docs / page.address).with_suffix(".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(frames.with_policy(page).as_markdown(), encoding="utf-8")
    for address, output in blog.files.items():
        path = docs / address
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(output, Copied):
            shutil.copyfile(output.source, path)
        else:
            path.write_bytes(output.make())


def _whole(blog: Blog, frames: Frames, box: PostBox) -> dict[str, Output | Copied]:
    """Have MkDocs build every page, with the plugins, hooks and templates that its settings name."""
    folder = blog.workspace.build / "whole"
    write_docs(blog, frames, box, folder / "docs")
    build_whole(blog.workspace, folder / "docs", folder / "site", blog.listed)
    found = {path.relative_to(folder / "site").as_posix(): path for path in (folder / "site").rglob("*")}
    return {**{name: Copied(path) for name, path in found.items() if path.is_file()}, **blog.files}


def _ledgers(record: Record, posts: list[Post]) -> Ledgers:
    """Return the totals of the days that are shown."""
    ledgers = Ledgers(record)
    for post in posts:
        for step, totals in post.totals.items():
            folder = record.artifacts(record.workspace.entries / post.file) / step
            ledgers.count(post.day, folder, [(name, Amount(value, unit)) for name, value, unit in totals])
    return ledgers


def _outdated(posts: list[Post], ledgers: Ledgers, record: Record) -> Iterator[str]:
    """Yield a line for each block that shows a total which has changed since."""
    for post in posts:
        names = {ledger for counted in post.totals.values() for ledger, _, _ in counted}
        if not all(escape(ledgers.ledger(name).sentence(post.day)) in post.said for name in names):
            yield from outdated_lines(record.read(record.workspace.entries / post.file), record, ledgers)
        if post.has_values:
            entry = record.read(record.workspace.entries / post.file)
            yield from value_lines(entry, look_at_values(entry, Names(entry, record, lambda: ledgers)))


def _words_on(more: list[str]) -> list[str]:
    if not more:
        return []
    return [f"site/mkdocs.yml: it has {' and '.join(more)}, so MkDocs builds every page at each build"]


def _about(posts: list[Post], workspace: Workspace) -> list[str]:
    """Return what an author should know: links that lead nowhere, edited blocks, no address yet."""
    lines = [line for post in posts for line in post.warnings]
    lines += [
        f"entries/{post.file}:{line}: block '{step}' was edited by hand"
        for post in posts
        for step, line in post.edited.items()
    ]
    if posts and workspace.url and not site_url(workspace):
        lines.append(
            f"journal.yml: url is still {workspace.url}, so there are no feeds, no sitemap and no cards; "
            "set it to the blog's own address"
        )
    return lines
