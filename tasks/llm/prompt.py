"""Ask a language model, by several prompt strategies, and see how sure of its answers it was."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from journal import Context, Field, File, ModelName, Report, TaskError, content_digest, task

from .answers import LocalAnswerer, ask, tokens_at_most
from .chat_server import ServerAnswerer
from .generation import Decoding, check_narrowing
from .language_model import adapted, load_language_model
from .prompt_report import add_whole_answers, build_report
from .strategies import Strategy, compose
from .whole_answers import likeliest_answers


@task("llm.prompt", version=2, libraries=["torch", "transformers", "peft"])
def prompt(
    prompt: Annotated[
        str | list[str], Field(description="what to ask; several are asked one by one", examples=["How are you?"])
    ],
    ctx: Context,
    strategies: Annotated[tuple[Strategy, ...], Field(min_length=1, description="how to ask")] = ("zero-shot",),
    examples: Annotated[
        tuple[dict[str, str], ...], Field(description="for few-shot: {question: ..., answer: ...} each")
    ] = (),
    model: Annotated[
        ModelName, Field(description="a short name of journal.yml, or where the model comes from")
    ] = "default-llm",
    adapter: Annotated[File | None, Field(description="folder of a PEFT adapter, as llm.lora makes it")] = None,
    system: Annotated[str, Field(description="system message; the model's own default if empty")] = "",
    max_new_tokens: Annotated[int, Field(ge=1, le=4096, description="longest answer, in tokens")] = 128,
    temperature: Annotated[float, Field(ge=0, le=5, description="0 is greedy, higher is more random")] = 0.0,
    repetition_penalty: Annotated[
        float, Field(gt=0, le=5, description="above 1 makes the model repeat itself less")
    ] = 1.0,
    top_p: Annotated[
        float, Field(gt=0, le=1, description="draw from the likeliest tokens that have this probability together")
    ] = 1.0,
    top_k: Annotated[int, Field(ge=0, description="draw from so many of the likeliest tokens; 0 is from all")] = 0,
    stop: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...], Field(description="texts before which an answer ends")
    ] = (),
    top: Annotated[int, Field(ge=0, le=50, description="likeliest first tokens to list; 0 lists none")] = 5,
    beams: Annotated[
        int, Field(ge=0, le=50, description="likeliest whole answers to list, by beam search; 0 lists none")
    ] = 0,
    batch_size: Annotated[int, Field(ge=1, le=256, description="prompts answered at once")] = 8,
    show_prompt: Annotated[bool, Field(description="show the text that was really sent, chat template and all")] = True,
) -> Report:
    """Ask a language model, by zero-shot, few-shot or chain-of-thought prompts."""
    questions = compose(_prompts(prompt), strategies, examples, system)
    decoding = Decoding(max_new_tokens, temperature, repetition_penalty, ctx.seed, top, batch_size, top_p, top_k, stop)
    check_narrowing(decoding)
    progress = partial(_show_progress, ctx, tokens_at_most(questions, decoding))
    progress(0)
    source = ctx.model(model)
    if source.server:
        if adapter is not None:
            raise TaskError(f"an adapter can't be put on '{source.source}': its weights are on a server")
        if beams:
            raise TaskError(f"model '{source.source}': a server searches no beams; leave beams out")
        answerer = ServerAnswerer(source, source.server, progress)
        return build_report(ask(questions, answerer, decoding, ctx.answers), show_prompt, source.server)
    with adapted(load_language_model(source, ctx.jobs), adapter) as adapted_model:
        identity = {"model": source.digest, "adapter": content_digest(adapter) if adapter else "", "server": ""}
        names = {"model": source.name, **({"adapter": adapter.name} if adapter else {})}
        local = LocalAnswerer(adapted_model, identity, names, progress)
        exchanges = ask(questions, local, decoding, ctx.answers)
        report = build_report(exchanges, show_prompt)
        if beams:
            found = [
                likeliest_answers(local, one.answer.prompt, beams, max_new_tokens, ctx.answers) for one in exchanges
            ]
            add_whole_answers(report, exchanges, found)
        return report


def _show_progress(ctx: Context, total: int, tokens: int) -> None:
    ctx.progress(tokens, total, "tokens" if tokens else "loading the model")


def _prompts(prompt: str | list[str]) -> list[str]:
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not prompts or not all(one.strip() for one in prompts):
        raise TaskError("there is nothing to ask: the prompt is empty")
    return prompts
