"""Where the entries' media live, in lines and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from journal.media.references import Reference
from journal.text.workspace import Workspace

_HERE = "here"
_MOST = 20


def media_lines(found: Sequence[Reference], workspace: Workspace) -> list[str]:
    """Return how many live on each host, which files are not there, and which have no description, in lines."""
    if not found:
        return ["no pictures, sounds or videos in the entries' own text"]
    entries = len({one.entry for one in found})
    lines = [f"{len(found)} in {entries} {'entry' if entries == 1 else 'entries'}"]
    for host, count in Counter(one.host or _HERE for one in found).most_common():
        kinds = Counter(one.kind for one in found if (one.host or _HERE) == host)
        counted = ", ".join(f"{number} {kind if number == 1 else f'{kind}s'}" for kind, number in kinds.most_common())
        lines.append(f"{count:6} {host}  ({counted})")
    lines += _listed("not there", [one for one in found if is_missing(one)], workspace)
    lines += _listed("without a description (alt text)", [one for one in found if not one.has_alt], workspace)
    if any(one.host for one in found):
        lines.append("journal media --adopt brings those of other hosts here")
    return lines


def media_data(found: Sequence[Reference], workspace: Workspace) -> list[dict[str, Any]]:
    """Return all references as plain data."""
    return [
        {"entry": workspace.display_path(one.entry), "line": one.line, "address": one.address, "kind": one.kind,
         "host": one.host, "missing": is_missing(one), "alt": one.has_alt}
        for one in found
    ]  # fmt: skip


def is_missing(one: Reference) -> bool:
    """Return whether a reference names a file here that does not exist."""
    file = one.file()
    return file is not None and not file.is_file()


def _listed(what: str, some: Sequence[Reference], workspace: Workspace) -> list[str]:
    if not some:
        return []
    shown = [f"  {workspace.display_path(one.entry)}:{one.line}: {one.address}" for one in some[:_MOST]]
    more = [f"  and {len(some) - _MOST} more (--json lists all)"] if len(some) > _MOST else []
    return [f"{len(some)} {what}:", *shown, *more]
