"""Resources: which graphics cards a step sees, and how much memory steps take together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Space
from hypothesis import given
from hypothesis import strategies as st

from journal.run.gpus import Gpus, visible_gpus
from journal.run.ram import rounded_up

pytestmark = pytest.mark.slow

TASKS = '''"""Tasks that tell what they were given of the machine."""
import os
import time
from journal import Context, Report, task


def _tell(ctx, name, seconds):
    cards = os.environ.get("CUDA_VISIBLE_DEVICES", "unset")
    with open(ctx.root / "notes.txt", "a") as notes:
        notes.write(f"begin {name} {cards} {os.getpid()}\\n")
    time.sleep(seconds)
    with open(ctx.root / "notes.txt", "a") as notes:
        notes.write(f"end {name} {cards} {os.getpid()}\\n")
    return Report().text(cards)


@task("g.one", resources={"gpu": 1})
def one(ctx: Context, name: str, seconds: float = 0.3) -> Report:
    """Use one card."""
    return _tell(ctx, name, seconds)


@task("g.two", resources={"gpu": 2})
def two(ctx: Context, name: str, seconds: float = 0.1) -> Report:
    """Use two cards."""
    return _tell(ctx, name, seconds)


@task("g.none")
def none(ctx: Context, name: str, seconds: float = 0.1) -> Report:
    """Use no card."""
    return _tell(ctx, name, seconds)


@task("g.map", resources={"gpu": 1})
def fan(ctx: Context, name: str) -> Report:
    """Have helpers tell their cards."""
    return Report().text(" ".join(sorted(set(ctx.map(see, range(8))))))


@task("g.hold")
def hold(ctx: Context, name: str, megabytes: int, seconds: float = 0.2) -> Report:
    """Hold so much memory for a while."""
    held = bytearray(1_000_000 * megabytes)
    return _tell(ctx, name, seconds).metric("held", len(held))


@task("g.claim", resources={"memory": 0.1})
def claim(ctx: Context, name: str, megabytes: int, seconds: float = 0.2) -> Report:
    """Hold more memory than is claimed."""
    held = bytearray(1_000_000 * megabytes)
    return _tell(ctx, name, seconds).metric("held", len(held))


def see(number):
    time.sleep(0.1)
    return os.environ.get("CUDA_VISIBLE_DEVICES", "unset")
'''


@pytest.fixture
def room(space: Space, monkeypatch: pytest.MonkeyPatch) -> Space:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    space.write("plugins/rooms.py", TASKS)
    return space


def _settings(space: Space, **settings: object) -> None:
    space.write("journal.yml", f"name: A journal\nday-1: 2024-01-02\nrun: {json.dumps(settings)}\n")


def _notes(space: Space) -> list[list[str]]:
    return [line.split() for line in (space.root / "notes.txt").read_text().splitlines()]


def _steps(task: str, *names: str, **more: object) -> str:
    rest = "".join(f"    {name}: {value}\n" for name, value in more.items())
    return "".join(f"  {name}:\n    uses: {task}\n    name: {name}\n{rest}" for name in names)


def _at_once(notes: list[list[str]]) -> list[set[tuple[str, str]]]:
    """Return which steps, with their cards, were under way after each note."""
    under_way: set[tuple[str, str]] = set()
    found = []
    for kind, name, cards, _ in notes:
        under_way ^= {(name, cards)}
        assert ((name, cards) in under_way) == (kind == "begin")
        found.append(set(under_way))
    return found


def test_steps_that_claim_a_card_each_have_different_ones_at_once(room: Space) -> None:
    _settings(room, gpus=2)
    room.entry(_steps("g.one", "a", "b", "c", "d"))
    room.run("day", "133", "--jobs", "4", check=0)
    moments = _at_once(_notes(room))
    assert all(len(moment) <= 2 for moment in moments), "there are two cards"
    assert {frozenset(cards for _, cards in moment) for moment in moments if len(moment) == 2} == {frozenset("01")}


def test_a_step_that_claims_all_cards_sees_all_and_has_them_alone(room: Space) -> None:
    _settings(room, gpus=2)
    room.entry(_steps("g.one", "a", "b") + _steps("g.two", "both") + _steps("g.one", "c"))
    room.run("day", "133", "--jobs", "4", check=0)
    moments = _at_once(_notes(room))
    assert {("both", "0,1")} in moments
    assert all(len(moment) == 1 for moment in moments if ("both", "0,1") in moment)


@pytest.mark.parametrize(("listed", "seen"), [(None, "unset"), ("GPU-a,7,2", "GPU-a,7,2")])
def test_a_list_of_cards_that_is_set_is_kept_to_and_a_step_that_claims_none_sees_what_the_run_sees(
    room: Space, monkeypatch: pytest.MonkeyPatch, listed: str | None, seen: str
) -> None:
    if listed:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    _settings(room, gpus=2)
    room.entry(_steps("g.one", "a", "b", after="[]") + _steps("g.none", "c", "d", after="[a, b]"))
    room.run("day", "133", "--jobs", "2", check=0)
    cards = {name: cards for kind, name, cards, _ in _notes(room) if kind == "begin"}
    assert {cards["a"], cards["b"]} == ({"GPU-a", "7"} if listed else {"0", "1"})
    assert (cards["c"], cards["d"]) == (seen, seen), "no kept process of another step's card is used"


def test_no_process_serves_a_second_step_or_another_card(room: Space) -> None:
    _settings(room, gpus=2)
    room.entry(
        _steps("g.one", "a", "b") + _steps("g.none", "c", after="[a, b]") + _steps("g.one", "d", "e", after="[c]")
    )
    room.run("day", "133", "--jobs", "2", check=0)
    cards_of: dict[str, set[str]] = {}
    for _, _, cards, process in _notes(room):
        cards_of.setdefault(process, set()).add(cards)
    assert sorted(map(sorted, cards_of.values())) == [["0"], ["0"], ["1"], ["1"], ["unset"]]


def test_the_helpers_of_a_step_see_its_card(room: Space) -> None:
    _settings(room, gpus=2)
    path = room.entry(_steps("g.map", "fan"))
    room.run("day", "133", "--jobs", "2", check=0)
    assert "\n0\n" in path.read_text()


def test_on_a_machine_without_cards_a_step_that_claims_one_runs_and_sees_what_the_run_sees(room: Space) -> None:
    if list(Path("/dev").glob("nvidia[0-9]*")):
        pytest.skip("this machine has cards")
    room.entry(_steps("g.one", "a", "b"))
    room.run("day", "133", "--jobs", "2", check=0)
    assert [kind for kind, *_ in _notes(room)] == ["begin", "end"] * 2
    assert {cards for _, _, cards, _ in _notes(room)} == {"unset"}


def test_a_cluster_started_here_gives_each_step_its_card(room: Space) -> None:
    pytest.importorskip("distributed")
    _settings(room, gpus=2)
    room.entry(_steps("g.one", "a", "b", seconds=1.5))
    room.run("day", "133", "--jobs", "2", "--on", "dask", check=0)
    assert {cards for _, _, cards, _ in _notes(room)} == {"0", "1"}


def test_halves_share_a_card_and_a_whole_claim_waits_for_a_whole_one() -> None:
    cards = Gpus(["0", "1"])
    first, second = cards.claim(0.5), cards.claim(0.5)
    assert first == second == ("0",)
    assert cards.claim(0.5) == ("1",)
    assert cards.fitting(1) == ()
    cards.release(first, 0.5)
    assert cards.fitting(1) == (), "half of each is free, and no card"
    cards.release(second, 0.5)
    assert cards.fitting(1) == ("0",)


@pytest.mark.parametrize(
    ("listed", "at_most", "seen"),
    [
        (None, 2, ["0", "1"]),
        ("", 2, []),
        ("-1", None, []),
        ("3, 5", None, ["3", "5"]),
        ("3,5,7", 2, ["3", "5"]),
        ("3", 2, ["3"]),
        ("2,-1,4", None, ["2"]),
    ],
)
def test_the_cards_are_those_that_cuda_would_see(
    monkeypatch: pytest.MonkeyPatch, listed: str | None, at_most: int | None, seen: list[str]
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if listed is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert visible_gpus(at_most) == seen


def _peaks(space: Space) -> dict[str, float]:
    found = json.loads(space.run("history", "--json", check=0).out)
    return {one["step"]: one["peak_gb"] for one in reversed(found)}


def _most_at_once(space: Space) -> int:
    most = max(len(moment) for moment in _at_once(_notes(space)))
    (space.root / "notes.txt").unlink()
    return most


def test_runs_tells_the_memory_that_each_step_took(room: Space) -> None:
    room.entry(
        _steps("g.hold", "big", megabytes=300)
        + _steps("g.hold", "small", megabytes=1, after="big")
        + _steps("g.hold", "middle", megabytes=150, after="small")
    )
    room.run("day", "133", "--jobs", "1", check=0)
    assert len({process for *_, process in _notes(room)}) == 3
    peaks = _peaks(room)
    assert 0.3 < peaks["big"] < 0.45
    assert 0.15 < peaks["middle"] < 0.3
    assert 0 < peaks["small"] < 0.15
    assert [line.split(" s ")[1].split()[1] for line in room.run("history").out.splitlines()] == ["MB"] * 3
    written = [path.read_text() for path in (room.root / "entries").rglob("*") if path.is_file()]
    assert not any("peak" in text or "MB" in text for text in written)


def test_a_step_that_crashed_has_no_peak_and_one_that_failed_has(room: Space) -> None:
    room.entry("  crash:\n    uses: toy.crash\n  fail:\n    uses: toy.fail\n")
    room.run("day", "133", check=1)
    peaks = _peaks(room)
    assert peaks["crash"] is None
    assert peaks["fail"] > 0


def test_steps_that_took_more_memory_than_there_is_for_both_take_turns_the_next_time(room: Space) -> None:
    _settings(room, memory="500 MB")
    room.entry(_steps("g.hold", "a", "b", megabytes=300, seconds=1.5))
    room.run("day", "133", "--jobs", "2", check=0)
    assert _most_at_once(room) == 2, "nobody knew yet"
    room.run("day", "133", "--jobs", "2", "--force", check=0)
    assert _most_at_once(room) == 1


def test_a_step_that_took_more_memory_than_there_is_runs_alone(room: Space) -> None:
    _settings(room, memory="200 MB")
    room.entry(_steps("g.hold", "a", "b", megabytes=300) + _steps("g.hold", "c", "d", megabytes=1))
    room.run("day", "133", "--jobs", "4", check=0)
    (room.root / "notes.txt").unlink()
    room.run("day", "133", "--jobs", "4", "--force", check=0, timeout=60)
    moments = _at_once(_notes(room))
    assert all(len(moment) == 1 for moment in moments if {name for name, _ in moment} & {"a", "b"})


def test_what_a_task_claims_counts_and_not_what_it_took(room: Space) -> None:
    _settings(room, memory="500 MB")
    room.entry(_steps("g.claim", "a", "b", megabytes=300, seconds=1.5))
    room.run("day", "133", "--jobs", "2", check=0)
    (room.root / "notes.txt").unlink()
    room.run("day", "133", "--jobs", "2", "--force", check=0)
    assert _most_at_once(room) == 2


@given(st.floats(1e-3, 1e4))
def test_a_learned_size_is_rounded_up_by_little(size: float) -> None:
    assert size <= rounded_up(size) <= size * 1.07
