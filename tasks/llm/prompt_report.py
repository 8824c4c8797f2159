"""The report on answers: each told as what it is, the likeliest first tokens, the prompts as sent, and what it took."""

from __future__ import annotations

import math
from collections.abc import Sequence

from journal import Number, Report, Server

from .answers import Exchange
from .generation import Answer
from .strategies import CONCLUDE
from .whole_answers import WholeAnswer, draw_bars

_ENDS = {
    "length": "cut off after {tokens}",
    "content_filter": "cut off by the server's content filter after {tokens}",
}


def build_report(exchanges: Sequence[Exchange], show_prompt: bool, server: Server | None = None) -> Report:
    """Report each answer, with the prompt as sent where it is to be shown, and the likeliest first tokens."""
    report = Report().headline(", ".join(_summary(exchanges, server))).part("answers")
    named = _named(exchanges)
    for exchange, name in named:
        _add_exchange(report, exchange, name)
    _add_tops(report, named)
    if show_prompt:
        report.part("prompts", "The prompts as sent", folded=True)
        for exchange, name in named:
            report.quote(exchange.answers[0].prompt, title=f"{name}: the prompt as sent")
    if server:
        add_usage(report, exchanges, server)
    report.output("answers", [_as_data(exchange) for exchange in exchanges])
    report.metric("answers", len(exchanges), visible=False)
    tokens = _written(exchanges)
    return report if tokens is None else report.metric("tokens", tokens, visible=False)


def add_whole_answers(report: Report, exchanges: Sequence[Exchange], found: Sequence[Sequence[WholeAnswer]]) -> None:
    """Add the likeliest whole answers to each question, as bars and in words."""
    report.part("whole-answers", "The likeliest whole answers", folded=True)
    for number, ((_, name), answers) in enumerate(zip(_named(exchanges), found, strict=True), 1):
        title = f"{name}: the likeliest whole answers"
        report.figure(f"whole-answers-{number}", draw_bars(answers), alt=title, caption=title)
        rows = [(one.text or "(nothing)", Number(100 * one.probability, "%", figures=3)) for one in answers]
        report.table(rows, ["answer", "probability"])
    if any(one.is_cut for answers in found for one in answers):
        report.text("Of answers that were cut off, the probability is that of what is shown.")


def _named(exchanges: Sequence[Exchange]) -> list[tuple[Exchange, str]]:
    """Return each exchange with what tells it apart from the others."""
    several = len({exchange.question.prompt for exchange in exchanges}) > 1
    named = []
    for exchange in exchanges:
        name = exchange.question.strategy.capitalize()
        named.append((exchange, f"{exchange.question.prompt} – {name}" if several else name))
    return named


def _summary(exchanges: Sequence[Exchange], server: Server | None) -> list[str]:
    tokens, price = _written(exchanges), _price(exchanges, server)
    words = [f"{len(exchanges)} answer{'s' if len(exchanges) > 1 else ''}"]
    words += [] if tokens is None else [f"{tokens} tokens"]
    return words + ([] if price is None or server is None or server.price is None else [_money(price, server)])


def _add_exchange(report: Report, exchange: Exchange, name: str) -> None:
    if exchange.reasoning:
        _add_answer(report, exchange.reasoning, f"{name}: the reasoning")
    _add_answer(report, exchange.answer, f"{name}: the answer", f"{CONCLUDE} " if exchange.reasoning else "")


def _add_answer(report: Report, answer: Answer, title: str, before: str = "") -> None:
    """Add an answer, and before it what was thought."""
    if answer.thinking:
        report.quote(answer.thinking, title=f"{title}: what the model thought before it")
    if answer.refusal and not answer.text:
        report.quote(answer.refusal, title=f"{title}: a refusal")
        return
    report.quote(f"{before}{answer.text}" if answer.text else _instead(answer), title=f"{title}{_length(answer)}")
    if answer.refusal:
        report.quote(answer.refusal, title=f"{title}: a refusal after it")
    if answer.others and answer.text:
        report.quote(f"(with {', '.join(answer.others)}, which can't be shown)", title=f"{title}: what else came")


def _instead(answer: Answer) -> str:
    """Return what is said of an answer without text."""
    if answer.others:
        return f"(no text, but {', '.join(answer.others)}, which can't be shown)"
    if answer.end == "content_filter":
        return "(the server's content filter held the answer back)"
    if answer.thinking:
        cut = answer.end == "length"
        return "(cut off while it thought; raise max_new_tokens)" if cut else "(it thought, and then said nothing)"
    return "(the model said nothing)"


def _length(answer: Answer) -> str:
    one = "" if answer.tokens == 1 else "s"
    tokens = "some tokens" if answer.tokens is None else f"{answer.tokens} token{one}"
    if answer.end in _ENDS:
        return f" ({_ENDS[answer.end].format(tokens=tokens)})"
    if answer.end not in ("stop", "tool_calls"):
        return f" ({tokens}; the server says it ended by “{answer.end}”)"
    return "" if answer.tokens is None else f" ({tokens})"


def _add_tops(report: Report, named: Sequence[tuple[Exchange, str]]) -> None:
    if any(exchange.answer.top for exchange, _ in named):
        report.part("tokens", "The likeliest first tokens", folded=True)
    for exchange, name in named:
        if exchange.answer.top:
            after = f"after “{CONCLUDE}”" if exchange.reasoning else "of the answer"
            rows = [(token, 100 * probability) for token, probability in exchange.answer.top]
            columns = ["next token", "probability, %"]
            report.table(rows, columns, title=f"{name}: the likeliest first tokens {after}", digits=2)


def add_usage(
    report: Report, exchanges: Sequence[Exchange], server: Server, title: str = "What the answers took"
) -> None:
    """Add what the answers took, as the server counts it, and which settings it would not follow."""
    report.part("usage", title, folded=True)
    read, written, price = _read(exchanges), _written(exchanges), _price(exchanges, server)
    if read is not None:
        report.metric("tokens read", read)
    if written is not None:
        report.metric("tokens written", written)
    if price is not None and server.price:
        report.metric("price", round(price, 9), server.price.unit)
    if read is None or written is None:
        report.text("The server does not say how many tokens every answer took.")
    if without := sorted({name for one in exchanges for answer in one.answers for name in answer.without}):
        report.text(f"The server takes no {' and no '.join(without)}, so the answers do not follow it.")


def _written(exchanges: Sequence[Exchange]) -> int | None:
    return _sum([answer.tokens for exchange in exchanges for answer in exchange.answers])


def _read(exchanges: Sequence[Exchange]) -> int | None:
    return _sum([answer.tokens_read for exchange in exchanges for answer in exchange.answers])


def _sum(counts: Sequence[int | None]) -> int | None:
    """Return the sum of counts; None where one is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _price(exchanges: Sequence[Exchange], server: Server | None) -> float | None:
    read, written = _read(exchanges), _written(exchanges)
    if server is None or server.price is None or read is None or written is None:
        return None
    return server.price.of(read, written)


def _money(price: float, server: Server) -> str:
    unit = server.price.unit if server.price else ""
    digits = 2 if price >= 1 or not price else 1 - math.floor(math.log10(price))  # two that count
    return f"{price:.{digits}f} {unit}"


def _as_data(exchange: Exchange) -> dict[str, object]:
    question = exchange.question
    data: dict[str, object] = {"prompt": question.prompt, "strategy": question.strategy, "answer": exchange.answer.text}
    if exchange.answer.refusal:
        data["refusal"] = exchange.answer.refusal
    return data | ({"reasoning": exchange.reasoning.text} if exchange.reasoning else {})
