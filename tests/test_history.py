"""journal history: what a question was answered over the days, from the stored answers alone."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import Space, entry_name

from journal.api.answers import AnswerStore

QUESTION = "How many kinds of human beings are there?"


def answer(space: Space, day: int, text: str, step: str = "ask", **asked: object) -> None:
    """Keep an answer beside the entry of a day, as a step that asked a model does."""
    store = AnswerStore(space.root / f"entries/{entry_name(day)}/{step}/answers.jsonl")
    about = {"question": asked.pop("question", QUESTION), "strategy": "zero-shot", "model": "small"}
    about |= {name: asked.pop(name) for name in ("strategy", "model", "adapter", "server", "part") if name in asked}
    settings = {"max_new_tokens": 128, "temperature": asked.pop("temperature", 0.0), "repetition_penalty": 1.0}
    key = {"prompt": QUESTION, "model": about["model"], "adapter": "", "server": "", "seed": 0, "sample": 0}
    store.add({**key, "settings": settings, **asked}, {"text": text, "end": "stop", "tokens": 2}, about)


@pytest.fixture
def answered(space: Space) -> Space:
    for day in (131, 132, 133):
        space.entry(day=day)
    answer(space, 131, "Two.")
    answer(space, 132, "There are\nnine.", strategy="few-shot")
    answer(space, 133, "Nine.", model="org/big", server="mine", temperature=0.7, sample=1)
    answer(space, 133, "Nine, aye.", adapter="adapter", prompt="another")
    answer(space, 133, "Blue.", question="What colour is the sky?", prompt="sky")
    return space


def test_a_question_over_days_models_adapters_servers_and_strategies(answered: Space) -> None:
    lines = answered.run("history", QUESTION, check=0).out.splitlines()
    assert lines[0] == f"{QUESTION}: 4 answers, 3 days, 2 models"
    assert lines[1].split() == ["day", "step", "strategy", "model", "server", "settings", "tokens", "answer"]
    assert lines[3].split() == ["132", "ask", "few-shot", "small", "2", "There", "are", "nine."]
    assert lines[4].split()[3:] == ["org/big", "mine", "temperature", "0.7,", "sample", "1", "2", "Nine."]
    assert len(lines) == 6


def test_a_part_of_the_question_in_any_case_will_do(answered: Space) -> None:
    whole = answered.run("history", QUESTION, check=0).out
    assert answered.run("history", "how  many KINDS of human beings", check=0).out == whole


def test_a_question_nobody_asked_names_the_nearest(answered: Space) -> None:
    said = answered.run("history", "What colour is the sea?", check=2).err
    assert "nothing was asked by the words 'What colour is the sea?'; did you mean 'What colour is the sky?'?" in said


def test_programs_get_all_of_it(answered: Space) -> None:
    found = json.loads(answered.run("history", QUESTION, "--json", check=0).out)
    assert [(one["day"], one["answer"]["text"]) for one in found["answers"]] == [
        (131, "Two."),
        (132, "There are\nnine."),
        (133, "Nine."),
        (133, "Nine, aye."),
    ]
    assert found["answers"][2]["asked"]["settings"]["temperature"] == 0.7
    assert found["tries"] == []


def test_what_was_asked_again_counts_once_and_reasoning_not_at_all(answered: Space) -> None:
    answer(answered, 131, "Nine after all.")
    answer(answered, 131, "Let me think.", part="reasoning", prompt="other")
    found = json.loads(answered.run("history", QUESTION, "--json", check=0).out)["answers"]
    assert [one["answer"]["text"] for one in found if one["day"] == 131] == ["Nine after all."]


def test_the_questions_of_all_days_are_listed(answered: Space) -> None:
    lines = answered.run("history", "--asked", check=0).out.splitlines()
    assert lines == [
        f"{QUESTION}: 4 answers, 3 days, 2 models",
        "What colour is the sky?: 1 answer, 1 day, 1 model",
    ]


def test_the_answers_alone_are_enough(answered: Space) -> None:
    """No report, no store and no database is asked."""
    before = answered.run("history", QUESTION, check=0).out
    shutil.rmtree(answered.root / ".journal", ignore_errors=True)
    shutil.rmtree(answered.root / "plugins")
    assert answered.run("history", QUESTION, check=0).out == before


def test_a_workspace_where_nothing_was_asked_says_so(space: Space) -> None:
    assert "nothing was asked yet" in space.run("history", "--asked", check=0).out
    assert "no step asked a model or made pictures yet" in space.run("history", "Why?", check=2).err


def test_what_a_model_said_cannot_move_the_cursor(space: Space) -> None:
    space.entry()
    answer(space, 133, "red \x1b[31m alert")
    assert "red \\x1b[31m alert" in space.run("history", QUESTION, check=0).out


def test_there_are_at_most_24_commands() -> None:
    from journal.cli.group import GROUPS

    brought = ["clips", "dataset", "verdict"]
    assert len({*(name for names in GROUPS.values() for name in names), *brought}) <= 24
