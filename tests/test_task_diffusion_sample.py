"""diffusion.sample on small pipelines of random weights: what pixels depend on, not what they show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Space
from PIL import Image

from journal import Context, TaskError
from journal.report import read_report, write_report
from tasks.diffusion.drawing import CHUNK
from tasks.diffusion.sample import sample

LETTERS = [letter + end for end in ("", "</w>") for letter in "abcdefghijklmnopqrstuvwxyz"]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion pipeline folder with very small networks."""
    return make_pipeline(tmp_path_factory.mktemp("pipelines") / "small")


def make_pipeline(folder: Path) -> Path:
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    text = CLIPTextConfig(
        vocab_size=len(LETTERS) + 2, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=40, eos_token_id=1, bos_token_id=0, pad_token_id=1,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(16, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=16,
        attention_head_dim=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8), norm_num_groups=4, latent_channels=4, sample_size=16,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=make_tokenizer(folder), unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def make_tokenizer(folder: Path) -> Any:
    from transformers import CLIPTokenizer

    vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    vocabulary |= {letter: number for number, letter in enumerate(LETTERS, 2)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=40)


@pytest.fixture
def sampled(pipeline: Path, tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Run the task; returns the folder of its artifacts and its report.json."""
    count = iter(range(1000))

    def run(prompts: list[str], memory: Path | None = None, **parameters: Any) -> tuple[Path, dict[str, Any]]:
        out = tmp_path / f"out-{next(count)}"
        out.mkdir()
        context = Context(out=out, root=tmp_path, memory=memory)
        values = {"prompts": prompts, "model": str(pipeline), "seeds": 2, "steps": 3, **parameters}
        write_report(sample(ctx=context, **sample.validate(values)), out)
        return out, json.loads((out / "report.json").read_text())

    return run


def pictures(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: np.asarray(Image.open(path)) for path in sorted(folder.glob("*-*-*.png"))}


def test_there_is_a_picture_for_each_prompt_and_seed(sampled: Callable[..., Any]) -> None:
    folder, _ = sampled(["a horse", "a cat"], seeds=3)
    assert len(pictures(folder)) == 6
    assert all(picture.shape == (16, 16, 3) for picture in pictures(folder).values())


def test_seeds_and_prompts_make_different_pictures(sampled: Callable[..., Any]) -> None:
    folder, _ = sampled(["a horse", "a cat"], seeds=2, guidance=50)  # random weights listen but faintly
    shown = [picture.tobytes() for picture in pictures(folder).values()]
    assert len(set(shown)) == 4


def test_the_same_recipe_gives_the_same_bytes(sampled: Callable[..., Any]) -> None:
    one, _ = sampled(["a horse"])
    other, _ = sampled(["a horse"])
    for path in one.glob("*.png"):
        assert path.read_bytes() == (other / path.name).read_bytes()


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 8])
def test_a_picture_does_not_depend_on_its_batch_mates(sampled: Callable[..., Any], batch: int) -> None:
    alone, _ = sampled(["a horse riding an astronaut"], seeds=[3])
    among, _ = sampled(["a cat", "a horse riding an astronaut", "a moon"], seeds=[0, 3, 5], batch=batch)
    for name, picture in pictures(alone).items():
        assert (pictures(among)[name] == picture).all()


@pytest.mark.parametrize("scheduler", ["default", "euler", "dpm++2m", "ddim"])
def test_schedulers_are_chosen_by_name_and_told(sampled: Callable[..., Any], scheduler: str) -> None:
    folder, report = sampled(["a horse"], seeds=[1], scheduler=scheduler)
    settings = dict(next(item["rows"] for item in report["items"] if item["kind"] == "table"))
    assert len(pictures(folder)) == 1
    assert {"euler": "Euler", "dpm++2m": "DPMSolver", "ddim": "DDIM", "default": "DDIM"}[scheduler] in settings[
        "scheduler"
    ]


def test_a_scheduler_of_one_step_does_not_stay_for_the_next(sampled: Callable[..., Any]) -> None:
    before, _ = sampled(["a horse"], seeds=[1], scheduler="default")
    sampled(["a horse"], seeds=[1], scheduler="euler")
    after, _ = sampled(["a horse"], seeds=[1], scheduler="default")
    assert [p.tobytes() for p in pictures(before).values()] == [p.tobytes() for p in pictures(after).values()]


def test_each_png_carries_its_recipe(sampled: Callable[..., Any]) -> None:
    folder, _ = sampled(["a horse"], seeds=[7], negative="a cat", guidance=2.5)
    recipe = json.loads(Image.open(next(folder.glob("a-horse-*.png"))).text[CHUNK])
    assert recipe["task"] == "diffusion.sample"
    assert recipe["parameters"]["prompts"] == ["a horse"]
    assert recipe["parameters"]["seeds"] == [7]
    assert recipe["parameters"]["guidance"] == 2.5
    assert recipe["parameters"]["negative"] == "a cat"
    assert len(recipe["digest"]) == 64
    assert set(recipe["versions"]) == {"torch", "diffusers", "transformers"}


def test_a_recipe_makes_the_same_bytes_again(sampled: Callable[..., Any], tmp_path: Path) -> None:
    folder, _ = sampled(["a horse", "a cat"], seeds=3, guidance=2.0)
    path = sorted(folder.glob("a-cat-*.png"))[1]
    parameters = json.loads(Image.open(path).text[CHUNK])["parameters"]
    again, _ = sampled(parameters.pop("prompts"), **parameters)
    assert (again / path.name).read_bytes() == path.read_bytes()


def test_a_new_seed_computes_one_picture(sampled: Callable[..., Any], tmp_path: Path) -> None:
    memory = tmp_path / "kept"
    sampled(["a horse", "a cat"], memory, seeds=[0, 1])
    kept = {path: path.stat().st_mtime_ns for path in memory.rglob("*") if path.is_file()}
    sampled(["a horse", "a cat"], memory, seeds=[0, 1, 2])
    after = {path: path.stat().st_mtime_ns for path in memory.rglob("*") if path.is_file()}
    assert all(after[path] == changed for path, changed in kept.items())
    assert len(after) - len(kept) == 2


def test_pictures_made_before_an_interruption_are_kept(sampled: Callable[..., Any], tmp_path: Path) -> None:
    memory = tmp_path / "kept"
    with pytest.raises(TaskError, match="NaN"):
        _sample_until_nan(sampled, memory)
    assert len([path for path in memory.rglob("*") if path.is_file()]) >= 2


def _sample_until_nan(sampled: Callable[..., Any], memory: Path) -> None:
    """Two pictures are made before the third's guidance overflows what the decoder can give."""
    sampled(["a horse", "a cat"], memory, seeds=1, batch=1)
    sampled(["a moon"], memory, seeds=1, guidance=1e38)


def test_image_to_image_starts_from_the_picture(sampled: Callable[..., Any], tmp_path: Path) -> None:
    start = tmp_path / "start.png"
    Image.new("RGB", (40, 40), "red").save(start)
    weak, _ = sampled(["a horse"], seeds=[1], start=start, strength=0.4, steps=5)
    strong, _ = sampled(["a horse"], seeds=[1], start=start, strength=1.0, steps=5)
    none, _ = sampled(["a horse"], seeds=[1], steps=5)
    shown = {next(iter(pictures(folder).values())).tobytes() for folder in (weak, strong, none)}
    assert len(shown) == 3


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"prompts": [" "]}, "a prompt is empty"),
        ({"seeds": []}, "no seeds"),
        ({"width": 17}, "width 17 is no multiple of 4"),
        ({"scheduler": "eulr"}, "did you mean 'euler'"),
        ({"guidance": 1e38}, "NaN"),
    ],
)
def test_what_can_not_be_made_is_said(sampled: Callable[..., Any], parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError, match=said):
        sampled(**{"prompts": ["a horse"], **parameters})


def test_a_folder_that_is_no_pipeline_is_said(sampled: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TaskError, match="'empty' is no pipeline folder"):
        sampled(["a horse"], model="./empty")


def test_pickles_are_not_loaded(sampled: Callable[..., Any], tmp_path: Path, pipeline: Path) -> None:
    import shutil

    import torch

    folder = Path(shutil.copytree(pipeline, tmp_path / "pickled"))
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
        torch.save({}, weights.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(TaskError, match="pickles are not loaded"):
        sampled(["a horse"], model="./pickled")


def test_a_damaged_pipeline_is_one_line(sampled: Callable[..., Any], tmp_path: Path, pipeline: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(pipeline, tmp_path / "damaged"))
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(TaskError, match="'damaged' can't be loaded") as caught:
        sampled(["a horse"], model="./damaged")
    assert "\n" not in str(caught.value)


def test_the_step_lands_in_the_entry(space: Space, pipeline: Path) -> None:
    entry = space.entry(
        f"  horse: {{uses: diffusion.sample, model: {pipeline}, prompts: [a horse], seeds: 2, steps: 2}}\n",
        "Look:\n\n<!-- journal:horse -->\n",
    )
    space.run("day", "133", check=0)
    assert entry.read_text().count("<img") == 2
    report = read_report(entry.with_suffix("") / "horse")
    assert len(report.outputs["pictures"]) == 2


def test_why_tells_a_pictures_recipe_and_makes_it_again(space: Space, pipeline: Path) -> None:
    entry = space.entry(
        f"  horse: {{uses: diffusion.sample, model: {pipeline}, prompts: [a horse, a cat], steps: 2}}\n"
    )
    space.run("day", "133", check=0)
    path = sorted((entry.with_suffix("") / "horse").glob("a-cat-*.png"))[2]
    said = space.run("why", str(path), check=0).out
    assert 'prompts: ["a cat"]' in said
    assert "seeds: [2]" in said
    space.run("why", str(path), "--redo", "again.png", check=0)
    assert (space.root / "again.png").read_bytes() == path.read_bytes()


def test_why_of_a_picture_without_a_recipe_is_one_line(space: Space) -> None:
    Image.new("RGB", (2, 2)).save(space.root / "plain.png")
    assert "carries no recipe" in space.run("why", "plain.png", check=2).err


def test_prompts_in_another_order_give_the_same_report_as_on_a_fresh_machine(
    sampled: Callable[..., Any], tmp_path: Path
) -> None:
    memory = tmp_path / "kept"
    sampled(["a cat", "a horse"], memory)
    swapped, _ = sampled(["a horse", "a cat"], memory)
    fresh, _ = sampled(["a horse", "a cat"])
    assert {p.name: p.read_bytes() for p in swapped.iterdir()} == {p.name: p.read_bytes() for p in fresh.iterdir()}
