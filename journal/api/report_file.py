"""Reports on disk: ``report.json`` and the artifacts beside it, with paths relative to the step's folder."""

from __future__ import annotations

import filecmp
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from journal.api.figures import write_svg
from journal.api.item import Item
from journal.api.item_kinds import ItemKinds
from journal.api.items import Audio, Gallery, Image, Total
from journal.api.kept_files import Limits, check_files, check_media, check_sizes
from journal.api.models import content_digest
from journal.api.report import Report
from journal.errors import StoreError, TaskError
from journal.layout import REPORT, answers_in, artifacts_in, report_in
from journal.text.secrets import Redactor

SCHEMA = 1
"""The schema version of report.json."""
_WORDS = {".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".html", ".svg", ".xml", ".yml", ".yaml", ".log", ".ipynb"}
_MOST_WORDS = 50_000_000
"""Larger files of words are not looked into for keys."""
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class ReportHeader:
    """What report.json says about the step itself."""

    task: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)
    fingerprint: str = ""
    depends_on: Mapping[str, str] = field(default_factory=dict)
    """The parts of the fingerprint: what the step declares."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """What the step was seen to read beyond that."""
    made: Mapping[str, object] = field(default_factory=dict)
    """The libraries and the Python that it was made with."""


def write_report(
    report: Report,
    folder: Path,
    header: ReportHeader | None = None,
    kinds: ItemKinds | None = None,
    limits: Limits = Limits(),  # noqa: B008  # a frozen value
) -> None:
    """Write the figures and ``report.json`` into a step's folder. Raises ``TaskError`` where the report is wrong."""
    target = report_in(folder)
    for reserved in (target, answers_in(folder)):
        if reserved.exists():
            raise TaskError(f"the task made {reserved.name}, which is a reserved name; give the file another name")
    check_files(folder)
    check_sizes(report, folder, limits)
    for name, plot in report.plots.items():
        write_svg(plot, folder / name)
    settled = {
        "schema": SCHEMA,
        **asdict(header or ReportHeader()),
        "headline": " ".join((report.headline_text or first_metric(report)).split()),
        "items": [_settle(item, folder, kinds or ItemKinds()) for item in report.items],
        "outputs": {name: _settle_output(name, value, folder) for name, value in report.outputs.items()},
    }
    if report.synonyms:
        settled["synonyms"] = report.synonyms
    settled["artifacts"] = artifact_digests(folder)
    _write_json(target, settled)


@dataclass(frozen=True)
class StepReport:
    """A step's report on disk, with what report.json says about the step itself."""

    folder: Path
    kinds: ItemKinds = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    """The contents of report.json."""

    @property
    def step(self) -> str:
        return self.folder.name

    @property
    def task(self) -> str:
        return str(self.data.get("task", ""))

    @property
    def headline(self) -> str:
        return str(self.data.get("headline", ""))

    @property
    def fingerprint(self) -> str:
        return str(self.data.get("fingerprint", ""))

    @property
    def depends_on(self) -> dict[str, str]:
        """The parts of the fingerprint."""
        return {str(name): str(value) for name, value in self.data.get("depends_on", {}).items()}

    @property
    def seen(self) -> dict[str, str]:
        """What the step was seen to read beyond what it declares."""
        return {str(name): str(value) for name, value in self.data.get("seen", {}).items()}

    @property
    def libraries(self) -> dict[str, str]:
        """The versions of the libraries that it was made with."""
        made = self.data.get("made", {})
        return {str(name): str(value) for name, value in made.get("libraries", {}).items()}

    @cached_property
    def totals(self) -> list[Total]:
        """The amounts it adds to ledgers."""
        with self._readable():
            found = [one for one in self.data["items"] if one["kind"] == Total.kind]
            return [Total(one["ledger"], float(one["value"]), one["unit"]) for one in found]

    @cached_property
    def report(self) -> Report:
        """The report itself, in which outputs that are files are absolute paths."""
        with self._readable():
            outputs = {name: _load_output(value, self.folder) for name, value in self.data["outputs"].items()}
            items = [self.kinds.load(item) for item in self.data["items"]]
            return Report(items, outputs, self.data["headline"], synonyms=dict(self.data.get("synonyms", {})))

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(self.folder, error) from error


def read_step(folder: Path, kinds: ItemKinds) -> StepReport:
    """Read the step report in a folder. Raises ``StoreError`` where it can't be read."""
    try:
        data = read_data(folder)
    except (OSError, ValueError) as error:
        raise _unreadable(folder, error) from error
    if not isinstance(data, dict):
        raise _unreadable(folder, TypeError("no mapping"))
    if isinstance(schema := data.get("schema"), int) and schema > SCHEMA:
        where = f"{folder.parent.name}/{folder.name}/{REPORT}"
        raise StoreError(f"{where}: was written by a newer version of journal; update journal")
    return StepReport(folder, kinds, data)


def read_report(folder: Path, kinds: ItemKinds | None = None) -> Report:
    """Read a step's report without the data about the step. Raises ``StoreError`` where it can't be read."""
    return read_step(folder, kinds or ItemKinds()).report


def artifact_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that a step made, by its path in the step's folder."""
    return {path.relative_to(folder).as_posix(): content_digest(path) for path in artifacts_in(folder)}


def rewrite_header(folder: Path, header: Mapping[str, Any]) -> None:
    """Replace what a report says about its step, and leave what the task returned as it is."""
    data = {**read_data(folder), **header}
    data.pop("checksum", None)
    _write_json(report_in(folder), data)


def redact_report(folder: Path, redactor: Redactor) -> None:
    """Write a report again without the keys in its texts, if there are any; artifacts of words likewise."""
    data = read_data(folder)
    names = [name for name in data.get("artifacts") or {} if _redact_file(folder / name, redactor)]
    if names or redactor.finds(json.dumps(data, ensure_ascii=False)):
        data = redactor.clean_data(data)
        data["artifacts"].update({name: content_digest(folder / name) for name in names})
        data.pop("checksum", None)
        _write_json(report_in(folder), data)


def _redact_file(path: Path, redactor: Redactor) -> bool:
    """Remove keys from a file of words; returns whether there were any."""
    if path.suffix.lower() not in _WORDS or path.stat().st_size > _MOST_WORDS:
        return False
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    if not redactor.finds(text):
        return False
    path.write_text(redactor.clean(text), encoding="utf-8", errors="surrogateescape")
    return True


def is_whole(data: Mapping[str, Any]) -> bool:
    """Return whether a report's data are as they were written; those of earlier versions have no checksum."""
    rest = {name: value for name, value in data.items() if name != "checksum"}
    return "checksum" not in data or data["checksum"] == _checksum(rest)


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    plain = json.loads(_SURROGATES.sub("\ufffd", json.dumps(data, ensure_ascii=False, allow_nan=False)))
    text = json.dumps({**plain, "checksum": _checksum(plain)}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _checksum(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, ensure_ascii=False).encode()).hexdigest()


def read_headline(folder: Path) -> str | None:
    """Return a result's headline, or None if it is damaged, as after a power failure."""
    try:
        return str(read_data(folder)["headline"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _unreadable(folder: Path, error: Exception) -> StoreError:
    return StoreError(f"{folder.parent.name}/{folder.name}/{REPORT}: can't be read ({error}); recreate it with --force")


def read_data(folder: Path) -> Any:
    """Return the contents of a report's file. Raises ``OSError`` or ``ValueError`` where it can't be read."""
    return json.loads(report_in(folder).read_text(encoding="utf-8"))


def _load_output(data: Mapping[str, Any], folder: Path) -> Any:
    """Create an output from its JSON form, with files as absolute paths."""
    if "path" in data:
        return folder / data["path"]
    if "paths" in data:
        return [folder / path for path in data["paths"]]
    return data["value"]


def first_metric(report: Report) -> str:
    """Return what stands for a headline where a task sets none: its first metric, or nothing."""
    for item in report.metrics:
        return f"{item.name} {item}"
    return ""


def _settle(item: Item, folder: Path, kinds: ItemKinds) -> dict[str, object]:
    """Return an item's JSON form, its files in the step's folder; raises ``TaskError`` naming what can't be kept."""
    kinds.check(item)
    is_shown = isinstance(item, Image | Gallery | Audio)
    settled = item.with_files(lambda path: _place(path, folder, is_shown=is_shown)).to_json()
    try:
        json.dumps(settled, allow_nan=False)
    except (TypeError, ValueError) as error:
        message = (
            f"an item of the kind '{item.kind}' is not plain data ({error}); give text, numbers, lists or mappings"
        )
        raise TaskError(message) from error
    return settled


def _place(path: str, folder: Path, *, is_shown: bool = False) -> str:
    """Return a path relative to the step's folder, copying in a file from elsewhere."""
    source, home = (folder / path).resolve(), folder.resolve()
    if not source.exists():
        raise TaskError(f"the report names {source.name}, which does not exist; create it first")
    if is_shown:
        check_media(source)
    if source.is_relative_to(home):
        return source.relative_to(home).as_posix()
    return _copy_in(source, home)


def _copy_in(source: Path, home: Path) -> str:
    """Copy a file or folder, renaming it if its name is taken, and return its name."""
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
        message = (
            f"output '{name}' is not plain data ({kind}); give text, numbers, lists or mappings of them, or a Path"
        )
        raise TaskError(message) from error
    return {"value": plain}
