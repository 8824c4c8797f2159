"""The store: history, migrations, damage, what can go."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Space
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.errors import StoreError
from journal.plan.parts import Part, PartKind
from journal.store import StepRun, Store
from journal.store.database import MIGRATIONS
from journal.text.edits import checksum

pytestmark = pytest.mark.slow

TWO_STEPS = "  one:\n    uses: text.write\n    text: {}\n  two:\n    uses: text.join\n    sources: ${{one.path}}\n"


@pytest.fixture
def ran(space: Space) -> Space:
    space.entry(TWO_STEPS.format("first"))
    space.run("day", "133", check=0)
    return space


def _results(space: Space) -> set[str]:
    return {path.parent.name for path in (space.root / ".journal/results").glob("??/*/report.json")}


def test_runs_tells_what_ran_when_how_long_where_and_why(ran: Space) -> None:
    ran.entry(TWO_STEPS.format("second"))
    ran.run("day", "133", check=0)
    found = json.loads(ran.run("history", "--json", check=0).out)
    assert [(one["step"], one["outcome"], one["reason"]) for one in found] == [
        ("two", "done", "one ran again"),
        ("one", "done", 'parameter text "first" → "second"'),
        ("two", "done", "never run"),
        ("one", "done", "never run"),
    ]
    assert {one["command"] for one in found} == {"journal day 133"}
    assert {one["place"] for one in found} == {"local"}
    assert all(0 <= one["seconds"] < 60 and one["started"].startswith("20") for one in found)
    lines = ran.run("history", "--limit", "2", check=0).out.splitlines()
    assert len(lines) == 2
    assert "one ran again" in lines[0]


def test_a_run_of_what_is_up_to_date_leaves_no_trace_in_the_history(ran: Space) -> None:
    before = ran.run("history", "--json").out
    ran.run("day", "133", check=0)
    assert ran.run("history", "--json").out == before


def test_gc_says_what_can_go_with_sizes_and_removes_that_alone(ran: Space) -> None:
    kept = _results(ran)
    ran.entry(TWO_STEPS.format("second"))
    ran.run("day", "133", check=0)
    old = kept
    (ran.root / ".journal/work/left").mkdir()
    (ran.root / ".journal/work/left/file").write_text("x" * 1000)
    told = json.loads(ran.run("gc", "--dry-run", "--json", check=0).out)
    assert {Path(one["path"]).name for one in told} == {*old, "left"}
    assert next(one for one in told if one["path"].endswith("left"))["bytes"] == 1000
    assert len(_results(ran)) == 4, "a dry run removes nothing"
    assert "can be freed, 3 in all" in ran.run("gc", "--dry-run", check=0).out
    assert "freed, 1 in all" in ran.run("gc", "--keep-days", "1", check=0).out, "the results are younger"
    assert "freed, 2 in all" in ran.run("gc", check=0).out
    assert len(_results(ran)) == 2
    assert "nothing to remove" in ran.run("gc", check=0).out
    assert "nothing changed" in ran.run("day", "133", check=0).out


def test_a_database_that_is_gone_is_rebuilt_and_no_result_is_lost(ran: Space) -> None:
    for path in (ran.root / ".journal").glob("journal.db*"):
        path.unlink()
    done = ran.run("day", "133", check=0)
    assert done.err == ".journal/journal.db was gone. It has been rebuilt; no results were lost (2 found)\n"
    assert "nothing changed" in done.out
    ran.entry(TWO_STEPS.format("second"))
    assert 'parameter text "first" → "second"' in ran.run("day", "133", "--dry-run", check=0).out


@pytest.mark.parametrize("damage", ["zeros", "text", "cut", "middle"])
def test_a_damaged_database_is_set_aside_and_rebuilt(ran: Space, damage: str) -> None:
    path = ran.root / ".journal/journal.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    content = path.read_bytes()
    path.write_bytes(
        {
            "zeros": bytes(len(content)),
            "text": b"this is no database at all\n" * 1000,
            "cut": content[: len(content) // 3],
            "middle": content[:4096] + b"\xff" * (len(content) - 4096),
        }[damage]
    )
    done = ran.run("day", "133", check=0)
    assert done.err.startswith(".journal/journal.db was damaged; it is kept as journal.db.damaged")
    assert "0 ran" in done.out or "nothing changed" in done.out
    assert (ran.root / ".journal/journal.db.damaged").exists()
    assert ran.run("day", "133", check=0).err == ""


def test_an_edited_block_is_merged_though_the_database_was_lost(ran: Space) -> None:
    path = ran.root / "entries/2024-05-13-day-133.md"
    text = path.read_text()
    assert "- letters: **5**\n" in text
    path.write_text(text.replace("- letters: **5**\n", "- letters: **5**\n- a line of mine\n"))
    for database in (ran.root / ".journal").glob("journal.db*"):
        database.unlink()
    ran.run("day", "133", check=0)
    assert "- a line of mine" in path.read_text()


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_database_of_an_older_version_is_brought_up_to_date_and_loses_nothing(tmp_path: Path, version: int) -> None:
    folder = tmp_path / ".journal"
    folder.mkdir()
    with sqlite3.connect(folder / "journal.db") as old:
        old.executescript(";".join(MIGRATIONS[:version]) + f";PRAGMA user_version = {version};")
        old.execute("INSERT INTO run VALUES (1, 5.0, 'journal day 1')")
        values = (1, 1, "s", "t", "f" * 64, '{"task": "t"}', "never run", "done", "", 5.0, 1.0, "local")
        table, place = ("attempt", "place") if version < 4 else ("step_run", "executor")
        columns = f"run, day, step, task, fingerprint, parts, reason, outcome, message, started, seconds, {place}"
        old.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(values))})", values)
        old.execute("INSERT INTO block VALUES (?, 'text')", (checksum("text"),))
        if version > 1:
            old.execute("INSERT INTO memo VALUES ('kind', 'key', 'value')")
    old.close()
    store = Store(folder)
    assert store.last_runs(1)["s"] == StepRun(
        1, "s", "t", "f" * 64, {Part(PartKind.TASK): "t"}, "never run", "done", "", 5.0, 1.0, "local", 1
    )
    assert store.block(checksum("text")) == "text"
    assert store.recall("kind", "key") is None, "notes are only a cache"
    later = replace(store.last_runs(1)["s"], peak_gb=1.5)
    store.record(later)
    assert store.last_runs(1)["s"] == later
    store.close()


def test_a_database_of_a_newer_journal_is_left_alone(ran: Space) -> None:
    path = ran.root / ".journal/journal.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    done = ran.run("day", "133", check=1)
    assert done.err == ".journal/journal.db was written by a newer version of journal; update journal\n"


def test_a_result_that_a_loss_of_power_left_half_is_made_again(ran: Space) -> None:
    report = next((ran.root / ".journal/results").glob("??/*/report.json"))
    report.write_text("")
    shutil.rmtree(ran.root / "entries/2024-05-13-day-133")  # where the good copies are
    assert "1 ran, 1 up to date" in ran.run("day", "133", check=0).out


def test_a_result_that_was_removed_is_made_again_with_that_reason(ran: Space) -> None:
    for report in (ran.root / ".journal/results").glob("??/*/report.json"):
        report.unlink()
    shutil.rmtree(ran.root / "entries/2024-05-13-day-133")
    assert "its result is gone" in ran.run("day", "133", check=0).out


def test_artifacts_that_were_changed_or_removed_come_back(ran: Space) -> None:
    artifact = ran.root / "entries/2024-05-13-day-133/one/text.txt"
    artifact.write_text("scribbled")
    ran.run("day", "133", check=0)
    assert artifact.read_text() == "first"
    artifact.unlink()
    ran.run("day", "133", check=0)
    assert artifact.read_text() == "first"


def test_a_store_that_cannot_be_written_is_one_line(space: Space) -> None:
    space.entry("  one:\n    uses: text.write\n")
    space.write(".journal", "a file is in the way")
    done = space.run("day", "133", check=1)
    assert done.err.startswith(".journal: results can't be stored there:")
    assert len(done.err.splitlines()) == 1


@settings(max_examples=30)
@given(
    runs=st.lists(
        st.builds(
            StepRun,
            day=st.integers(0, 3), step=st.sampled_from("abc"),
            task=st.just("t"), fingerprint=st.text("0f", max_size=4),
            parts=st.dictionaries(st.builds(Part.parse, st.text(max_size=5)), st.text(max_size=5), max_size=3),
            reason=st.text(max_size=9),
            outcome=st.sampled_from(["done", "failed"]), message=st.text(max_size=9),
            started=st.floats(0, 1e9), seconds=st.floats(0, 1e6), peak_gb=st.none() | st.floats(0, 1e3),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_the_last_run_of_each_step_is_the_one_recorded_last(
    tmp_path_factory: pytest.TempPathFactory, runs: list[StepRun]
) -> None:
    store = Store(tmp_path_factory.mktemp("store") / ".journal")
    for run in runs:
        store.record(run)
    for day in range(4):
        of_day = [one for one in runs if one.day == day]
        assert store.last_runs(day) == {one.step: one for one in of_day}
        assert store.last_runs(day, done=True) == {one.step: one for one in of_day if one.outcome == "done"}
    store.close()


def test_notes_and_digests_outlive_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    first = Store(tmp_path / ".journal")
    first.note("kind", "key", "value")
    digest = first.digest(tmp_path / "file")
    first.close()
    second = Store(tmp_path / ".journal")
    assert second.recall("kind", "key") == "value"
    assert second.recall("other", "key") is None
    assert second.digest(tmp_path / "file") == digest
    second.close()


def test_a_store_in_a_place_that_is_no_folder_raises_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be stored there"):
        Store(tmp_path / "file" / ".journal")
