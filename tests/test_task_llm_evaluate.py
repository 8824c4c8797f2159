"""llm.evaluate: questions as they are read, marks, what each strategy sends, likelihoods beside another program's."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import pytest
from chat_servers import ChatServer, completion, serving
from conftest import Space
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks.llm.answers import LocalAnswerer
from journal_tasks.llm.evaluation.choices import Likelihoods, log_likelihoods
from journal_tasks.llm.evaluation.conversations import question_for, style_of
from journal_tasks.llm.evaluation.evaluate import evaluate
from journal_tasks.llm.evaluation.paired import pair_marks
from journal_tasks.llm.evaluation.questions import KnownQuestion, read_questions
from journal_tasks.llm.evaluation.scores import mark, number_in, plain
from journal_tasks.llm.generation import Decoding, Prompt, generate
from journal_tasks.llm.language_model import LanguageModel, load_language_model, quiet
from journal_tasks.llm.prompt import prompt
from test_task_llm_prompt import MODELS, make_tiny_model

from journal import Context, Report, TaskError
from journal.api.answers import KeptAnswer
from journal.api.items import Part, Quote, Table, Text
from journal.api.report_file import read_report, write_report
from journal.ask.asked import DayAnswer
from journal.record import Record
from journal.record.ledger import Ledgers
from journal.render import BlockPage, render_report
from journal.text.servers import Server
from journal.text.workspace import Workspace

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "data/questions/general.jsonl"
LM_EVAL = json.loads((ROOT / "tests/references/choices/lm_eval.json").read_text())
"""By lm-evaluation-harness 0.4.13, see tests/references/choices."""


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    out = tmp_path / "out"
    out.mkdir()
    return Context(out=out, root=tmp_path, models=MODELS)


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return make_tiny_model(tmp_path / "tiny")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def sums(path: Path, count: int = 6, **more: Any) -> Path:
    return write(path, [{"text": f"What is {n} plus {n}?", "expected": 2 * n, **more} for n in range(1, count + 1)])


def tables(report: Report) -> dict[str, Table]:
    return {item.name or item.title: item for item in report.items if isinstance(item, Table)}


def results(report: Report) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(report.outputs["answers"]).read_text().splitlines()]


# --- likelihoods


@pytest.fixture(scope="module")
def smollm(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    context = Context(out=tmp_path_factory.mktemp("out"), models=MODELS)
    return load_language_model(context.model("default-llm"), threads=2)


@pytest.mark.models
def test_likelihoods_of_choices_are_those_of_lm_evaluation_harness(smollm: LanguageModel) -> None:
    """One hundred questions, each choice of each, and both of its accuracies."""
    known = read_questions(QUESTIONS)
    right = right_by_length = 0
    for question, expected in zip(known, LM_EVAL["log_likelihoods"], strict=True):
        asked = Prompt(f"Question: {question.text}\nAnswer:", [])
        values = log_likelihoods(smollm, asked, [f" {choice}" for choice in question.choices])
        assert values == pytest.approx(expected, abs=2e-3)
        found = Likelihoods(question.choices, tuple(values))
        right += found.best == question.right_choice
        right_by_length += found.best_by_length == question.right_choice
    assert (right / 100, right_by_length / 100) == (LM_EVAL["acc"], LM_EVAL["acc_norm"])


def test_a_likelihood_is_the_product_of_the_next_tokens(ctx: Context, tiny: str) -> None:
    """Token by token, one forward pass each."""
    import torch

    model = load_language_model(ctx.model(tiny), threads=1)
    values = log_likelihoods(model, Prompt("Why? ", []), ["so", "because of this"])
    for continuation, value in zip(["so", "because of this"], values, strict=True):
        ids = model.tokenizer(f"Why? {continuation}", add_special_tokens=False)["input_ids"]
        expected = 0.0
        for place in range(4, len(ids)):  # each byte is a token; the blank goes over to the choice
            with torch.no_grad():
                logits = model.network(torch.tensor([ids[:place]])).logits[0, -1]
            expected += float(torch.log_softmax(logits, -1)[ids[place]])
        assert value == pytest.approx(expected, abs=1e-4)


def test_choices_are_computed_once_and_kept(ctx: Context, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": "Aye or no?", "expected": "aye", "choices": ["aye", "no"], "tags": ["words"]}]
    asked = write(ctx.root / "q.jsonl", rows)
    first = evaluate(asked, ctx, models=(tiny,), strategies=("completion", "zero-shot"))
    monkeypatch.setattr("journal_tasks.llm.evaluation.choices.log_likelihoods", None)
    again = evaluate(asked, ctx, models=(tiny,), strategies=("zero-shot", "completion"))
    assert sorted(map(str, results(again))) == sorted(map(str, results(first)))


# --- questions


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"text": "How many?", "expected": ["two", "2"], "choices": [], "tags": ["n"]}\n'),
        ("q.yaml", "- question: How many?\n  answer: [two, 2]\n  tags: n\n"),
        ("q.yml", "- {prompt: 'How many?', expected: [two, 2], tags: [n]}\n"),
    ],
)
def test_questions_are_read_from_lines_and_yaml(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_questions(tmp_path / name) == [KnownQuestion("How many?", ("two", "2"), (), ("n",))]


def test_questions_are_read_from_csv_with_choices_between_bars(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text('text;expected;choices;tags\n"Yes; or no?";no;yes | no;a|b\n')
    assert read_questions(tmp_path / "q.csv") == [KnownQuestion("Yes; or no?", ("no",), ("yes", "no"), ("a", "b"))]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("q.jsonl", "\n", "q.jsonl has no questions"),
        ("q.jsonl", '{"text": "a"}\n', "q.jsonl:1: nothing is expected"),
        ("q.jsonl", '{"expected": "a"}\n', "q.jsonl:1: there is no question"),
        ("q.jsonl", '\n{"text": "a", "expected": "b"\n', "q.jsonl:2: not JSON"),
        ("q.jsonl", "[1]\n", "q.jsonl:1: each question must have names"),
        ("q.jsonl", '{"text": "a", "expectd": "b"}\n', "q.jsonl:1: 'expectd' is none of text, expected"),
        ("q.jsonl", '{"text": "a", "expected": true}\n', "q.jsonl:1: expected is true; write text, in quotes"),
        ("q.jsonl", '{"text": "a", "expected": "b", "choices": ["c", "d"]}\n', "q.jsonl:1: 'b' is expected, which"),
        ("q.jsonl", '{"text": "a", "expected": "b", "choices": ["b", "b"]}\n', "q.jsonl:1: choices are b, b"),
        ("q.jsonl", '{"text": "a", "expected": "b"}\n' * 2, "q.jsonl:2: the same question stands at q.jsonl:1"),
        ("q.csv", "text,expected\na,b,c\n", "q.csv:2: more cells than the header names"),
        ("q.yaml", "a: b: c\n", "q.yaml:1: not YAML"),
        ("q.yaml", "text: a\n", "q.yaml: a list of questions is needed"),
        (
            "q.yaml",
            "- {text: Is it so, expected: yes}\n",
            "q.yaml, question 1: expected is true; write text, in quotes",
        ),
        ("q.txt", "a", "q.txt is no file of questions"),
    ],
)
def test_what_is_no_question_is_one_line_with_its_place(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(TaskError) as caught:
        read_questions(tmp_path / name)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


# --- marks


@pytest.mark.parametrize(
    ("score", "answer", "expected", "right"),
    [
        ("exact", " “Honey.” ", "honey", True),
        ("exact", "It is honey", "honey", False),
        ("exact", ".5", "5", False),
        ("exact", "The  Nile", "the nile", True),
        ("contains", "It is honey, I think.", "honey", True),
        ("contains", "honeymoon", "honey", False),
        ("contains", "in C++ it is", "C++", True),
        ("number", "2 + 2 makes 4.", "4", True),
        ("number", "There are 1,234 of them", "1234", True),
        ("number", "−3", "-3", True),
        ("number", "It is .5", "0.5", True),
        ("number", "1e3 in all", "1000", True),
        ("number", "40", "4", False),
        ("number", "four", "4", False),
        ("regex", "about 12 km", r"\b1[12] km", True),
        ("regex", "about 13 km", r"\b1[12] km", False),
    ],
)
def test_answers_are_marked(score: Any, answer: str, expected: str, right: bool) -> None:
    assert mark(answer, KnownQuestion("?", (expected,)), score) == right


def test_any_of_several_expected_texts_is_right() -> None:
    known = KnownQuestion("?", ("two", "2"))
    assert [mark(answer, known, "exact") for answer in ("2", "Two.", "three")] == [1, 1, 0]
    assert mark("two", known, "chrF") == 100


@given(st.text())
def test_every_text_is_exactly_itself(text: str) -> None:
    assert mark(text, KnownQuestion("?", (text,)), "exact") == 1
    assert plain(plain(text)) == plain(text)


@given(st.integers(-(10**9), 10**9))
def test_numbers_are_found_however_they_are_written(number: int) -> None:
    for written in (f"{number}", f"it is {number:,}.", f"1 and {number}!", f"({number}.0)"):
        assert number_in(written) == number


def test_the_exact_test_is_that_of_a_fair_coin() -> None:
    """scipy.stats.binomtest(1, 10, 0.5) and (3, 3, 0.5)."""
    marks = [(1, 0)] + [(0, 1)] * 9 + [(1, 1)] * 5
    pair = pair_marks(*zip(*marks, strict=True))
    assert (pair.only_first, pair.only_second, pair.gain) == (1, 9, pytest.approx(800 / 15))
    assert pair.p_value == pytest.approx(0.021484375)
    assert pair_marks([0, 0, 0], [1, 1, 1]).p_value == pytest.approx(0.25)
    assert pair_marks([1, 0], [1, 0]).p_value == 1


# --- what is sent


EXAMPLES = [KnownQuestion(f"Example {n}?", (f"answer {n}",)) for n in range(6)]
ASKED = KnownQuestion("Which?", ("this",), ("this", "that"))


def style(strategy: Any, order: Any = "as written", seed: int = 0, **more: Any) -> Any:
    settings = {"system": "", "template": "", "shots": 2, **more}
    return style_of([strategy], EXAMPLES, settings["shots"], order, seed, settings["system"], settings["template"])


def test_few_shot_shows_so_many_examples_in_order_or_as_the_seed_has_it() -> None:
    sent = question_for(ASKED, "few-shot", style("few-shot")).messages
    assert [one["content"] for one in sent] == ["Example 0?", "answer 0", "Example 1?", "answer 1", "Which?"]
    drawn = {seed: str(question_for(ASKED, "few-shot", style("few-shot", "random", seed))) for seed in range(6)}
    assert drawn[1] == str(question_for(ASKED, "few-shot", style("few-shot", "random", 1)))
    assert len(set(drawn.values())) > 3


def test_an_example_that_is_the_question_itself_is_never_shown() -> None:
    sent = question_for(EXAMPLES[1], "few-shot", style("few-shot", shots=5)).messages
    assert [one["content"] for one in sent].count("Example 1?") == 1
    assert len(sent) == 11


def test_a_plain_completion_is_the_template_with_its_examples() -> None:
    sent = question_for(ASKED, "few-shot-completion", style("few-shot-completion", system="Be kind.", shots=1))
    assert sent.text == "Be kind.\n\nQuestion: Example 0?\nAnswer: answer 0\n\nQuestion: Which?\nAnswer:"
    assert question_for(ASKED, "completion", style("completion")).text == "Question: Which?\nAnswer:"


def test_a_template_puts_question_and_choices_where_it_says() -> None:
    sent = question_for(
        ASKED, "zero-shot", style("zero-shot", template="{text} One of:\n{choices}", system="Be brief.")
    )
    assert [one["content"] for one in sent.messages] == ["Be brief.", "Which? One of:\n- this\n- that"]


def test_text_begins_as_the_tokenizer_begins_it(ctx: Context, tiny: str) -> None:
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(ctx.root / tiny)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer.save_pretrained(ctx.root / tiny)
    answerer = LocalAnswerer(load_language_model(ctx.model(tiny), threads=1), {}, {})
    assert answerer.render(question_for(ASKED, "completion", style("completion"))).text.startswith("<s>Question: ")


# --- the whole


def test_every_strategy_is_answered_marked_and_kept(ctx: Context, tiny: str) -> None:
    """Of a random model, whose answers are noise: what counts is that all of it stands in the report."""
    strategies: Any = ("zero-shot", "few-shot", "chain-of-thought", "self-consistency", "completion")
    asked, examples = sums(ctx.root / "q.jsonl", tags=["sums"]), sums(ctx.root / "e.jsonl", 9)
    options: Any = {"models": (tiny,), "strategies": strategies, "examples": examples, "max_new_tokens": 5}
    report = evaluate(asked, ctx, score="number", samples=3, **options)
    rows = results(report)
    assert [row["strategy"] for row in rows] == [strategy for strategy in strategies for _ in range(6)]
    assert all(row["votes"].endswith("of 3") for row in rows if row["strategy"] == "self-consistency")
    assert [row[0] for row in tables(report)["scores"].rows] == list(strategies)
    assert [row[0] for row in tables(report)["differences"].rows] == list(strategies[1:])
    parts = {item.name: item.folded for item in report.items if isinstance(item, Part)}
    assert parts["scores"] is parts["marks"] is False
    assert parts["tags"] and parts["questions"] and parts["prompts"]
    quotes = {item.title: item.text for item in report.items if isinstance(item, Quote)}
    assert set(quotes) == set(strategies)
    write_report(report, ctx.out)
    assert read_report(ctx.out).headline_text == report.headline_text
    again = evaluate(asked, Context(ctx.out, root=ctx.root, answers=ctx.answers), score="number", samples=3, **options)
    assert results(again) == rows


def test_one_question_more_asks_one_question(ctx: Context, tiny: str) -> None:
    options: Any = {"models": (tiny,), "score": "exact", "max_new_tokens": 3}
    evaluate(sums(ctx.root / "q.jsonl", 4), ctx, **options)
    before = len(ctx.answers._known)
    evaluate(sums(ctx.root / "q.jsonl", 5), ctx, **options)
    assert len(ctx.answers._known) == before + 1


def test_a_vote_takes_what_most_samples_say(tmp_path: Path) -> None:
    """Of a server that answers 4 thrice and something else, or nothing at all, otherwise."""
    said = ["5", "4", "", "it is 4", "4.0"]

    def reply(request: dict[str, Any], number: int) -> dict[str, Any]:
        reasoned = [one["content"] for one in request["messages"] if one["role"] == "assistant"]
        return completion(said[int(reasoned[0])] if reasoned else str(request["seed"]))

    (tmp_path / "out").mkdir()
    with serving(ChatServer(reply)) as server:
        ctx = Context(tmp_path / "out", root=tmp_path, servers={"mine": Server("mine", server.url)})
        asked = write(tmp_path / "q.jsonl", [{"text": "2 + 2?", "expected": "4"}])
        report = evaluate(asked, ctx, models=("mine:m",), strategies=("self-consistency",), score="number")
    [row] = results(report)
    assert (row["answer"], row["votes"], row["mark"]) == ("4", "3 of 5", 1)
    assert {request["temperature"] for request in server.requests} == {0.7}
    assert any(isinstance(item, Part) and item.name == "usage" for item in report.items)


def test_a_key_that_a_server_repeats_is_in_no_file(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "mine-2f9c81b7aa40"
    monkeypatch.setenv("MINE_KEY", key)
    write(space.root / "q.jsonl", [{"text": "Who?", "expected": "me"}])
    with serving(ChatServer(lambda request, number: completion(f"I know {key} and \ud83d"))) as server:
        settings = f"day-1: 2024-01-02\nservers: {{mine: {{url: '{server.url}', key: $MINE_KEY}}}}\n"
        space.write("journal.yml", f"name: A journal\n{settings}")
        path = space.entry("  test: {uses: llm.evaluate, questions: q.jsonl, models: ['mine:m'], score: contains}\n")
        space.run("day", "133", check=0)
        assert server.keys == {f"Bearer {key}"}
    files = [path, *(one for one in path.with_suffix("").rglob("*") if one.is_file())]
    assert {"results.jsonl", "answers.jsonl", "report.json"} <= {one.name for one in files}
    assert [one.name for one in files if key in one.read_text(encoding="utf-8")] == []
    assert "I know" in path.read_text()


def test_models_and_adapters_stand_side_by_side(tmp_path: Path, ctx: Context, tiny: str) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(ctx.root / tiny)
    config = LoraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    with quiet():
        get_peft_model(network, config).save_pretrained(tmp_path / "adapter")
    other = make_tiny_model(tmp_path / "other", hidden_size=16)
    rows = [{"text": f"Is it {n}?", "expected": "aye", "choices": ["aye", "naw"]} for n in range(5)]
    adapters = {"glaswegian": tmp_path / "adapter"}
    report = evaluate(write(tmp_path / "q.jsonl", rows), ctx, models=(tiny, other), adapters=adapters)
    named = [row[0] for row in tables(report)["scores"].rows]
    assert named == [tiny, f"{tiny} with glaswegian", other]
    kept = [one["log_likelihoods"] for one in ctx.answers._known.values()]
    assert len(kept) == 15
    assert len({str(one) for one in kept}) == 15


def test_chrf_has_an_interval_and_no_marks(ctx: Context, tiny: str) -> None:
    strategies: Any = ("zero-shot", "completion")
    asked = write(ctx.root / "q.jsonl", [{"text": f"Say {n}", "expected": [f"Ah say {n}", "naw"]} for n in range(5)])
    report = evaluate(asked, ctx, models=(tiny,), strategies=strategies, score="chrF", max_new_tokens=8)
    assert tables(report)["scores"].columns == ["asked by", "chrF, 95 % interval"]
    assert tables(report)["differences"].columns[1] == "chrF more, 95 % interval"
    assert all(0 <= row["mark"] <= 100 for row in results(report))


@pytest.mark.models
def test_a_hundred_questions_fit_a_screen_with_the_rest_folded(ctx: Context) -> None:
    report = evaluate(QUESTIONS, ctx, strategies=("zero-shot", "completion"))
    block = render_report(report, BlockPage("day/test", 133, Ledgers(Record(Workspace(Path(), "w")))))
    opened = re.sub(r"<details.*?</details>", "", block, flags=re.DOTALL)
    assert len([line for line in opened.splitlines() if line]) < 30
    assert "day/test/marks.svg" in opened
    for question in read_questions(QUESTIONS):
        assert f"| {question.text} |" in block


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategies": ("few-shot",)}, "few-shot needs examples: a file of questions"),
        ({"strategies": ("few-shot",), "examples": True, "shots": 9}, "few-shot wants 9 examples, and the file has 6"),
        ({"template": "Answer:"}, "the template has no {text}"),
        ({"template": "{text} {options}"}, "the template has {options}; known are {text} and {choices}"),
        ({"score": "choice"}, "score choice: “What is 1 plus 1?” has no choices"),
        ({"score": "number", "expected": "four"}, "score number: “What is 1 plus 1?” expects 'four'"),
        ({"score": "regex", "expected": "("}, "score regex: '(' is no pattern"),
        ({"top_p": 0.5}, "top_p does nothing at temperature 0"),
        ({"top_k": 5}, "top_k does nothing at temperature 0"),
        ({"strategies": ("zero-shot", "zero-shot")}, "strategies has 'zero-shot' twice"),
        (
            {"score": "choice", "choices": ["2", "3"], "expected": "2", "strategies": ("chain-of-thought",)},
            "chain-of-thought writes before it answers, and choices are not written",
        ),
    ],
)
def test_what_cannot_be_tested_is_one_line(ctx: Context, tiny: str, options: dict[str, Any], message: str) -> None:
    row = {name: options.pop(name) for name in ("expected", "choices") if name in options}
    asked = sums(ctx.root / "q.jsonl", **row)
    given_options = {**options, "examples": asked} if options.get("examples") else options
    with pytest.raises(TaskError) as caught:
        evaluate(asked, ctx, models=(tiny,), **given_options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "choice"}, "model 'mine:m': a server tells no likelihoods of choices"),
        ({"strategies": ("completion",), "score": "exact"}, "model 'mine:m': a chat server completes no plain text"),
        ({"top_k": 3, "temperature": 1.0, "score": "exact"}, "model 'mine:m': a server takes no top_k; leave it out"),
        ({"adapters": {"a": Path("a")}, "score": "exact"}, "an adapter can't be put on 'mine:m'"),
    ],
)
def test_what_a_server_cannot_do_is_one_line(ctx: Context, options: dict[str, Any], message: str) -> None:
    servers = {"mine": Server("mine", "http://127.0.0.1:9/v1", retries=0)}
    asked = sums(ctx.root / "q.jsonl", 1, choices=["2", "3"])
    with pytest.raises(TaskError) as caught:
        evaluate(asked, Context(ctx.out, root=ctx.root, servers=servers), models=("mine:m",), **options)
    assert str(caught.value).startswith(message)


# --- what is drawn, of llm.prompt too


def test_an_answer_ends_before_the_first_stop_text(ctx: Context, tiny: str) -> None:
    model = load_language_model(ctx.model(tiny), threads=1)
    chats = [f"Question {number}?" for number in range(8)]
    whole = generate(model, chats, Decoding(24, top=0))
    stop = tuple(random.Random(0).sample(sorted({letter for one in whole for letter in one.text[2:]}), 3))
    for one, cut in zip(whole, generate(model, chats, Decoding(24, top=0, stop=stop)), strict=True):
        places = [one.text.index(text) for text in stop if text in one.text]
        if places:
            assert (cut.text, cut.end) == (one.text[: min(places)].strip(), "stop")
            assert cut.tokens is not None and one.tokens is not None and cut.tokens <= one.tokens
        else:
            assert cut == one


def test_top_k_of_one_is_the_likeliest_token(ctx: Context, tiny: str) -> None:
    model = load_language_model(ctx.model(tiny), threads=1)
    greedy = generate(model, ["Why?"], Decoding(12, top=0))
    assert generate(model, ["Why?"], Decoding(12, temperature=2.0, top=0, top_k=1)) == greedy
    assert generate(model, ["Why?"], Decoding(12, temperature=2.0, top=0, top_p=1e-6)) == greedy
    assert generate(model, ["Why?"], Decoding(12, temperature=2.0, top=0)) != greedy


@pytest.mark.parametrize("narrow", [{"top_p": 0.5}, {"top_k": 3}, {"stop": ("e",)}])
def test_what_is_drawn_from_belongs_to_the_answer(ctx: Context, tiny: str, narrow: dict[str, Any]) -> None:
    options: dict[str, Any] = {"model": tiny, "temperature": 1.5, "max_new_tokens": 4}
    prompt("Why?", ctx, **options)
    prompt("Why?", ctx, **options, **narrow)
    prompt("Why?", ctx, **options, **narrow)
    assert len(ctx.answers._known) == 2


def test_answers_kept_before_there_were_such_settings_are_found(ctx: Context, tiny: str) -> None:
    prompt("Why?", ctx, model=tiny, max_new_tokens=4)
    model = ctx.model(tiny)
    asked = {
        "prompt": "<s>Question: Why?\nAnswer:", "model": model.digest, "adapter": "", "server": "",
        "settings": {"max_new_tokens": 4, "temperature": 0.0, "repetition_penalty": 1.0}, "seed": 0, "sample": 0,
    }  # fmt: skip
    assert ctx.answers.find(asked) is not None


def test_the_history_tells_what_was_drawn_from() -> None:
    settings = {"temperature": 1.0, "repetition_penalty": 1.0, "top_p": 0.9, "top_k": 40, "stop": ["\n"]}
    answer = DayAnswer(133, "ask", KeptAnswer({"settings": settings, "seed": 0}, {}, {}))
    assert answer.settings == "temperature 1, top_p 0.9, top_k 40, stop '\\n'"


def test_a_server_that_takes_no_top_p_answers_without_it(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    refusal = (400, {}, json.dumps({"error": {"message": "top_p is not supported"}}))
    with serving(ChatServer(lambda request, number: refusal if "top_p" in request else completion())) as server:
        ctx = Context(tmp_path / "out", root=tmp_path, servers={"mine": Server("mine", server.url)})
        report = prompt("Why?", ctx, model="mine:m", top=0, temperature=1.0, top_p=0.5)
    assert any("takes no top_p" in item.text for item in report.items if isinstance(item, Text))


def test_a_server_is_sent_what_is_drawn_from(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with serving(ChatServer()) as server:
        ctx = Context(tmp_path / "out", root=tmp_path, servers={"mine": Server("mine", server.url)})
        prompt("Why?", ctx, model="mine:m", top=0, temperature=1.0, top_p=0.5, stop=("\n", "END"))
    [request] = server.requests
    assert (request["top_p"], request["stop"]) == (0.5, ["\n", "END"])
    assert math.isclose(request["temperature"], 1.0)


def test_the_likeliest_whole_answers_have_the_probabilities_of_their_tokens(ctx: Context, tiny: str) -> None:
    """Each token's by a forward pass over all before it."""
    import torch

    model = load_language_model(ctx.model(tiny), threads=1)
    report = prompt("Why?", ctx, model=tiny, max_new_tokens=3, beams=6)
    [kept] = [one["whole_answers"] for one in ctx.answers._known.values() if "whole_answers" in one]
    assert [one["probability"] for one in kept] == sorted((one["probability"] for one in kept), reverse=True)
    assert len(kept) == 6
    read = model.tokenizer("<s>Question: Why?\nAnswer:", add_special_tokens=False)["input_ids"]
    plainly_written = [one for one in kept if one["is_cut"] and len(one["text"]) == 3 and one["text"].isascii()]
    assert plainly_written
    for one in plainly_written:
        written = model.tokenizer(one["text"], add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            logits = model.network(torch.tensor([[*read, *written]])).logits[0, len(read) - 1 : -1]
        found = torch.log_softmax(logits, -1)[torch.arange(3), written].sum().exp()
        assert one["probability"] == pytest.approx(float(found), rel=1e-3)
    again = prompt("Why?", ctx, model=tiny, max_new_tokens=3, beams=6)
    assert tables(again) == tables(report)
    assert any(item.name == "whole-answers" and item.folded for item in report.items if isinstance(item, Part))


@pytest.mark.models
def test_whole_answers_of_the_default_model_have_the_probabilities_of_their_tokens(
    ctx: Context, smollm: LanguageModel
) -> None:
    """Those of the choices of a question, with the token that ends an answer; by code that is held against lm_eval."""
    asked = "What is the capital of Norway?"
    report = prompt(asked, ctx, max_new_tokens=12, beams=4)
    [kept] = [one["whole_answers"] for one in ctx.answers._known.values() if "whole_answers" in one]
    text = smollm.render_chat([{"role": "user", "content": asked}])
    whole = [one for one in kept if not one["is_cut"]]
    assert whole
    for one in whole:
        [value] = log_likelihoods(smollm, Prompt(text, []), [f"{one['text']}<|im_end|>"])
        assert one["probability"] == pytest.approx(math.exp(value), rel=2e-3)
    assert "whole-answers-1.svg" in report.plots


def test_a_server_searches_no_beams(ctx: Context) -> None:
    servers = {"mine": Server("mine", "http://127.0.0.1:9/v1", retries=0)}
    with pytest.raises(TaskError, match="a server searches no beams; leave beams out"):
        prompt("Why?", Context(ctx.out, root=ctx.root, servers=servers), model="mine:m", beams=3)
