"""llm.prompt against servers: what they are asked, how their answers are told, and what happens when they fail."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chat_servers import ChatServer, completion, serving
from conftest import Space
from journal_tasks.llm.prompt import prompt

from journal import AnswerStore, Context, Report, TaskError
from journal.api.answers import read_answers
from journal.api.items import Quote, Table
from journal.text.servers import Price, Server

KEY = "mine-2f9c81b7aa40"
TOP = [{"token": " Nine", "logprob": math.log(0.75)}, {"token": "The", "logprob": math.log(0.25)}]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    monkeypatch.setenv("MINE_KEY", KEY)
    with serving(ChatServer()) as started:
        yield started


def asking(server: ChatServer | str, tmp_path: Path, **settings: Any) -> Context:
    """Return the context of a step in a workspace with the server, which is asked once unless settings differ."""
    url = server if isinstance(server, str) else server.url
    mine = Server("mine", url, **{"key": "MINE_KEY", "retries": 0, "timeout_s": 30.0, **settings})
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    return Context(out=out, root=tmp_path, servers={"mine": mine})


def quotes(report: Report) -> dict[str, str]:
    return {item.title: item.text for item in report.items if isinstance(item, Quote)}


def test_a_server_is_asked_with_all_strategies(tmp_path: Path, server: ChatServer) -> None:
    server.reply = lambda request, number: {
        **completion(),
        "choices": [{**completion()["choices"][0], "logprobs": {"content": [{"top_logprobs": TOP}]}}],
    }
    ctx = asking(server, tmp_path, concurrency=1)
    report = prompt("How many?", ctx, ("zero-shot", "chain-of-thought"), model="mine:org/m", system="Be brief.")
    assert report.headline_text == "2 answers, 6 tokens"
    opening = [{"role": "system", "content": "Be brief."}]
    assert server.requests[0]["messages"] == [*opening, {"role": "user", "content": "How many?"}]
    assert [message["role"] for message in server.requests[2]["messages"]] == ["system", "user", "assistant", "user"]
    assert server.requests[0] | {"messages": 0} == {
        "model": "org/m", "messages": 0, "max_tokens": 128, "temperature": 0.0, "seed": 0,
        "logprobs": True, "top_logprobs": 5,
    }  # fmt: skip
    assert server.keys == {f"Bearer {KEY}"}
    tables = [item for item in report.items if isinstance(item, Table)]
    assert tables[0].rows == [["“␣Nine”", pytest.approx(75)], ["“The”", pytest.approx(25)]]


def test_a_server_without_a_key_is_sent_none(
    tmp_path: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-another-server")
    prompt("How many?", asking(server, tmp_path, key=""), model="mine:m")
    assert server.keys == {None}
    assert "of-another-server" not in str(server.headers)


@pytest.mark.parametrize(("top", "asked"), [(19, 19), (20, 20), (50, 20)])
def test_a_server_is_asked_for_twenty_alternatives_at_most(
    tmp_path: Path, server: ChatServer, top: int, asked: int
) -> None:
    prompt("How many?", asking(server, tmp_path), model="mine:m", top=top)
    assert [request["top_logprobs"] for request in server.requests] == [asked]


def test_no_more_requests_are_under_way_than_the_server_may_be_sent(tmp_path: Path, server: ChatServer) -> None:
    together, under_way, most = threading.Barrier(3), 0, 0

    def reply(request: dict[str, Any], number: int) -> dict[str, Any]:
        nonlocal under_way, most
        with server.lock:
            under_way += 1
            most = max(most, under_way)
        together.wait(20)  # breaks, and with it the test, unless three come at once
        with server.lock:
            under_way -= 1
        return completion(request["messages"][0]["content"].upper())

    server.reply = reply
    questions = list("abcdefghi")
    report = prompt(questions, asking(server, tmp_path, concurrency=3), model="mine:m")
    assert most == 3
    assert [one["answer"] for one in report.outputs["answers"]] == [one.upper() for one in questions]


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_what_fails_for_now_is_asked_again(tmp_path: Path, server: ChatServer, status: int) -> None:
    busy = (status, {"Retry-After": "0.01"}, '{"error": {"message": "busy"}}')
    server.reply = lambda request, number: busy if number < 2 else completion()
    report = prompt("How many?", asking(server, tmp_path, retries=2), model="mine:m")
    assert report.outputs["answers"][0]["answer"] == "Nine."
    assert len(server.requests) == 3


def test_a_line_that_breaks_is_asked_again(tmp_path: Path, server: ChatServer) -> None:
    short = (200, {"Content-Length": "500"}, '{"choices": [')
    server.reply = lambda request, number: short if number == 0 else completion()
    report = prompt("How many?", asking(server, tmp_path, retries=1), model="mine:m")
    assert report.outputs["answers"][0]["answer"] == "Nine."


def test_a_server_that_says_to_wait_for_long_is_not_pressed(tmp_path: Path, server: ChatServer) -> None:
    server.reply = lambda request, number: (429, {"Retry-After": "3600"}, "slow down")
    with pytest.raises(TaskError, match=r"answered 429: slow down; wait as long as it says \(3600 s\), or lower its"):
        prompt("How many?", asking(server, tmp_path, retries=5), model="mine:m")
    assert len(server.requests) == 1


def test_a_setting_that_the_server_refuses_is_left_out_once_and_told(tmp_path: Path, server: ChatServer) -> None:
    def reply(request: dict[str, Any], number: int) -> Any:
        for name in ("logprobs", "temperature"):
            if name in request:
                return 400, {}, json.dumps({"error": {"message": f"{name} is not supported"}})
        return completion()

    server.reply = reply
    ctx = asking(server, tmp_path, concurrency=1)
    report = prompt(["a", "b", "c"], ctx, model="mine:m", temperature=0.5)
    assert len(server.requests) == 5
    assert "The server takes no temperature, so the answers do not follow it." in str(report.items)


def test_a_server_that_renamed_max_tokens_still_answers(tmp_path: Path, server: ChatServer) -> None:
    refusal = (400, {}, '{"error": {"message": "use max_completion_tokens instead of max_tokens"}}')
    server.reply = lambda request, number: refusal if "max_tokens" in request else completion()
    prompt(["a", "b"], asking(server, tmp_path, concurrency=1), model="mine:m", max_new_tokens=7)
    assert [request.get("max_completion_tokens") for request in server.requests] == [None, 7, 7]


ANSWERS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (completion("Nine."), {"Zero-shot: the answer (2 tokens)": "Nine."}),
    (completion("Ni", "length"), {"Zero-shot: the answer (cut off after 2 tokens)": "Ni"}),
    (completion(""), {"Zero-shot: the answer (2 tokens)": "(the model said nothing)"}),
    (
        completion("Nine.", reasoning_content="Eight, and one."),
        {
            "Zero-shot: the answer: what the model thought before it": "Eight, and one.",
            "Zero-shot: the answer (2 tokens)": "Nine.",
        },
    ),
    (
        completion(None, "length", reasoning="Let me see"),
        {
            "Zero-shot: the answer: what the model thought before it": "Let me see",
            "Zero-shot: the answer (cut off after 2 tokens)": "(cut off while it thought; raise max_new_tokens)",
        },
    ),
    (completion(None, refusal="I won't."), {"Zero-shot: the answer: a refusal": "I won't."}),
    (
        completion([{"type": "text", "text": "Ni"}, {"type": "text", "text": "ne."}]),
        {"Zero-shot: the answer (2 tokens)": "Nine."},
    ),
    (
        completion([{"type": "refusal", "refusal": "No."}]),
        {"Zero-shot: the answer: a refusal": "No."},
    ),
    (
        completion([{"type": "image_url", "image_url": {"url": "data:"}}]),
        {"Zero-shot: the answer (2 tokens)": "(no text, but image_url, which can't be shown)"},
    ),
    (
        completion("", "content_filter"),
        {
            "Zero-shot: the answer (cut off by the server's content filter after 2 tokens)": "(the server's content "
            "filter held the answer back)"
        },
    ),
    (
        completion(None, "tool_calls", tool_calls=[{"type": "function", "function": {"name": "search"}}]),
        {"Zero-shot: the answer (2 tokens)": "(no text, but a call of search, which can't be shown)"},
    ),
    (
        completion("Nine.", "<b>odd</b>"),
        {"Zero-shot: the answer (2 tokens; the server says it ended by “boddb”)": "Nine."},
    ),
    ({"choices": completion("Nine.")["choices"]}, {"Zero-shot: the answer": "Nine."}),
]


@pytest.mark.parametrize(("reply", "told"), ANSWERS)
def test_an_answer_is_told_as_what_it_is(
    tmp_path: Path, server: ChatServer, reply: dict[str, Any], told: dict[str, str]
) -> None:
    server.reply = lambda request, number: reply
    assert quotes(prompt("How many?", asking(server, tmp_path), model="mine:m", show_prompt=False)) == told


def test_what_the_answers_took_is_told_with_its_price(tmp_path: Path, server: ChatServer) -> None:
    """Two requests of 10 tokens read and 2 written: 20 × 0.5 + 4 × 2 millionths."""
    ctx = asking(server, tmp_path, price=Price(0.5, 2.0, "EUR"))
    report = prompt(["a", "b"], ctx, model="mine:m")
    assert report.headline_text == "2 answers, 4 tokens, 0.000018 EUR"
    numbers = {metric.name: metric.value for metric in report.metrics}
    assert numbers == {"tokens read": 20, "tokens written": 4, "price": 0.000018, "answers": 2, "tokens": 4}


def test_no_price_is_told_where_the_server_does_not_count(tmp_path: Path, server: ChatServer) -> None:
    server.reply = lambda request, number: {"choices": completion()["choices"]}
    report = prompt("a", asking(server, tmp_path, price=Price(0.5, 2.0)), model="mine:m")
    assert report.headline_text == "1 answer"
    assert "does not say how many tokens" in str(report.items)


WRONG = [
    (
        (401, {}, '{"error": {"message": "wrong\\nkey"}}'),
        r"answered 401: wrong key; check the key in \$MINE_KEY$",
    ),
    ((404, {}, '{"error": "no such model"}'), r"answered 404: no such model; check the model's name"),
    ((418, {}, "<html>oh</html>"), r"answered 418: <html>oh</html>$"),
    ((302, {"Location": "/elsewhere"}, ""), r"answered 302: "),
    ((200, {}, "no json"), r"sent no JSON: no json$"),
    ((200, {}, ""), r"sent no JSON: an empty body$"),
    ((200, {}, "[" * 100_000), r"sent no JSON: \[\["),
    ((200, {}, '{"choices": []}'), r'sent no chat completion: \{"choices": \[\]\}$'),
    ((200, {}, '{"choices": [{"message": {"content": 9}}]}'), r"sent no chat completion: "),
    ((200, {}, '{"choices": [{"message": {"content": [{"text": "x"}]}}]}'), r"sent no chat completion: "),
    ((200, {}, "[1]"), r"sent no chat completion: \[1\]$"),
    ((200, {}, json.dumps(completion(tokens=-1))), r"says that completion_tokens is '-1', which is no number"),
    ((200, {}, json.dumps(completion(tokens="two"))), r"says that completion_tokens is 'two', which is no number"),
    ((200, {}, json.dumps(completion(tokens=math.nan))), r"says that completion_tokens is 'nan', which is no number"),
    ((200, {}, json.dumps(completion(tokens=1.5))), r"says that completion_tokens is '1.5', which is no number"),
    ((200, {"Content-Length": "500"}, '{"choices": ['), r"can't be asked: .*; check its address and that it runs$"),
]


@pytest.mark.parametrize(("reply", "message"), WRONG)
def test_a_server_that_fails_is_one_line_without_the_key(
    tmp_path: Path, server: ChatServer, reply: Any, message: str
) -> None:
    server.reply = lambda request, number: reply
    with pytest.raises(TaskError, match=message) as caught:
        prompt("How many?", asking(server, tmp_path), model="mine:m")
    assert str(caught.value).startswith(f"model 'mine:m': {server.url} ")
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ({"token": "a", "logprob": 5}, "says that the logarithm of the probability of “a” is 5"),
        ({"token": "a", "logprob": math.nan}, "says that the logarithm of the probability of “a” is nan"),
        ({"token": "a", "logprob": "x"}, "sent probabilities of tokens that can't be read"),
    ],
)
def test_odd_probabilities_are_refused(tmp_path: Path, server: ChatServer, token: object, message: str) -> None:
    choice = {**completion()["choices"][0], "logprobs": {"content": [{"top_logprobs": [token]}]}}
    server.reply = lambda request, number: {"choices": [choice]}
    with pytest.raises(TaskError, match=message):
        prompt("How many?", asking(server, tmp_path), model="mine:m")


def test_what_speaks_no_http_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE_KEY", KEY)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example.org ready\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        with pytest.raises(
            TaskError, match=f"^model 'mine:m': {url} can't be asked: [^\n]+; check its address"
        ) as said:
            prompt("How many?", asking(url, tmp_path), model="mine:m")
        thread.join()
    assert KEY not in str(said.value)


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE_KEY", KEY)
    url = "http://127.0.0.1:9/v1"
    with pytest.raises(TaskError, match=f"^model 'mine:m': {url} can't be asked: .*refused"):
        prompt("How many?", asking(url, tmp_path), model="mine:m")


def test_a_server_that_hangs_is_given_up(tmp_path: Path, server: ChatServer) -> None:
    over = threading.Event()

    def reply(request: dict[str, Any], number: int) -> dict[str, Any]:
        over.wait(30)
        return completion()

    server.reply = reply
    try:
        with pytest.raises(TaskError, match=r"gave no answer within 0.2 s; raise its timeout: in journal.yml$"):
            prompt("How many?", asking(server, tmp_path, timeout_s=0.2), model="mine:m")
    finally:
        over.set()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "its server's key is missing; set the variable MINE_KEY"),
        ("two words", r"the key in \$MINE_KEY has blanks"),
    ],
)
def test_a_key_that_cannot_be_sent_is_told_before_anything_is(
    tmp_path: Path, server: ChatServer, key: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE_KEY", key)
    with pytest.raises(TaskError, match=message) as caught:
        prompt("How many?", asking(server, tmp_path), model="mine:m")
    assert not server.requests
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"adapter": Path("some")}, "an adapter can't be put on 'mine:m'"),
        ({"repetition_penalty": 1.2}, "model 'mine:m': a server takes no repetition_penalty; leave it out"),
    ],
)
def test_what_a_server_cannot_do_is_told(
    tmp_path: Path, server: ChatServer, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TaskError, match=message):
        prompt("How many?", asking(server, tmp_path), model="mine:m", **options)
    assert not server.requests


STEP = "  ask: {{uses: llm.prompt, prompt: How many?, model: '{model}'}}\n"


def with_server(space: Space, server: ChatServer, extra: str = "") -> None:
    text = (
        f'name: A journal\nday-1: 2024-01-02\nservers:\n  mine: {{url: "{server.url}", key: $MINE_KEY, retries: 0}}\n'
    )
    space.write("journal.yml", text + extra)


def test_the_address_of_a_server_counts(space: Space, server: ChatServer) -> None:
    space.entry(STEP.format(model="mine:m"))
    with_server(space, server)
    space.run("day", "133", check=0)
    assert "up to date; nothing changed" in space.run("day", "133", check=0).out
    with serving(ChatServer(lambda request, number: completion("Ten."))) as other:
        with_server(space, other)
        space.run("day", "133", check=0)
        assert "Ten." in next((space.root / "entries").glob("*.md")).read_text()
    assert (len(server.requests), len(other.requests)) == (1, 1)


def test_a_short_name_stands_for_a_model_on_a_server(space: Space, server: ChatServer) -> None:
    space.entry(STEP.format(model="asked"))
    with_server(space, server, "models:\n  asked: mine:org/m\n")
    space.run("day", "133", check=0)
    assert server.requests[0]["model"] == "org/m"
    assert "asked            available    mine:org/m" in space.run("models", check=0).out


def test_a_workspace_that_is_not_trusted_sends_no_key(
    space: Space, server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = space.entry(STEP.format(model="mine:m"))
    before = entry.read_bytes()
    with_server(space, server)
    monkeypatch.setenv("JOURNAL_TRUST", "0")
    monkeypatch.setenv("XDG_STATE_HOME", str(space.root.parent / "state"))
    said = space.run("day", "133", check=3).err
    assert "model 'mine:m': its server gets the key in $MINE_KEY, and this workspace is not trusted" in said
    assert entry.read_bytes() == before
    assert not server.requests
    space.run("trust", check=0)
    space.run("day", "133", check=0)
    assert server.keys == {f"Bearer {KEY}"}


@pytest.mark.parametrize("status", [200, 401])
def test_a_key_that_a_server_repeats_gets_nowhere(space: Space, server: ChatServer, status: int) -> None:
    repeated = json.dumps(completion(f"Your key is {KEY}.", reasoning_content=f"The key is {KEY}"))
    refused = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}})
    server.reply = lambda request, number: (status, {}, repeated if status == 200 else refused)
    space.entry(STEP.format(model="mine:m"))
    with_server(space, server)
    done = space.run("day", "133", check=0 if status == 200 else 1)
    assert KEY not in done.out + done.err
    texts = [path.read_bytes() for path in space.root.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in text for text in texts)
    assert any(b"[key removed]" in text for text in texts)
    assert any(b"MINE_KEY" in text for text in texts)


def test_a_model_of_an_unknown_server_is_told_with_its_line(space: Space, server: ChatServer) -> None:
    space.entry(STEP.format(model="mien:m"))
    with_server(space, server)
    said = space.run("day", "133", check=3).err
    assert ":5: model 'mien:m': there is no server 'mien'; did you mean 'mine'?" in said


def answered(space: Space) -> list[str]:
    path = next((space.root / "entries").glob("*/ask/answers.jsonl"))
    return [str(one.answer["text"]) for one in read_answers(path)]


def test_a_failure_at_the_fifth_question_costs_no_answer_twice(space: Space, server: ChatServer) -> None:
    with_server(space, server, "")
    text = (space.root / "journal.yml").read_text().replace("retries: 0", "retries: 0, concurrency: 1")
    space.write("journal.yml", text)
    is_broken = True

    def reply(request: dict[str, Any], number: int) -> Any:
        asked = request["messages"][-1]["content"]
        return (500, {}, "out of order") if is_broken and asked == "e" else completion(asked.upper())

    server.reply = reply
    step = "  ask: {{uses: llm.prompt, model: 'mine:m', prompt: [{prompts}]{more}}}\n"
    space.entry(step.format(prompts="a, b, c, d, e, f", more=""))
    space.run("day", "133", check=1)
    assert answered(space) == ["A", "B", "C", "D"]
    is_broken = False
    space.run("day", "133", check=0)
    assert len(server.requests) == 5 + 2
    for prompts, more, new in (
        ("a, b, c, d, e, f, g", "", 1),
        ("a, c, g", ", show_prompt: false, batch_size: 2, top: 3", 0),
        ("a", ", top: 9", 1),
        ("a", ", temperature: 0.5", 1),
        ("b, b", ", temperature: 0.5", 2),
        ("b", ", max_new_tokens: 7", 1),
    ):
        before = len(server.requests)
        space.entry(step.format(prompts=prompts, more=more))
        space.run("day", "133", check=0)
        assert len(server.requests) - before == new, (prompts, more)
    assert [one["seed"] for one in server.requests[-3:-1]] == [0, 1]


def test_an_answer_from_the_store_is_told_as_it_was(tmp_path: Path, server: ChatServer) -> None:
    logprobs = {"content": [{"top_logprobs": TOP}]}
    said = completion("Ni", "length", reasoning="Eight, and one.", refusal="No more.")
    server.reply = lambda request, number: {**said, "choices": [{**said["choices"][0], "logprobs": logprobs}]}
    ctx = asking(server, tmp_path, price=Price(0.5, 2.0))
    reports = [prompt("How many?", ctx, ("chain-of-thought",), model="mine:m") for _ in range(2)]
    assert reports[0].items == reports[1].items
    assert reports[0].headline_text == reports[1].headline_text
    assert len(server.requests) == 2


@pytest.mark.models
@pytest.mark.slow
def test_a_real_server_answers_as_the_same_model_does_here(tmp_path: Path) -> None:
    """``transformers serve`` on loopback with the small model's weights; both are greedy."""
    for library in ("fastapi", "uvicorn", "torch"):
        pytest.importorskip(library)
    from journal_tasks.llm.gguf_folder import convert_gguf
    from test_task_llm_prompt import MODELS, QUESTION

    source = Context(out=tmp_path, models=MODELS).model("default-llm")
    assert source.path
    folder = convert_gguf(source.path, source.digest)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("transformers")
    command = [program, "serve", folder, "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(command, env={**os.environ, "HF_HUB_OFFLINE": "1"}, **quiet)
    try:
        ctx = asking(f"http://127.0.0.1:{port}/v1", tmp_path, key="", retries=20, timeout_s=300.0)
        report = prompt(QUESTION, ctx, model=f"mine:{folder}", max_new_tokens=12)
    finally:
        running.terminate()
        running.wait()
    here = prompt(QUESTION, replace(ctx, models=MODELS, answers=AnswerStore()), max_new_tokens=12)
    assert report.outputs == here.outputs
    assert report.headline_text == "1 answer, 12 tokens"
