"""Fine-tune a language model on pairs of prompt and completion by LoRA, and see what it answers before and after."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from journal import Context, Field, File, Model, ModelName, Report, task

from .data_set import build_data_set
from .generation import Decoding, generate, seeded
from .held_out import answer_with, answer_without
from .language_model import LanguageModel, adding_adapter, load_language_model
from .pairs import read_pairs
from .training import Precision, Training, save_adapter, train
from .training_report import ParameterCount, build_report


@task("llm.lora", version=2, libraries=["torch", "transformers", "peft"], resources={"cpu": 1e6})  # all cores
def lora(
    data: Annotated[
        File,
        Field(
            description="pairs, chats or instructions: .jsonl, .json, .csv, .tsv, .parquet",
            examples=["data/phrasebook/phrasebook.jsonl"],
        ),
    ],
    ctx: Context,
    model: Annotated[ModelName, Field(description="a short name of journal.yml, or a source")] = "default-llm",
    prompts: Annotated[tuple[str, ...], Field(description="asked before and after, beside the held-out ones")] = (),
    prompt_column: Annotated[str, Field(description="what the model is asked; found by its name if left out")] = "",
    completion_column: Annotated[str, Field(description="what it should answer; the same")] = "",
    rank: Annotated[int, Field(ge=1, le=512, description="rank of the adapter's matrices")] = 8,
    alpha: Annotated[float, Field(gt=0, description="the adapter counts alpha / rank times")] = 16,
    dropout: Annotated[float, Field(ge=0, lt=1, description="part of its inputs left out in training")] = 0.05,
    target_modules: Annotated[
        str | list[str], Field(description="linear layers that get an adapter, by name, or all-linear")
    ] = "all-linear",
    epochs: Annotated[int, Field(ge=1, le=1000, description="times each pair is seen")] = 3,
    batch_size: Annotated[int, Field(ge=1, le=1024, description="pairs a step")] = 4,
    learning_rate: Annotated[float, Field(gt=0, le=1, description="highest, after warm-up")] = 2e-3,
    warmup: Annotated[float, Field(ge=0, le=1, description="part of the steps in which the learning rate rises")] = 0.1,
    held_out: Annotated[
        float, Field(ge=0, le=0.9, description="part of the pairs kept for measuring, unless they have a column split")
    ] = 0.1,
    max_length: Annotated[int, Field(ge=8, le=8192, description="tokens of a pair; more is cut off")] = 256,
    max_new_tokens: Annotated[int, Field(ge=1, le=1024, description="longest answer before and after, in tokens")] = 40,
    precision: Annotated[
        Precision, Field(description="of the matrix products; auto: bfloat16 where the processor has it")
    ] = "auto",
) -> Report:
    """Fine-tune a language model with LoRA adapters on pairs of prompt and completion."""
    pairs = read_pairs(data, prompt_column, completion_column)
    training = Training(epochs, batch_size, learning_rate, warmup, precision, ctx.seed)
    ctx.progress(0, 1, "loading the model")
    source = ctx.model(model)
    base_model = load_language_model(source, ctx.jobs)
    data_set = build_data_set(pairs, base_model, held_out, max_length, ctx.seed)
    asked = list(prompts) or [pair.prompt for pair in data_set.pairs[: 0 if data_set.held_out_pairs else 4]]
    decoding = Decoding(max_new_tokens, top=0)
    before = generate(base_model, _as_chats(base_model, asked), decoding)
    tell = partial(ctx.progress, 0, 1)
    measured = data_set.held_out_pairs
    found = answer_without(base_model, measured, data_set.pairs, decoding, tell) if measured else None
    config = lora_config(rank, alpha, dropout, target_modules)
    with seeded(ctx.seed), adding_adapter(base_model, config) as adapted_model:
        network = adapted_model.network
        curve = train(network, data_set.examples, data_set.held_out, training, partial(_show_progress, ctx))
        after = generate(adapted_model, _as_chats(adapted_model, asked), decoding)
        found = answer_with(adapted_model, found, decoding) if found else None
        adapter = save_adapter(network, ctx.out / "adapter", _base_name(source))
        parameters = ParameterCount(*network.get_nb_trainable_parameters())
    comparisons = list(zip(asked, before, after, strict=True))
    return build_report(data_set, training, curve, parameters, comparisons, found).output("adapter", adapter)


def lora_config(rank: int, alpha: float, dropout: float, target_modules: str | list[str]) -> Any:
    """Return PEFT's configuration of an adapter."""
    from peft import LoraConfig

    targets = [target_modules] if isinstance(target_modules, str) else target_modules
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules="all-linear" if targets == ["all-linear"] else targets,
    )


def _as_chats(model: LanguageModel, prompts: list[str]) -> list[str]:
    return [model.render_chat([{"role": "user", "content": prompt}]) for prompt in prompts]


def _show_progress(ctx: Context, step: int, steps: int, loss: float) -> None:
    ctx.progress(step, steps, f"steps, loss {loss:.2f}")


def _base_name(source: Model) -> str:
    """Name the model that an adapter is for, without the place where this machine keeps it."""
    return source.name if source.scheme == "folder" else source.source
