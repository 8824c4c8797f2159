"""Test language models on questions whose answers are known, by several strategies, and compare how they do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from journal import Context, Field, File, ModelName, Report, Server, TaskError, content_digest, task

from ..answers import Answerer, LocalAnswerer
from ..chat_server import ServerAnswerer
from ..generation import Decoding, check_narrowing
from ..language_model import adapted, load_language_model
from .conversations import EvaluationStrategy, Order, style_of
from .evaluation_report import build_report
from .outcomes import Examination, Outcome, Variant
from .questions import read_questions
from .scores import Score, score_for

RESULTS = "results.jsonl"
Progress = Callable[[int], None]


@task("llm.evaluate", version=1, libraries=["torch", "transformers", "peft"])
def evaluate(
    questions: Annotated[
        File,
        Field(
            description="text, expected, choices, tags: .jsonl, .csv, .yaml", examples=["data/questions/general.jsonl"]
        ),
    ],
    ctx: Context,
    models: Annotated[
        tuple[ModelName, ...], Field(min_length=1, description="short names of journal.yml, or sources")
    ] = ("default-llm",),
    adapters: Annotated[
        dict[str, File] | None, Field(description="PEFT adapters by name; each goes on the first model")
    ] = None,
    strategies: Annotated[tuple[EvaluationStrategy, ...], Field(min_length=1, description="how to ask")] = (
        "zero-shot",
    ),
    score: Annotated[
        Score | Literal["auto"], Field(description="how to mark; auto: choice where all have choices, else exact")
    ] = "auto",
    examples: Annotated[File | None, Field(description="for few-shot: a file as that of the questions")] = None,
    shots: Annotated[int, Field(ge=1, le=64, description="examples that few-shot shows")] = 4,
    order: Annotated[Order, Field(description="of the examples; random follows from the seed")] = "as written",
    samples: Annotated[int, Field(ge=2, le=101, description="answers of which self-consistency takes a vote")] = 5,
    system: Annotated[str, Field(description="system message; the model's own default if empty")] = "",
    template: Annotated[str, Field(description="how a question is put, with {text} and maybe {choices} in it")] = "",
    limit: Annotated[int, Field(ge=0, description="ask so many of the questions, the first; 0 asks all")] = 0,
    max_new_tokens: Annotated[int, Field(ge=1, le=4096, description="longest answer, in tokens")] = 64,
    temperature: Annotated[float, Field(ge=0, le=5, description="0 is greedy; self-consistency takes 0.7 then")] = 0.0,
    top_p: Annotated[
        float, Field(gt=0, le=1, description="draw from the likeliest tokens that have this probability together")
    ] = 1.0,
    top_k: Annotated[int, Field(ge=0, description="draw from so many of the likeliest tokens; 0 is from all")] = 0,
    repetition_penalty: Annotated[
        float, Field(gt=0, le=5, description="above 1 makes the model repeat itself less")
    ] = 1.0,
    stop: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...], Field(description="texts before which an answer ends")
    ] = (),
    batch_size: Annotated[int, Field(ge=1, le=256, description="prompts answered at once")] = 8,
) -> Report:
    """Test language models on questions whose answers are known, and compare strategies, models and adapters."""
    asked = read_questions(questions)[: limit or None]
    score = score_for(asked, score)
    shown = read_questions(examples) if examples else []
    style = style_of(strategies, shown, shots, order, ctx.seed, system, template)
    decoding = Decoding(max_new_tokens, temperature, repetition_penalty, ctx.seed, 0, batch_size, top_p, top_k, stop)
    if "self-consistency" not in strategies:  # which draws at any rate
        check_narrowing(decoding)
    _check_unlike("strategies", strategies)
    _check_unlike("models", models)
    examination = Examination(tuple(asked), style, decoding, score, samples)
    outcomes = list(_outcomes(examination, ctx, models, adapters or {}, strategies))
    rows = [row for outcome in outcomes for row in outcome.as_data(asked, score)]
    path = _write_results(ctx.out / RESULTS, [ctx.answers.redactor.clean_data(row) for row in rows])
    return build_report(outcomes, asked, score, path).output("answers", path)


def _outcomes(
    examination: Examination,
    ctx: Context,
    models: Sequence[str],
    adapters: Mapping[str, Path],
    strategies: Sequence[EvaluationStrategy],
) -> Iterator[Outcome]:
    """Yield what each strategy gives with each model, and with each adapter on the first."""
    all_questions = len(examination.questions) * len(strategies) * (len(models) + len(adapters))
    done = 0

    def tell(tokens: int) -> None:
        part = min(tokens // examination.decoding.max_new_tokens, len(examination.questions))
        ctx.progress(done + part, all_questions, "questions")

    ctx.progress(0, all_questions, "loading the model")
    for place, name in enumerate(models):
        for adapter, answerer, server in _answerers(ctx, name, adapters if not place else {}, tell):
            for strategy in strategies:
                variant = Variant(name, adapter, strategy)
                yield examination.outcome(variant, answerer, ctx.answers, server)
                done += len(examination.questions)
                tell(0)


def _answerers(
    ctx: Context, name: str, adapters: Mapping[str, Path], tell: Progress
) -> Iterator[tuple[str, Answerer, Server | None]]:
    """Yield a model as it is, and with each adapter on it, with the adapter's name and the model's server."""
    source = ctx.model(name)
    if source.server:
        if adapters:
            raise TaskError(f"an adapter can't be put on '{source.source}': its weights are on a server")
        yield "", ServerAnswerer(source, source.server, tell), source.server
        return
    model = load_language_model(source, ctx.jobs)
    for adapter, folder in {"": None, **adapters}.items():
        with adapted(model, folder) as adapted_model:
            digest = content_digest(folder) if folder else ""
            identity = {"model": source.digest, "adapter": digest, "server": ""}
            names = {"model": source.name, **({"adapter": adapter} if adapter else {})}
            yield adapter, LocalAnswerer(adapted_model, identity, names, tell), None


def _write_results(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write JSON lines, in which a half of a letter, which UTF-8 can't hold, is a question mark."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(text.encode("utf-8", "replace"))
    return path


def _check_unlike(name: str, values: Sequence[str]) -> None:
    if len(set(values)) < len(values):
        twice = next(value for place, value in enumerate(values) if value in values[:place])
        raise TaskError(f"{name} has '{twice}' twice; leave one out")
