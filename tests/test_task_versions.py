"""A built-in task's version stands for its code: results that differ from the reference need a version of their own."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from conftest import Space

ROOT = Path(__file__).parents[1]
REFERENCE = Path(__file__).parent / "references" / "task_versions.json"
"""The numbers that each version gives, written by running this file: ``python tests/test_task_versions.py``."""
STEPS = {
    "factor.analysis": "    data: data/grades.csv\n    factors: 2\n",
    "audio.clip": "    recordings: data/greetings.opus\n    dataset: glaswegian\n",
}


def _numbers(space: Space, name: str) -> list[float]:
    """Run a task on small data, and return the numbers of its report, sorted: how a report is arranged is no result."""
    for source in ("data/grades.csv", "data/scottish-phrases/greetings.opus"):
        space.write("data/x", "")
        (space.root / "data" / Path(source).name).write_bytes((ROOT / source).read_bytes())
    space.entry(f"  step:\n    uses: {name}\n{STEPS[name]}")
    space.run("day", "133", check=0)
    report = json.loads((space.root / "entries/2024-05-13-day-133/step/report.json").read_text())
    return sorted(_numbers_in(report["items"]))


def _numbers_in(data: object) -> list[float]:
    if isinstance(data, bool) or data is None or isinstance(data, str):
        return []
    if isinstance(data, int | float):
        return [float(data)]
    parts = data.values() if isinstance(data, dict) else data
    return [number for part in parts for number in _numbers_in(part)]  # type: ignore[attr-defined]


def _version(name: str) -> int | None:
    from journal.plan.registry import load_task, read_registry

    return load_task(read_registry(ROOT / "no-plugins").find(name)).version


@pytest.mark.parametrize("name", STEPS)
def test_a_version_gives_the_results_of_its_reference(space: Space, name: str) -> None:
    kept = json.loads(REFERENCE.read_text())[name]
    numbers = _numbers(space, name)
    is_same = len(numbers) == len(kept["numbers"]) and all(
        math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
        for one, other in zip(numbers, sorted(kept["numbers"]), strict=True)
    )
    assert (kept["version"] == _version(name)) == is_same, "raise the task's version, then write the reference anew"


def test_every_built_in_task_has_a_version() -> None:
    names = ("audio.clip", "factor.analysis", "llm.prompt", "llm.evaluate", "llm.compare", "llm.lora")
    for name in (*names, "diffusion.sample"):
        assert _version(name)


if __name__ == "__main__":
    import tempfile

    from conftest import make_space

    with tempfile.TemporaryDirectory() as folder:
        found = {
            name: {"version": _version(name), "numbers": _numbers(make_space(Path(folder) / name), name)}
            for name in STEPS
        }
    REFERENCE.write_text(json.dumps(found, indent=1) + "\n")
