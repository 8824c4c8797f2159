"""The blog: entries become a Markdown tree in build/docs, from which MkDocs builds build/site."""

from __future__ import annotations

import html
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal.blog.compile import compile_docs
from journal.errors import JournalError, UsageError
from journal.text.workspace import Workspace
from journal.trust import HOW, is_trusted


@dataclass(frozen=True)
class Built:
    """The outcome of a build."""

    days: int
    index: Path
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Entries that are wrong and have no page."""


class BlogError(JournalError):
    """The site can't be built."""


def build_site(workspace: Workspace) -> Built:
    """Compile the entries and build the site. Raises ``BlogError``, with MkDocs' own message, where that fails."""
    compiled = compile_docs(workspace)
    with _mkdocs_warnings() as warnings:
        from mkdocs.commands.build import build
        from mkdocs.exceptions import MkDocsException

        try:
            build(_config(workspace))
        except MkDocsException as error:
            raise BlogError(f"site/mkdocs.yml: the site can't be built: {error}") from error
    return Built(
        compiled.days,
        workspace.build / "site" / "index.html",
        (*_left_out(workspace), *compiled.warnings, *warnings),
        compiled.problems,
    )


def serve_site(workspace: Workspace, port: int) -> None:
    """Serve the site locally and rebuild it as entries change. Raises ``UsageError`` where the port can't be used."""
    from mkdocs.livereload import LiveReloadServer

    site = workspace.build / "site"
    build_site(workspace)
    try:
        server = LiveReloadServer(lambda: _rebuild(workspace), "127.0.0.1", port, root=str(site))
    except OSError as error:
        raise UsageError(f"port {port}: {error.strerror}; choose another with --port") from error
    server.set_app(_own_host_only(server.get_app()))
    for folder in (workspace.entries, workspace.root / "site"):
        server.watch(str(folder))
    server.watch(str(workspace.root / "journal.yml"))
    print(f"serving the blog at http://127.0.0.1:{port}/ (Ctrl-C to stop)", flush=True)
    server.serve()  # type: ignore[no-untyped-call]


def _own_host_only(app: Any) -> Any:
    """Answer requests for this machine's own names alone: another site's name could be made to lead here."""

    def guarded(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("HTTP_HOST", "").rpartition(":")[0] in ("127.0.0.1", "localhost"):
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [b"this server answers for 127.0.0.1 and localhost alone\n"]

    return guarded


def _rebuild(workspace: Workspace) -> None:
    """Build again; if an entry is broken while its author types, print the error and keep the last good pages."""
    try:
        for problem in build_site(workspace).problems:
            print(problem, flush=True)
    except JournalError as error:
        print(error, flush=True)


def _config(workspace: Workspace) -> Any:
    from mkdocs.config import load_config

    path = workspace.root / "site" / "mkdocs.yml"
    if not path.is_file():
        raise UsageError("no site/mkdocs.yml; create one with: journal init (it keeps existing files)")
    return load_config(
        config_file=str(path),
        site_name=html.escape(workspace.name),
        site_url=workspace.url or None,
        docs_dir=str(workspace.build / "docs"),
        site_dir=str(workspace.build / "site"),
        **_without_code(workspace),
    )


def _without_code(workspace: Workspace) -> dict[str, Any]:
    """Return the settings of the site that leave out code of a workspace which is not trusted: hooks and templates."""
    if is_trusted(workspace.root):
        return {}
    from mkdocs.utils.yaml import yaml_load

    found: Any = yaml_load((workspace.root / "site" / "mkdocs.yml").read_text(encoding="utf-8"))
    theme = found.get("theme")
    without: dict[str, Any] = {"hooks": []} if found.get("hooks") else {}
    if isinstance(theme, dict) and theme.get("custom_dir"):
        without["theme"] = {name: value for name, value in theme.items() if name != "custom_dir"}
    return without


def _left_out(workspace: Workspace) -> list[str]:
    names = {"hooks": "hooks", "theme": "templates in custom_dir"}
    found = [names[name] for name in _without_code(workspace)]
    return [f"site/mkdocs.yml: {' and '.join(found)} left out: this workspace is not trusted; {HOW}"] if found else []


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
