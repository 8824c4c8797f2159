"""The frame around pages: header, navigation and theme, made by MkDocs once and filled for each page."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from journal.errors import JournalError, UsageError
from journal.plan.task_cache import digest_of, own_code_digest
from journal.text.workspace import Workspace
from journal.trust import HOW, is_trusted

THEME = Path(__file__).parent / "theme"
_BODY, _HEAD, _TITLE = "<h1>JOURNAL-BODY</h1>", "<!--JOURNAL-HEAD-->", "JOURNAL-TITLE"
_SAMPLE = "journal-sample"
_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)
POLICY = "<!--JOURNAL-POLICY-->"
"""Stands in a page's head for its content security policy, which depends on the frame's own scripts."""


class BlogError(JournalError):
    """The site can't be built."""


@dataclass(frozen=True)
class Page:
    """A finished page, but for its frame."""

    address: str
    title: str
    head: str
    """HTML for the page's head."""
    body: str
    hosts: tuple[str, ...] = ()
    """Other hosts that it may show pictures, sounds and frames from."""

    def as_markdown(self) -> str:
        """Return the page as MkDocs and its like read it: front matter and HTML."""
        front = {"title": html.escape(self.title), "head": self.head, "hide": ["navigation", "toc"]}
        matter = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items())
        return f"---\n{matter}\n---\n<div>\n{self.body}</div>\n"


@dataclass(frozen=True)
class Frames:
    """Frames by the kind of page, and the folder with the theme's files."""

    by_kind: Mapping[str, str]
    digest: str
    folder: Path
    warnings: tuple[str, ...] = ()

    def fill(self, page: Page) -> str:
        """Return the whole page, as MkDocs would have made it."""
        frame = self._frame(page)
        parts = {
            _HEAD: self.with_policy(page).head,
            _TITLE: html.escape(page.title),
            _BODY: f"<div>\n{page.body}</div>",
        }
        return re.sub("|".join(map(re.escape, parts)), lambda match: parts[match[0]], frame)

    def with_policy(self, page: Page) -> Page:
        """Return the page with the content security policy that it and its frame need."""
        return replace(page, head=page.head.replace(POLICY, policy(_script_hashes(self._frame(page)), page.hosts)))

    def _frame(self, page: Page) -> str:
        address = page.address
        return self.by_kind[address] if address in self.by_kind else self.by_kind[_depth_kind(address)]


def policy(scripts: Iterable[str], hosts: Iterable[str]) -> str:
    """Return a content security policy for a page: its own scripts by their hashes, and named hosts for media."""
    media = " ".join(["'self'", "data:", "file:", *(f"https://{host}" for host in sorted(hosts))])
    frames = " ".join(f"https://{host}" for host in sorted(hosts)) or "'none'"
    rules = [
        "default-src 'self' file:",
        f"script-src 'self' file: {' '.join(scripts)}".rstrip(),
        "style-src 'self' file: 'unsafe-inline'",
        f"img-src {media}",
        f"media-src {media}",
        f"frame-src {frames}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(rules)}">'


def make_frames(workspace: Workspace, listed: Mapping[str, str], samples: Iterable[str]) -> Frames:
    """Return the frames for the pages of the navigation and for each depth of other pages; made anew if need be.

    ``listed`` gives the names of the navigation's pages by address; ``samples`` are addresses of other pages, one of
    each depth. Raises ``BlogError``, with MkDocs' own message, where the theme's settings are wrong.
    """
    folder = workspace.build / "frame"
    kinds = [*listed, *dict.fromkeys(_depth_kind(address) for address in samples)]
    digest = digest_of(own_code_digest(), _settings_digest(workspace), kinds, list(listed.values()), _versions())
    noted = folder / "frames.json"
    try:
        found = json.loads(noted.read_text(encoding="utf-8"))
        if found["digest"] == digest:
            return Frames(found["frames"], digest, folder / "site", tuple(found["warnings"]))
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    warnings = _build_samples(workspace, folder, listed, kinds)
    frames = {kind: (folder / "site" / kind).read_text(encoding="utf-8") for kind in kinds}
    for kind in kinds:
        (folder / "site" / kind).unlink()
    noted.write_text(json.dumps({"digest": digest, "frames": frames, "warnings": warnings}), encoding="utf-8")
    return Frames(frames, digest, folder / "site", tuple(warnings))


def build_whole(workspace: Workspace, docs: Path, site: Path, listed: Mapping[str, str]) -> list[str]:
    """Have MkDocs build a tree of pages with the settings as they are, plugins and hooks included."""
    return _run_mkdocs(_config(workspace, docs, site, listed, whole=True))


def has_more(workspace: Workspace) -> list[str]:
    """Return the settings of site/mkdocs.yml whose work MkDocs has to do for each page: plugins, hooks, templates."""
    found = _read_settings(workspace)
    plugins = [one if isinstance(one, str) else next(iter(one), "") for one in found.get("plugins") or []]
    theme = _theme(found)
    named = {
        f"plugins {', '.join(map(str, set(plugins) - {'search'}))}": set(plugins) - {"search"},
        "hooks": found.get("hooks") and is_trusted(workspace.root),
        "custom_dir": theme.get("custom_dir") and is_trusted(workspace.root),
    }
    return [name for name, holds in named.items() if holds]


def left_out(workspace: Workspace) -> list[str]:
    """Return a line about what of an untrusted workspace's settings is not run."""
    found = _read_settings(workspace)
    theme = _theme(found)
    if is_trusted(workspace.root) or not (found.get("hooks") or theme.get("custom_dir")):
        return []
    names = [
        *(["hooks"] if found.get("hooks") else []),
        *(["templates in custom_dir"] if theme.get("custom_dir") else []),
    ]
    return [f"site/mkdocs.yml: {' and '.join(names)} left out: this workspace is not trusted; {HOW}"]


def _build_samples(workspace: Workspace, folder: Path, listed: Mapping[str, str], kinds: list[str]) -> list[str]:
    docs = folder / "docs"
    for kind in kinds:
        page = Page(kind, _TITLE, _HEAD, "")
        path = (docs / kind).with_suffix(".md")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.as_markdown().replace("<div>\n</div>", _BODY), encoding="utf-8")
    return _run_mkdocs(_config(workspace, docs, folder / "site", listed, whole=False))


def _config(workspace: Workspace, docs: Path, site: Path, listed: Mapping[str, str], *, whole: bool) -> Any:
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    settings = _read_settings(workspace)
    theme = _theme(settings) or {"name": "material", "font": False}
    changed: dict[str, Any] = {}
    if not is_trusted(workspace.root):
        changed["hooks"] = []
    if not (whole and theme.get("custom_dir")):
        theme["custom_dir"] = str(THEME)
    nav = [{name: address.replace(".html", ".md")} for address, name in listed.items()]
    plugins: dict[str, Any] = {} if whole else {"plugins": []}
    try:
        return load_config(
            config_file=str(workspace.root / "site" / "mkdocs.yml"),
            site_name=html.escape(workspace.name),
            site_url=workspace.url or None,
            docs_dir=str(docs),
            site_dir=str(site),
            theme=theme,
            nav=nav,
            not_in_nav="*",
            use_directory_urls=False,
            extra_css=[f"assets/{name}" for name in ("journal.css",)],
            validation={"nav": {"omitted_files": "ignore"}, "links": {"not_found": "ignore"}},
            **{**plugins, **changed},
        )
    except MkDocsException as error:
        raise BlogError(f"site/mkdocs.yml: the site can't be built: {error}") from error


def _run_mkdocs(config: Any) -> list[str]:
    from mkdocs.commands.build import build
    from mkdocs.exceptions import MkDocsException

    with _mkdocs_warnings() as warnings:
        try:
            build(config)
        except MkDocsException as error:
            raise BlogError(f"site/mkdocs.yml: the site can't be built: {error}") from error
    return list(warnings)


def _depth_kind(address: str) -> str:
    """Return the address that stands for all pages as deep in the tree."""
    return "/".join([*[_SAMPLE] * address.count("/"), f"{_SAMPLE}.html"])


@lru_cache(maxsize=64)
def _script_hashes(frame: str) -> tuple[str, ...]:
    """Return the hashes of a frame's inline scripts, as a content security policy names them."""
    found = []
    for match in _SCRIPT.finditer(frame):
        attributes = match["attributes"]
        if "src=" not in attributes and "application/json" not in attributes:
            digest = base64.b64encode(hashlib.sha256(match["text"].encode()).digest()).decode()
            found.append(f"'sha256-{digest}'")
    return tuple(dict.fromkeys(found))


def _read_settings(workspace: Workspace) -> dict[str, Any]:
    from mkdocs.utils.yaml import yaml_load

    path = workspace.root / "site" / "mkdocs.yml"
    if not path.is_file():
        raise UsageError("no site/mkdocs.yml; create one with: journal init (it keeps existing files)")
    try:
        found = yaml_load(path.read_text(encoding="utf-8"))
    except Exception as error:  # YAML with tags of MkDocs' own, read by its loader
        raise BlogError(f"site/mkdocs.yml: it can't be read: {' '.join(str(error).split())}") from error
    return found if isinstance(found, dict) else {}


def _theme(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the theme; one that is only named has none but its name."""
    theme = settings.get("theme")
    return dict(theme) if isinstance(theme, dict) else {"name": theme} if isinstance(theme, str) else {}


def _settings_digest(workspace: Workspace) -> str:
    path = workspace.root / "site" / "mkdocs.yml"
    if not path.is_file():
        raise UsageError("no site/mkdocs.yml; create one with: journal init (it keeps existing files)")
    return digest_of(
        path.read_bytes(), workspace.name, workspace.url, is_trusted(workspace.root), workspace.blog.accent
    )


def _versions() -> list[str]:
    from importlib.metadata import version

    return [version(name) for name in ("mkdocs", "mkdocs-material", "jinja2")]


@contextmanager
def _mkdocs_warnings() -> Iterator[list[str]]:
    """Collect warnings from MkDocs, such as about broken links."""
    os.environ.setdefault("NO_MKDOCS_2_WARNING", "1")
    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    handler, logger = Collector(logging.WARNING), logging.getLogger("mkdocs")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield found
    finally:
        logger.removeHandler(handler)
