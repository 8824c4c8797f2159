"""Claims about the words in which a task's parameters are explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
import yaml
from conftest import Space

from journal import Field, File, Files, Report, Task, task
from journal.ask.task_data import step_schema
from journal.ask.task_step import example_step
from journal.ask.tasks import explain_task, type_words
from journal.plan.registry import load_task, read_registry

SHIPPED = [
    *["audio.clip", "diffusion.sample", "factor.analysis"],
    *["llm.compare", "llm.evaluate", "llm.lora", "llm.prompt"],
    *["notebook.run", "shell.run"],
]


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int, "whole number"),
        (bool, "true or false"),
        (Path, "path"),
        (float | None, "number"),
        (Optional[float], "number"),  # noqa: UP045
        (list[str], "list of text"),
        (tuple[int, ...], "list of whole numbers"),
        (str | list[str], "text, or list of text"),
        (Literal["peak", "rms"], "peak | rms"),
        (dict[str, float], "mapping of text to number"),
        (Annotated[int, Field(ge=1, le=8)], "whole number from 1 to 8"),
        (Annotated[int, Field(ge=0, lt=2**63)], "whole number from 0"),
        (Annotated[float, Field(gt=0, le=1)], "number above 0 up to 1"),
        (Annotated[float, Field(lt=1)], "number below 1"),
        (Annotated[list[str], Field(min_length=1, max_length=3)], "list of text, 1 or more, 3 at most"),
        (
            list[Annotated[int, Field(ge=0)]] | Annotated[int, Field(ge=1)],
            "list of whole numbers from 0, or whole number from 1",
        ),
        (list[Annotated[str, Field(min_length=1)]], "list of text, 1 or more characters"),
        (Any, "anything"),
        (dict, "mapping"),
        (Annotated[int, Field(ge=1)] | Literal["auto"], "whole number from 1 or auto"),
    ],
)
def test_types_are_told_in_words(hint: Any, words: str) -> None:
    assert type_words(hint) == words


@pytest.mark.parametrize("name", SHIPPED)
def test_tasks_that_ship_are_explained_without_the_words_of_python(name: str, tmp_path: Path) -> None:
    told = explain_task(read_registry(tmp_path / "plugins"), name)
    assert not any(word in line for line in told for word in ("Annotated", "FieldInfo", "Union", "Literal", "None"))
    assert all(len(line) <= 100 for line in told[4:])


@pytest.mark.parametrize("name", SHIPPED)
def test_the_step_to_paste_is_one_that_its_task_takes(name: str, tmp_path: Path) -> None:
    found = load_task(read_registry(tmp_path / "plugins").find(name))
    (step,) = yaml.safe_load("\n".join(example_step(found))).values()
    assert step.pop("uses") == name
    assert _takes(found, step)


@pytest.mark.parametrize(
    "hint",
    [
        *[int, float, bool, str, Path, File, Files, list[str], dict[str, float], tuple[int, ...], float | None],
        Literal["peak", "rms"],
        Annotated[int, Field(ge=1, le=8)],
        Annotated[int, Field(gt=4, lt=6)],
        Annotated[int, Field(le=-3)],
        Annotated[float, Field(gt=0, lt=1)],
        Annotated[float, Field(gt=2)],
        Annotated[float, Field(lt=-1)],
        Annotated[list[str], Field(min_length=3)],
        list[Annotated[int, Field(ge=5)]] | Literal["auto"],
        Annotated[str, Field(pattern="^#[0-9]+$", examples=["#12"])],
    ],
)
def test_a_step_to_paste_has_a_value_that_its_type_takes(hint: Any) -> None:
    def check(value: hint) -> Report:  # type: ignore[valid-type]
        return Report()

    check.__annotations__["value"] = hint
    declared = task("toy.check")(check)
    (step,) = yaml.safe_load("\n".join(example_step(declared))).values()
    assert step.pop("uses") == "toy.check"
    assert _takes(declared, step)


def _takes(found: Task, values: dict[str, Any]) -> dict[str, Any]:
    """Return checked values; a glob becomes a list of files before a task is given it."""
    globs = [name for name in values if found.parameters[name].role == "files"]
    return found.validate({**values, **{name: [values[name]] for name in globs}})


PLUGIN = '''"""Two tasks."""
from journal import Context, Report, task


@task("toy.make")
def make(ctx: Context, text: str) -> Report:
    """Make a file."""
    (ctx.out / "a.txt").write_text(text)
    return _report().output("made", ctx.out / "a.txt").output("letters", len(text))


@task("toy.other")
def other() -> Report:
    """Do something else."""
    return Report().output("nothing", 0)


def _report() -> Report:
    return Report().part("length", "How long it is").metric("letters", 3)
'''


def test_a_task_says_what_its_code_names_and_then_what_its_last_report_had(space: Space) -> None:
    space.write("plugins/two.py", PLUGIN)
    before = space.run("task", "toy.make", check=0).out
    assert "How long it is" in before and "${make.made}" in before and "<!--= make.letters -->" in before
    assert "nothing" not in before.partition("a step to paste")[2]
    assert "as its code names them" in before
    space.entry("  file:\n    uses: toy.make\n    text: aye\n")
    space.run("day", "133", check=0)
    after = " ".join(space.run("task", "toy.make", check=0).out.split())
    assert "${file.made} the file a.txt" in after and "${file.letters} a number" in after
    assert "<!--= file.letters --><!--/=-->" in after and "2024-05-13-day-133.md, step 'file'" in after


def test_the_step_of_a_task_runs_as_it_is_pasted(space: Space) -> None:
    space.write("plugins/two.py", PLUGIN)
    told = space.run("task", "toy.make", check=0).out
    step, _, marker = told.partition("shall stand:\n\n")[2].partition("\n\n")
    path = space.entry(f"{step}\n", f"{marker.splitlines()[0].strip()}\n")
    space.run("day", "133", check=0)
    assert "- letters: **3**" in path.read_text()


@pytest.mark.parametrize("name", SHIPPED)
def test_the_schema_of_a_step_takes_the_step_to_paste_and_no_misspelt_one(name: str, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    found = load_task(read_registry(tmp_path / "plugins").find(name))
    check = jsonschema.Draft202012Validator(step_schema(found))
    (step,) = yaml.safe_load("\n".join(example_step(found))).values()
    check.validate(step)
    check.validate({**step, "timeout": "5 min", **{one: "${a.b}" for one in step if one != "uses"}})
    for wrong in ({"no_such": 1}, {"uses": "other"}):
        assert not check.is_valid({**step, **wrong})
    assert not check.is_valid({"uses": name})


def test_with_json_tasks_are_data(space: Space) -> None:
    space.write("plugins/two.py", PLUGIN)
    space.write("plugins/bad.py", "from journal import task\n@task(\n")
    listed = json.loads(space.run("task", "--json", check=0).out)
    assert {"name": "toy.other", "summary": "Do something else.", "origin": "plugins/two.py"} in listed
    assert [one["name"] for one in listed if "error" in one] == ["plugins/bad.py"]
    told = json.loads(space.run("task", "text.write", "--json", check=0).out)
    times = told["parameters"][1]
    assert times == {
        "name": "times", "type": "whole number from 1", "role": "value", "required": False, "default": 1, "help": ""
    }  # fmt: skip
    assert told["results"]["outputs"] == {"path": "", "text": ""}
    assert "did you mean 'text.write'?" in json.loads(space.run("task", "text.wriet", "--json", check=2).out)["error"]
