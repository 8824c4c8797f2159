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
from .pair_formats import Turn, conversations_of

SPLIT = "split"
_TOO_MANY = "\0more"
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
    before: tuple[Turn, ...] = ()
    """What was said before the prompt, a system prompt first."""
    conversation: int = -1
    """Which of several conversations it is from; -1 for one that stands alone."""


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


def read_pairs(path: Path, prompt_column: str = "", completion_column: str = "") -> list[Pair]:
    """Read JSON, JSON lines, CSV, TSV or Parquet; raises TaskError with the line where a row can't be learnt.

    Without names of columns the form is known by those there are (``conversations_of``). Each answer of a conversation
    is a pair. A column ``split`` says which pairs are to be learnt and which are held out.
    """
    wanted = (prompt_column or "prompt", completion_column or "completion")
    columns = wanted if prompt_column or completion_column else None
    pairs: list[Pair] = []
    try:
        for number, (line, row) in enumerate(_rows(path)):
            place = f"{path.name}:{line}"
            turns, held_out = conversations_of(row, columns, place), _is_held_out(row, place)
            pairs += _pairs_of(turns, held_out, number)
    except UnicodeDecodeError as error:
        raise TaskError(f"{path.name} is not UTF-8 text") from error
    if not pairs:
        raise TaskError(f"{path.name} has no rows to learn from")
    return pairs


def _pairs_of(turns: list[Turn], held_out: bool | None, number: int) -> Iterator[Pair]:
    """Yield a pair for each answer of a conversation."""
    answers = [place for place, turn in enumerate(turns) if turn["role"] == "assistant" and place]
    for place in answers:
        if turns[place - 1]["role"] == "user":
            prompt, completion = turns[place - 1]["content"], turns[place]["content"]
            several = number if len(answers) > 1 else -1
            yield Pair(prompt, completion, held_out, tuple(turns[: place - 1]), several)


def encode(pair: Pair, model: LanguageModel, max_length: int) -> Example:
    """Return a pair in the model's chat template; only the completion and the token that ends it are targets."""
    head, tail = _render(pair, model)
    before = model.tokenizer(head, add_special_tokens=False)["input_ids"]
    after = _up_to_end(model.tokenizer(tail, add_special_tokens=False)["input_ids"], model.end_tokens)
    tokens = [*before, *after]
    labels = [*([IGNORED] * len(before)), *after]
    return Example(tokens[:max_length], labels[:max_length], len(tokens) > max_length)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    readers = {
        ".jsonl": _json_rows, ".json": _json_list, ".csv": _table_rows, ".tsv": _table_rows, ".parquet": _parquet_rows,
    }  # fmt: skip
    if path.suffix not in readers:
        raise TaskError(f"{path.name} is no table of pairs: {', '.join(readers)} are known")
    return readers[path.suffix](path)


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


def _json_list(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the objects of a list, or of the one list in an object; their places are numbers in the list."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise TaskError(f"{path.name}: not JSON: {error}; for an object on each line, name it .jsonl") from error
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise TaskError(f"{path.name}: a list of objects with named columns is needed")
    yield from enumerate(found, 1)


def _table_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        head = stream.readline()
        stream.seek(0)
        delimiter = "\t" if path.suffix == ".tsv" else max(",;\t", key=head.count)
        reader = csv.DictReader(stream, delimiter=delimiter, restkey=_TOO_MANY)
        for row in reader:
            if _TOO_MANY in row:
                raise TaskError(f"{path.name}:{reader.line_num}: more cells than the header names; quote a text that "
                                f"has '{delimiter}' in it")  # fmt: skip
            yield reader.line_num, row


def _parquet_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table
    except ImportError as error:
        raise TaskError(
            f"{path.name} needs pyarrow: pip install 'journal-in-public[parquet]', or give the data as .jsonl"
        ) from error
    try:
        yield from enumerate(read_table(path).to_pylist(), 1)
    except (ArrowException, OSError) as error:
        raise TaskError(f"{path.name} can't be read as Parquet: {error}") from error


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
    asked = [*pair.before, {"role": "user", "content": pair.prompt}]
    head = model.render_chat(asked)
    whole = model.render_chat([*asked, {"role": "assistant", "content": pair.completion}], answering=False)
    if whole.startswith(head):
        return head, whole[len(head) :]
    return head, f"{pair.completion}{model.tokenizer.eos_token}"  # a template that rewrites earlier turns


def _up_to_end(tokens: list[int], ends: list[int]) -> list[int]:
    end = next((place for place, token in enumerate(tokens) if token in ends), None)
    return [*tokens, *ends[:1]] if end is None else tokens[: end + 1]
