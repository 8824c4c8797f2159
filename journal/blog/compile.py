"""Compiling: from the entries to every page and file of the blog."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from journal.blog.addresses import (
    ARCHIVE,
    ATOM,
    GALLERY,
    HOME,
    JSON_FEED,
    SEARCH,
    SITEMAP,
    TOPICS,
    TOTALS,
    slug,
    topic_address,
)
from journal.blog.dead_links import former_addresses
from journal.blog.feeds import NEWEST, atom_feed, json_feed, sitemap
from journal.blog.frame import Frames, Page
from journal.blog.heads import absolute, head_of, site_url
from journal.blog.look import style_sheet
from journal.blog.pages import (
    archive_body,
    day_body,
    gallery_body,
    home_body,
    listed_pages,
    project_body,
    redirect_page,
    search_body,
    topic_body,
    topics_body,
    totals_body,
)
from journal.blog.posts import Post, PostBox
from journal.blog.projects import Project
from journal.blog.prose import DIAGRAM, Reading, read_prose
from journal.blog.search import search_files
from journal.blog.site import Copied, Output
from journal.errors import EntryError
from journal.plan.task_cache import digest_of
from journal.record.ledger import Ledgers
from journal.text.workspace import Workspace

ASSETS = Path(__file__).parent / "assets"
DIAGRAMS = Path(__file__).parent / "diagrams"
FORMULAS = Path(__file__).parent / "mathematics" / "font"
"""Mermaid, which only goes into sites that have a diagram: it is larger than all else."""
_MAIN = {HOME: "", ARCHIVE: "Archive", TOPICS: "Categories", TOTALS: "Totals", GALLERY: "Gallery", SEARCH: "Search"}
_ABOUT = {
    HOME: "{name}: the newest days, and where the totals stand.",
    ARCHIVE: "All days of {name}, by year and month.",
    TOPICS: "The categories, projects and tags of {name}.",
    TOTALS: "What the days of {name} add up to, and how far their goals are.",
    GALLERY: "The pictures and sounds of {name}.",
    SEARCH: "Search the days of {name}.",
}


@dataclass
class Sorted:
    """The posts by what becomes of them."""

    shown: list[Post] = field(default_factory=list)
    """What readers see, in the order of days."""
    left_out: list[str] = field(default_factory=list)
    """A line for each draft and each day that is still to come."""
    problems: list[str] = field(default_factory=list)
    """Entries that are wrong and have no page."""


@dataclass(frozen=True)
class Blog:
    """The pages and files of the blog, before their frame."""

    workspace: Workspace
    posts: Sequence[Post]
    pages: Mapping[str, Page]
    files: Mapping[str, Output | Copied]
    listed: Mapping[str, str]
    """The pages of the navigation, by address."""


def sort_posts(found: Iterator[Post | EntryError], *, drafts: bool, future: bool, today: date) -> Sorted:
    """Sort posts into those that are shown, those that are left out and those that are wrong."""
    result = Sorted()
    by_day: dict[int, list[Post]] = {}
    for one in found:
        if isinstance(one, EntryError):
            result.problems.append(str(one))
        else:
            by_day.setdefault(one.day, []).append(one)
    for day, posts in sorted(by_day.items()):
        post = posts[0]
        if len(posts) > 1:
            names = " and ".join(one.file for one in posts)
            result.problems.append(f"entries/{post.file}:1: day {day} has two entries, {names}; keep one")
        elif post.draft and not drafts:
            result.left_out.append(f"entries/{post.file}: a draft, left out")
        elif post.date > today.isoformat() and not (future or drafts):
            result.left_out.append(f"entries/{post.file}: its day is {post.date}, which is still to come; left out")
        else:
            result.shown.append(post)
    return result


def compile_blog(posts: Sequence[Post], box: PostBox, ledgers: Ledgers, workspace: Workspace) -> Blog:
    """Return all pages and files for these posts, in the order of days."""
    newest = list(posts)[::-1]
    listed = listed_pages(any(post.pictures or post.sounds for post in posts))
    pages = {page.address: page for page in (*_listings(newest, listed, ledgers, workspace), *_own_pages(workspace))}
    uses = {use for post in posts for use in post.uses}
    texts = [page.body for page in pages.values()]
    own_files = [ASSETS]
    if "mermaid" in uses or any(DIAGRAM in text for text in texts):
        own_files.append(DIAGRAMS)
    if "math" in uses or any("<math" in text for text in texts):
        own_files.append(FORMULAS)
    files = dict(_files(posts, own_files, workspace))
    own = {name for name in pages if name.endswith(".html")}
    files |= _machine_files(newest, box, [*own, *(post.address for post in posts)], workspace)
    files |= _redirects(posts, workspace, {*files, *own, *(post.address for post in posts)})
    return Blog(workspace, posts, pages, files, listed)


def framed(blog: Blog, frames: Frames, box: PostBox) -> dict[str, Output | Copied]:
    """Return every file of the site, the pages in their frames."""
    outputs = dict(blog.files)
    for path in sorted(frames.folder.rglob("*")):
        address = path.relative_to(frames.folder).as_posix()
        if path.is_file() and not address.startswith("sitemap.xml"):
            outputs.setdefault(address, Copied(path))
    for page in blog.pages.values():
        key = digest_of("page", page, frames.digest)
        outputs[page.address] = Output(key, partial(_framed, page, frames))
    for post, page_of in day_pages(blog, box):
        key = digest_of("day", page_of.key, frames.digest)
        outputs[post.address] = Output(key, partial(_fill, page_of.make, frames))
    return outputs


@dataclass(frozen=True)
class DayPage:
    """A day's page that is made only where it is needed."""

    key: str
    make: Callable[[], Page]


def day_pages(blog: Blog, box: PostBox) -> Iterator[tuple[Post, DayPage]]:
    """Yield each post with its page."""
    posts = blog.posts
    parts_of = {slug(name): Project(name, days[::-1]) for name, days in _topics(posts[::-1], "projects").items()}
    for place, post in enumerate(posts):
        before = posts[place - 1] if place else None
        after = posts[place + 1] if place + 1 < len(posts) else None
        others = [(one.name, one.address) for one in (before, after) if one]
        parts = [parts_of[name] for name in map(slug, post.projects)]
        told = [part.key(post) for part in parts]
        key = digest_of(asdict(post), others, told, before.made if before else {}, _head(blog.workspace, post))
        yield post, DayPage(key, partial(_day_page, blog.workspace, post, before, after, parts, box))


def _framed(page: Page, frames: Frames) -> bytes:
    return frames.fill(page).encode("utf-8")


def _fill(make: Callable[[], Page], frames: Frames) -> bytes:
    return frames.fill(make()).encode("utf-8")


def _day_page(
    workspace: Workspace, post: Post, before: Post | None, after: Post | None, projects: Sequence[Project], box: PostBox
) -> Page:
    body = day_body(post, box.html(post), before, after, projects)
    return Page(post.address, _title(post.name, workspace), _head(workspace, post), body, tuple(post.hosts))


def _head(workspace: Workspace, post: Post) -> str:
    summary = post.description or post.excerpt
    return head_of(workspace, post.address, post.name, summary, _card_address(post), post.date)


def _card_address(post: Post) -> str:
    return f"day/{post.day}/card.png"


def _title(name: str, workspace: Workspace) -> str:
    return f"{name} - {workspace.name}" if name else workspace.name


def _listings(
    newest: Sequence[Post], listed: Mapping[str, str], ledgers: Ledgers, workspace: Workspace
) -> Iterator[Page]:
    categories, tags = _topics(newest, "categories"), _topics(newest, "tags")
    projects = [Project(name, posts[::-1]) for name, posts in _topics(newest, "projects").items()]
    by_day = {post.day: post for post in newest}
    bodies = {
        HOME: lambda: home_body(newest, workspace, ledgers),
        ARCHIVE: lambda: archive_body(newest),
        TOPICS: lambda: topics_body(categories, tags, projects),
        TOTALS: lambda: totals_body((ledgers.ledger(name) for name in ledgers.names()), by_day, workspace),
        GALLERY: lambda: gallery_body(newest),
        SEARCH: search_body,
    }
    for address in listed:
        title = _title(_MAIN[address], workspace)
        about = _ABOUT[address].format(name=workspace.name)
        about = workspace.blog.description or about if address == HOME else about
        yield Page(address, title, head_of(workspace, address, title, about), bodies[address]())
    for project in projects:
        title, about = _title(project.name, workspace), f"The days of {workspace.name} on {project.name}."
        head = head_of(workspace, project.address, title, about)
        yield Page(project.address, title, head, project_body(project, ledgers))
    for kind, topics in (("category", categories), ("tag", tags)):
        for name, posts in topics.items():
            address, title = topic_address(kind, name), _title(name, workspace)
            about = f"The days of {workspace.name} under {name}."
            yield Page(address, title, head_of(workspace, address, title, about), topic_body(kind, name, posts))


def _topics(newest: Sequence[Post], what: str) -> dict[str, list[Post]]:
    """Return the posts of each category, tag or project; names that differ in spelling alone are one."""
    found: dict[str, tuple[str, list[Post]]] = {}
    for post in newest:
        for key, name in {slug(name): name for name in getattr(post, what)}.items():
            found.setdefault(key, (name, []))[1].append(post)
    return dict(sorted(found.values(), key=lambda one: one[0].lower()))


def _own_pages(workspace: Workspace) -> Iterator[Page]:
    """Yield the author's own pages, from Markdown in site/pages."""
    root = workspace.root / "site" / "pages"
    for path in sorted(root.rglob("*.md")):
        address = path.relative_to(root).with_suffix(".html").as_posix()
        text = path.read_text(encoding="utf-8", errors="replace")
        prose = read_prose(_without_front_matter(text), Reading(resolve=_to_html))
        title = next((one.text for one in prose.headings if one.level == 1), path.stem.capitalize())
        heading = "" if "<h1" in prose.html else f"<h1>{title}</h1>\n"
        full = _title(title, workspace)
        yield Page(address, full, head_of(workspace, address, full, prose.excerpt), heading + prose.html)


def _without_front_matter(text: str) -> str:
    if not text.startswith("---\n"):
        return text
    _, found, rest = text[4:].partition("\n---\n")
    return rest if found else text


def _to_html(tag: str, address: str) -> str:
    name, mark, anchor = address.partition("#")
    is_page = name.endswith(".md") and "://" not in name
    return f"{name.removesuffix('.md')}.html{mark}{anchor}" if is_page else address


def _files(posts: Sequence[Post], own: Sequence[Path], workspace: Workspace) -> Iterator[tuple[str, Output | Copied]]:
    for folder in own:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), Copied(path)
    sheet = style_sheet(workspace.blog.accent)
    yield "assets/journal.css", Output(digest_of(sheet), sheet.encode)
    pages = workspace.root / "site" / "pages"
    for path in sorted(pages.rglob("*")):
        if path.is_file() and path.suffix != ".md":
            yield path.relative_to(pages).as_posix(), Copied(path)
    for post in posts:
        for address, source in post.files.items():
            if (workspace.root / source).is_file():
                yield address, Copied(workspace.root / source)
        if site_url(workspace):
            picture = next((one for one, _ in post.pictures if one.endswith((".png", ".jpg", ".jpeg", ".webp"))), "")
            yield _card_address(post), _card(post, picture, workspace)


def _card(post: Post, picture: str, workspace: Workspace) -> Output:
    source = workspace.root / post.files[picture] if picture else None
    key = digest_of("card", post.name, post.date, workspace.name, workspace.blog.accent, source and Copied(source).key)
    return Output(key, partial(_draw_card, post.name, post.date, workspace.name, workspace.blog.accent, source))


def _draw_card(title: str, when: str, blog: str, accent: str, picture: Path | None) -> bytes:
    from journal.blog.cards import draw_card  # most builds draw none

    return draw_card(title, when, blog, accent, picture)


def _machine_files(
    newest: Sequence[Post], box: PostBox, addresses: Collection[str], workspace: Workspace
) -> dict[str, Output | Copied]:
    words = {post.day: box.words(post) for post in newest}
    texts = search_files(newest, words)
    if site_url(workspace):
        latest = newest[:NEWEST]
        bodies = {post.day: box.html(post) for post in latest}
        sizes = {
            address: (workspace.root / source).stat().st_size
            for post in latest
            for address, source in post.files.items()
            if (workspace.root / source).is_file()
        }
        dates = {post.address: post.date for post in newest}
        texts[ATOM] = atom_feed(latest, bodies, sizes, workspace)
        texts[JSON_FEED] = json_feed(latest, bodies, sizes, workspace)
        texts[SITEMAP] = sitemap(sorted(addresses), dates, workspace)
        texts["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {absolute(workspace, SITEMAP)}\n"
    return {address: Output(digest_of(text), text.encode) for address, text in texts.items()}


def _redirects(posts: Sequence[Post], workspace: Workspace, taken: Collection[str]) -> dict[str, Output | Copied]:
    """Return pages at former addresses of days that lead to where they are now."""
    found: dict[str, Output | Copied] = {}
    for post in posts:
        for former in former_addresses(post):
            if former not in found and former not in taken:
                text = redirect_page(former, post.address, absolute(workspace, post.address))
                found[former] = Output(digest_of(text), text.encode)
    return found


def as_json(blog: Blog) -> str:
    """Return what is in the blog, for other programs."""
    return json.dumps([asdict(post) for post in blog.posts], ensure_ascii=False, indent=1)
