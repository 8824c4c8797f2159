"""Projects: what several days work on, each with a page, and a line at the head of its days."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from journal.blog.addresses import topic_address, way
from journal.blog.posts import Post

KIND = "project"


@dataclass(frozen=True)
class Project:
    """A project with its days, the first of them first."""

    name: str
    posts: Sequence[Post]

    @property
    def address(self) -> str:
        return topic_address(KIND, self.name)

    def around(self, post: Post) -> tuple[Post | None, Post | None]:
        """Return the project's days before and after one of them."""
        place = self._place(post)
        return self.posts[place - 1] if place else None, self.posts[place + 1] if place + 1 < len(self.posts) else None

    def place(self, post: Post) -> str:
        """Return which of the project's days one is: "day 3 of 7"."""
        return f"day {self._place(post) + 1} of {len(self.posts)}"

    def key(self, post: Post) -> tuple[str, ...]:
        """Return all that a day's page shows of the project."""
        around = [one for one in (*self.around(post), self.posts[0]) if one]
        return (self.name, self.place(post), *(word for one in around for word in (one.address, one.name)))

    def _place(self, post: Post) -> int:
        return next(number for number, one in enumerate(self.posts) if one.day == post.day)


def project_lines(post: Post, projects: Sequence[Project]) -> str:
    """Return a line for each project of a day: which day of it this is, and those before and after.

    Those that have no other day share a line.
    """
    alone = [_name(post, project) for project in projects if len(project.posts) == 1]
    lines = [_line(post, project) for project in projects if len(project.posts) > 1]
    lines += [f"{'Project' if len(alone) == 1 else 'Projects'} {', '.join(alone)}"] if alone else []
    return f'<p class="day-meta">{"<br>".join(lines)}</p>\n' if lines else ""


def _name(post: Post, project: Project) -> str:
    return f'<a href="{way(post.address, project.address)}">{html.escape(project.name)}</a>'


def _line(post: Post, project: Project) -> str:
    before, after = project.around(post)
    parts = [f"Project {_name(post, project)}", project.place(post)]
    if before and before.day != project.posts[0].day:
        parts.append(f"begun on {_link(post, project.posts[0])}")
    parts += [f"before: {_link(post, before)}"] if before else []
    parts += [f"next: {_link(post, after)}"] if after else []
    return " · ".join(parts)


def _link(here: Post, there: Post) -> str:
    return f'<a href="{way(here.address, there.address)}" title="{html.escape(there.name)}">Day {there.day}</a>'
