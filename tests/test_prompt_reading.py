"""What a model does not read of a prompt is told: words past its length, and words that it was never trained on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("transformers")
pytest.importorskip("emoji_scenes")
import emoji_scenes
from journal_tasks.diffusion.prompts import read_prompt
from transformers import AutoTokenizer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pipeline() -> SimpleNamespace:
    """The tokenizer of emoji scenes, of 32 tokens, whose vocabulary was made from its captions."""
    folder = next(Path(emoji_scenes.__file__).parent.rglob("tokenizer_config.json")).parent
    return SimpleNamespace(tokenizer=AutoTokenizer.from_pretrained(folder))


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("a horse riding an astronaut", ()),
        ("A drawing of a cat beside a dog on a green background", ()),
        ("two cats beside a cottage", ("two", "cats", "cottage")),
        ("a photorealistic horse", ("photorealistic",)),
    ],
)
def test_words_that_the_model_was_never_trained_on_are_named(
    pipeline: SimpleNamespace, prompt: str, unknown: tuple[str, ...]
) -> None:
    assert set(unknown) <= set(read_prompt(pipeline, prompt).unknown)
    assert bool(read_prompt(pipeline, prompt).note) == bool(unknown)


def test_words_past_the_models_length_are_named(pipeline: SimpleNamespace) -> None:
    prompt = "a cat beside a dog " * 8 + "on a green background"
    reading = read_prompt(pipeline, prompt)
    assert reading.tokens == len(pipeline.tokenizer(prompt)["input_ids"]) > reading.most == 32
    kept = prompt.removesuffix(reading.cut)
    assert (
        len(pipeline.tokenizer(kept)["input_ids"])
        <= 32
        < len(pipeline.tokenizer(kept + reading.cut.split()[0])["input_ids"])
    )
    assert reading.cut.endswith("on a green background") and reading.cut in reading.note


def test_a_pipeline_without_a_tokenizer_says_nothing() -> None:
    assert read_prompt(SimpleNamespace(), "a cat").note == ""


def test_a_second_tokenizer_that_reads_it_all_is_enough(pipeline: SimpleNamespace) -> None:
    long = AutoTokenizer.from_pretrained(pipeline.tokenizer.name_or_path, model_max_length=512)
    both = SimpleNamespace(tokenizer=pipeline.tokenizer, tokenizer_2=long)
    assert read_prompt(both, "a cat beside a dog " * 8).note == ""
