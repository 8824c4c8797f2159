"""Posts written in HTML as Markdown, by markdownify, with code, tables, captions and embeds kept."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from journal.errors import UsageError
from journal.extras import mend_import

if TYPE_CHECKING:
    from markdownify import MarkdownConverter

_GUTENBERG = re.compile(r"[ \t]*<!--\s*/?wp:.*?-->[ \t]*\n?", re.DOTALL)
_CAPTION = re.compile(r"\[caption[^\]]*\]\s*((?:<a [^>]*>)?\s*<img[^>]*>\s*(?:</a>)?)(.*?)\[/caption\]", re.DOTALL)
_CODE = re.compile(r"\[(?:source)?code([^\]]*)\](.*?)\[/(?:source)?code\]", re.DOTALL | re.IGNORECASE)
_LANGUAGE = re.compile(r"(?:language-|lang-|brush:\s*|language=[\"']?|lang=[\"']?)([\w+#-]+)", re.IGNORECASE)
_WHOLE = re.compile(r"<(pre|table|ul|ol|blockquote|script|style|figure)\b.*?</\1>", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(r"<(p|div|h[1-6]|pre|table|ul|ol|blockquote|figure|hr)\b", re.IGNORECASE)
_KEPT = ("iframe", "audio", "video")


def to_markdown(text: str) -> str:
    """Return a post's HTML as Markdown. Raises ``UsageError`` where markdownify is not installed."""
    plain = _GUTENBERG.sub("", text)
    plain = _CAPTION.sub(lambda found: f"<figure>{found[1]}<figcaption>{found[2].strip()}</figcaption></figure>", plain)
    written: str = _converter().convert(_with_paragraphs(_CODE.sub(_as_pre, plain)))
    return written.strip("\n") + "\n"


def _as_pre(found: re.Match[str]) -> str:
    language = _LANGUAGE.search(found[1])
    named = f' class="language-{language[1]}"' if language else ""
    code = found[2].strip("\r\n")
    return f"<pre><code{named}>{code if '&lt;' in code else html.escape(code, quote=False)}</code></pre>"


def _with_paragraphs(text: str) -> str:
    """Make paragraphs of text between blank lines, and breaks of single line ends, as WordPress shows it.

    A text that has paragraphs is left as it is.
    """
    if re.search(r"<p\b", text, re.IGNORECASE):
        return text
    kept: list[str] = []

    def put_by(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\n\n\0{len(kept) - 1}\0\n\n"

    pieces = re.split(r"\n\s*\n", _WHOLE.sub(put_by, text.replace("\r\n", "\n")))
    made = []
    for piece in filter(None, (one.strip("\n") for one in pieces)):
        if whole := re.fullmatch("\0([0-9]+)\0", piece.strip()):
            made.append(kept[int(whole[1])])
        elif _BLOCK.match(piece.strip()):
            made.append(piece)
        else:
            made.append("<p>" + piece.replace("\n", "<br>\n") + "</p>")
    return "\n".join(made)


@lru_cache(maxsize=1)
def _converter() -> MarkdownConverter:
    try:
        from markdownify import ATX, MarkdownConverter
    except ImportError as error:
        raise UsageError(f"posts in HTML need the library markdownify{mend_import(error, 'import')}") from error

    class Converter(MarkdownConverter):
        """Keeps players and embeds as HTML, names captions, and lets no text be taken for markup."""

        def escape(self, text: str, parent_tags: Any) -> str:
            escaped: str = super().escape(text, parent_tags)  # type: ignore[misc]
            safe = re.sub(r"&(?=#?\w+;)", "&amp;", escaped).replace("<", "&lt;")
            return safe.replace("|", r"\|") if {"td", "th"} & set(parent_tags) else safe

        def convert_figcaption(self, element: Any, text: str, parent_tags: Any) -> str:
            return f"\n\n*{text.strip()}*\n\n" if text.strip() else ""

        def convert_script(self, element: Any, text: str, parent_tags: Any) -> str:
            return ""

        convert_style = convert_script

        def convert_iframe(self, element: Any, text: str, parent_tags: Any) -> str:
            return f"\n\n{element}\n\n"

        convert_audio = convert_video = convert_iframe

    return Converter(heading_style=ATX, bullets="-", code_language_callback=_language_of, escape_misc=False)


def _language_of(element: Any) -> str:
    named = [element, *element.find_all("code")]
    words = " ".join(" ".join(one.get("class") or []) for one in named)
    found = _LANGUAGE.search(words)
    return found[1] if found else ""
