"""HTML that may stand on a page: what GitHub allows in a text, and sound, video and frames of hosts that were named."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import nh3

_COMMON = {"class", "id", "title", "lang", "dir", "role", "align", "tabindex", "aria-label", "aria-hidden"}
_TAGS = set(
    "a abbr audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption "  # noqa: SIM905
    "figure h1 h2 h3 h4 h5 h6 hr i iframe img input ins kbd li mark meter nav ol p picture pre progress q rp rt ruby s "
    "samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr track tt u ul "
    "var video wbr".split()
)
_ATTRIBUTES = {
    "a": {"href", "name"},
    "audio": {"src", "controls", "preload", "loop", "muted", "data-length"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "iframe": {"src", "width", "height", "allowfullscreen", "loading"},
    "img": {"src", "alt", "width", "height", "loading", "decoding"},
    "input": {"type", "checked", "disabled"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "meter": {"min", "max", "value", "low", "high", "optimum"},
    "ol": {"start", "type", "reversed"},
    "progress": {"max", "value"},
    "q": {"cite"},
    "source": {"src", "type", "media"},
    "td": {"colspan", "rowspan", "headers"},
    "th": {"colspan", "rowspan", "headers", "scope", "abbr"},
    "time": {"datetime"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "video": {"src", "controls", "preload", "loop", "muted", "poster", "width", "height"},
}
_DROPPED = {"script", "style", "template", "noscript", "textarea", "title"}
_PRE = re.compile(r"(<pre\b[^>]*>)(\n|&#10;|&#xa;)", re.IGNORECASE)
"""HTML leaves out a line end right after the tag, when it is read here and once more on the page."""
_ANY_TAG = re.compile(r"</?(?P<name>[A-Za-z][\w.:-]*)(?:\s[^<>]*|/)?>")
_ENDS = {
    name: re.compile(rf"</{name}\s*>", re.IGNORECASE)
    for name in (*_DROPPED, "iframe", "xmp", "plaintext", "noembed", "noframes")
}
"""The ends of elements that swallow what follows them: where one is missing, the tag is shown as words."""
_ADDRESSES = {"href", "src", "poster", "cite"}
_REFUSED = "https://refused.invalid/"
_FRAME = re.compile(r"<iframe\b[^>]*>.*?</iframe>", re.DOTALL)
_REFUSED_SOURCE = re.compile(rf' src="{re.escape(_REFUSED)}([^"]*)"')
_SCHEMES = {"http", "https", "mailto", "tel", "xmpp", "irc", "ircs"}


def clean_html(html: str, resolve: Callable[[str, str], str | None], frames: Collection[str] = ()) -> str:
    """Return HTML without scripts, styles, forms and whatever else could act; ``resolve(tag, address)`` maps addresses.

    ``frames`` are the hosts from which a frame may be shown.
    """

    def keep(tag: str, name: str, value: str) -> str | None:
        if tag == "iframe" and name == "src" and not _is_of(value, frames):
            return f"{_REFUSED}{value}" if re.match(r"https?://[^/]", value) else None
        if name in _ADDRESSES:
            return resolve(tag, value)
        if name == "id" and value.startswith("__"):
            return None  # the frame's own controls have such names
        return None if tag == "input" and name == "type" and value.lower() != "checkbox" else value

    attributes = {tag: _COMMON | _ATTRIBUTES.get(tag, set()) for tag in _TAGS}
    clean = nh3.clean(
        _PRE.sub(r"\1\n\2", _plain_tags(html)), tags=_TAGS, attributes=attributes, attribute_filter=keep,
        url_schemes=_SCHEMES, link_rel=None, clean_content_tags=_DROPPED,
    )  # fmt: skip
    return _FRAME.sub(_as_link, clean)


def _as_link(frame: re.Match[str]) -> str:
    """Return a link to what a frame of a host that was not named would have shown."""
    found = _REFUSED_SOURCE.search(frame[0])
    return f'<a href="{found[1]}">{found[1]}</a>' if found else frame[0] if " src=" in frame[0] else ""


def _plain_tags(html: str) -> str:
    """Return HTML without tags that are none here, such as in ``vector<int>``, their words kept.

    A parser would take some of them for mathematics, and drop all that follows in the paragraph.
    """

    def plain(found: re.Match[str]) -> str:
        name = found["name"].lower()
        if name in _ENDS and not found[0].startswith("</") and not _ENDS[name].search(html, found.end()):
            return found[0].replace("<", "&lt;")
        return found[0] if name in _TAGS or name in _ENDS else ""

    return _ANY_TAG.sub(plain, html)


def _is_of(address: str, hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and (parts.hostname or "") in hosts
