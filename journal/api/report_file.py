"""A report on disk: ``report.json`` and the artifacts beside it, every path relative to the step's folder."""

from __future__ import annotations

import filecmp
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.api.figures import write_svg
from journal.api.items import Audio, FileLink, Gallery, Image, Item, Trial, format_number
from journal.errors import TaskError

if TYPE_CHECKING:
    from journal.api.report import Report

SCHEMA = 1
"""Version of report.json."""
_SURROGATES = re.compile("[\ud800-\udfff]")


def write_report(report: Report, folder: Path, **header: Any) -> None:
    """Write the figures and ``report.json`` into a step's folder; every path in it is relative to the folder."""
    target = folder / "report.json"
    if target.exists():
        raise TaskError("the task made a report.json; that name is taken, give the file another")
    for name, plot in report.plots.items():
        write_svg(plot, folder / name)
    settled = {
        "schema": SCHEMA,
        **header,
        "headline": " ".join((report.headline_text or _first_metric(report)).split()),
        "items": [_settle(item, folder) for item in report.items],
        "outputs": {name: _settle_output(name, value, folder) for name, value in report.outputs.items()},
    }
    text = json.dumps(settled, indent=1, ensure_ascii=False, allow_nan=False)
    target.write_text(_SURROGATES.sub("\ufffd", text) + "\n", encoding="utf-8")


def load_output(data: Mapping[str, Any], folder: Path) -> Any:
    """Make an output of its JSON form; files come as absolute paths."""
    if "path" in data:
        return folder / data["path"]
    if "paths" in data:
        return [folder / path for path in data["paths"]]
    return data["value"]


def _first_metric(report: Report) -> str:
    for item in report.metrics:
        return f"{item.name} {format_number(item.value, item.digits)}{' ' + item.unit if item.unit else ''}"
    return ""


def _settle(item: Item, folder: Path) -> dict[str, Any]:
    if isinstance(item, Gallery):
        item = replace(item, pictures=[replace(p, path=_place(p.path, folder)) for p in item.pictures])
    elif isinstance(item, Image | Audio | FileLink | Trial):
        item = replace(item, path=_place(item.path, folder))
    return {"kind": item.kind, **asdict(item)}


def _place(path: str, folder: Path) -> str:
    """Return a path relative to the step's folder; a file from elsewhere is copied in."""
    source, home = (folder / path).resolve(), folder.resolve()
    if not source.exists():
        raise TaskError(f"the report names {source.name}, which the task did not make")
    if source.is_relative_to(home):
        return source.relative_to(home).as_posix()
    return _copy_in(source, home)


def _copy_in(source: Path, home: Path) -> str:
    """Copy a file or folder, beside another of its name if there is one; returns the name that it got."""
    for number in count(1):
        target = home / (source.name if number == 1 else f"{source.stem}-{number}{source.suffix}")
        if target.is_file() and source.is_file() and filecmp.cmp(source, target, shallow=False):
            break
        if not target.exists():
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
            break
    return target.name


def _settle_output(name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return {"path": _place(str(value), folder)}
    if isinstance(value, list | tuple) and value and all(isinstance(one, Path) for one in value):
        return {"paths": [_place(str(one), folder) for one in value]}
    plain = value.tolist() if hasattr(value, "tolist") else value
    try:
        json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        kind = f"{type(value).__name__}: {error}"
        message = f"output '{name}' is no plain data ({kind}); give text, numbers, lists or mappings of them, or a Path"
        raise TaskError(message) from error
    return {"value": plain}
