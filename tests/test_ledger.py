"""Ledgers: totals over days, computed from the reports that entries still have."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Space, entry_name
from hypothesis import given
from hypothesis import strategies as st

from journal.api.report import Report
from journal.api.report_file import write_report
from journal.errors import EntryError
from journal.record import Record
from journal.record.ledger import Ledger, Ledgers, read_ledgers
from journal.text.workspace import Amount, Workspace, read_workspace


def counted(tmp_path: Path, *totals: tuple[int, str, float, str], goal: str = "") -> Ledgers:
    """Return ledgers in which each (day, ledger, value, unit) is counted by a step of its own."""
    goals = {"glaswegian": Amount(120, goal)} if goal else {}
    ledgers = Ledgers(Record(Workspace(tmp_path, "w", goals=goals)))
    for index, (day, name, value, unit) in enumerate(totals):
        folder = tmp_path / f"day-{day}" / f"step-{index}"
        folder.mkdir(parents=True)
        write_report(Report().total(name, value, unit), folder)
        ledgers.put(day, f"step-{index}", folder)
    return ledgers


def test_amounts_are_converted_to_the_unit_of_the_goal(tmp_path: Path) -> None:
    ledgers = counted(
        tmp_path, (1, "glaswegian", 90, "s"), (1, "glaswegian", 2, "min"), (3, "glaswegian", 1, "h"), goal="min"
    )
    assert ledgers.ledger("glaswegian").by_day == {1: 3.5, 3: 60.0}


def test_a_sentence_tells_where_a_ledger_stood_on_a_day(tmp_path: Path) -> None:
    ledgers = counted(tmp_path, (1, "glaswegian", 285, "s"), (3, "glaswegian", 1, "h"), goal="min")
    ledger = ledgers.ledger("glaswegian")
    assert ledger.sentence(2) == "glaswegian: 4.75 of 120 min (4.0 %)"
    assert ledger.sentence(3) == "glaswegian: 64.75 of 120 min (54.0 %)"
    assert ledger.sentence(0) == "glaswegian: 0.00 of 120 min (0.0 %)"


def test_without_a_goal_the_sentence_tells_the_total(tmp_path: Path) -> None:
    assert counted(tmp_path, (1, "clips", 36, "clips")).ledger("clips").sentence(1) == "clips: 36.00 clips"


def test_a_goal_of_nothing_is_no_division_by_nothing() -> None:
    assert Ledger("a", "min", {1: 2.0}, 0.0).sentence(1) == "a: 2.00 of 0 min"


def test_times_without_a_goal_add_up_in_minutes(tmp_path: Path) -> None:
    ledger = counted(tmp_path, (1, "a", 30, "s"), (2, "a", 1, "min")).ledger("a")
    assert (ledger.unit, ledger.total) == ("min", 1.5)


def test_units_that_cannot_be_added_are_an_error_that_names_the_report(tmp_path: Path) -> None:
    ledgers = counted(tmp_path, (1, "glaswegian", 3, "clips"), goal="min")
    with pytest.raises(EntryError) as caught:
        ledgers.ledger("glaswegian")
    assert str(caught.value) == (
        "entries/day-1/step-0/report.json: ledger 'glaswegian': clips can't be converted to min; "
        "use the same unit for the goal in journal.yml"
    )


def test_a_report_that_is_no_report_is_an_error_rather_than_a_smaller_total(tmp_path: Path) -> None:
    folder = tmp_path / "2024-05-13-day-133/clips"
    folder.mkdir(parents=True)
    for text in ("<<<<<<< HEAD", "{}", "[]", '{"items": [{"kind": "total", "ledger": "a", "value": "x", "unit": ""}]}'):
        (folder / "report.json").write_text(text)
        with pytest.raises(EntryError, match=r"clips/report\.json:1: can't be read; recreate it with: journal day 133"):
            put_and_ask(folder)


def put_and_ask(folder: Path) -> None:
    ledgers = Ledgers(Record(Workspace(folder, "w")))
    ledgers.put(133, "clips", folder)
    ledgers.names()


@given(st.dictionaries(st.integers(0, 400), st.floats(0, 1e6)), st.integers(0, 400))
def test_what_is_reached_grows_day_by_day_to_the_total(by_day: dict[int, float], day: int) -> None:
    ledger = Ledger("a", "min", by_day)
    assert ledger.until(day) <= ledger.until(day + 1) <= ledger.until(max(by_day, default=0) + 401)
    assert ledger.until(max(by_day, default=0)) == pytest.approx(ledger.total)


@pytest.fixture
def two_days(space: Space) -> Space:
    """A workspace in which two days have counted 90 s and two times 60 s."""
    space.entry("  a: {uses: toy.total, seconds: 90}\n", day=132)
    space.entry("  a: {uses: toy.total, seconds: 60}\n  b: {uses: toy.total, seconds: 60}\n", day=133)
    space.run("day", "132..133", check=0)
    return space


def total(space: Space) -> float:
    return read_ledgers(Record(read_workspace(space.root))).ledger("glaswegian").total


def test_an_entry_tells_the_total_until_its_own_day(two_days: Space) -> None:
    assert "glaswegian: 3.50 of 120 min (2.9 %)" in two_days.run("stats", check=0).out
    assert "**glaswegian: 1.50 of 120 min (1.2 %)**" in (two_days.root / f"entries/{entry_name(132)}.md").read_text()
    assert "**glaswegian: 3.50 of 120 min (2.9 %)**" in (two_days.root / f"entries/{entry_name(133)}.md").read_text()


def test_a_step_that_is_taken_out_no_longer_counts(two_days: Space) -> None:
    path = two_days.root / f"entries/{entry_name(133)}.md"
    path.write_text(path.read_text().replace("  b: {uses: toy.total, seconds: 60}\n", ""))
    assert total(two_days) == 2.5


def test_an_entry_that_is_taken_out_no_longer_counts_though_its_artifacts_stay(two_days: Space) -> None:
    (two_days.root / f"entries/{entry_name(133)}.md").unlink()
    assert (two_days.root / f"entries/{entry_name(133)}/a/report.json").exists()
    assert total(two_days) == 1.5


def test_an_entry_that_came_in_by_git_counts_without_a_run_here(two_days: Space) -> None:
    shutil.rmtree(two_days.root / ".journal")
    assert total(two_days) == 3.5


def test_a_step_that_runs_again_counts_once(two_days: Space) -> None:
    two_days.run("day", "133", "--force", check=0)
    assert total(two_days) == 3.5


def test_a_damaged_report_is_made_again_by_its_day(two_days: Space) -> None:
    (two_days.root / f"entries/{entry_name(132)}/a/report.json").write_text("<<<<<<< HEAD")
    assert "recreate it with: journal day 132" in two_days.run("stats", check=3).err
    two_days.run("day", "132", check=0)
    assert total(two_days) == 3.5


def test_mixed_units_are_one_line_and_exit_code_3(space: Space) -> None:
    space.write("journal.yml", "day-1: 2024-01-02\ngoals: {glaswegian: 36 clips}\n")
    space.entry("  a: {uses: toy.total, seconds: 90}\n")
    done = space.run("day", "133", check=3)
    assert "s can't be converted to clips; use the same unit for the goal in journal.yml" in done.err
    assert done.err.count("\n") == 1
