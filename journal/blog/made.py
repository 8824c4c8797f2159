"""How a day's results were made, as the small box at the end of its page says it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

from journal.api.models import content_digest
from journal.api.report_file import StepReport
from journal.errors import StoreError
from journal.layout import report_in
from journal.plan.parts import Part, PartKind, load_parts
from journal.record import Record
from journal.text.entry import Entry

_METADATA = "ro-crate-metadata.json"
_MOST_BYTES = 64_000_000
Made = dict[str, Any]
"""What is known of how a day's results were made, as plain data; empty where it has none."""


def how_made(entry: Entry, record: Record, replays: Path) -> Made:
    """Return how the results beside an entry were made, and when they were last made again."""
    reports = []
    for folder in record.folders(entry.path):
        with suppress(StoreError):  # what is wrong with a report is said where totals are added up
            reports.append(record.step(folder))
    if not reports:
        return {}
    parts = [(part, state) for one in reports for part, state in _parts(one)]
    return {
        "steps": len(reports),
        "inputs": len({part.name for part, _ in parts if part.kind == PartKind.INPUT}),
        "models": len({state for part, state in parts if part.kind == PartKind.MODEL}),
        "tasks": sorted({_task(one) for one in reports}),
        "seeds": sorted({state for part, state in parts if part.kind == PartKind.SEED}),
        "environment": _environment(reports),
        "machines": sorted(
            {words for one in reports if (words := _machine((one.data.get("made") or {}).get("machine")))}
        ),
        "replay": _last_replay(replays),
    }


def is_of(bundle: Path, entry: Entry, record: Record) -> bool:
    """Return whether a bundle holds an entry and its reports as they are now."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            if archive.getinfo(_METADATA).file_size > _MOST_BYTES:
                return False
            graph = json.loads(archive.read(_METADATA))["@graph"]
        digests = {one["name"]: one.get("sha256") for one in graph if "name" in one}
        files = [entry.path, *map(report_in, record.folders(entry.path))]
        root = record.workspace.root
        return all(digests.get(path.relative_to(root).as_posix()) == content_digest(path) for path in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, RuntimeError):
        return False


def is_locked(bundle: Path, made: Made) -> bool:
    """Return whether a bundle pins the very versions that a day's results were made with."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            lines = archive.read("requirements.txt").decode().splitlines()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, RuntimeError):
        return False
    pinned = dict(line.partition("==")[::2] for line in lines)
    libraries = {name: version for name, version in made["environment"].items() if name != "Python"}
    return all(pinned.get(re.sub(r"[-_.]+", "-", name).lower()) == version for name, version in libraries.items())


def made_box(made: Made, before: Made, bundle: str) -> str:
    """Return the box as HTML, or nothing where no step has a result; ``bundle`` is the zip's address, if any."""
    if not made:
        return ""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>\n" for name, words in _rows(made, before, bundle))
    link = f'<p><a href="{escape(bundle)}" download>The day to run again, as a zip</a></p>\n' if bundle else ""
    return f'<details class="made">\n<summary>How this was made</summary>\n<dl>\n{rows}</dl>\n{link}</details>\n'


def _rows(made: Made, before: Made, bundle: str) -> Iterator[tuple[str, str]]:
    yield "Inputs", f"{_count(made['inputs'], 'file')} and {_count(made['models'], 'model')}, known by their content"
    yield "Code", ", ".join(made["tasks"])
    yield "Seeds", f"set: {', '.join(made['seeds'])}" if made["seeds"] else "not recorded"
    python, libraries = made["environment"].get("Python"), len(made["environment"]) - 1
    known = f"Python {python}, {_count(libraries, 'library', 'libraries')}" if python else "not recorded"
    lock = "not locked" if not bundle else "locked in the zip" if made.get("locked") else "the zip locks other versions"
    yield "Environment", f"{known}; {lock}"
    if changed := _changed(before.get("environment", {}), made["environment"]):
        yield "Other than the day before", changed
    if made["machines"]:
        yield "Made on", "; ".join(made["machines"])
    yield "Made again", made["replay"] or "not yet"


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return which versions differ from those of the day before, of what both were made with."""
    return ", ".join(
        f"{name} {before[name]} → {now[name]}" for name in now if name in before and before[name] != now[name]
    )


def _parts(report: StepReport) -> list[tuple[Part, str]]:
    """Return what a result depends on: what it declares, and what it was seen to read."""
    return list(load_parts({**report.depends_on, **report.seen}).items())


def _made(report: StepReport) -> Mapping[str, Any]:
    made = report.data.get("made")
    return made if isinstance(made, Mapping) else {}


def _task(report: StepReport) -> str:
    """Return a task with its version, or that its code is known as such."""
    parts = _parts(report)
    version = next((state for part, state in parts if part.kind == PartKind.VERSION), "")
    has_code = any(part.kind == PartKind.CODE for part, _ in parts)
    return f"{report.task} {version}" if version else f"{report.task}, by its content" if has_code else report.task


def _environment(reports: Sequence[StepReport]) -> dict[str, str]:
    """Return the versions of Python and of libraries, of steps that differ all of them."""
    found: dict[str, set[str]] = {}
    for one in reports:
        python = _made(one).get("python")
        for name, version in {**({"Python": str(python)} if python else {}), **one.libraries}.items():
            found.setdefault(name, set()).add(version)
    return {name: " and ".join(sorted(versions)) for name, versions in sorted(found.items())}


def _last_replay(path: Path) -> str:
    """Return when a day was last run again, on what, and how it came out; nothing where it never was."""
    try:
        last = json.loads(path.read_text(encoding="utf-8"))[-1]
        results = {str(step): str(one["result"]) for step, one in last["steps"].items()}
        date, machine = str(last["when"])[:10], _machine(last.get("machine"))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ""
    moved = [step for step, result in results.items() if result == "moved"]
    rest = [step for step, result in results.items() if result == "not compared"]
    compared = len(results) - len(rest)
    said = f"moved: {', '.join(moved)}" if moved else f"{_count(compared, 'step')} came out the same"
    not_run = f", {len(rest)} not compared" if rest else ""
    return f"{date}{f' on {machine}' if machine else ''}: {said}{not_run}"


def _machine(kind: Any) -> str:
    return ", ".join(str(one) for one in kind.values() if one) if isinstance(kind, Mapping) else ""


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
