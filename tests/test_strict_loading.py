"""A pipeline whose weights are not those of its configuration is refused, and the tensor is named."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("diffusers")
from journal_tasks.diffusion.pipeline import load_pipeline
from safetensors.torch import load_file, save_file
from tiny_pipelines import make_flux, make_stable_diffusion, make_stable_diffusion_xl

from journal import TaskError
from journal.api.models import Model

pytestmark = pytest.mark.slow


def _load(folder: Path) -> object:
    return load_pipeline(Model(source=str(folder), scheme="folder", name="a", path=folder, digest=str(folder)))


@pytest.mark.parametrize("make", [make_stable_diffusion, make_stable_diffusion_xl, make_flux])
def test_a_whole_pipeline_is_loaded(make: object, tmp_path: Path) -> None:
    assert _load(make(tmp_path / "whole"))  # type: ignore[operator]


@pytest.mark.parametrize("network", ["unet", "vae", "text_encoder"])
@pytest.mark.parametrize(
    ("damage", "words"),
    [("removed", "missing: {name}"), ("renamed", "not part of the network: {name}.old"), ("reshaped", "{name}")],
)
def test_a_damaged_network_is_refused_with_the_tensor(network: str, damage: str, words: str, tmp_path: Path) -> None:
    folder = make_stable_diffusion(tmp_path / "tiny")
    file = next((folder / network).glob("*.safetensors"))
    tensors = load_file(file)
    name = sorted(tensors)[1]
    tensor = tensors.pop(name)
    if damage == "renamed":
        tensors[f"{name}.old"] = tensor
    elif damage == "reshaped":
        tensors[name] = tensor.repeat(*[2] * tensor.ndim)
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(TaskError) as caught:
        _load(folder)
    said = str(caught.value)
    assert "\n" not in said and (network in said or damage == "reshaped")
    assert words.format(name=name.removeprefix("text_model.")) in said.replace("text_model.", "")
