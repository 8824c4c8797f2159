"""Claims about the emoji-scenes model: its data, its judge, and the pictures of the weights that ship."""

from __future__ import annotations

import ast
import os
import random
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from emoji_scenes import WEIGHTS, captions, scenes
from emoji_scenes.captions import Claim

pytest.importorskip("PIL")
# The aims for combinations shown in training; the model card reports more for all of them.
THINGS_RATE, RELATION_RATE = 0.95, 0.85
UNSHOWN_RATE, HORSE_RATE = 0.95, 0.9  # a little under what the card reports
HOME = Path(__file__).parents[1] / "models/emoji_scenes"
PACKAGE = HOME / "emoji_scenes"
SCRIPTS = [path for path in sorted(PACKAGE.rglob("*.py")) if "__main__" in path.read_text()]
WRITERS = {  # every script that writes, and the least that it can be told to do
    "train": ["out", "--steps=1", "--batch=2", "--decoder-steps=1", "--decoder-batch=2", "--text-encoder-steps=1"],
    "train_judge": ["out.safetensors", "--steps=1", "--batch=2", "--test-pictures=2"],
    "patch_pca": ["out.safetensors", "--scenes=10"],
    "draw_curves": [str(HOME / "card"), "out.png"],
}


pytestmark = pytest.mark.filterwarnings(  # diffusers' own, not ours
    "ignore::DeprecationWarning:diffusers.*", "ignore::FutureWarning:diffusers.*"
)


@pytest.fixture(scope="module")
def pipeline() -> Any:
    pytest.importorskip("diffusers")
    from emoji_scenes.training.measure import load_pipeline

    return load_pipeline()


def test_a_scene_is_a_pure_function_of_its_seed() -> None:
    for seed in range(50):
        scene = scenes.make_scene(seed)
        assert scene == scenes.make_scene(seed)
        assert np.array_equal(scenes.render(scene), scenes.render(scenes.make_scene(seed)))
        written = {captions.write_caption(scene, random.Random(seed)) for _ in range(3)}
        assert len(written) == 1


def test_held_out_orders_never_appear_and_their_swaps_do() -> None:
    made = [scenes.make_scene(seed) for seed in range(20_000)]
    shown = {(scene.relation, *scene.things) for scene in made if scene.second}
    for relation, pairs in scenes.HELD_OUT.items():
        assert not {(relation, *pair) for pair in pairs} & shown
        assert {(relation, second, first) for first, second in pairs} <= shown


def test_every_caption_says_the_relation_that_is_drawn() -> None:
    for seed in range(2_000):
        scene = scenes.make_scene(seed)
        claim = captions.parse_claim(captions.write_caption(scene, random.Random(seed)))
        if claim.relation == "next to":
            assert scene.relation == scenes.LEFT
            assert sorted(scene.things) == sorted((claim.first, claim.second or ""))
        else:
            assert claim == Claim(scene.relation, *scene.things)


def test_a_scene_is_as_near_as_can_be_to_what_its_claim_allows_and_another_is_not() -> None:
    from emoji_scenes.training.fidelity import nearest_scenes
    from PIL import Image

    for seed in range(20):
        scene = scenes.make_scene(seed)
        picture = Image.fromarray(scenes.render(scene))
        claim = captions.parse_claim(captions.write_caption(scene, random.Random(seed)))
        other = Claim(scenes.RIDING, "cat", "dog")  # held out, so that it is none of them
        assert nearest_scenes([claim], [picture]).psnr_db > 100
        assert nearest_scenes([other], [picture]).psnr_db < 25


def test_the_colours_of_pictures_are_counted() -> None:
    from emoji_scenes.training.fidelity import nearest_scenes
    from PIL import Image

    claim = Claim(scenes.ALONE, "cat")
    drawn = [scenes.arrange(scenes.ALONE, "cat", "", colour, random.Random(0)) for colour in scenes.BACKGROUNDS]
    pictures = [Image.fromarray(scenes.render(scene)) for scene in drawn]
    assert nearest_scenes([claim] * 10, pictures).colours == pytest.approx(10)
    assert nearest_scenes([claim] * 10, pictures[:1] * 10).colours == pytest.approx(1)


def test_things_stay_inside_the_picture() -> None:
    for seed in range(2_000):
        scene = scenes.make_scene(seed, everything=True)
        for placed in filter(None, (scene.first, scene.second)):
            assert 0 <= placed.x <= 64 - placed.side_px
            assert 0 <= placed.y <= 64 - placed.side_px


def test_a_training_scene_of_given_things_and_sizes_has_one_place_for_them() -> None:
    places: dict[tuple[object, ...], set[tuple[int, int]]] = {}
    for seed in range(20_000):
        scene = scenes.make_scene(seed)
        if scene.relation in (scenes.ALONE, scenes.RIDING):
            for placed in filter(None, (scene.first, scene.second)):
                sizes = (scene.first.side_px, scene.second.side_px if scene.second else 0)
                key = (scene.relation, scene.things, sizes, placed.thing)
                places.setdefault(key, set()).add((placed.x, placed.y))
    assert {len(found) for found in places.values()} == {1}


def test_a_caption_that_names_nothing_known_is_refused() -> None:
    with pytest.raises(ValueError, match="purple sofa"):
        captions.parse_claim("a purple sofa")


def test_the_judge_reads_scenes_it_never_saw() -> None:
    pytest.importorskip("torch")
    from emoji_scenes.training.check_judge import check_judge

    found = check_judge(400)
    assert found.accuracy.things_rate >= 0.97
    assert found.accuracy.relation_rate >= 0.97
    assert found.garbled_noticed >= 0.7


def test_the_folder_holds_only_safetensors_and_at_most_20_megabytes() -> None:
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".txt"}
    assert sum(path.stat().st_size for path in files) <= 20_000_000


def test_the_pipeline_loads_as_stable_diffusion_without_a_safety_checker(pipeline: Any) -> None:
    assert type(pipeline).__name__ == "StableDiffusionPipeline"
    assert pipeline.safety_checker is None


def test_the_same_seed_gives_the_same_picture_whatever_its_batch_mates(pipeline: Any) -> None:
    from emoji_scenes.training.measure import Sampler, draw

    sampler = Sampler(steps=4)
    alone = draw(pipeline, ["a cat"], first_seed=1, sampler=sampler)[0]
    together = draw(pipeline, ["a dog riding a horse", "a cat", "a moon above a house"], first_seed=0, sampler=sampler)[
        1
    ]
    assert np.abs(np.asarray(alone, int) - np.asarray(together, int)).max() <= 2


def test_pictures_of_shown_combinations_show_their_things_in_their_relation(pipeline: Any) -> None:
    from emoji_scenes.training.measure import claim_groups, measure

    rows = [row for name, row in claim_groups(60).items() if "never" not in name and "astronaut" not in name]
    found = measure(pipeline, [claim for row in rows for claim in row])
    assert found.pictures == 4 * 60 + 30
    assert found.things_rate >= THINGS_RATE
    assert found.relation_rate >= RELATION_RATE


def test_pictures_show_who_rides_whom_also_in_orders_never_shown(pipeline: Any) -> None:
    from emoji_scenes.training.measure import measure, unshown_claims

    swaps = [unshown_claims(scenes.RIDING, swapped=swapped) * 3 for swapped in (True, False)]
    assert all(measure(pipeline, claims).relation_rate >= UNSHOWN_RATE for claims in swaps)


def test_the_horse_rides_the_astronaut(pipeline: Any) -> None:
    from emoji_scenes.training.measure import measure

    both_ways = [Claim(scenes.RIDING, "horse", "astronaut"), Claim(scenes.RIDING, "astronaut", "horse")]
    for claim in both_ways:
        assert measure(pipeline, [claim] * 12).relation_rate >= HORSE_RATE


def module_of(script: Path) -> str:
    return ".".join(script.relative_to(HOME).with_suffix("").parts)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run_copy(tmp_path: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of a copy of the package in an empty folder; the copy has to stay as it was, and home empty."""
    copy, home = tmp_path / "copy", tmp_path / "home"
    shutil.copytree(PACKAGE, copy / "emoji_scenes", ignore=shutil.ignore_patterns("*.pyc"))
    for folder in (tmp_path / "folder", home):
        folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(copy), "HOME": str(home), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-B", "-m", module, *arguments]
    done = subprocess.run(command, cwd=tmp_path / "folder", env=environment, capture_output=True, text=True)
    assert contents(copy / "emoji_scenes") == contents(PACKAGE)
    return done


@pytest.mark.parametrize("module", [module_of(script) for script in SCRIPTS])
def test_help_of_a_script_changes_no_file(module: str, tmp_path: Path) -> None:
    done = run_copy(tmp_path, module, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")
    assert not contents(tmp_path / "folder") | contents(tmp_path / "home")


@pytest.mark.parametrize("name", WRITERS)
def test_a_script_writes_nothing_but_what_it_is_told_to(name: str, tmp_path: Path) -> None:
    for library in ("diffusers", "matplotlib"):
        pytest.importorskip(library)
    done = run_copy(tmp_path, f"emoji_scenes.training.{name}", *WRITERS[name])
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "folder").iterdir()} < set(WRITERS[name])


@pytest.mark.parametrize("name", WRITERS)
def test_a_script_that_writes_wants_to_be_told_where(name: str, tmp_path: Path) -> None:
    done = run_copy(tmp_path, f"emoji_scenes.training.{name}")
    assert done.returncode == 2
    assert "required: " in done.stderr


def test_the_scripts_are_those_that_write_and_one_that_prints() -> None:
    assert {path.stem for path in SCRIPTS} == {*WRITERS, "measure"}


def imports_of(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def test_the_model_imports_nothing_of_journal_and_what_runs_nothing_of_training() -> None:
    for path in PACKAGE.rglob("*.py"):
        names = imports_of(path)
        assert not {name for name in names if name.split(".")[0] in ("journal", "journal_tasks", "tasks")}
        if path.parent == PACKAGE:
            assert not {name for name in names if name.startswith("emoji_scenes.training")}


def test_what_the_model_imports_are_its_dependencies() -> None:
    found = {name.split(".")[0] for path in PACKAGE.rglob("*.py") for name in imports_of(path)}
    third_party = found - set(sys.stdlib_module_names) - {"emoji_scenes"}
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    names = {one.partition(">=")[0].replace("pillow", "PIL") for one in listed if "[" not in one}
    assert third_party == names


def test_the_interval_of_a_rate_is_wilsons() -> None:
    from emoji_scenes.training.measure import wilson_interval

    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, table I, method 3
    assert wilson_interval(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson_interval(20, 20) == pytest.approx((1 - 0.1611, 1), abs=5e-5)


def test_the_wheel_has_weights_judge_drawings_and_their_licences(tmp_path: Path) -> None:
    shutil.copytree(HOME, tmp_path / "source", ignore=shutil.ignore_patterns("*.pyc", "build", "*.egg-info"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "./source"], cwd=tmp_path, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        licences = [wheel.read(name).decode() for name in sorted(names) if ".dist-info/licenses/" in name]
    assert {f"emoji_scenes/{name}" for name in contents(PACKAGE)} <= names
    assert ["MIT License" in licences[0], "Apache License" in licences[1]] == [True, True]
