"""What is wrong with links between days: places that aren't there, and former addresses that two days claim."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import unescape

from journal.blog.addresses import file_of_address, former_day_address, public
from journal.blog.posts import Post, PostBox

_PLACE = re.compile(r'\s(?:id|name)="([^"]+)"')


def with_link_warnings(posts: Sequence[Post], box: PostBox) -> list[Post]:
    """Return the posts, each with warnings on its links that only the other posts can tell."""
    found = [*_dead_anchors(posts, box), *_clashes(posts)]
    more = {file: [line for one, line in found if one == file] for file, _ in found}
    return [replace(post, warnings=[*post.warnings, *more.get(post.file, ())]) for post in posts]


def former_addresses(post: Post) -> list[str]:
    """Return the files that answered for a day before, in the order in which they are noted."""
    return [former for former in (former_day_address(post.file), *map(file_of_address, post.addresses)) if former]


def _dead_anchors(posts: Sequence[Post], box: PostBox) -> Iterator[tuple[str, str]]:
    by_file = {post.file: post for post in posts}
    places: dict[str, set[str]] = {}
    for post in posts:
        for file, anchor in post.anchors:
            target = file or post.file
            if target in by_file and target not in places:
                places[target] = {*map(unescape, _PLACE.findall(box.html(by_file[target]))), "top"}
            if anchor not in places.get(target, {anchor}):
                line = f"a link leads nowhere: {target} has no heading or place '{anchor}'"
                yield post.file, f"entries/{post.file}: {line}"


def _clashes(posts: Sequence[Post]) -> Iterator[tuple[str, str]]:
    now = {post.address: post for post in posts}
    owners: dict[str, Post] = {}
    for post in posts:
        for former in former_addresses(post):
            owner = now.get(former) or owners.setdefault(former, post)
            if owner is not post:
                what = "the address" if former in now else "a former address"
                line = f"its former address /{public(former)} is {what} of {owner.file} too, and leads there"
                yield post.file, f"entries/{post.file}: {line}"
