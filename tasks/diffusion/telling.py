"""What a report tells of pictures: the grid, what a judge saw, how the first one formed, and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path

from journal import Report

from .drawing import draw_grid
from .judging import Prediction
from .making import Made
from .sampling import Recipe


@dataclass(frozen=True)
class Told:
    """What is to be told beside the pictures themselves."""

    model: str
    """Its name in the entry."""
    digest: str
    strip: Path | None = None
    """The first picture forming over the steps."""
    judged: Mapping[Path, Prediction] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return f"{self.model} ({self.digest[:12]})"


def describe_pictures(made: Sequence[Made], told: Told) -> Report:
    """Return the report on pictures, a row a prompt, a column a seed."""
    by_prompt: dict[str, list[Made]] = {}
    for one in made:
        by_prompt.setdefault(one.recipe.prompt, []).append(one)
    seeds = [one.recipe.seed for one in next(iter(by_prompt.values()))]
    report = Report().headline(f"{_count(made, 'picture')}, {_count(by_prompt, 'prompt')} × {_count(seeds, 'seed')}")
    report.gallery([(one.path, _caption(one, told.judged.get(one.path))) for one in made], columns=len(seeds))
    _tell_blackened(report, made)
    if told.judged:
        _tell_judged(report, by_prompt, told.judged)
    grid = made[0].path.parent / "grid.png"
    rows = [(prompt, [one.path for one in ones]) for prompt, ones in by_prompt.items()]
    draw_grid(rows, [f"seed {seed}" for seed in seeds]).save(grid, optimize=True)
    report.file(grid, title="all pictures, large")
    if told.strip:
        report.image(told.strip, alt=f"The first picture forming over the steps: {made[0].recipe.prompt}")
    report.table([[key, str(value)] for key, value in _settings(made[0].recipe, told)], ["setting", "value"])
    report.metric("pictures", len(made), visible=False)
    _note_trials(report, made, told)
    return report.output("pictures", [one.path for one in made]).output("grid", grid)


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _caption(made: Made, prediction: Prediction | None) -> str:
    seen = f" (seen: {prediction.seen})" if prediction else ""
    return f"{made.recipe.prompt}, seed {made.recipe.seed}{seen}"


def _tell_blackened(report: Report, made: Sequence[Made]) -> None:
    black = sum(one.blackened for one in made)
    if black:
        which = f"{black} of {_count(made, 'picture')}"
        report.text(f"> The pipeline's safety checker blacked out {which}; another seed may pass it.")


def _tell_judged(report: Report, by_prompt: Mapping[str, list[Made]], judged: Mapping[Path, Prediction]) -> None:
    rows = []
    for prompt, ones in by_prompt.items():
        things = sum(judged[one.path].right_things for one in ones)
        relation = sum(judged[one.path].right_relation for one in ones)
        rows.append([prompt, len(ones), things, relation])
        report.metric(f"{prompt}: right things", 100 * things / len(ones), "%", digits=0, visible=False)
        report.metric(f"{prompt}: right relation", 100 * relation / len(ones), "%", digits=0, visible=False)
    columns = ["prompt", "pictures", "with the right things", "in the right relation"]
    report.table(rows, columns, title="What a classifier sees in them")
    right = sum(prediction.right_relation for prediction in judged.values())
    report.headline(f"{report.headline_text}, {right} as asked")


def _note_trials(report: Report, made: Sequence[Made], told: Told) -> None:
    for one in made:
        recipe, prediction = one.recipe, told.judged.get(one.path)
        report.trial(
            recipe.prompt,
            one.path,
            model=told.source,
            seed=recipe.seed,
            settings=_settings_in_short(recipe),
            right=prediction.right_relation if prediction else None,
            seen=prediction.seen if prediction else "",
        )


def _settings_in_short(recipe: Recipe) -> str:
    told = f"{recipe.scheduler}, {recipe.steps} steps, guidance {recipe.guidance:g}, {recipe.width} × {recipe.height}"
    told += f", not '{recipe.negative}'" if recipe.negative else ""
    told += f", from picture {recipe.start[:8]}, strength {recipe.strength:g}" if recipe.start else ""
    return f"{told}, safety checker {recipe.checker}" if recipe.checker else told


def _settings(recipe: Recipe, told: Told) -> list[tuple[str, object]]:
    more = [("negative prompt", recipe.negative)] if recipe.negative else []
    more += [("starts from a picture, strength", f"{recipe.strength:g}")] if recipe.start else []
    checker = {"": "the pipeline has none", "on": "on", "off": "off, as the entry says"}[recipe.checker]
    return [
        ("model", told.source),
        ("scheduler", recipe.scheduler),
        ("steps", recipe.steps),
        ("guidance scale", f"{recipe.guidance:g}"),
        ("size", f"{recipe.width} × {recipe.height}"),
        *more,
        ("safety checker", checker),
    ]
