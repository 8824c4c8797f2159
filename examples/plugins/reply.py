"""A server: asked over HTTP, and each answer kept as it comes, so that none is paid for twice."""

import json
from urllib.request import Request, urlopen

from journal import Context, ModelName, Report, TaskError, task


@task("reply.ask")
def ask(ctx: Context, question: str, model: ModelName = "parrot:grey") -> Report:
    """Ask a chat server one question."""
    found = ctx.model(model)
    if found.server is None:
        raise TaskError(f"model '{model}' is on no server; write SERVER:MODEL, with the server in journal.yml")
    asked = {"model": found.name, "server": found.server.url, "question": question}
    answer = ctx.answers.find(asked)
    if answer is None:
        answer = {"text": _answer(found.server.url, found.name, question)}
        ctx.answers.add(asked, answer, {})
    report = Report().metric("words", len(answer["text"].split()))
    return report.quote(answer["text"], title=question).output("answer", answer["text"])


def _answer(url: str, model: str, question: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    request = Request(f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=60) as reply:
            return str(json.load(reply)["choices"][0]["message"]["content"])
    except OSError as error:
        raise TaskError(f"{url} does not answer ({error}); is the server running?") from error
