"""Score the kinds of pages of the built blog with Google's Lighthouse in Chromium, the median of three.

    npm install --prefix build/lighthouse lighthouse
    python bench/lighthouse.py            # the site in build/site
    python bench/lighthouse.py --turns 1 --least 0.95 --quick

The site is served on this machine with compressed text, as hosts of static sites do. With ``--least``, a lower score
in accessibility, best practices or SEO is an error; performance depends on the machine and is only told. ``--quick``
leaves it out, and looks at three pages.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "build" / "lighthouse" / "node_modules" / ".bin" / "lighthouse"
PAGES = ["index.html", "archive.html", "categories.html", "totals.html", "gallery.html", "search.html", "404.html"]
ASSERTED = ("accessibility", "best-practices", "seo")
_CHROME = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = "--headless --no-sandbox --disable-background-networking"


def main() -> None:
    """Print the scores of each page, from 0 to 100."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--site", type=Path, default=ROOT / "build" / "site")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--least", type=float, default=0.0, help="The least score, from 0 to 1.")
    parser.add_argument("--quick", action="store_true", help="A day, home and totals alone, without performance.")
    arguments = parser.parse_args()
    kinds = ASSERTED if arguments.quick else (*ASSERTED, "performance")
    if not PROGRAM.exists():
        raise SystemExit("lighthouse is not installed: npm install --prefix build/lighthouse lighthouse")
    days = sorted(path.relative_to(arguments.site).as_posix() for path in arguments.site.glob("day/*/index.html"))
    topics = sorted(path.relative_to(arguments.site).as_posix() for path in arguments.site.glob("category/*.html"))
    named = ["index.html", "totals.html"] if arguments.quick else [*topics[:1], *PAGES]
    pages = [name for name in [*days[-1:], *named] if (arguments.site / name).exists()]
    low = []
    with served(arguments.site) as address:
        for name in pages:
            scores = scores_of(f"{address}/{name}", arguments.turns, kinds)
            print(f"{name:<28}", "  ".join(f"{kind} {100 * score:3.0f}" for kind, score in scores.items()), flush=True)
            low += [f"{name}: {kind}" for kind in ASSERTED if scores[kind] < arguments.least]
    if low:
        raise SystemExit(f"below {100 * arguments.least:.0f}: {', '.join(low)}")


def scores_of(address: str, turns: int, kinds: Sequence[str]) -> dict[str, float]:
    """Return the median of each of Lighthouse's scores, from 0 to 1."""
    chrome = next((found for name in _CHROME if (found := shutil.which(name))), "")
    found: list[dict[str, float]] = []
    for _ in range(turns):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            command: Sequence[str | Path] = [
                PROGRAM, address, "--quiet", f"--chrome-flags={_FLAGS}", "--output=json", f"--output-path={report}",
                f"--only-categories={','.join(kinds)}",
            ]  # fmt: skip
            subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": chrome})
            categories = json.loads(report.read_text())["categories"]
            found.append({name: float(one["score"] or 0) for name, one in categories.items()})
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder on a free port of the loopback address, with compressed text; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name that the server looks for
            path = site / unquote(urlsplit(self.path).path).lstrip("/")
            path = path / "index.html" if path.is_dir() else path
            kind = guess_type(path.name)[0] or "application/octet-stream"
            data = path.read_bytes() if path.is_file() else b""
            self.send_response(200 if path.is_file() else 404)
            if kind.startswith("text/") or kind in ("application/javascript", "image/svg+xml", "application/json"):
                data = gzip.compress(data)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "max-age=600")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


if __name__ == "__main__":
    main()
