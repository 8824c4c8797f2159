"""Rows of training data in the forms that people have them in: pairs, chats, instructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from journal import TaskError

Turn = dict[str, str]
"""A message with its role and its content."""

_PAIRS = (
    ("prompt", "completion"), ("question", "answer"), ("input", "output"), ("source", "target"), ("prompt", "response"),
    ("instruction", "response"), ("query", "response"), ("query", "answer"),
)  # fmt: skip
_CHATS = ("messages", "conversations", "conversation")
_ROLES = {
    "user": "user", "human": "user", "prompter": "user", "assistant": "assistant", "gpt": "assistant",
    "model": "assistant", "bot": "assistant", "chatgpt": "assistant", "system": "system",
}  # fmt: skip
KNOWN = (
    "prompt and completion, question and answer, input and output; messages or conversations; "
    "instruction, input and output"
)


def conversations_of(row: Mapping[str, Any], columns: tuple[str, str] | None, place: str) -> list[Turn]:
    """Return a row as the turns of a conversation that ends with what is to be learnt.

    ``columns`` are those of prompt and completion, or None to know the form by the columns there are: pairs under
    their usual names; ``messages`` (OpenAI, TRL) or ``conversations`` (ShareGPT); ``instruction``, ``input`` and
    ``output`` (Alpaca); or ``prompt`` and ``completion`` that are lists of messages (TRL). Raises TaskError with the
    place of a row that is in none.
    """
    names = {str(name).lower(): name for name in row}
    if columns:
        return _pair(row, columns, place)
    for name in _CHATS:
        if name in names:
            return _chat(row[names[name]], f"{place}: column '{name}'")
    if "instruction" in names and "output" in names:
        given = str(row.get(names["input"]) or "").strip() if "input" in names else ""
        asked = _text(row, names["instruction"], place)
        told = f"{asked}\n\n{given}" if given else asked
        system = _text(row, names["system"], place) if str(row.get(names.get("system", ""), "") or "").strip() else ""
        turns = [_turn("user", told), _turn("assistant", _text(row, names["output"], place))]
        return [*([_turn("system", system)] if system else []), *turns]
    for prompt, completion in _PAIRS:
        if prompt in names and completion in names:
            return _pair(row, (names[prompt], names[completion]), place)
    have = ", ".join(map(str, row)) or "nothing"
    raise TaskError(f"{place}: no columns for what is asked and answered (there is {have}); known are {KNOWN}")


def _pair(row: Mapping[str, Any], columns: tuple[str, str], place: str) -> list[Turn]:
    prompt, completion = columns
    for column in columns:
        if column not in row:
            have = ", ".join(map(str, row)) or "nothing"
            raise TaskError(
                f"{place}: no column '{column}' (there is {have}); name it as prompt_column or completion_column"
            )
    asked, answered = row[prompt], row[completion]
    if isinstance(asked, list) or isinstance(answered, list):
        before = (
            _turns(asked, f"{place}: column '{prompt}'") if isinstance(asked, list) else [_turn("user", str(asked))]
        )
        after = (
            _turns(answered, f"{place}: column '{completion}'")
            if isinstance(answered, list)
            else [_turn("assistant", str(answered))]
        )
        return _checked([*before, *after], place)
    return [_turn("user", _text(row, prompt, place)), _turn("assistant", _text(row, completion, place))]


def _chat(value: Any, place: str) -> list[Turn]:
    return _checked(_turns(value, place), place)


def _turns(value: Any, place: str) -> list[Turn]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise TaskError(f"{place} is no list of messages, each with role and content")
    turns = []
    for one in value:
        role = one.get("role", one.get("from")) if isinstance(one, Mapping) else None
        content = one.get("content", one.get("value")) if isinstance(one, Mapping) else None
        if str(role).lower() not in _ROLES:
            raise TaskError(f"{place}: a message of '{role}'; known are system, user (human) and assistant (gpt)")
        if isinstance(content, list):  # parts, of which text alone can be learnt
            content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
        if not isinstance(content, str) or not content.strip():
            raise TaskError(f"{place}: a message of '{role}' has no text")
        turns.append(_turn(_ROLES[str(role).lower()], content.strip()))
    return turns


def _checked(turns: list[Turn], place: str) -> list[Turn]:
    while turns and turns[-1]["role"] != "assistant":
        turns = turns[:-1]  # a question without an answer teaches nothing
    if not turns or not any(turn["role"] == "user" for turn in turns):
        raise TaskError(f"{place} has no answer of an assistant to a user")
    return turns


def _text(row: Mapping[str, Any], column: str, place: str) -> str:
    value = row.get(column)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise TaskError(f"{place}: column '{column}' has no text")
    return value.strip()


def _turn(role: str, content: str) -> Turn:
    return {"role": role, "content": content}
