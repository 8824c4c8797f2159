"""Tasks: what their type hints say of parameters, and what a wrong value gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from journal import Context, File, Files, ModelName, Report, Task, task
from journal.api.task import ParameterError


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    y: float = 0.0


class Sizes(BaseModel):
    width: int = Field(ge=1)
    height: int = 2


@task("toy.all", libraries=["numpy"], resources={"gpu": 1})
def everything(
    ctx: Context,
    source: File,
    more: Files | None = None,
    model: ModelName = "default-llm",
    times: Annotated[int, Field(ge=1, le=10, description="how often")] = 1,
    rate: float | None = None,
    kind: Literal["a", "b"] = "a",
    colour: Colour = Colour.RED,
    names: list[str] = [],  # noqa: B006
    point: Point | None = None,
    sizes: Sizes = Sizes(width=1),  # noqa: B008
    table: dict[str, int] = {},  # noqa: B006
) -> Report:
    """Take one parameter of each type.

    And say more below.
    """
    return Report()


def test_a_task_knows_its_name_summary_libraries_and_resources() -> None:
    assert (everything.name, everything.summary) == ("toy.all", "Take one parameter of each type.")
    assert (everything.libraries, dict(everything.resources)) == (("numpy",), {"gpu": 1})
    assert everything.context_name == "ctx"


def test_calling_a_task_calls_its_function() -> None:
    assert isinstance(everything(None, Path()), Report)


def test_roles_helps_and_defaults_come_from_the_hints() -> None:
    found = everything.parameters
    assert {name: one.role for name, one in found.items() if one.role != "value"} == {
        "source": "file", "more": "files", "model": "model",
    }  # fmt: skip
    assert found["times"].help == "how often"
    assert [name for name, one in found.items() if one.required] == ["source"]
    assert "ctx" not in found


def test_values_become_what_the_types_say_and_defaults_are_filled_in() -> None:
    given = {
        "source": "a.txt", "rate": 1, "kind": "b", "colour": "red", "point": {"x": 1}, "sizes": {"width": 3},
        "table": {"a": "1"},
    }  # fmt: skip
    values = everything.validate(given)
    assert values["source"] == Path("a.txt")
    assert (values["rate"], type(values["rate"])) == (1.0, float)
    assert (values["kind"], values["colour"], values["times"]) == ("b", Colour.RED, 1)
    assert values["point"] == Point(1.0, 0.0)
    assert values["sizes"] == Sizes(width=3)
    assert (values["table"], values["more"]) == ({"a": 1}, None)


@pytest.mark.parametrize(
    ("values", "parameter", "message"),
    [
        ({"times": 0}, "times", "parameter 'times' of 'toy.all' is 0: input should be greater than or equal to 1"),
        ({"times": "many"}, "times", "is 'many': input should be a valid integer"),
        ({"times": 1.5}, "times", "is 1.5: input should be a valid integer"),
        ({"rate": "fast"}, "rate", "is 'fast': input should be a valid number"),
        ({"kind": "c"}, "kind", "is 'c': input should be 'a' or 'b'"),
        ({"colour": "blue"}, "colour", "is 'blue': input should be 'red'"),
        ({"model": 5}, "model", "is 5: input should be a valid string; put it in quotes"),
        ({"names": ["a", 2]}, "names", "parameter 'names[1]' of 'toy.all' is 2: input should be a valid string"),
        ({"point": {"x": "left"}}, "point", "[x]' of 'toy.all' is 'left'"),
        ({"sizes": {"width": 0}}, "sizes", "'sizes[width]' of 'toy.all' is 0"),
        ({"table": {"a": "b"}}, "table", "'table[a]' of 'toy.all' is 'b'"),
        ({"tims": 1}, "tims", "task 'toy.all' has no parameter 'tims'; did you mean 'times'?"),
        ({"ctx": 1}, "ctx", "task 'toy.all' has no parameter 'ctx'"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_right(values: dict[str, Any], parameter: str, message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        everything.validate({"source": "a.txt", **values})
    assert caught.value.parameter == parameter
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_parameter_is_named_with_its_help() -> None:
    @task("t")
    def function(source: Annotated[File, Field(description="the words")]) -> Report:
        return Report()

    with pytest.raises(ParameterError, match=r"task 't' needs the parameter 'source' \(the words\)"):
        function.validate({})


def test_a_long_value_is_not_shown_whole() -> None:
    with pytest.raises(ParameterError) as caught:
        everything.validate({"source": "a.txt", "times": "x" * 10_000})
    assert len(str(caught.value)) < 300


def untyped(source) -> Report:  # type: ignore[no-untyped-def]
    return Report()


def starred(*sources: str) -> Report:
    return Report()


def mapped(**sources: str) -> Report:
    return Report()


def positional(source: str, /) -> Report:
    return Report()


def field_as_default(times: int = Field(3)) -> Report:
    return Report()


def file_with_default(source: File = Path("words.txt")) -> Report:
    return Report()


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (untyped, "parameter 'source' has no type"),
        (starred, "can't be passed by name"),
        (mapped, "can't be passed by name"),
        (positional, "can't be passed by name"),
        (field_as_default, "write Annotated"),
        (file_with_default, "a file's default must be None"),
    ],
)
def test_a_function_that_can_be_no_task_says_why(function: Callable[..., Report], words: str) -> None:
    with pytest.raises(TypeError, match=words):
        _ = task("t")(function).parameters


def test_a_type_that_cannot_be_checked_is_an_error_of_that_parameter() -> None:
    def function(value: Annotated[int, Field(max_length=3)]) -> Report:
        return Report()

    with pytest.raises(ParameterError) as caught:
        Task("t", function, _validators={}).validate({"value": 3})
    assert caught.value.parameter == "value"


def test_what_is_remembered_is_recalled_by_the_same_key_only(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ctx = Context(out=tmp_path / "out", cache_dir=tmp_path / "memory", cache_key="code 1")
    (tmp_path / "a").write_text("made")
    ctx.remember({"seed": 1}, tmp_path / "a")
    found = ctx.recall({"seed": 1}, "b")
    assert found == tmp_path / "out/b" and found.read_text() == "made"
    assert ctx.recall({"seed": 2}, "c") is None
    other = Context(out=tmp_path / "out", cache_dir=tmp_path / "memory", cache_key="code 2")
    assert other.recall({"seed": 1}, "c") is None
    assert Context(out=tmp_path / "out").recall({"seed": 1}, "c") is None


def test_map_keeps_the_order_of_its_items(tmp_path: Path) -> None:
    assert Context(out=tmp_path, jobs=4).map(lambda item: item * 2, range(20)) == list(range(0, 40, 2))
