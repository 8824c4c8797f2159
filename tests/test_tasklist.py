"""Claims about the words in which a task's parameters are explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest

from journal import Field
from journal.ask.tasks import explain_task, type_words
from journal.plan.registry import read_registry


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


@pytest.mark.parametrize("name", ["audio.clip", "diffusion.sample", "factor.analysis", "llm.lora", "llm.prompt"])
def test_tasks_that_ship_are_explained_without_the_words_of_python(name: str, tmp_path: Path) -> None:
    told = explain_task(read_registry(tmp_path / "plugins"), name)
    assert not any(word in line for line in told for word in ("Annotated", "FieldInfo", "Union", "Literal", "None"))
    assert all(len(line) <= 100 for line in told[4:])
