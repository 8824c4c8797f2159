"""Held-out pairs: nothing of them is learnt, scores are sacrebleu's chrF, and packing changes no loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_tasks.llm.chrf import chrf, chrf_differences, chrf_interval
from journal_tasks.llm.data_set import split_pairs
from journal_tasks.llm.held_out import ADAPTER, COPY, FEW, ZERO, HeldOut, add_held_out
from journal_tasks.llm.language_model import load_language_model
from journal_tasks.llm.packing import can_pack, common_start, packed_loss
from journal_tasks.llm.pairs import Pair, encode, read_pairs
from journal_tasks.llm.training import batch_loss
from test_task_llm_lora import PHRASEBOOK, make_tiny_model

from journal import Context, Report, TaskError

WORDS = st.sampled_from(["ken", "wee", "hoose", "a", "gaun", "the", "Ah"])
TEXTS = st.lists(WORDS, max_size=7).map(" ".join)


@given(st.lists(st.tuples(TEXTS, TEXTS.filter(bool)), min_size=1, max_size=8))
def test_chrf_is_that_of_sacrebleu(texts: list[tuple[str, str]]) -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    given_texts, expected = ([text[side] for text in texts] for side in (0, 1))
    assert chrf(given_texts, expected) == pytest.approx(sacrebleu.corpus_chrf(given_texts, [expected]).score, abs=1e-9)


def test_intervals_hold_the_score_and_differences_are_paired() -> None:
    expected = [f"sentence number {n} of many" for n in range(40)]
    good = [text if n % 3 else text[:9] for n, text in enumerate(expected)]
    bad = [text[:9] for text in good]
    score, gain = chrf_interval(good, expected), chrf_differences(good, bad, expected)
    assert score.low < score.value < score.high
    assert gain.value == pytest.approx(score.value - chrf(bad, expected))
    assert gain.low > 0
    same = chrf_differences(good, good, expected)
    assert (same.low, same.value, same.high) == (0, 0, 0)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=40), st.integers(0, 99))
def test_no_prompt_and_no_answer_is_on_both_sides(numbers: list[tuple[int, int]], seed: int) -> None:
    """However prompts and answers are shared, and spelt."""
    pairs = [Pair(f"Prompt {a}" + "!" * (place % 2), f"ANSWER {b}") for place, (a, b) in enumerate(numbers)]
    learnt, measured, words = split_pairs(pairs, 0.3, seed)
    assert sorted(map(id, learnt + measured)) == sorted(map(id, pairs))
    assert learnt
    for side in ("prompt", "completion"):
        own = {getattr(pair, side).rstrip("!").lower() for pair in learnt}
        assert not own & {getattr(pair, side).rstrip("!").lower() for pair in measured}
    assert len(measured) <= round(0.3 * len(pairs))
    assert "stay on one side" in words


def test_a_phrase_said_thrice_is_on_one_side() -> None:
    """36 clips of 12 phrases once gave a held-out part that was all in training."""
    pairs = [Pair(f"clip {phrase}-{time}", f"phrase {phrase}") for phrase in range(12) for time in range(3)]
    learnt, measured, _ = split_pairs(pairs, 0.25, 1)
    assert len(measured) == 9
    assert not {pair.completion for pair in learnt} & {pair.completion for pair in measured}


def test_a_files_own_split_is_followed_and_told_where_it_leaks() -> None:
    pairs = [Pair("a", "x", False), Pair("b", "y", False), Pair("c", "X!", True), Pair("d", "z", True)]
    learnt, measured, words = split_pairs(pairs, 0.5, 0)
    assert [pair.prompt for pair in learnt] == ["a", "b"]
    assert [pair.prompt for pair in measured] == ["c", "d"]
    assert "1 of those held out have a prompt or answer that is learnt too" in words


def test_a_word_that_is_no_split_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("prompt,completion,split\na,b,train\nc,d,perhaps\n")
    with pytest.raises(TaskError, match=r"p\.csv:3: split is 'perhaps'; write train or held-out"):
        read_pairs(path, "prompt", "completion")


def test_the_phrasebook_keeps_what_is_held_out_apart() -> None:
    pairs = read_pairs(PHRASEBOOK, "prompt", "completion")
    learnt, measured, words = split_pairs(pairs, 0.1, 0)
    assert (len(learnt) >= 300, len(measured), words) == (True, 40, "split by the data's own column")
    known = {pair.prompt.lower() for pair in learnt}
    for pair in measured:
        words_of = set(pair.prompt.lower().split())
        assert all(len(words_of ^ set(other.split())) > 2 for other in known), pair.prompt


@pytest.fixture
def tiny(tmp_path: Path) -> Any:
    make_tiny_model(tmp_path / "tiny")
    return load_language_model(Context(out=tmp_path, root=tmp_path).model("./tiny"), threads=1)


PAIRS = [Pair("a b?", "b"), Pair("a b c a?", "c a b"), Pair("a?", "a a a a"), Pair("a b b?", "b")]


def test_a_packed_batch_has_the_loss_and_the_gradients_of_a_padded_one(tiny: Any) -> None:
    examples = [encode(pair, tiny, 64) for pair in PAIRS]
    assert common_start(examples) > 0
    network = tiny.network.requires_grad_(True)
    found = {}
    for name in ("padded", "packed"):
        network.zero_grad()
        loss = packed_loss(network, examples) if name == "packed" else batch_loss(network, examples, 0)
        loss.backward()
        found[name] = (loss.item(), [one.grad.clone() for one in network.parameters() if one.grad is not None])
    assert found["packed"][0] == pytest.approx(found["padded"][0], rel=1e-5)
    for one, other in zip(found["packed"][1], found["padded"][1], strict=True):
        assert float((one - other).abs().max()) < 1e-5
    assert can_pack(network, examples, 0)


def test_an_example_does_not_see_another(tiny: Any) -> None:
    """Its loss is the same whoever shares the row."""
    one, *others = [encode(pair, tiny, 64) for pair in PAIRS]
    apart = [packed_loss(tiny.network, [one, other]).item() for other in others]
    alone = [batch_loss(tiny.network, [other], 0).item() * other.target_tokens for other in (one, *others)]
    for loss, other, its in zip(apart, others, alone[1:], strict=True):
        together = (alone[0] + its) / (one.target_tokens + other.target_tokens)
        assert loss == pytest.approx(together, rel=1e-5)


@pytest.mark.parametrize(
    ("adapter", "said"),
    [("expected", "The adapter beats the best of the others, copying the prompt, by"), ("junk", "better left off")],
)
def test_the_verdict_says_what_the_adapter_is_worth(adapter: str, said: str) -> None:
    pairs = [Pair(f"I am going home {n}", f"Ah'm gaun hame {n}") for n in range(30)]
    own = [pair.completion if adapter == "expected" else "zzz" for pair in pairs]
    junk = ["nothing of it"] * 30
    answers = {COPY: [pair.prompt for pair in pairs], ZERO: junk, FEW: junk, ADAPTER: own}
    report = Report()
    add_held_out(report, HeldOut(pairs, answers, 30))
    assert any(said in getattr(item, "markdown_text", getattr(item, "text", "")) for item in report.items)


_SAID = [("system", "Be brief."), ("user", "Hi"), ("assistant", "Aye?"), ("user", "Home?"), ("assistant", "Hame")]
CHAT = [{"role": role, "content": content} for role, content in _SAID]
FORMS = {
    "pairs.jsonl": '{"question": "Home?", "answer": "Hame"}\n',
    "alpaca.json": '[{"instruction": "Say it in Scots", "input": "Home?", "output": "Hame"}]',
    "without-input.json": '{"data": [{"instruction": "Home?", "input": "", "output": "Hame"}]}',
    "trl.jsonl": '{"prompt": [{"role": "user", "content": "Home?"}], '
    '"completion": [{"role": "assistant", "content": "Hame"}]}',
    "sharegpt.json": '[{"conversations": [{"from": "human", "value": "Home?"}, {"from": "gpt", "value": "Hame"}]}]',
    "semicolon.csv": "Prompt;Completion\nHome?;Hame\n",
    "tab.tsv": "input\toutput\nHome?\tHame\n",
    "parts.jsonl": '{"messages": [{"role": "user", "content": [{"type": "text", "text": "Home?"}]}, '
    '{"role": "assistant", "content": "Hame"}]}',
}


@pytest.mark.parametrize("name", FORMS)
def test_training_data_are_read_in_the_forms_that_people_have_them_in(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMS[name])
    (pair,) = read_pairs(tmp_path / name)
    assert pair.completion == "Hame"
    assert pair.prompt == ("Say it in Scots\n\nHome?" if name == "alpaca.json" else "Home?")
    assert pair.before == ()


def test_each_answer_of_a_chat_is_learnt_after_what_was_said_and_stays_with_its_chat(tmp_path: Path) -> None:
    import json

    (tmp_path / "c.jsonl").write_text(f"{json.dumps({'messages': CHAT})}\n" + '{"prompt": "a", "completion": "b"}\n')
    first, second, alone = read_pairs(tmp_path / "c.jsonl")
    assert (first.prompt, first.completion, first.before) == ("Hi", "Aye?", tuple(CHAT[:1]))
    assert (second.prompt, second.completion, second.before) == ("Home?", "Hame", tuple(CHAT[:3]))
    for seed in range(10):
        learnt, _, _ = split_pairs([first, second, alone], 0.7, seed)
        assert (first in learnt) == (second in learnt)


def test_parquet_is_read_where_pyarrow_is(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"messages": [CHAT[:3]], "split": ["test"]})
    parquet.write_table(table, tmp_path / "c.parquet")
    (pair,) = read_pairs(tmp_path / "c.parquet")
    assert (pair.prompt, pair.completion, pair.is_held_out) == ("Hi", "Aye?", True)
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(TaskError, match=r"bad\.parquet can't be read as Parquet"):
        read_pairs(tmp_path / "bad.parquet")
