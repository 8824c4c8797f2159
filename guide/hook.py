"""MkDocs hook of the guide: pages made from the program itself, and blocks shown as the blog shows them."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from blocks import Blocks  # noqa: E402
from pages import made_pages  # noqa: E402

from journal.blog.look import style_sheet  # noqa: E402
from journal.text.workspace import BlogSettings  # noqa: E402

_ELSEWHERE = {"../README.md": "index.md", "../examples/README.md": "gallery.md"}
"""Pages of the repository that stand in the guide under another name."""
_work = Path(tempfile.mkdtemp(prefix="journal-guide-"))
_blocks = Blocks(_work)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made, the files that their blocks show, and the style sheets."""
    for name, text in made_pages(_blocks).items():
        files.append(File.generated(config, name, content=text))
    for name, path in _blocks.files.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    files.append(File.generated(config, "journal.css", content=style_sheet(BlogSettings.accent)))
    files.append(File.generated(config, "guide.css", abs_src_path=str(HERE / "guide.css")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Lead links to the repository's other pages to where these stand in the guide, or nowhere."""
    markdown = re.sub(r"\]\((\.\./[^)#]+)\)", lambda link: f"]({_ELSEWHERE.get(link[1], link[1])})", markdown)
    return re.sub(r"(?<!!)\[([^]]+)\]\(\.\./[^)]+\)", r"\1", markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Put the blocks where a page names them."""
    return _blocks.put_into(html)


def on_post_build(**_: Any) -> None:
    """Remove what was only there to be shown."""
    shutil.rmtree(_work, ignore_errors=True)
