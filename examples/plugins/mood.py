"""A model: found by its name in journal.yml, and part of what the result depends on."""

import json

from journal import Context, ModelName, Report, TaskError, task


@task("mood.judge")
def judge(ctx: Context, sentences: list[str], model: ModelName = "mood") -> Report:
    """Judge whether sentences sound glad or sad, by a model that weighs their words."""
    found = ctx.model(model)
    if found.path is None:
        raise TaskError(f"model '{found.name}' is on a server; give a folder with weights.json")
    weights = json.loads((found.path / "weights.json").read_text(encoding="utf-8"))
    scores = [sum(weights.get(word.strip(".,!?"), 0) for word in one.lower().split()) for one in sentences]
    rows = [{"sentence": one, "score": score} for one, score in zip(sentences, scores, strict=True)]
    return Report().metric("glad", sum(score > 0 for score in scores)).table(rows, name="sentences")
