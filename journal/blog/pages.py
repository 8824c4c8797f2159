"""The bodies of the pages: a day's, and those that list days: home, archive, categories and tags, totals, gallery."""

from __future__ import annotations

import html
from calendar import month_name
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby

from journal.api.numbers import format_number
from journal.ask.stats import ledger_line
from journal.blog.addresses import (
    ARCHIVE,
    GALLERY,
    HOME,
    SEARCH,
    TOPICS,
    TOTALS,
    day_address,
    slug,
    topic_address,
    way,
)
from journal.blog.charts import burn_up, year_map
from journal.blog.made import made_box
from journal.blog.posts import Post
from journal.blog.projects import Project, project_lines
from journal.record.ledger import Ledger, Ledgers
from journal.text.workspace import Workspace

NEWEST = 10
_MOST_PICTURES = 400
_PROJECT_PICTURES = 12
_WORDS_A_MINUTE = 230
_FEW_HEADINGS = 4
_MOST_OPEN_ROWS = 12


def day_body(post: Post, text: str, before: Post | None, after: Post | None, projects: Sequence[Project] = ()) -> str:
    """Return the body of a day's page, with links to the days before and after it, also in its projects."""
    contents = _contents(post) if len(post.headings) >= _FEW_HEADINGS else ""
    return (
        f'<article class="day">\n<header>\n<h1>{_text(post.name)}</h1>\n{_meta(post, post.address)}'
        f"{project_lines(post, projects)}</header>\n"
        f"{contents}{text.strip()}\n{_made(post, before)}{_neighbours(post, before, after)}</article>\n"
    )


def _made(post: Post, before: Post | None) -> str:
    return made_box(post.made, before.made if before else {}, way(post.address, post.bundle) if post.bundle else "")


def home_body(posts: Sequence[Post], workspace: Workspace, ledgers: Ledgers) -> str:
    """Return the body of the home page: the newest day large, those before it as rows; ``posts`` are newest first."""
    about = f'<p class="about">{_text(workspace.blog.description)}</p>\n' if workspace.blog.description else ""
    top = f"<h1>{_text(workspace.name)}</h1>\n{about}"
    if not posts:
        return f"{top}<p>No entries yet. <code>journal new</code> creates the first one.</p>\n"
    first, *others = posts[:NEWEST]
    rows = "".join(_row(post, HOME, with_excerpt=True) for post in others)
    totals = "".join(f"<li>{_standing(ledgers.ledger(name))}</li>\n" for name in ledgers.names())
    more = f'<p><a href="{ARCHIVE}">All {len(posts)} days</a></p>\n' if len(posts) > 1 else ""
    standing = (
        f'<aside class="standing">\n<h2><a href="{TOTALS}">Totals</a></h2>\n<ul>\n{totals}</ul>\n</aside>\n'
        if totals
        else ""
    )
    return f'{top}{_newest(first)}<ul class="days">\n{rows}</ul>\n{more}{standing}'


def archive_body(posts: Sequence[Post]) -> str:
    """Return the body of the archive, by year and month, newest first."""
    parts = ["<h1>Archive</h1>\n"]
    for year, of_year in groupby(posts, lambda post: post.date[:4]):
        days = list(of_year)
        parts.append(f'<h2 id="{year}">{year} <small>{_days(len(days))}</small></h2>\n')
        parts.append(year_map({date.fromisoformat(post.date): post.words for post in days}))
        for month, of_month in groupby(days, lambda post: post.date[:7]):
            rows = "".join(_row(post, ARCHIVE) for post in of_month)
            name = month_name[int(month[5:])]
            parts.append(f'<h3 id="{month}">{name}</h3>\n<ul class="days plain">\n{rows}</ul>\n')
    return "".join(parts)


def topics_body(
    categories: Mapping[str, list[Post]], tags: Mapping[str, list[Post]], projects: Sequence[Project] = ()
) -> str:
    """Return the body of the page that lists categories, projects and tags with how many days each has."""
    parts = ["<h1>Categories</h1>\n", _topic_list("category", categories)]
    if projects:
        parts += ["<h2>Projects</h2>\n", _topic_list("project", {one.name: list(one.posts) for one in projects})]
    if tags:
        parts += ["<h2>Tags</h2>\n", _topic_list("tag", tags)]
    return (
        "".join(parts) if categories or tags or projects else "<h1>Categories</h1>\n<p>No day has a category yet.</p>\n"
    )


def topic_body(kind: str, name: str, posts: Sequence[Post]) -> str:
    """Return the body of a category's or a tag's page."""
    here = topic_address(kind, name)
    rows = "".join(_row(post, here, with_excerpt=True) for post in posts)
    said = {"category": "Category", "tag": "Tag"}[kind]
    return (
        f'<p class="day-meta"><a href="{way(here, TOPICS)}">{said}</a> · {_days(len(posts))}</p>\n'
        f'<h1>{_text(name)}</h1>\n<ul class="days">\n{rows}</ul>\n'
    )


def project_body(project: Project, ledgers: Ledgers) -> str:
    """Return the body of a project's page: its days, the first of them first, and what they add to ledgers."""
    first, last = project.posts[0], project.posts[-1]
    span = (
        f"{_day_of(project, first)} to {_day_of(project, last)}" if first.day != last.day else _day_of(project, first)
    )
    rows = "".join(_row(post, project.address, with_excerpt=True) for post in project.posts)
    days = {post.day for post in project.posts}
    added = [
        (ledger, sum(ledger.by_day.get(day, 0.0) for day in days)) for ledger in map(ledgers.ledger, ledgers.names())
    ]
    totals = "".join(
        f'<li><a href="{way(project.address, TOTALS)}#{slug(ledger.name)}">{_text(ledger.name)}</a>: '
        f"<strong>{format_number(amount, 2)} {_text(ledger.unit)}</strong> on these days</li>\n"
        for ledger, amount in added
        if amount
    )
    charts = "".join(burn_up(ledger, last.day) for ledger, amount in added if amount)
    standing = f"<h2>Totals</h2>\n<ul>\n{totals}</ul>\n{charts}" if totals else ""
    pictures = [(post, place, alt) for post in project.posts[::-1] for place, alt in post.pictures]
    shown = "".join(_picture(post, place, alt, project.address) for post, place, alt in pictures[:_PROJECT_PICTURES])
    standing += f'<h2>Pictures</h2>\n<ul class="pictures">\n{shown}</ul>\n' if shown else ""
    return (
        f'<p class="day-meta"><a href="{way(project.address, TOPICS)}">Project</a> · '
        f"{_days(len(project.posts))}, {span}</p>\n"
        f'<h1>{_text(project.name)}</h1>\n<ul class="days">\n{rows}</ul>\n{standing}'
    )


def _day_of(project: Project, post: Post) -> str:
    return f'<a href="{way(project.address, post.address)}">Day {post.day}</a>'


def totals_body(ledgers: Iterable[Ledger], posts: Mapping[int, Post], workspace: Workspace) -> str:
    """Return the body of the page of ledgers: where each stands and leads to, and what each day added."""
    parts = ["<h1>Totals</h1>\n"]
    last = max(posts, default=0)
    for ledger in ledgers:
        parts.append(f'<section>\n<h2 id="{slug(ledger.name)}">{_text(ledger.name)}</h2>\n<p>{_standing(ledger)}</p>\n')
        ahead = ledger_line(ledger, last, workspace).removeprefix(ledger.sentence(last)).removeprefix("; ")
        parts += [f"<p>{_text(ahead[:1].upper() + ahead[1:])}.</p>\n"] if ahead else []
        parts.append(burn_up(ledger, last))
        rows = "".join(
            f'<tr><td>{_day_link(day, posts)}</td><td class="right">{format_number(value, 2)}</td></tr>\n'
            for day, value in ledger.by_day.items()
        )
        if ledger.start:
            rows = f'<tr><td>before</td><td class="right">{format_number(ledger.start, 2)}</td></tr>\n{rows}'
        unit = _text(ledger.unit) or "amount"
        if rows:
            table = (
                f'<div class="table" tabindex="0">\n<table>\n'
                f'<thead><tr><th>Day</th><th class="right">{unit}</th></tr></thead>\n<tbody>\n{rows}</tbody>\n'
                "</table>\n</div>\n"
            )
            is_long = len(ledger.by_day) > _MOST_OPEN_ROWS
            parts.append(
                f"<details>\n<summary>What each day added</summary>\n{table}</details>\n" if is_long else table
            )
        parts.append("</section>\n")
    return "".join(parts) if len(parts) > 1 else f"{parts[0]}<p>No report adds to a ledger yet.</p>\n"


def gallery_body(posts: Sequence[Post]) -> str:
    """Return the body of the page of all pictures and sounds, newest first."""
    pictures = [(post, place, alt) for post in posts for place, alt in post.pictures]
    sounds = [(post, place) for post in posts for place, _ in post.sounds]
    shown = "".join(_picture(post, place, alt) for post, place, alt in pictures[:_MOST_PICTURES])
    heard = "".join(_sound(post, place) for post, place in sounds[:_MOST_PICTURES])
    parts = ["<h1>Gallery</h1>\n"]
    parts += [f'<h2 id="pictures">Pictures</h2>\n<ul class="pictures">\n{shown}</ul>\n'] if shown else []
    parts += [f'<h2 id="sounds">Sounds</h2>\n<ul class="sounds">\n{heard}</ul>\n'] if heard else []
    left = max(len(pictures), len(sounds)) - _MOST_PICTURES
    if left > 0:
        parts.append(f"<p>{left} older ones are on the pages of their days.</p>\n")
    return "".join(parts) if len(parts) > 1 else f"{parts[0]}<p>No pictures or sounds yet.</p>\n"


def search_body() -> str:
    """Return the body of the search page, which a script brings to life."""
    return (
        "<h1>Search</h1>\n"
        '<div class="search" role="search">\n<label for="words">Words, or a day such as “day 133”</label>\n'
        '<input id="words" type="search" autocomplete="off" spellcheck="false">\n</div>\n'
        '<p id="found" role="status"></p>\n<ol id="results" class="days"></ol>\n'
        f'<noscript><p>This needs JavaScript; the <a href="{ARCHIVE}">archive</a> has all days.</p></noscript>\n'
    )


def redirect_page(start: str, to: str, canonical: str) -> str:
    """Return a whole page that leads from a former address to the one of now."""
    target = html.escape(way(start, to))
    link = f'<link rel="canonical" href="{html.escape(canonical)}">' if canonical else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Moved</title>{link}'
        f'<meta name="robots" content="noindex"><meta http-equiv="refresh" content="0; url={target}"></head>'
        f'<body><p>This page has moved: <a href="{target}">go on</a>.</p></body></html>\n'
    )


def written_date(when: str) -> str:
    """Return a date as "13 May 2024", regardless of locale."""
    day = date.fromisoformat(when)
    return f"{day.day} {month_name[day.month]} {day.year}"


def listed_pages(has_media: bool) -> dict[str, str]:
    """Return the pages of the navigation, by address."""
    pages = {HOME: "Home", ARCHIVE: "Archive", TOPICS: "Categories", TOTALS: "Totals"}
    return {**pages, **({GALLERY: "Gallery"} if has_media else {}), SEARCH: "Search"}


def _text(text: str) -> str:
    return html.escape(" ".join(text.split()))


def _days(count: int) -> str:
    return f"{count} {'day' if count == 1 else 'days'}"


def _time(post: Post) -> str:
    return f'<time datetime="{post.date}">{written_date(post.date)}</time>'


def _meta(post: Post, here: str) -> str:
    minutes = max(1, round(post.words / _WORDS_A_MINUTE))
    parts = [_time(post), f"{minutes} min read"]
    if post.updated:
        parts.append(f"updated {_text(_updated(post.updated))}")
    for kind, names in (("category", post.categories), ("tag", post.tags)):
        parts += [f'<a href="{way(here, topic_address(kind, name))}">{_text(name)}</a>' for name in names]
    return f'<p class="day-meta">{" · ".join(parts)}</p>\n'


def _updated(text: str) -> str:
    try:
        return written_date(text[:10])
    except ValueError:
        return text


def _contents(post: Post) -> str:
    links = "".join(
        f'<li class="level-{level}"><a href="#{html.escape(anchor)}">{_text(text)}</a></li>\n'
        for level, anchor, text in post.headings
    )
    return f'<nav class="contents" aria-label="On this page">\n<ul>\n{links}</ul>\n</nav>\n'


def _neighbours(post: Post, before: Post | None, after: Post | None) -> str:
    links = []
    if before:
        links.append(f'<a rel="prev" href="{way(post.address, before.address)}">← {_text(before.name)}</a>')
    if after:
        links.append(f'<a rel="next" href="{way(post.address, after.address)}">{_text(after.name)} →</a>')
    return f'<nav class="neighbours" aria-label="Other days">\n{" ".join(links)}\n</nav>\n' if links else ""


def _newest(post: Post) -> str:
    picture, link = _thumbnail(post, HOME, eager=True) or _player(post), way(HOME, post.address)
    return (
        f'<article class="newest">\n{picture}<p class="day-meta">{_time(post)}</p>\n'
        f'<h2><a href="{link}">{_text(post.name)}</a></h2>\n<p>{_text(_summary(post))}</p>\n</article>\n'
    )


def _row(post: Post, here: str, *, with_excerpt: bool = False) -> str:
    link = f'<a href="{way(here, post.address)}">{_text(post.name)}</a>'
    if not with_excerpt:
        return f"<li>{_time(post)} {link}</li>\n"
    return f"<li>{_thumbnail(post, here)}<div>{_time(post)}\n{link}\n<p>{_text(_summary(post))}</p></div></li>\n"


def _summary(post: Post) -> str:
    return post.description or post.excerpt


def _thumbnail(post: Post, here: str, *, eager: bool = False) -> str:
    if not post.pictures:
        return ""
    loading = "" if eager else ' loading="lazy" decoding="async"'
    return f'<img class="thumbnail" src="{way(here, post.pictures[0][0])}" alt=""{loading}>'


def _player(post: Post) -> str:
    """Return a player of a post's first sound."""
    if not post.sounds:
        return ""
    place = post.sounds[0][0]
    name = _text(place.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return (
        f'<p class="audio"><audio controls preload="none" src="{way(HOME, place)}" aria-label="{name}"></audio></p>\n'
    )


def _topic_list(kind: str, topics: Mapping[str, list[Post]]) -> str:
    rows = "".join(
        f'<li><a href="{topic_address(kind, name)}">{_text(name)}</a> <span>{_days(len(posts))}</span></li>\n'
        for name, posts in topics.items()
    )
    return f'<ul class="topics">\n{rows}</ul>\n'


def _standing(ledger: Ledger) -> str:
    last = max(ledger.by_day, default=0)
    bar = ""
    if ledger.goal:
        share = f'max="{ledger.goal:g}" value="{min(ledger.total, ledger.goal):g}"'
        bar = f' <progress {share} aria-label="{_text(ledger.name)}"></progress>'
    return f"<strong>{_text(ledger.sentence(last))}</strong>{bar}"


def _day_link(day: int, posts: Mapping[int, Post]) -> str:
    return f'<a href="{way(TOTALS, day_address(day))}">Day {day}</a>' if day in posts else f"Day {day}"


def _picture(post: Post, place: str, alt: str, here: str = GALLERY) -> str:
    label, source = _text(alt or f"A picture of day {post.day}"), way(here, place)
    return (
        f'<li><a href="{source}"><img src="{source}" alt="{label}" loading="lazy" '
        f'decoding="async"></a> <a class="from" href="{way(here, post.address)}">Day {post.day}</a></li>\n'
    )


def _sound(post: Post, place: str) -> str:
    name = _text(place.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return (
        f'<li><audio controls preload="none" src="{way(GALLERY, place)}" aria-label="{name}"></audio> {name}, '
        f'<a href="{way(GALLERY, post.address)}">day {post.day}</a></li>\n'
    )
