"""The report on pictures: the grid, what a judge saw, how the first one formed, and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path

from journal import Composite, Number, Report, escape

from .drawing import draw_grid
from .judge import Prediction
from .picture_cache import SavedPicture
from .prompts import Reading
from .sampling import Recipe


@dataclass(frozen=True)
class RunDetails:
    """What the report says beside the pictures themselves."""

    model: str
    """Its name in the entry."""
    digest: str
    strip: Path | None = None
    """The first picture forming over the steps."""
    predictions: Mapping[Path, Prediction] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    """How the model reads each prompt."""

    def unread(self, prompt: str) -> str:
        """Return the words of a prompt that its pictures can't show."""
        return self.readings[prompt].unread if prompt in self.readings else ""

    @property
    def source(self) -> str:
        return f"{self.model} ({self.digest[:12]})"


def build_report(pictures: Sequence[SavedPicture], details: RunDetails) -> Report:
    """Return the report on pictures, a row a prompt, a column a seed."""
    by_prompt: dict[str, list[SavedPicture]] = {}
    for one in pictures:
        by_prompt.setdefault(one.recipe.prompt, []).append(one)
    seeds = [one.recipe.seed for one in next(iter(by_prompt.values()))]
    report = Report().headline(
        f"{_count(pictures, 'picture')}, {_count(by_prompt, 'prompt')} × {_count(seeds, 'seed')}"
    )
    report.part("pictures").gallery([(one.path, _caption(one, details)) for one in pictures], columns=len(seeds))
    for note in filter(None, (reading.note for reading in details.readings.values())):
        report.text(f"> {escape(note)}.")
    _add_blackened(report, pictures)
    if details.predictions:
        _add_predictions(report, by_prompt, details.predictions)
    report.part("forming", "How the first picture formed, and all pictures large", folded=True)
    grid = pictures[0].path.parent / "grid.png"
    rows = [(prompt, [one.path for one in ones]) for prompt, ones in by_prompt.items()]
    draw_grid(rows, [f"seed {seed}" for seed in seeds]).save(grid, optimize=True)
    report.file(grid, title="all pictures, large")
    if details.strip:
        report.image(details.strip, alt=f"The first picture forming over the steps: {pictures[0].recipe.prompt}")
    report.part("settings", "Model and settings", folded=True)
    report.table(_settings(pictures[0].recipe, details), ["setting", "value"])
    report.metric("pictures", len(pictures), visible=False)
    _add_trials(report, pictures, details)
    return report.output("pictures", [one.path for one in pictures]).output("grid", grid)


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _caption(picture: SavedPicture, details: RunDetails) -> str:
    prediction, unread = details.predictions.get(picture.path), details.unread(picture.recipe.prompt)
    seen = f" (seen: {prediction.seen})" if prediction else ""
    return f"{picture.recipe.prompt}, seed {picture.recipe.seed}{f' (not read: {unread})' if unread else ''}{seen}"


def _add_blackened(report: Report, pictures: Sequence[SavedPicture]) -> None:
    black = sum(one.blackened for one in pictures)
    if black:
        which = f"{black} of {_count(pictures, 'picture')}"
        report.text(f"> The pipeline's safety checker blacked out {which}; another seed may pass it.")


def _add_predictions(
    report: Report, by_prompt: Mapping[str, list[SavedPicture]], predictions: Mapping[Path, Prediction]
) -> None:
    rows = []
    for prompt, ones in by_prompt.items():
        judged = [predictions[one.path] for one in ones if not predictions[one.path].doubt]
        things = sum(one.right_things is True for one in judged)
        relation = sum(one.right_relation is True for one in judged)
        row = [things, relation] if judged else [None, None]
        rows.append([prompt, len(ones), *row, len(ones) - len(judged)])
        if judged:
            report.metric(f"{prompt}: right things", 100 * things / len(judged), "%", digits=0, visible=False)
            report.metric(f"{prompt}: right relation", 100 * relation / len(judged), "%", digits=0, visible=False)
    columns = ["prompt", "pictures", "with the right things", "in the right relation", "can't say"]
    doubted = sum(bool(one.doubt) for one in predictions.values())
    if not doubted:
        rows, columns = [row[:-1] for row in rows], columns[:-1]
    report.table(rows, columns, title="What a classifier sees in them")
    for prompt, ones in by_prompt.items():
        doubts = dict.fromkeys(predictions[one.path].doubt for one in ones)
        if why := ", ".join(filter(None, doubts)):
            report.text(f"The judge can't say of '{escape(prompt)}': {escape(why)}.")
    right = sum(one.right_relation is True for one in predictions.values())
    unsaid = f", {doubted} not judged" if doubted else ""
    report.headline(f"{report.headline_text}, {right} as asked{unsaid}")


def _add_trials(report: Report, pictures: Sequence[SavedPicture], details: RunDetails) -> None:
    for one in pictures:
        recipe, prediction = one.recipe, details.predictions.get(one.path)
        report.trial(
            recipe.prompt,
            one.path,
            model=details.source,
            seed=recipe.seed,
            settings=_settings_in_short(recipe, details.unread(recipe.prompt)),
            right=prediction.right_relation if prediction else None,
            seen=prediction.seen if prediction else "",
        )


def _settings_in_short(recipe: Recipe, unread: str) -> str:
    text = f"{recipe.scheduler}, {recipe.steps} steps, guidance {recipe.guidance:g}, {recipe.width} × {recipe.height}"
    text += f", not '{recipe.negative}'" if recipe.negative else ""
    text += f", from picture {recipe.start[:8]}, strength {recipe.strength:g}" if recipe.start else ""
    text += f", safety checker {recipe.checker}" if recipe.checker else ""
    return f"{text}, not read: {unread}" if unread else text


def _settings(recipe: Recipe, details: RunDetails) -> list[tuple[str, str | Number | Composite]]:
    size = {"width": Number(recipe.width), "height": Number(recipe.height)}
    more: list[tuple[str, str | Number]] = [("negative prompt", recipe.negative)] if recipe.negative else []
    more += [("starts from a picture, strength", Number(recipe.strength, figures=6))] if recipe.start else []
    checker = {"": "the pipeline has none", "on": "on", "off": "off, as the entry says"}[recipe.checker]
    return [
        ("model", details.source),
        ("scheduler", recipe.scheduler),
        ("steps", Number(recipe.steps)),
        ("guidance scale", Number(recipe.guidance, figures=6)),
        ("size", Composite("{width} × {height}", size)),
        *more,
        ("safety checker", checker),
    ]
