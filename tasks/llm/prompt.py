"""Ask a language model, by several prompt strategies, and see how sure of its answers it was."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from journal import Context, Field, File, ModelName, Report, TaskError, task

from .answers import Exchange, LocalAnswerer, ask, tokens_at_most
from .chat_server import ServerAnswerer
from .generation import Answer, Decoding
from .language_model import adapted, load_language_model
from .strategies import CONCLUDE, Strategy, compose


@task("llm.prompt", version=1, libraries=["torch", "transformers", "peft"])
def prompt(
    prompt: Annotated[str | list[str], Field(description="what to ask; several are asked one by one")],
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
    top: Annotated[int, Field(ge=0, le=50, description="likeliest first tokens to list; 0 lists none")] = 5,
    batch_size: Annotated[int, Field(ge=1, le=256, description="prompts answered at once")] = 8,
    show_prompt: Annotated[bool, Field(description="show the text that was really sent, chat template and all")] = True,
) -> Report:
    """Ask a language model, by zero-shot, few-shot or chain-of-thought prompts."""
    questions = compose(_prompts(prompt), strategies, examples, system)
    decoding = Decoding(max_new_tokens, temperature, repetition_penalty, ctx.seed, top, batch_size)
    progress = partial(_show_progress, ctx, tokens_at_most(questions, decoding))
    progress(0)
    source = ctx.model(model)
    if source.scheme == "openai":
        if adapter is not None:
            raise TaskError(f"an adapter can't be put on '{source.source}': its weights are on a server")
        return build_report(ask(questions, ServerAnswerer(source.name, progress), decoding), show_prompt)
    with adapted(load_language_model(source, ctx.jobs), adapter) as adapted_model:
        return build_report(ask(questions, LocalAnswerer(adapted_model, progress), decoding), show_prompt)


def _show_progress(ctx: Context, total: int, tokens: int) -> None:
    ctx.progress(tokens, total, "tokens" if tokens else "loading the model")


def _prompts(prompt: str | list[str]) -> list[str]:
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not prompts or not all(one.strip() for one in prompts):
        raise TaskError("there is nothing to ask: the prompt is empty")
    return prompts


def build_report(exchanges: Sequence[Exchange], show_prompt: bool) -> Report:
    """Report each answer, with the prompt as sent where it is to be shown, and the likeliest first tokens."""
    tokens = sum(exchange.tokens for exchange in exchanges)
    count = f"{len(exchanges)} answer{'s' if len(exchanges) > 1 else ''}"
    report = Report().headline(f"{count}, {tokens} tokens").part("answers")
    named: list[tuple[Exchange, str]] = []
    several = len({exchange.question.prompt for exchange in exchanges}) > 1
    for exchange in exchanges:
        name = exchange.question.strategy.capitalize()
        named.append((exchange, f"{exchange.question.prompt} – {name}" if several else name))
    for exchange, name in named:
        _add_answer(report, exchange, name)
    _add_tops(report, named)
    if show_prompt:
        report.part("prompts", "The prompts as sent", folded=True)
        for exchange, name in named:
            report.quote((exchange.reasoning or exchange.answer).prompt, title=f"{name}: the prompt as sent")
    report.output("answers", [_as_data(exchange) for exchange in exchanges])
    report.metric("answers", len(exchanges), visible=False)
    return report.metric("tokens", tokens, visible=False)


def _add_answer(report: Report, exchange: Exchange, name: str) -> None:
    if exchange.reasoning:
        report.quote(exchange.reasoning.text or _NOTHING, title=f"{name}: the reasoning{_length(exchange.reasoning)}")
    text = exchange.answer.text or _NOTHING
    concluded = f"{CONCLUDE} {text}" if exchange.reasoning else text
    report.quote(concluded, title=f"{name}: the answer{_length(exchange.answer)}")


def _add_tops(report: Report, named: Sequence[tuple[Exchange, str]]) -> None:
    if any(exchange.answer.top for exchange, _ in named):
        report.part("tokens", "The likeliest first tokens", folded=True)
    for exchange, name in named:
        if exchange.answer.top:
            after = f"after “{CONCLUDE}”" if exchange.reasoning else "of the answer"
            rows = [(token, 100 * probability) for token, probability in exchange.answer.top]
            columns = ["next token", "probability, %"]
            report.table(rows, columns, title=f"{name}: the likeliest first tokens {after}", digits=2)


_NOTHING = "(the model said nothing)"


def _length(answer: Answer) -> str:
    tokens = f"{answer.tokens} token{'' if answer.tokens == 1 else 's'}"
    return f" ({tokens})" if answer.finished else f" (cut off after {tokens})"


def _as_data(exchange: Exchange) -> dict[str, object]:
    question = exchange.question
    data: dict[str, object] = {"prompt": question.prompt, "strategy": question.strategy, "answer": exchange.answer.text}
    return data | ({"reasoning": exchange.reasoning.text} if exchange.reasoning else {})
