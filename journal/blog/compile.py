"""Compiling entries for MkDocs: pages without markers, with plots inlined, and the files they link to."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from journal.blog.pages import day_page, listing_pages
from journal.day import edited_lines
from journal.files import is_file
from journal.record import Record
from journal.record.ledger import read_ledgers
from journal.record.shown_totals import outdated_pages
from journal.store import write_atomically
from journal.text.blocks import find_blocks, is_edited, without_markers
from journal.text.edits import may_be_edited
from journal.text.entry import Entry
from journal.text.workspace import Workspace

_EDITED = "\n*Edited by hand since it was computed.*\n\n"
_ACTIVE = re.compile(
    r"<\s*(?:script|foreignobject|iframe|object|embed|animate\w*|set|a|audio|video|handler|link|meta|base|form|input)\b"
    r"|\son[a-z]+\s*=|javascript:|@import|url\(\s*(?!['\"]?#)|<!(?:entity|doctype)"
    r"|href\s*=\s*(?!['\"](?:#|data:image/(?:png|jpeg);))",
    re.IGNORECASE,
)
"""What a plot has no use for: scripts, links, animations, and whatever is fetched from elsewhere."""
ASSETS = Path(__file__).parent / "assets"
_MARKER_LINE = re.compile(r"^ {0,3}<!--\s*/?journal:[^>]*-->[ \t]*(\r\n|\n|\r|\Z)", re.MULTILINE)
_PLOT = re.compile(r"^!\[(?P<alt>(?:\\.|[^\]\\])*)\]\((?P<path>[^)\s]+\.svg)\)[ \t]*$", re.MULTILINE)
_LINK = re.compile(
    r"""\]\(\s*<?(?P<inline>[^)>\s]+)
    | (?:src|href|poster)= (?: "(?P<double>[^"]+)" | '(?P<single>[^']+)' )
    | ^[ ]{0,3}\[(?!\^)[^\]\n]+\]:[ \t]* <?(?P<reference>[^\s<>]+)""",
    re.VERBOSE | re.MULTILINE,
)


@dataclass(frozen=True)
class Compiled:
    """What was compiled: how many days, and lines about what the author should know."""

    days: int
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Entries that are wrong and have no page."""


def compile_docs(workspace: Workspace) -> Compiled:
    """Write build/docs, with a page for each entry that is not a draft, and return the number of days.

    Files with unchanged content are left alone, and files that no entry needs any more are removed.
    """
    record = Record(workspace)
    found, problems = record.readable_entries()
    entries = sorted((entry for entry in found if not entry.draft), key=lambda entry: entry.day)
    docs = workspace.build / "docs"
    files: dict[Path, bytes | Path] = {}
    for root in (ASSETS, workspace.root / "site" / "pages"):
        files |= {docs / path.relative_to(root): path for path in sorted(root.rglob("*")) if path.is_file()}
    for name, text in listing_pages(entries, read_ledgers(record), workspace).items():
        files.setdefault(docs / name, text.encode())  # a page of the author's own in site/pages comes first
    for index, entry in enumerate(entries):
        files |= _day_files(entry, entries[:index][-1:], entries[index + 1 :][:1], docs / "days")
    _write(files, docs)
    edited = (line for entry in entries for line in edited_lines(entry))
    return Compiled(len(entries), (*edited, *outdated_pages(record)), problems)


def _day_files(entry: Entry, before: list[Entry], after: list[Entry], folder: Path) -> dict[Path, bytes | Path]:
    body = _without_markers(entry)
    plots = {match["path"] for match in _PLOT.finditer(body)}
    text = day_page(entry, _PLOT.sub(lambda match: _inline_plot(match, entry), body), before, after)
    page = folder / entry.path.name
    files: dict[Path, bytes | Path] = {page: text.encode("utf-8", "replace")}
    for link in linked_files(body, entry.path.parent) - plots:
        files[folder / link] = entry.path.parent / link
    return files


def _without_markers(entry: Entry) -> str:
    """Remove markers; a parser is needed only if there are code fences, in which markers are text."""
    if may_be_edited(entry.text):
        return without_markers(_with_marks(entry), entry.body_start)
    if "```" in entry.body or "~~~" in entry.body:
        return without_markers(entry.text, entry.body_start)
    return _MARKER_LINE.sub("", entry.body)


def _with_marks(entry: Entry) -> str:
    """Return an entry's text with a word at the end of each block that was edited by hand."""
    text = entry.text
    for block in reversed(find_blocks(text, entry.body_start, entry.display_path)):
        if is_edited(block, entry.text):
            text = f"{text[: block.outside]}{_EDITED}{text[block.outside :]}"
    return text


def linked_files(body: str, folder: Path) -> set[str]:
    """Return the files below a folder that a Markdown or HTML text in it links to, relative to the folder."""
    found = set()
    for written in map("".join, _LINK.findall(body)):  # only one kind of link matched, the others are empty
        link = unquote(written.split("#")[0].split("?")[0])
        path = folder / link
        elsewhere = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|/", link) or ".." in Path(link).parts
        if link and not elsewhere and is_file(path) and path.suffix != ".md":
            found.add(link)
    return found


def _inline_plot(match: re.Match[str], entry: Entry) -> str:
    """Inline an SVG made by a step, so that it takes the page's colours, light or dark."""
    path = entry.path.parent / unquote(match["path"])
    if not path.is_file() or not path.is_relative_to(entry.artifacts):
        return match[0]
    svg = path.read_text(encoding="utf-8", errors="replace").strip()
    if _ACTIVE.search(svg):
        return match[0]  # as a picture of its own, where a browser runs nothing of it
    label = re.sub(r"\\(.)", r"\1", match["alt"]).replace('"', "&quot;")
    return f'<figure class="plot" role="img" aria-label="{label}">\n{svg}\n</figure>\n'


def _write(files: dict[Path, bytes | Path], docs: Path) -> None:
    """Make the tree consist of these files, touching only what differs."""
    for path in sorted(docs.rglob("*")) if docs.exists() else []:
        if path.is_file() and path not in files:
            path.unlink()
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            if not path.is_file() or path.read_bytes() != content:
                write_atomically(path, content)
        elif not path.is_file() or not _same_file(path, content):
            shutil.copy2(content, path)


def _same_file(one: Path, other: Path) -> bool:
    a, b = one.stat(), other.stat()
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)
