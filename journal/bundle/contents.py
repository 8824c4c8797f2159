"""What goes into a day's bundle, and what is left out of it, with the reason.

A bundle is a workspace: its entry, the results beside it, and the inputs lie where they lie in the author's own.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from journal.api.models import content_digest
from journal.api.report_file import StepReport
from journal.blog.leaks import private_in, private_words, secrets_in, words_of_file
from journal.bundle.environment import installed, lock, requirements
from journal.day import OpenWorkspace
from journal.errors import EntryError, UsageError
from journal.layout import report_in, sheets_of, verdicts_of
from journal.plan.code import read_code
from journal.plan.parts import PartKind, load_parts
from journal.record.consent import SOUNDS, consented, speakers_in, speakers_of
from journal.text.entry import Entry
from journal.text.formats import FORMAT

LICENCE = "licence"
"""What ``--allow`` names: inputs beside which no licence lies."""
_NOTES = ("origin", "license", "licence", "copying")


@dataclass(frozen=True)
class LeftOut:
    """A file that the day needs or made, and that does not go out: the reason, and its SHA-256 where it is known."""

    name: str
    reason: str
    digest: str = ""


@dataclass
class Contents:
    """The files of a bundle by their names in it."""

    entry: Entry
    reports: list[StepReport]
    files: dict[str, bytes | Path] = field(default_factory=dict)
    inputs: dict[str, list[str]] = field(default_factory=dict)
    """The names of the files that each step reads."""
    code: set[str] = field(default_factory=set)
    left_out: dict[str, LeftOut] = field(default_factory=dict)


def gather(opened: OpenWorkspace, day: int, allowed: Collection[str]) -> Contents:
    """Return what a day's bundle holds.

    Raises ``UsageError`` where the day has no results, ``EntryError`` where its words may not go out or a file beside
    it is not as its step made it.
    """
    return _Gathering(opened, day, allowed).all()


class _Gathering:
    """The way from a day to its bundle's contents."""

    def __init__(self, opened: OpenWorkspace, day: int, allowed: Collection[str]) -> None:
        self.opened, self.workspace, self.allowed = opened, opened.workspace, allowed
        entry = opened.record.entry(day)
        reports = [one for step in entry.steps if (one := opened.record.find(entry, step.id))]
        if not reports:
            raise UsageError(f"day {day} has no results to bundle; run: journal day {day}")
        self.contents = Contents(entry, reports)
        self.private = private_words(self.workspace.private)

    @cached_property
    def consents(self) -> set[str]:
        return consented(self.workspace.speakers)

    def all(self) -> Contents:
        found, entry = self.contents, self.contents.entry
        self._must(entry.path)
        for path in (*sheets_of(entry.path), verdicts_of(entry.path)):
            if path.is_file():
                self._may(path, "")
        for report in found.reports:
            self._add_inputs(report)
            self._add_result(report)
        found.files["journal.yml"] = self._settings()
        packages = installed(sorted({name for report in found.reports for name in report.libraries}))
        found.files["pylock.toml"] = lock(packages).encode()
        found.files["requirements.txt"] = requirements(packages).encode()
        return found

    def _settings(self) -> bytes:
        """Return what the day needs of journal.yml: no server, no key, no place to publish."""
        day_1, named = self.workspace.day_1, models_of(self.contents.reports)
        models = {short: source for short, source in self.workspace.models.items() if short in named}
        settings = {
            "name": self.workspace.name,
            **({"day-1": day_1.isoformat()} if day_1 else {}),
            **({"models": models} if models else {}),
            "format": FORMAT,
        }
        lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings.items()]
        return "".join(lines).replace(f'"{day_1}"', str(day_1)).encode()

    def _add_result(self, report: StepReport) -> None:
        self._must(report_in(report.folder))
        withheld = self._withheld_voices(report)
        for name, digest in (report.data.get("artifacts") or {}).items():
            path = report.folder / name
            if path.is_file() and content_digest(path) != digest:
                shown = self.workspace.display_path(path)
                raise EntryError(
                    f"{shown}: differs from what the step made; run: journal day {self.contents.entry.day}"
                )
            self._may(path, withheld if path.suffix.lower() in SOUNDS else "", digest)

    def _add_inputs(self, report: StepReport) -> None:
        withheld = self._withheld_voices(report)
        names = self.contents.inputs.setdefault(report.step, [])
        for part, state in load_parts({**report.depends_on, **report.seen}).items():
            path = self.workspace.root / part.name
            if part.kind in (PartKind.INPUT, PartKind.FILE):
                for one in self._files(path):
                    reason = withheld if one.suffix.lower() in SOUNDS else self._licence(one)
                    self._may(one, reason, state if one == path else "")
                    names.append(self._name(one))
            elif part.kind == PartKind.OUTPUT and part.name.startswith("day-"):
                self._add_earlier(part.name)
        self._add_code(report)

    def _files(self, path: Path) -> list[Path]:
        return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]

    def _add_earlier(self, name: str) -> None:
        """Add the result of another day that a step refers to: ``day-133.phrasebook.adapter``."""
        day, step, _ = (*name.split(".", 2), "")[:3]
        entry = self.opened.record.entry(int(day.removeprefix("day-")))
        report = self.opened.record.find(entry, step)
        if report and self._name(entry.path) not in self.contents.files:
            self._must(entry.path)
        if report and self._name(report_in(report.folder)) not in self.contents.files:
            self._add_result(report)

    def _add_code(self, report: StepReport) -> None:
        """Add the modules of the workspace that a step's task is made of."""
        source, root = self.opened.registry.find(report.task), self.workspace.root
        paths = {root / part.name for part in load_parts(report.seen) if part.name.endswith(".py")}
        paths |= {*read_code(source, root).files} if source.is_plugin_file else set()
        for path in sorted(path for path in paths if path.is_file() and path.is_relative_to(root)):
            self._may(path, "")
            self.contents.code.add(self._name(path))

    def _withheld_voices(self, report: StepReport) -> str:
        """Return why a step's sounds don't go out, or nothing."""
        tables = [
            self.workspace.root / part.name for part in load_parts(report.depends_on) if part.kind == PartKind.INPUT
        ]
        tables += [report.folder / name for name in report.data.get("artifacts") or {}]
        heard = {*speakers_of(report.data.get("parameters"))}
        heard |= {name for one in tables if one.suffix.lower() == ".csv" for name in speakers_in(one)}
        without = sorted(heard - self.consents)
        return f"the voice of {', '.join(without)}, of whom there is no consent" if without else ""

    def _licence(self, path: Path) -> str:
        """Return why an input is not given away, or nothing; the note on its licence goes with it."""
        for folder in path.parents:
            if folder == self.workspace.root or not folder.is_relative_to(self.workspace.root):
                break
            notes = [one for one in sorted(folder.iterdir()) if one.is_file() and one.stem.casefold() in _NOTES]
            if notes:
                self._may(notes[0], "")
                return ""
        if LICENCE in self.allowed:
            return ""
        return "no licence lies beside it: add an ORIGIN.md or LICENSE, or say --allow licence"

    def _must(self, path: Path) -> None:
        """Add a file without which there is no bundle. Raises ``EntryError`` where it may not go out."""
        if reason := self._leak(path):
            raise EntryError(
                f"{self.workspace.display_path(path)}: {reason}; the day can't be bundled before it is out"
            )
        self.contents.files[self._name(path)] = path

    def _may(self, path: Path, reason: str, digest: str = "") -> None:
        """Add a file, or note why it is left out."""
        name = self._name(path)
        if not path.resolve().is_relative_to(self.workspace.root.resolve()):
            reason = "it lies outside the workspace"
        elif not path.is_file():
            reason = "it is not here"
        elif not reason and digest and content_digest(path) != digest:
            reason = "it is no longer what the step read"
        reason = reason or self._leak(path)
        if reason:
            known = digest or (content_digest(path) if path.is_file() else "")
            self.contents.left_out[name] = LeftOut(name, reason, known)
        else:
            self.contents.files[name] = path

    def _leak(self, path: Path) -> str:
        """Return what in a file's name or words is not for others."""
        text = f"{self._name(path)}\n{words_of_file(path)}"
        if next(secrets_in(text), None):
            return "it holds what looks like a key"
        return "it holds private words" if self.private and next(private_in(text, self.private), None) else ""

    def _name(self, path: Path) -> str:
        """Return a file's name in the bundle: its path in the workspace; of one elsewhere, its name alone."""
        root = self.workspace.root
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def models_of(reports: Collection[StepReport]) -> Mapping[str, str]:
    """Return the models that results depend on, each with its digest or its pinned source."""
    parts = (load_parts(report.depends_on).items() for report in reports)
    return {part.name: state for found in parts for part, state in found if part.kind == PartKind.MODEL}
