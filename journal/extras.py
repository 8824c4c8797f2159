"""This distribution: its name, its version, and its extras, with what each installs and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec

VERSION = "0.1.0"
DISTRIBUTION = "journal-in-public"
_GATHERED = ("all", "light", "test", "dev")
"""Extras that only combine others."""
_MODULES = {"pillow": "PIL", "pyyaml": "yaml"}
"""Modules that aren't named after their distributions."""


def install_line(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def mend_import(error: BaseException, importer: str = "") -> str:
    """Return what fixes a failed import: ``"; pip install ..."``, or nothing if no extra installs the module.

    If several extras do, the one named in ``importer``, a dotted name, is chosen.
    """
    module = (getattr(error, "name", None) or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or not module:
        return ""
    extra = _extra_with(module, importer)
    return f"; {install_line(extra)}" if extra else ""


def install_line_for(module: str) -> str:
    """Return the command that brings a module: by an extra, or by the module's own name."""
    extra = _extra_with(module)
    return install_line(extra) if extra else f"pip install {module.replace('_', '-')}"


def missing_modules(extra: str) -> list[str]:
    """Return the modules of an extra that aren't installed."""
    return [module for module in extras()[extra] if find_spec(module) is None]


def _extra_with(module: str, importer: str = "") -> str | None:
    found = [extra for extra, modules in extras().items() if module in modules]
    return next((extra for extra in found if extra in importer.split(".")), found[0] if found else None)


@lru_cache(maxsize=1)
def extras() -> dict[str, list[str]]:
    """Return the modules that each extra installs; empty if the distribution itself is not installed."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        required = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for extra, module in _brought(required):
        found.setdefault(extra, []).append(module)
    return found


def _brought(required: list[str]) -> Iterator[tuple[str, str]]:
    for line in required:
        requirement, _, marker = line.partition(";")
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", marker)
        name = re.match(r"[\w.-]+", requirement.strip())
        if extra and name and extra[1] not in _GATHERED and name[0] != DISTRIBUTION and "python_version" not in marker:
            yield extra[1], _MODULES.get(name[0].lower(), name[0].replace("-", "_"))
