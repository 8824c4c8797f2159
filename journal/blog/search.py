"""The search index: words in small files that a page loads only once somebody searches, also without a server.

Files are scripts, since a page that was opened from a disk may load scripts but read no data.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from journal.blog.posts import Post

_EXCERPT = 160
_EXCERPTS_A_FILE = 25


def search_files(posts: Sequence[Post], words: Mapping[int, Iterable[str]]) -> dict[str, str]:
    """Return the files of the index by address; ``words`` gives the distinct words of each day.

    ``search/days.js`` has the titles; ``search/w-di.js`` the words that begin with "di" and the days that have them;
    ``search/x-3.js`` the beginnings of some days.
    """
    files = {"search/days.js": f"journalSearch.days({_dump([[p.day, p.name, p.date] for p in posts])})\n"}
    days: dict[str, list[int]] = defaultdict(list)
    for post in posts:
        for word in words[post.day]:
            days[word].append(post.day)
    shards: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for word in sorted(days):
        shards[shard_of(word)][word] = days[word]
    for shard, found in shards.items():
        files[f"search/w-{shard}.js"] = f"journalSearch.words({_dump(shard)},{_dump(found)})\n"
    excerpts: dict[int, dict[int, str]] = defaultdict(dict)
    for post in posts:
        excerpts[post.day // _EXCERPTS_A_FILE][post.day] = (post.description or post.excerpt)[:_EXCERPT]
    for number, texts in excerpts.items():
        files[f"search/x-{number}.js"] = f"journalSearch.excerpts({_dump(texts)})\n"
    return files


def shard_of(word: str) -> str:
    """Return the name of the file that has a word: its first two signs, as hexadecimal numbers unless plain."""
    return "".join(sign if sign.isascii() else f"u{ord(sign):x}" for sign in word[:2])


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("\u2028", " ").replace("\u2029", " ")
