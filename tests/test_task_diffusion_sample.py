"""diffusion.sample on small pipelines of random weights: what pixels depend on, not what they show."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Space
from journal_tasks.diffusion.drawing import read_recipe
from journal_tasks.diffusion.sample import sample
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tiny_pipelines import make_flux, make_stable_diffusion, make_stable_diffusion_xl, safety_checker

from journal import Context, TaskError
from journal.api.numbers import format_cell, load_cell
from journal.api.report_file import read_report, write_report


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion pipeline folder with very small networks."""
    return make_stable_diffusion(tmp_path_factory.mktemp("pipelines") / "small")


@pytest.fixture
def sampled(pipeline: Path, tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Run the task; returns the folder of its artifacts and its report.json."""
    count = iter(range(1000))

    def run(prompts: list[str], memory: Path | None = None, **parameters: Any) -> tuple[Path, dict[str, Any]]:
        out = tmp_path / f"out-{next(count)}"
        out.mkdir()
        context = Context(out=out, root=tmp_path, cache_dir=memory)
        values = {"prompts": prompts, "model": str(pipeline), "seeds": 2, "steps": 3, **parameters}
        write_report(sample(ctx=context, **sample.validate(values)), out)
        return out, json.loads((out / "report.json").read_text())

    return run


def pictures(folder: Path) -> dict[str, np.ndarray]:
    return {path.name: np.asarray(Image.open(path)) for path in sorted(folder.glob("*-*-*.png"))}


def settings_of(report: dict[str, Any]) -> dict[str, str]:
    """Return the settings as a reader sees them."""
    rows = next(item["rows"] for item in report["items"] if item["kind"] == "table")
    return {name: format_cell(load_cell(cell)) for name, cell in rows}


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
def test_no_bit_of_a_picture_depends_on_its_batch_mates(pipeline: Path, tmp_path: Path, batch: int) -> None:
    from journal_tasks.diffusion.pipeline import load_pipeline
    from journal_tasks.diffusion.sampling import Recipe, sample_pictures

    from journal.api.models import fetch_model

    loaded = load_pipeline(fetch_model(str(pipeline), {}, tmp_path))
    prompts = ["a cat", "a horse riding an astronaut", "a moon"]
    among = [Recipe(prompt, seed, 3, 3.0, "", 16, 16) for prompt in prompts for seed in (0, 3, 5)]
    seen: list[bytes] = []
    for recipes in ([among[4]], among, among[::-1]):
        made = {one.recipe: one for one in sample_pictures(loaded, recipes, batch, lambda *_: None)}
        seen.append(made[among[4]].picture.tobytes())
        assert made[among[4]].batch == batch
    assert len(set(seen)) == 1


def test_pictures_in_batches_of_other_sizes_differ_by_rounding_at_most(sampled: Callable[..., Any]) -> None:
    alone, _ = sampled(["a horse"], seeds=[3], batch=1)
    for batch in (2, 8):
        filled, _ = sampled(["a horse"], seeds=[3], batch=batch)
        for name, picture in pictures(alone).items():
            assert np.abs(pictures(filled)[name].astype(int) - picture).max() <= 1


@pytest.mark.parametrize("scheduler", ["default", "euler", "dpm++2m", "ddim"])
def test_schedulers_are_chosen_by_name_and_told(sampled: Callable[..., Any], scheduler: str) -> None:
    folder, report = sampled(["a horse"], seeds=[1], scheduler=scheduler)
    settings = settings_of(report)
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
    recipe = read_recipe(next(folder.glob("a-horse-*.png")))
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
    parameters = read_recipe(path)["parameters"]
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


def test_pictures_made_before_ctrl_c_are_kept(space: Space, pipeline: Path) -> None:
    entry = space.entry(
        f"  horse: {{uses: diffusion.sample, model: {pipeline}, prompts: [a horse], seeds: 60, steps: 20, batch: 2}}\n"
    )
    command = [sys.executable, "-m", "journal", "day", "133"]
    run = subprocess.Popen(command, cwd=space.root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while len(kept(space)) < 7 and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    assert "interrupted" in run.communicate(timeout=60)[1]
    assert run.returncode == 130
    before = kept(space)
    assert 7 <= len(before) < 61, "the interruption came too late"
    space.run("day", "133", check=0)
    after = kept(space)
    assert {path: after[path] for path in before} == before, "a picture was made twice"
    assert len(after) == 61  # with the strip
    assert len(list((entry.with_suffix("") / "horse").glob("a-horse-*.png"))) == 60


def kept(space: Space) -> dict[str, tuple[int, int]]:
    """Return inode and time of each file that the task remembers."""
    files = [path for path in (space.root / ".journal" / "kept").glob("??/*") if path.suffix != ".part"]
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


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
    import torch

    folder = Path(shutil.copytree(pipeline, tmp_path / "pickled"))
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
        torch.save({}, weights.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(TaskError, match="pickles are not loaded"):
        sampled(["a horse"], model="./pickled")


def test_a_damaged_pipeline_is_one_line(sampled: Callable[..., Any], tmp_path: Path, pipeline: Path) -> None:
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
    with Image.open(path) as picture:
        half = picture.convert("RGB")
        half.paste((255, 0, 0), (0, 0, half.width, half.height // 2))
        info = PngInfo()
        info.add_text("journal", picture.text["journal"])  # type: ignore[attr-defined]
        half.save(space.root / "half.png", pnginfo=info)
    said = space.run("why", "half.png", "--redo", "again.png", check=1).out
    assert said.startswith("made again.png, and half.png is an edited copy of it: ") or "shows something else" in said


def test_why_of_a_picture_without_a_recipe_is_one_line(space: Space) -> None:
    Image.new("RGB", (2, 2)).save(space.root / "plain.png")
    assert "no step whose report is here made this file" in space.run("why", "plain.png", check=2).err


def test_prompts_in_another_order_give_the_same_report_as_on_a_fresh_machine(
    sampled: Callable[..., Any], tmp_path: Path
) -> None:
    memory = tmp_path / "kept"
    sampled(["a cat", "a horse"], memory)
    swapped, _ = sampled(["a horse", "a cat"], memory)
    fresh, _ = sampled(["a horse", "a cat"])
    assert {p.name: p.read_bytes() for p in swapped.iterdir()} == {p.name: p.read_bytes() for p in fresh.iterdir()}


@pytest.mark.parametrize("make", [make_stable_diffusion_xl, make_flux], ids=["SDXL", "Flux"])
def test_pipelines_of_other_classes_are_driven_by_their_own(
    sampled: Callable[..., Any], tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    model = {"model": str(make(tmp_path / "pipeline")), "width": 16, "height": 16}
    alone, _ = sampled(["a cat"], seeds=[1], **model)
    among, report = sampled(["a horse", "a cat"], seeds=[0, 1], **model)
    assert len(pictures(among)) == 4
    assert all((pictures(among)[name] == picture).all() for name, picture in pictures(alone).items())
    assert np.asarray(Image.open(among / "forming.png")).shape == (128, 3 * 128, 3)
    settings = settings_of(report)
    assert settings["size"] == "16 × 16"


@pytest.mark.parametrize(
    ("make", "steps", "guidance"),
    [(make_stable_diffusion, "50", "7.5"), (make_stable_diffusion_xl, "50", "5"), (make_flux, "28", "3.5")],
    ids=["SD", "SDXL", "Flux"],
)
def test_steps_and_guidance_left_out_are_those_of_the_pipelines_class(
    sampled: Callable[..., Any], tmp_path: Path, make: Callable[[Path], Path], steps: str, guidance: str
) -> None:
    """The numbers: diffusers, the defaults in the signature of each pipeline's call."""
    model = {"model": str(make(tmp_path / "pipeline")), "width": 16, "height": 16}
    _, report = sampled(["a cat"], seeds=[1], steps=0, **model)
    settings = settings_of(report)
    assert (settings["steps"], settings["guidance scale"]) == (steps, guidance)


def test_a_folder_can_say_its_own_steps_and_guidance(
    sampled: Callable[..., Any], tmp_path: Path, pipeline: Path
) -> None:
    folder = Path(shutil.copytree(pipeline, tmp_path / "turbo"))
    (folder / "sampling.json").write_text('{"num_inference_steps": 2, "guidance_scale": 0}')
    _, report = sampled(["a cat"], model="./turbo", seeds=[1], steps=0)
    settings = settings_of(report)
    assert (settings["steps"], settings["guidance scale"]) == ("2", "0")


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        '{"steps": 2}',
        '{"num_inference_steps": 0, "guidance_scale": 1}',
        '{"num_inference_steps": 8.9, "guidance_scale": 1}',
        '{"num_inference_steps": 1e999, "guidance_scale": 1}',
        '{"num_inference_steps": 8, "guidance_scale": NaN}',
        '{"num_inference_steps": 8, "guidance_scale": -1}',
        '{"num_inference_steps": 8, "guidance_scale": "high"}',
    ],
)
def test_a_folder_that_says_steps_that_are_none_is_named(
    sampled: Callable[..., Any], tmp_path: Path, pipeline: Path, text: str
) -> None:
    folder = Path(shutil.copytree(pipeline, tmp_path / "turbo"))
    (folder / "sampling.json").write_text(text)
    with pytest.raises(TaskError, match=r"sampling.json of model 'turbo' must say num_inference_steps from 1 to 1000"):
        sampled(["a cat"], model="./turbo")


def test_sizes_that_a_pipeline_would_change_by_itself_are_refused(sampled: Callable[..., Any], tmp_path: Path) -> None:
    """Flux packs latents two by two, and would make 16 pixels of 18 without a word."""
    with pytest.raises(TaskError, match="width 18 is no multiple of 4"):
        sampled(["a horse"], model=str(make_flux(tmp_path / "flux")), width=18, height=16)


def test_a_flow_model_keeps_its_own_scheduler(sampled: Callable[..., Any], tmp_path: Path) -> None:
    folder = make_flux(tmp_path / "flux")
    with pytest.raises(TaskError, match="flow model"):
        sampled(["a horse"], model=str(folder), scheduler="euler")


def test_flux_starts_from_a_picture_too(sampled: Callable[..., Any], tmp_path: Path) -> None:
    folder, start = make_flux(tmp_path / "flux"), tmp_path / "start.png"
    Image.new("RGB", (40, 40), "red").save(start)
    weak, _ = sampled(["a horse"], model=str(folder), seeds=1, start=start, strength=0.4, steps=5)
    none, _ = sampled(["a horse"], model=str(folder), seeds=1, steps=5)
    assert [p.tobytes() for p in pictures(weak).values()] != [p.tobytes() for p in pictures(none).values()]


@pytest.mark.filterwarnings("ignore:The configuration file of this scheduler:FutureWarning")
def test_lcm_is_for_models_that_were_distilled_for_it(
    sampled: Callable[..., Any], tmp_path: Path, pipeline: Path
) -> None:
    folder = make_stable_diffusion(tmp_path / "lcm", consistent=True)
    made, _ = sampled(["a horse"], model=str(folder), seeds=1, scheduler="lcm")
    assert len(pictures(made)) == 1
    with pytest.raises(TaskError, match="not distilled for LCM"):
        sampled(["a horse"], scheduler="lcm")


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline whose safety checker takes every picture away."""
    return make_stable_diffusion(tmp_path_factory.mktemp("checked") / "strict", checker=safety_checker(strict=True))


def test_the_safety_checker_stays_on_and_what_it_takes_is_said(sampled: Callable[..., Any], checked: Path) -> None:
    folder, report = sampled(["a horse"], model=str(checked))
    assert all(not picture.any() for picture in pictures(folder).values())
    assert "blacked out 2 of 2 pictures" in str(report["items"])
    assert "['safety checker', 'on']" in str(report["items"])


def test_the_entry_can_turn_the_safety_checker_off(sampled: Callable[..., Any], checked: Path, tmp_path: Path) -> None:
    memory = tmp_path / "kept"
    sampled(["a horse"], memory, model=str(checked))
    folder, report = sampled(["a horse"], memory, model=str(checked), safety=False)
    assert all(picture.any() for picture in pictures(folder).values()), "a black picture was taken for another"
    assert "off, as the entry says" in str(report["items"])
    assert read_recipe(next(folder.glob("a-horse-*.png")))["parameters"]["safety"] is False


def test_a_picture_that_passes_the_checker_is_as_without_it(
    sampled: Callable[..., Any], pipeline: Path, tmp_path: Path
) -> None:
    folder = make_stable_diffusion(tmp_path / "lax", checker=safety_checker(strict=False))
    with_it, report = sampled(["a horse"], model=str(folder))
    without, _ = sampled(["a horse"], model=str(pipeline))
    assert all((pictures(without)[name] == picture).all() for name, picture in pictures(with_it).items())
    assert "blacked" not in str(report["items"])


SHORT_OF_MEMORY = """
import resource, sys
from pathlib import Path
import numpy
from PIL import Image
from journal import TaskError
from journal.api.models import fetch_model
from journal_tasks.diffusion.pipeline import load_pipeline
from journal_tasks.diffusion.sampling import Recipe, sample_pictures
pipeline = load_pipeline(fetch_model(sys.argv[1], {}, Path.cwd()))
recipes = [Recipe("a horse", seed, 1, 1.0, "", 128, 128) for seed in range(8)]
list(sample_pictures(pipeline, recipes[:1], 1, lambda *_: None))
size, more = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(), 2**20
while True:
    resource.setrlimit(resource.RLIMIT_AS, (size + int(more), resource.RLIM_INFINITY))
    steps_done = []
    try:
        made = list(sample_pictures(pipeline, recipes, 8, lambda done, total: steps_done.append(done)))
        break
    except TaskError as error:
        print(error)
        more *= 1.4
print(len(made), max(one.batch for one in made))
"""


def test_a_batch_for_which_memory_does_not_suffice_is_made_smaller(pipeline: Path, tmp_path: Path) -> None:
    """A process with so little memory that not one picture fits is given more by and by, until all come out."""
    command = [sys.executable, "-W", "ignore", "-c", SHORT_OF_MEMORY, str(pipeline)]
    given_back = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}  # what is freed doesn't serve for the next picture
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=given_back)
    assert done.returncode == 0, done.stderr[-2000:]
    *refused, last = done.stdout.splitlines()
    assert "memory does not suffice for one picture of 128 × 128; ask for a smaller one" in refused
    made, batch = map(int, last.split())
    assert made == 8
    assert batch < 8, "memory sufficed for all at once"


def test_batches_are_as_large_as_free_memory_allows(pipeline: Path, tmp_path: Path) -> None:
    from journal_tasks.diffusion.memory_budget import MAX_BATCH, fitting_batch, picture_bytes
    from journal_tasks.diffusion.pipeline import load_pipeline

    from journal.api.machine import free_ram_gb
    from journal.api.models import fetch_model

    loaded = load_pipeline(fetch_model(str(pipeline), {}, tmp_path))
    assert fitting_batch(loaded, 16, 16) == MAX_BATCH
    sides = [512 * 2**power for power in range(4)]
    fitting = [fitting_batch(loaded, side, side) for side in sides]
    assert fitting == sorted(fitting, reverse=True)
    two_would_not_fit = int((1e9 * free_ram_gb() / 1.5 / picture_bytes(loaded, 1, 1)) ** 0.5)
    assert fitting_batch(loaded, two_would_not_fit, two_would_not_fit) == 1
    for side, count in zip(sides, fitting, strict=True):
        assert count == 1 or count * picture_bytes(loaded, side, side) <= 1e9 * free_ram_gb()


def test_a_kept_picture_names_the_start_that_the_entry_names_now(sampled: Callable[..., Any], tmp_path: Path) -> None:
    memory, first, second = tmp_path / "kept", tmp_path / "a.png", tmp_path / "b.png"
    Image.new("RGB", (16, 16), "red").save(first)
    before, _ = sampled(["a horse"], memory, seeds=1, start=first)
    first.rename(second)
    after, _ = sampled(["a horse"], memory, seeds=1, start=second)
    fresh, _ = sampled(["a horse"], seeds=1, start=second)
    assert [p.tobytes() for p in pictures(before).values()] == [p.tobytes() for p in pictures(after).values()]
    assert read_recipe(next(after.glob("a-horse-*.png")))["parameters"]["start"] == "b.png"
    assert [p.read_bytes() for p in after.glob("*.png")] == [p.read_bytes() for p in fresh.glob("*.png")]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"seeds": [2**63]}, "9223372036854775808"),
        ({"seeds": 10**9}, "seeds"),
        ({"batch": 1000}, "batch"),
        ({"width": 1_000_000, "height": 1_000_000}, "ask for a smaller one"),
    ],
)
def test_what_no_machine_can_make_is_said_at_once(
    sampled: Callable[..., Any], parameters: dict[str, Any], said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        sampled(["a horse"], **parameters)
