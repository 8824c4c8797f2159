"""All tries at a prompt, over days and models: how many came out right, and how many their author kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from journal.api.items import Trial
from journal.api.rate import Rate
from journal.api.task import brief
from journal.ask.asked import folded
from journal.errors import nearest
from journal.record import Record
from journal.record.verdicts import Verdict, verdicts_on


@dataclass(frozen=True)
class DayTrial:
    """One try at a prompt, on a day, and what became of it."""

    day: int
    picture: str
    """Its place below the folder of entries; of a try whose picture has given way to another, where it was."""
    trial: Trial
    verdict: str = ""
    word: str = ""
    there: bool = True
    """Whether the picture still stands beside its entry."""

    @property
    def outcome(self) -> str:
        seen = f" (seen: {self.trial.seen})" if self.trial.seen else ""
        judged = {True: "right", False: "not right", None: ""}[self.trial.right] + seen
        verdict = f"{self.verdict}: {self.word}" if self.word else self.verdict
        gone = "" if self.there else "its picture is gone"
        return "; ".join(part for part in (judged, verdict, gone) if part)

    def as_data(self) -> dict[str, object]:
        """Return the try as plain data, for other programs."""
        tried = {name: value for name, value in vars(self.trial).items() if name != "path"}
        mine = {"verdict": self.verdict or None, "word": self.word, "there": self.there}
        return {"day": self.day, "picture": self.picture, **tried, **mine}


def read_trials(record: Record) -> list[DayTrial]:
    """Return every try of every day, in the order of days; raises JournalError for a file that can't be read."""
    return [one for day, path in record.days().items() for one in _of_day(day, path, record)]


def _of_day(day: int, entry: Path, record: Record) -> Iterator[DayTrial]:
    verdicts, home = record.verdicts(entry), record.artifacts(entry)
    matched: list[Verdict] = []
    for step in record.steps(entry):
        for trial in step.report.trials:
            place, path = f"{step.step}/{trial.path}", step.folder / trial.path
            mine = verdicts_on(place, path, verdicts)
            matched += mine
            verdict = (mine[-1].verdict, mine[-1].word) if mine else ("", "")
            yield DayTrial(day, f"{home.name}/{place}", trial, *verdict, there=path.is_file())
    yield from _gone(day, home.name, [one for one in verdicts if one not in matched])


def _gone(day: int, home: str, verdicts: Iterable[Verdict]) -> Iterator[DayTrial]:
    """Yield the tries that only their verdicts tell of, the last verdict on each picture."""
    last = {(one.picture, one.digest): one for one in verdicts if one.prompt}
    for one in last.values():
        trial = Trial(one.prompt, one.picture, one.model, one.seed)
        yield DayTrial(day, f"{home}/{one.picture}", trial, one.verdict, one.word, there=False)


def stray_verdicts(record: Record) -> list[str]:
    """Return a line for each verdict typed by hand on a picture that is not there, such as a mistyped one."""
    lines = []
    for entry in record.days().values():
        home, shown = record.artifacts(entry), record.verdicts_path(entry)
        there = [path.relative_to(home).as_posix() for path in home.glob("*/*.*")]
        for one in record.verdicts(entry):
            if not one.prompt and one.picture not in there and not (home / one.picture).is_file():
                lines.append(f"{shown}: no picture '{one.picture}' for this verdict{nearest(one.picture, there)}")
    return lines


def trials_at(prompt: str, trials: Sequence[DayTrial]) -> list[DayTrial]:
    """Return the tries at a prompt, whatever its case and spaces."""
    return [one for one in trials if folded(one.trial.prompt) == folded(prompt)]


def _shortened(prompt: str) -> str:
    return brief(" ".join(prompt.split()))


def trial_lines(trials: Sequence[DayTrial]) -> list[str]:
    """Return the tries at one prompt: a heading, then day by day and model by model, then the rates."""
    days, models = {one.day for one in trials}, {one.trial.model for one in trials}
    over = f"{_count(days, 'day')}, {_count(models, 'model')}"
    lines = [f"{_shortened(trials[0].trial.prompt)}: {_tries(trials)}, {over}"]
    for (day, model, settings), group in groupby(trials, lambda a: (a.day, a.trial.model, a.trial.settings)):
        lines.append("  " + ", ".join(part for part in (f"day {day}", model, settings) if part))
        lines += [f"    {_seed(one.trial):<10} {one.outcome:<40} {one.picture}" for one in group]
    return lines + [f"  {line}" for line in _rates(trials)]


def prompt_lines(trials: Sequence[DayTrial]) -> list[str]:
    """Return a line for each prompt at which pictures were tried."""
    by_prompt: dict[str, list[DayTrial]] = {}
    for one in trials:
        by_prompt.setdefault(folded(one.trial.prompt), []).append(one)
    summaries = [(tries[0].trial.prompt, _rates(tries) or [_tries(tries)]) for tries in by_prompt.values()]
    return [f"{_shortened(prompt)}: {'; '.join(rates)}" for prompt, rates in summaries]


def rates_of(trials: Sequence[DayTrial]) -> Mapping[str, Rate]:
    """Return how many of the judged tries were right, and how many of those with a verdict were kept.

    The same picture on two days is one try: made again from its recipe it can't come out differently.
    """
    once = {_same(one): one for one in sorted(trials, key=lambda one: bool(one.verdict))}.values()
    judged = [one.trial.right for one in once if one.trial.right is not None]
    verdicts = [one.verdict == "kept" for one in once if one.verdict]
    both = {"right": Rate(sum(judged), len(judged)), "kept": Rate(sum(verdicts), len(verdicts))}
    return {name: rate for name, rate in both.items() if rate.tries}


def _same(one: DayTrial) -> tuple[object, ...]:
    """Return what makes two tries the same one; of a picture that is gone no more is known than its place."""
    if not one.there:
        return (one.picture, one.verdict, one.word)
    return (folded(one.trial.prompt), one.trial.model, one.trial.seed, one.trial.settings)


def _rates(trials: Sequence[DayTrial]) -> list[str]:
    words = {"right": ("right", "judged"), "kept": ("kept", "with a verdict")}
    return [rate.sentence(*words[name]) for name, rate in rates_of(trials).items()]


def _seed(trial: Trial) -> str:
    return "" if trial.seed is None else f"seed {trial.seed}"


def _tries(trials: Sequence[DayTrial]) -> str:
    return "1 try" if len(trials) == 1 else f"{len(trials)} tries"


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def describe_trials(trials: Sequence[DayTrial]) -> dict[str, object]:
    """Return tries and rates as plain data, for other programs."""
    rates = {name: {**vars(rate), "interval": rate.interval()} for name, rate in rates_of(trials).items()}
    return {"tries": [one.as_data() for one in trials], "rates": rates}
