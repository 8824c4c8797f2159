"""The lock of the environment: the packages that journal and a day's libraries bring, each with its version.

``pylock.toml`` has the form of PEP 751. An installed package does not say which archive it came from unless it was
installed by address, so packages stand there by name, version and the digest of their list of files;
``requirements.txt`` has the same versions in the form that every installer takes.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from journal.extras import DISTRIBUTION

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def installed(libraries: Iterable[str]) -> list[Distribution]:
    """Return the installed packages that journal and the libraries need, at any depth, sorted by name."""
    found: dict[str, Distribution] = {}
    waiting = [DISTRIBUTION, *libraries]
    while waiting:
        name = _normal(waiting.pop())
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # needed on another system or Python
        needed = (one for one in found[name].requires or () if "extra ==" not in one)
        waiting += [match[0] for one in needed if (match := _NAME.match(one))]
    return [one for _, one in sorted(found.items())]


def lock(packages: Iterable[Distribution]) -> str:
    """Return ``pylock.toml`` for packages of the running Python, without the hosts that they came from."""
    major, minor = sys.version_info[:2]
    head = f'lock-version = "1.0"\nrequires-python = "=={major}.{minor}.*"\ncreated-by = "journal"\n'
    return "\n".join([head, *("\n".join(_lines(one)) + "\n" for one in packages)])


def requirements(packages: Iterable[Distribution]) -> str:
    """Return the same as ``requirements.txt``."""
    return "".join(f"{_normal(one.name)}=={one.version}\n" for one in packages)


def _lines(one: Distribution) -> Iterator[str]:
    yield "[[packages]]"
    yield f"name = {json.dumps(_normal(one.name))}"
    yield f"version = {json.dumps(one.version)}"
    if record := one.read_text("RECORD"):
        yield "[packages.tool.journal]"
        yield f'record-sha256 = "{_digest(record)}"'


def _digest(record: str) -> str:
    """Return the digest of a package's list of files, without those that its installation wrote."""
    lines = [line for line in record.splitlines() if "sha256=" in line and not _is_local(line.partition(",")[0])]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _is_local(name: str) -> bool:
    """Return whether a file differs from one machine to the next: scripts, and what an installer notes."""
    return name.startswith("..") or name.endswith((".pyc", "/INSTALLER", "/REQUESTED", "/direct_url.json"))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
