"""Where a picture or a step's result came from: the recipe stored in a PNG, and what a result depends on."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from journal.api.context import Context
from journal.api.models import resolve_model
from journal.errors import TaskError, UsageError, nearest
from journal.plan.inputs import resolve_inputs
from journal.plan.parts import load_parts
from journal.plan.registry import load_task, read_registry
from journal.plan.seen import unobserved
from journal.record import Record
from journal.record.ledger import read_ledgers
from journal.record.values import Names
from journal.run.process import WORKER_ENV
from journal.text.workspace import Workspace

CHUNK = "journal"
"""The PNG text chunk in which tasks store a picture's recipe."""


def read_recipe(picture: Path) -> dict[str, Any]:
    """Return the recipe of a PNG: task, parameters, versions. Raises ``UsageError`` where it has none."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(picture) as opened:
            text = getattr(opened, "text", {}).get(CHUNK)
    except (OSError, UnidentifiedImageError) as error:
        raise UsageError(f"{picture}: not a readable picture; give a PNG made by a step") from error
    if text is None:
        raise UsageError(f"{picture}: the picture has no recipe; give a PNG made by a step")
    try:
        recipe = json.loads(text)
    except ValueError:
        recipe = None
    if not isinstance(recipe, dict) or not {"task", "parameters"} <= set(recipe):
        raise UsageError(f"{picture}: the picture's recipe is damaged; give a PNG as a step made it")
    return recipe


def has_recipe(picture: Path) -> bool:
    """Return whether a file is a picture that holds a recipe, damaged or not."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(picture) as opened:
            return CHUNK in getattr(opened, "text", {})
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError):
        return False


def make_again(picture: Path, target: Path, workspace: Workspace) -> None:
    """Recreate a picture from its recipe, to the same bytes on the same machine with the same libraries.

    Raises ``TaskError`` where the recipe no longer gives that picture.
    """
    recipe = read_recipe(picture)
    if not target.parent.is_dir():
        raise UsageError(f"{target}: there is no folder {target.parent}; create it first")
    task = load_task(read_registry(workspace.plugins).find(recipe["task"]))
    for name, value in WORKER_ENV.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory() as out:
        roles = {name: parameter.role for name, parameter in task.parameters.items()}
        values = task.validate(resolve_inputs(roles, recipe["parameters"], workspace.root))
        context = Context(
            out=Path(out),
            root=workspace.root,
            models=workspace.models,
            jobs=os.cpu_count() or 1,
            servers=workspace.servers,
        )
        task(**values, **({task.context_name: context} if task.context_name else {}))
        made = [path for path in Path(out).glob("*.png") if _recipe_or_none(path) == recipe]
        if not made:
            differing = [path for path in Path(out).glob("*.png") if _recipe_or_none(path)]
            raise TaskError(_why_another(recipe, differing))
        shutil.copyfile(made[0], target)


def explain_result(record: Record, day: int, step: str) -> list[str]:
    """Return lines that describe what a step's result depends on."""
    entry = record.entry(day)
    if entry.step(step) is None:
        known = nearest(step, [one.id for one in entry.steps])
        raise UsageError(f"{entry.display_path}: no step '{step}'{known}")
    found = record.find(entry, step)
    if found is None:
        raise UsageError(f"{entry.display_path}: step '{step}' has no result yet; run: journal day {day}")
    lines = [f"{step}: {found.task}, {found.headline}", f"  fingerprint {found.fingerprint}"]
    lines += [f"  {name}: {value}" for name, value in found.depends_on.items()]
    lines += [f"  seen: {name}: {value}" if value else f"  seen: {name}" for name, value in found.seen.items()]
    lines += [f"  reads of {name} not observed" for name in unobserved(load_parts(found.seen))]
    lines += [f"  made with {name} {version}" for name, version in found.libraries.items()]
    if accepted := found.data.get("accepted"):
        changed = "; ".join(accepted["changed"])
        lines.append(f"  accepted by the author: {accepted['reason'] or 'no reason given'} ({changed})")
    return lines


def name_values(record: Record, day: int) -> list[str]:
    """Return the values that a day's sentences can name, ready to paste, with what each reads now."""
    entry = record.entry(day)
    names = dict(Names(entry, record, lambda: read_ledgers(record)).all())
    if not names:
        return [f"day {day} has no results yet; run: journal day {day}"]
    width = min(max(map(len, names)), 60)
    return [f"<!--= {name} --><!--/=-->{' ' * (width - len(name))}  {text}" for name, text in names.items()]


def describe_recipe(recipe: dict[str, Any], workspace: Workspace) -> list[str]:
    """Return a recipe as readable lines."""
    parameters = dict(recipe["parameters"])
    lines = [f"task: {recipe['task']}"]
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in parameters.items()]
    lines += [f"{name} {version}" for name, version in recipe.get("versions", {}).items()]
    named = [
        short
        for short in workspace.models
        if resolve_model(short, workspace.models, workspace.servers) == parameters.get("model")
    ]
    return [*lines, f"model digest: {recipe.get('digest', '')}", *(f"model's short name: {short}" for short in named)]


def _recipe_or_none(picture: Path) -> dict[str, Any] | None:
    try:
        return read_recipe(picture)
    except UsageError:
        return None


def _why_another(recipe: dict[str, Any], made: list[Path]) -> str:
    """Return what has changed since the picture was made."""
    now = _recipe_or_none(made[0]) if made else None
    if now is None:
        return f"task '{recipe['task']}' no longer makes a picture from this recipe"
    then_and_now = [(name, recipe.get(name), now.get(name)) for name in ("digest", "versions", "parameters")]
    changed = "; ".join(f"{name} changed from {old} to {new}" for name, old, new in then_and_now if old != new)
    return f"the picture can't be recreated as it was: {changed}"
