"""A model is its weights: what is missing is refused, and no adapter leaves anything behind in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("peft")

import torch
from journal_tasks.llm.language_model import LanguageModel, adapted, load_language_model
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from test_task_llm_prompt import make_tiny_model

from journal import Model, TaskError
from journal.api.models import fetch_model

pytestmark = pytest.mark.filterwarnings("ignore")  # what PEFT says of transformers, where it is used by itself

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rank-stabilised": {"use_rslora": True},
    "DoRA": {"use_dora": True},
    "PiSSA": {"init_lora_weights": "pissa"},
    "OLoRA": {"init_lora_weights": "olora"},
    "all biases": {"bias": "all"},
    "LoRA's biases": {"bias": "lora_only"},
    "whole modules": {"modules_to_save": ["lm_head"]},
    "embeddings": {"target_modules": ["q_proj", "embed_tokens"]},
    "some tokens": {"trainable_token_indices": [1, 2]},
    "all linear layers": {"target_modules": "all-linear"},
}


def tiny_model(folder: Path, hidden_size: int = 32) -> Model:
    make_tiny_model(folder, hidden_size)
    return model_of(folder)


def model_of(folder: Path) -> Model:
    return fetch_model(f"./{folder.name}", {}, folder.parent)


@pytest.fixture
def model(tmp_path: Path) -> LanguageModel:
    return load_language_model(tiny_model(tmp_path / "tiny"), 1)


def foreign_adapter(model: LanguageModel, folder: Path, options: dict[str, Any]) -> Path:
    """Train an adapter a little with PEFT alone, on a copy of the model, and save it as PEFT does."""
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    network = AutoModelForCausalLM.from_pretrained(model.folder)
    config = LoraConfig(**{"target_modules": ["q_proj", "v_proj"], "r": 4, "task_type": "CAUSAL_LM", **options})
    network = get_peft_model(network, config)
    ids = torch.tensor([[1, 2, 3, 4, 5]])
    optimizer = torch.optim.SGD([one for one in network.parameters() if one.requires_grad], lr=0.5)
    for _ in range(3):
        network(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    network.save_pretrained(folder)
    return folder


def logits(network: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = network(input_ids=torch.tensor([[5, 4, 3, 2]])).logits
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_acts_as_in_peft_and_leaves_the_model_as_it_was(
    model: LanguageModel, tmp_path: Path, kind: str
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = foreign_adapter(model, tmp_path / "adapter", KINDS[kind])
    before, names = logits(model.network), sorted(model.network.state_dict())
    expected = logits(PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(model.folder), folder).eval())
    for _ in range(2):
        with adapted(model, folder) as one:
            assert torch.equal(logits(one.network), expected) and not torch.equal(expected, before)
        assert torch.equal(logits(model.network), before)
        assert sorted(model.network.state_dict()) == names


@pytest.mark.parametrize("change", ["missing", "strange", "of another shape"])
def test_a_model_whose_weights_are_not_whole_is_refused_by_name(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "tiny"
    make_tiny_model(folder)
    path = folder / "model.safetensors"
    weights = load_file(path)
    name = next(name for name in weights if "layers.0" in name and "q_proj" in name)
    if change == "missing":
        del weights[name]
    elif change == "strange":
        weights["model.layers.0.strange.weight"] = torch.zeros(2, 2)
    else:
        weights[name] = torch.zeros(3, 3)
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(TaskError, match="not whole") as error:
        load_language_model(model_of(folder), 1)
    assert (name if change != "strange" else "layers.0.strange.weight") in str(error.value)


@pytest.mark.parametrize("change", ["missing", "strange"])
def test_an_adapter_whose_weights_are_not_whole_is_refused_by_name(
    model: LanguageModel, tmp_path: Path, change: str
) -> None:
    folder = foreign_adapter(model, tmp_path / "adapter", {})
    weights = load_file(folder / "adapter_model.safetensors")
    name = sorted(weights)[0]
    tensor = weights.pop(name)
    if change == "strange":
        weights[name] = tensor
        weights["base_model.model.strange.lora_A.weight"] = tensor.clone()
    save_file(weights, folder / "adapter_model.safetensors", {"format": "pt"})
    before = logits(model.network)
    with pytest.raises(TaskError, match="adapter adapter are not whole"), adapted(model, folder):
        pass
    assert torch.equal(logits(model.network), before)


def test_an_adapter_of_another_model_is_refused_and_changes_nothing(model: LanguageModel, tmp_path: Path) -> None:
    other = load_language_model(tiny_model(tmp_path / "other", hidden_size=64), 1)
    folder = foreign_adapter(other, tmp_path / "adapter", {})
    model = load_language_model(model_of(model.folder), 1)
    before = logits(model.network)
    with pytest.raises(TaskError, match="does not fit"), adapted(model, folder):
        pass
    assert torch.equal(logits(model.network), before)
    assert json.loads((folder / "adapter_config.json").read_text())["peft_type"] == "LORA"
