"""Days that stand: what was found up to date is not looked at again while all that was looked at is as it was."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journal.api.report_file import StepReport
from journal.errors import JournalError
from journal.files import file_stat, is_fresh, tree_stats
from journal.layout import report_in
from journal.plan.inputs import paths_in, resolve_inputs
from journal.plan.parts import Part, PartKind, load_parts
from journal.plan.references import references_in
from journal.plan.task_cache import TaskCache, digest_of, own_code_digest
from journal.record.ledger import Ledgers
from journal.run import Run, StepResult
from journal.run.outputs import output_of
from journal.run.steps import surroundings_of
from journal.store.history import Outcome
from journal.text.edits import may_be_edited
from journal.text.values import may_have_values
from journal.text.workspace import Amount
from journal.trust import is_trusted

if TYPE_CHECKING:
    from journal.day import DayOutcome, OpenWorkspace

_OF_THE_DAY = (PartKind.DAY, PartKind.DATE)
"""What the entry itself and journal.yml decide, which are compared whole."""


@dataclass(frozen=True)
class StandingStep:
    """A step that is up to date, and what that was seen by."""

    id: str
    uses: str
    headline: str
    notes: list[str]
    asides: list[str]
    code: str
    """The digest of the task's code and of what else its parameters depend on."""
    files: list[Any]
    """The roles and values of the parameters that name files, and the digest of each file."""
    seen: dict[str, str | None]
    """What the result was seen to read, and the models it names, with their states."""
    result: str
    """The folder of its result, where that is in the store."""
    whole: str
    """A digest of the stat of every file in it."""
    libraries: dict[str, str]
    """The versions installed here of those that the result was made with."""


@dataclass(frozen=True)
class StandingDay:
    """A day of which all steps are up to date."""

    title: str
    draft: bool
    steps: list[StandingStep]
    elsewhere: dict[str, str]
    """The stat of each file of another day's results that a step refers to."""
    needs: list[str]
    """The steps of other days that its steps refer to."""
    totals: dict[str, list[tuple[str, float, str]]]
    """What each step adds to ledgers: name, amount, unit."""
    sentences: dict[str, str]
    """What its blocks say of each ledger."""
    has_values: bool
    """Whether its sentences hold values, which may name other days' results."""
    is_written: bool
    """Whether the entry shows these results, so that a run has nothing to write."""

    @classmethod
    def parse(cls, text: str) -> StandingDay:
        data = json.loads(text)
        return cls(**{**data, "steps": [StandingStep(**step) for step in data["steps"]]})


@dataclass
class StandingDays:
    """The days of a workspace that stand, looked up by the stat of their entry and of every file beside it."""

    opened: OpenWorkspace
    _noted: dict[int, StandingDay | None] = field(default_factory=dict)
    _keys: dict[int, str] = field(default_factory=dict)
    """How each day was when it was first looked at."""
    _beside: dict[str, list[str]] = field(default_factory=dict)
    """The files in the folder of entries, by the beginnings of their names."""
    _states: dict[str, str | None] = field(default_factory=dict)
    _files: dict[str, list[str] | None] = field(default_factory=dict)
    _ledgers: Ledgers | None = None

    def recall(self, day: int, again: Collection[tuple[int, str]] = ()) -> StandingDay | None:
        """Return the day if it stands; ``again`` holds the steps of earlier days that would run."""
        noted = self._as_noted(day)
        if noted is None or not {f"{other}.{step}" for other, step in again}.isdisjoint(noted.needs):
            return None
        stands = all(map(self._step_stands, noted.steps)) and _are_unchanged(noted.elsewhere)
        return noted if stands and self._totals_stand(day, noted) and self._values_stand(day, noted) else None

    def take(self, run: Run, outcome: DayOutcome) -> None:
        """Note a day that a run found up to date; where it ran or wrote something, forget what was known."""
        if outcome.wrote or any(result.outcome != Outcome.CURRENT for result in outcome.results):
            self.forget()
        elif outcome.exit_code == 0 and not may_be_edited(run.entry.text):
            self.note(run, outcome.results, is_written=True)
            self.opened.store.flush()

    def note(self, run: Run, results: Collection[StepResult], *, is_written: bool) -> None:
        """Note a day if it stands, unless a file of it is so young that it may change without new times."""
        entry, key = run.entry, self._keys.get(run.entry.day)
        if any(result.outcome != Outcome.CURRENT for result in results):
            return
        with suppress(JournalError, OSError, ValueError, KeyError):
            found = self._describe(run, results, is_written)
            if key == self._key(entry.path) and not self._is_young(entry.path, found):
                value = {"key": key, "day": json.dumps(asdict(found), ensure_ascii=False)}
                self.opened.store.note("standing", entry.display_path, json.dumps(value))

    def ledgers(self) -> Ledgers:
        """Return the totals over all days, those of days that stand as they were noted."""
        if self._ledgers is None:
            record = self.opened.record
            self._ledgers = Ledgers(record)
            for day, path in record.days().items():
                if noted := self._as_noted(day):
                    self._ledgers.drafts |= {day} if noted.draft else set()
                    for step, totals in noted.totals.items():
                        amounts = [(name, Amount(value, unit)) for name, value, unit in totals]
                        self._ledgers.count(day, record.artifacts(path) / step, amounts)
                else:
                    self._ledgers.put_all(day, path)
        return self._ledgers

    def forget(self) -> None:
        """Look at everything anew, since something was run or written."""
        for known in (self._noted, self._keys, self._beside, self._states, self._files):
            known.clear()
        self._ledgers = None
        self.__dict__.pop("_cache", None)

    @cached_property
    def _cache(self) -> TaskCache:
        return TaskCache(self.opened.workspace, self.opened.store, self.opened.record.reported_digest)

    @cached_property
    def _common(self) -> str:
        """A digest of what all days depend on."""
        root = self.opened.workspace.root
        kinds = self.opened.record.kinds.provided()
        return digest_of(own_code_digest(), kinds, _stat(root / "journal.yml"), is_trusted(root), sys.version)

    def _as_noted(self, day: int) -> StandingDay | None:
        if day not in self._noted:
            self._noted[day] = self._read(day)
        return self._noted[day]

    def _read(self, day: int) -> StandingDay | None:
        try:
            path = self.opened.record.entry_path(day)
            self._keys[day] = self._key(path)
            noted = json.loads(self.opened.store.recall("standing", self.opened.workspace.display_path(path)) or "{}")
            return StandingDay.parse(noted["day"]) if noted and noted["key"] == self._keys[day] else None
        except (JournalError, OSError, ValueError, KeyError, TypeError):
            return None  # whatever is wrong is said by the full look

    def _key(self, entry: Path) -> str:
        """Return a digest that changes with the entry and with every file and folder beside it."""
        stats = [(path, _stat(path)) for path in self._files_of(entry)]
        return digest_of(self._common, stats, list(tree_stats(str(self.opened.record.artifacts(entry)))))

    def _files_of(self, entry: Path) -> list[str]:
        """Return the entry's file and those beside it that bear its name: sheets, verdicts."""
        if not self._beside:
            folder = str(self.opened.workspace.entries)
            for name in sorted(os.listdir(folder)):  # noqa: PTH208  # a thousand names at each start
                self._beside.setdefault(name.partition(".")[0], []).append(f"{folder}/{name}")
        return self._beside.get(entry.name.partition(".")[0], [])

    def _step_stands(self, step: StandingStep) -> bool:
        installed = self._cache.installed
        return (
            self._code(step.uses) == step.code
            and (not step.result or digest_of(*tree_stats(step.result)) == step.whole)
            and all(self._state(part) == state for part, state in step.seen.items())
            and all(installed.version(name) == version for name, version in step.libraries.items())
            and (not step.files or self._digests(step.files[0], step.files[1]) == step.files[2])
        )

    def _code(self, uses: str) -> str | None:
        key = f"code of {uses}"
        if key not in self._states:
            try:
                source = self.opened.registry.find(uses)
                self._states[key] = digest_of(self._cache.basis(source), self._cache.signature(source).package)
            except JournalError:
                self._states[key] = None
        return self._states[key]

    def _state(self, part: str) -> str | None:
        if part not in self._states:
            surroundings = surroundings_of(self._cache, self.opened.store, 0, date.min)
            self._states[part] = surroundings.state(Part.parse(part))
        return self._states[part]

    def _digests(self, roles: Mapping[str, Any], values: Mapping[str, Any]) -> list[str] | None:
        """Return the name and digest of each file that parameters name, or None where one is missing."""
        key = json.dumps([roles, values])
        if key not in self._files:
            workspace, store = self.opened.workspace, self.opened.store
            try:
                paths = paths_in(resolve_inputs(roles, values, workspace.root))
                self._files[key] = [f"{workspace.display_path(path)} {store.digest(path)}" for path in paths]
            except (JournalError, OSError):
                self._files[key] = None
        return self._files[key]

    def _is_young(self, entry: Path, day: StandingDay) -> bool:
        """Return whether a file that was looked at may change again without new times."""
        beside = (path for path, *_ in tree_stats(str(self.opened.record.artifacts(entry))))
        files = [entry, self.opened.workspace.root / "journal.yml", *map(Path, beside), *map(Path, day.elsewhere)]
        return any(path.exists() and is_fresh(path) for path in files)

    def _totals_stand(self, day: int, noted: StandingDay) -> bool:
        try:
            return all(self.ledgers().ledger(name).sentence(day) == said for name, said in noted.sentences.items())
        except JournalError:
            return False

    def _values_stand(self, day: int, noted: StandingDay) -> bool:
        """Return whether every value reads what it should, where the entry has any."""
        if not noted.has_values:
            return True
        from journal.record.values import Names, look_at_values, value_lines

        try:
            entry = self.opened.record.entry(day)
            names = Names(entry, self.opened.record, self.ledgers)
            return next(value_lines(entry, look_at_values(entry, names)), None) is None
        except JournalError:
            return False

    def _describe(self, run: Run, results: Collection[StepResult], is_written: bool) -> StandingDay:
        totals = {
            folder.name: [(one.ledger, one.value, one.unit) for one in run.record.step(folder).totals]
            for folder in run.record.folders(run.entry.path)
        }
        names = dict.fromkeys(name for counted in totals.values() for name, _, _ in counted)
        ledgers = self.ledgers()
        elsewhere = [one for result in results for one in _elsewhere(result, run)]
        return StandingDay(
            run.entry.title,
            run.entry.draft,
            [self._describe_step(result, run) for result in results],
            {str(path): _stat(path) for path in elsewhere},
            [f"{one.day}.{one.step}" for result in results for one in result.planned.references if one.day is not None],
            totals,
            {name: ledgers.ledger(name).sentence(run.entry.day) for name in names},
            may_have_values(run.entry.text),
            is_written,
        )

    def _describe_step(self, result: StepResult, run: Run) -> StandingStep:
        planned = result.planned
        if result.folder is None or planned.source is None:
            raise ValueError("a step that stands has a task and a result")
        report = run.record.step(result.folder)
        folder = str(result.folder) if result.folder.is_relative_to(run.store.results) else ""
        return StandingStep(
            planned.id, planned.step.uses, result.headline, list(result.notes), list(result.asides),
            self._code(planned.step.uses) or "", self._named_files(result, run),
            {str(part): self._state(str(part)) for part in _checked_parts(report)},
            folder,
            digest_of(*tree_stats(folder)) if folder else "",
            {name: self._cache.installed.version(name) for name in report.data["made"].get("libraries") or {}},
        )  # fmt: skip

    def _named_files(self, result: StepResult, run: Run) -> list[Any]:
        """Return what a step's parameters name, other than by reference. Raises ``ValueError`` where both are mixed."""
        roles = run.cache.signature(result.planned.source).roles if result.planned.source else {}
        written = result.planned.step.parameters
        naming = {name: role for name, role in roles.items() if name in written and role not in ("value", "model")}
        referring = [name for name in naming if references_in(written[name])]
        if any(not isinstance(written[name], str) for name in referring):
            raise ValueError("references and files are mixed")
        values = {name: written[name] for name in naming if name not in referring}
        if not values:
            return []
        kept = {name: naming[name] for name in values}
        return [kept, values, self._digests(kept, values)]


def _checked_parts(report: StepReport) -> Iterator[Part]:
    """Yield what a result was seen to read, and the models that its step names."""
    yield from (part for part, state in load_parts(report.seen).items() if state and part.kind not in _OF_THE_DAY)
    yield from (part for part in load_parts(report.depends_on) if part.kind == PartKind.MODEL)


def _elsewhere(result: StepResult, run: Run) -> Iterator[Path]:
    """Yield the files of other days' results that a step refers to."""
    for reference in result.planned.references:
        if reference.day is not None:
            entry = run.record.entry_path(reference.day)
            yield report_in(run.record.artifacts(entry) / reference.step)
            yield from paths_in(output_of(reference, run.results, run.record))


def _are_unchanged(stats: Mapping[str, str]) -> bool:
    return all(_stat(path) == stat for path, stat in stats.items())


def _stat(path: Path | str) -> str:
    try:
        return file_stat(path)
    except OSError:
        return ""
