"""A data set onto a hub: asked for, with consent alone, private unless said otherwise, and the token is never shown."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Done, Space, environment, make_space
from hub_server import TOKEN, Hub, serve_hub

pytestmark = pytest.mark.slow

DATA = Path(__file__).parent.parent / "data" / "scottish-phrases"
SPEAKERS = "jessie: {gender: female, consent: signed 2024-05-01, licence: CC-BY-4.0}\nrab: {licence: CC-BY-4.0}\n"
NAME = "somebody/glaswegian"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub() as hub:
        yield hub


@pytest.fixture
def day(template: Path, tmp_path: Path) -> Space:
    """A workspace with one day's clips, of jessie."""
    return Space(shutil.copytree(template, tmp_path / "day"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = make_space(tmp_path_factory.mktemp("template") / "day")
    settings = space.root / "journal.yml"
    settings.write_text(settings.read_text() + "speakers: speakers.yml\nprivate: [wheesht]\n")
    space.write("speakers.yml", SPEAKERS)
    shutil.copy(DATA / "greetings.opus", space.root / "greetings.opus")
    cut(space)
    return space.root


def cut(space: Space, more: str = "") -> None:
    step = "  clips:\n    uses: audio.clip\n    recordings: greetings.opus\n    dataset: glaswegian\n"
    space.entry(f"{step}    speaker: jessie\n{more}")
    space.run("day", "133", check=0)


def push(space: Space, hub: Hub, *more: str, token: str = TOKEN, yes: bool = True) -> Done:
    """Push the data set OUT as somebody/glaswegian, with a token and a home of its own, over plain HTTP."""
    command = [sys.executable, "-m", "journal", "dataset", "glaswegian", "OUT", "--push", NAME, *more]
    found = {**environment(), "HF_HOME": str(space.root / "hf"), "HF_ENDPOINT": hub.address}
    found |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_TOKEN": token}
    command += ["--yes"] if yes else []
    done = subprocess.run(command, cwd=space.root, capture_output=True, text=True, timeout=120, env=found)
    assert "Traceback" not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def on(hub: Hub) -> dict[str, bytes]:
    return {name: content for name, content in hub.files[NAME].items() if name != ".gitattributes"}


def test_what_is_on_the_hub_is_the_folder_in_one_private_commit(day: Space, hub: Hub) -> None:
    done = push(day, hub)
    assert done.code == 0, done
    assert on(hub) == contents(day.root / "OUT")
    assert (hub.private, hub.commits) == ({NAME: True}, ["9 clips"])
    assert f"{hub.address}/datasets/{NAME}, a new private data set: " in done.out
    assert f"{hub.address}/datasets/{NAME}: {len(on(hub))} files are there, private" in done.out


def test_a_dropped_clip_leaves_the_hub_too_and_what_others_put_there_stays(day: Space, hub: Hub) -> None:
    push(day, hub)
    hub.files[NAME]["picture.png"] = b"theirs"
    sheet = next((day.root / "entries").glob("*.cuts.csv"))
    sheet.write_text(sheet.read_text().replace(",yes,", ",no,", 1))
    day.run("day", "133", check=0)
    done = push(day, hub)
    assert "0 files more, 1 fewer" in done.out
    assert on(hub) == {**contents(day.root / "OUT"), "picture.png": b"theirs"}
    assert hub.commits == ["9 clips", "8 clips"]


def test_nothing_is_pushed_before_somebody_says_yes(day: Space, hub: Hub) -> None:
    done = push(day, hub, yes=False)
    assert done.code == 2
    assert "nothing was pushed: this is no terminal, so say --yes once that is what you want" in done.err
    assert hub.files == {}


def test_clips_without_consent_stay_here(day: Space, hub: Hub) -> None:
    step = "  clips:\n    uses: audio.clip\n    recordings: greetings.opus\n    dataset: glaswegian\n    speaker: rab\n"
    day.entry(step)
    day.run("day", "133", check=0)
    done = push(day, hub)
    assert (done.code, hub.files) == (2, {})
    assert "9 clips are by 'rab', of whom there is no consent" in done.out
    assert "there is no clip in it; nothing was pushed" in done.err


def test_a_private_word_of_the_workspace_stays_here(day: Space, hub: Hub) -> None:
    (day.root / "said.csv").write_text("recording,text,repeats\ngreetings,Haud yer Wheesht,9\n")
    cut(day, "    transcripts: said.csv\n")
    done = push(day, hub)
    assert (done.code, hub.files) == (2, {})
    assert "all.csv:2: there is a word that journal.yml calls private" in done.err


def test_who_may_see_it_is_never_changed_unasked(day: Space, hub: Hub) -> None:
    assert push(day, hub, "--public").code == 0
    assert hub.private == {NAME: False}
    done = push(day, hub)
    assert (done.code, hub.commits) == (2, ["9 clips"])
    assert "is public there; add --public if that is right" in done.err


def test_another_data_set_is_left_alone(day: Space, hub: Hub) -> None:
    hub.files[NAME], hub.private[NAME] = {"README.md": b"mine"}, True
    done = push(day, hub)
    assert (done.code, on(hub)) == (2, {"README.md": b"mine"})
    assert "holds something else; name a new data set" in done.err


@pytest.mark.parametrize(
    ("fails", "token", "message"),
    [
        ({}, "", "there is no token of the hub; run hf auth login, or set HF_TOKEN"),
        ({}, "hf_another", "the hub refuses the token (401); use one that may write there"),
        ({"/repos/create": 403}, TOKEN, "the hub refuses the token (403); use one that may write there"),
        ({"/commit/": 422}, TOKEN, "the hub answered 422: refused Bearer ..."),
    ],
)
def test_a_refusal_is_told_in_a_line_without_the_token(
    day: Space, hub: Hub, fails: dict[str, int], token: str, message: str
) -> None:
    hub.fails |= fails
    done = push(day, hub, token=token)
    assert done.code in (1, 2)
    assert message in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert "README.md" not in hub.files.get(NAME, {})


def test_a_hub_that_is_not_there_is_told(day: Space, hub: Hub) -> None:
    hub.address = "http://127.0.0.1:9"
    done = push(day, hub)
    assert done.code == 1
    assert "http://127.0.0.1:9/datasets/somebody/glaswegian: " in done.err
    assert "check the address and the network" in done.err


def test_a_name_without_a_user_is_told_before_anything_is_written(day: Space) -> None:
    done = day.run("dataset", "glaswegian", "OUT", "--push", "glaswegian", check=2)
    assert "'glaswegian' is no data set's name on a hub; write USER/NAME" in done.err
    assert not (day.root / "OUT").exists()
    assert "add --push USER/NAME" in day.run("dataset", "glaswegian", "OUT", "--public", check=2).err
