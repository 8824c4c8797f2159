"""Prompt and completion pairs: read from a file, and made into tokens of which only the completion's are targets."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journal import TaskError

from .language_model import LanguageModel

SPLIT = "split"
_LEARNT = ("train", "training", "learn")
_HELD_OUT = ("held-out", "held_out", "heldout", "test", "validation", "valid", "val", "dev", "eval")
IGNORED = -100
"""The label of a token that does not count in the loss (PyTorch's ``ignore_index``)."""


@dataclass(frozen=True)
class Pair:
    """What a model is asked and what it should answer."""

    prompt: str
    completion: str
    is_held_out: bool | None = None
    """Whether its file keeps it for measuring; None where that doesn't say."""


@dataclass(frozen=True)
class Example:
    """A pair as the network reads it: token ids, and the same again as labels, IGNORED up to the completion."""

    input_ids: list[int]
    labels: list[int]
    truncated: bool

    @property
    def target_tokens(self) -> int:
        """How many tokens count in the loss."""
        return sum(label != IGNORED for label in self.labels)


def read_pairs(path: Path, prompt_column: str, completion_column: str) -> list[Pair]:
    """Read JSON lines (.jsonl) or a table (.csv, .tsv); raises TaskError with the line where a pair is not whole.

    A column ``split`` says which pairs are to be learnt and which are held out.
    """
    wanted = (prompt_column, completion_column)
    try:
        pairs = [
            Pair(*_pick(row, wanted, f"{path.name}:{line}"), _is_held_out(row, f"{path.name}:{line}"))
            for line, row in _rows(path)
        ]
    except UnicodeDecodeError as error:
        raise TaskError(f"{path.name} is not UTF-8 text") from error
    if not pairs:
        raise TaskError(f"{path.name} has no rows to learn from")
    return pairs


def encode(pair: Pair, model: LanguageModel, max_length: int) -> Example:
    """Return a pair in the model's chat template; only the completion and the token that ends it are targets."""
    head, tail = _render(pair, model)
    before = model.tokenizer(head, add_special_tokens=False)["input_ids"]
    after = _up_to_end(model.tokenizer(tail, add_special_tokens=False)["input_ids"], model.end_tokens)
    tokens = [*before, *after]
    labels = [*([IGNORED] * len(before)), *after]
    return Example(tokens[:max_length], labels[:max_length], len(tokens) > max_length)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if path.suffix == ".jsonl":
        return _json_rows(path)
    if path.suffix in (".csv", ".tsv"):
        return _table_rows(path)
    raise TaskError(f"{path.name} is no table of pairs: .jsonl, .csv or .tsv is needed")


def _json_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise TaskError(f"{path.name}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise TaskError(f"{path.name}:{number}: each line must be an object with named columns")
        yield number, row


def _table_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t" if path.suffix == ".tsv" else ",")
        for row in reader:
            yield reader.line_num, row


def _pick(row: Mapping[str, Any], columns: tuple[str, str], place: str) -> tuple[str, str]:
    for column in columns:
        value = row.get(column)
        if column not in row:
            have = ", ".join(str(name) for name in row) or "nothing"
            raise TaskError(
                f"{place}: no column '{column}' (there is {have}); name it as prompt_column or completion_column"
            )
        if not isinstance(value, str) or not value.strip():
            raise TaskError(f"{place}: column '{column}' has no text")
    return row[columns[0]].strip(), row[columns[1]].strip()


def _is_held_out(row: Mapping[str, Any], place: str) -> bool | None:
    value = row.get(SPLIT)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    word = str(value).strip().lower()
    if word not in (*_LEARNT, *_HELD_OUT):
        raise TaskError(f"{place}: split is '{value}'; write train or held-out (or test, validation)")
    return word in _HELD_OUT


def _render(pair: Pair, model: LanguageModel) -> tuple[str, str]:
    """Return what the model reads before it answers, and its answer with what the template puts behind it."""
    asked = [{"role": "user", "content": pair.prompt}]
    head = model.render_chat(asked)
    whole = model.render_chat([*asked, {"role": "assistant", "content": pair.completion}], answering=False)
    if whole.startswith(head):
        return head, whole[len(head) :]
    return head, f"{pair.completion}{model.tokenizer.eos_token}"  # a template that rewrites earlier turns


def _up_to_end(tokens: list[int], ends: list[int]) -> list[int]:
    end = next((place for place, token in enumerate(tokens) if token in ends), None)
    return [*tokens, *ends[:1]] if end is None else tokens[: end + 1]
