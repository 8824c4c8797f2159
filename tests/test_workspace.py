"""The workspace: what journal.yml may say, and what a wrong one gets."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from conftest import Space

from journal.errors import EntryError
from journal.text.workspace import Amount, Workspace, parse_amount, read_workspace


def read(folder: Path, text: str | bytes) -> Workspace:
    (folder / "journal.yml").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_workspace(folder)


def test_everything_that_journal_yml_may_say_is_read(tmp_path: Path) -> None:
    text = "name: Days\nday-1: 2024-01-02\ngoals: {clips: 2 h}\nmodels: {small: ./m}\nrun: {on: local, jobs: 3}\n"
    workspace = read(tmp_path, "\ufeff" + text.replace("\n", "\r\n"))
    assert workspace.name == "Days"
    assert workspace.date_of(133) == date(2024, 5, 13)
    assert workspace.day_of(date(2024, 5, 13)) == 133
    assert workspace.goals == {"clips": Amount(2, "h")}
    assert workspace.models == {"small": "./m"}
    assert workspace.jobs == 3


def test_an_empty_file_makes_a_workspace(tmp_path: Path) -> None:
    assert read(tmp_path, "").name == tmp_path.name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nme: x", "journal.yml:1: unknown setting 'nme'; did you mean 'name'?"),
        ("name: x\nrun: {job: 3}", "journal.yml:2: unknown setting 'job'; did you mean 'jobs'?"),
        ("run: {jobs: many}", "journal.yml:1: jobs is 'many'; write 'auto' or a whole number of at least 1"),
        ("run: {memory: 2}", "journal.yml:1: memory is 2; write 'auto', '6 GB' or '500 MB'"),
        ("run: {gpus: 0}", "journal.yml:1: gpus is 0; write 'auto' or a whole number of at least 1"),
        ("day-1: yesterday", "journal.yml:1: day-1 is 'yesterday'; write a date such as 2024-01-02"),
        ("name: x\ngoals:\n  a: much", "journal.yml:3: goal 'a': 'much' is not an amount such as '120 min'"),
        ("goals: 120", "journal.yml:1: 'goals' must hold 'name: value' lines, not 120; write such lines"),
        ("models: [a]", "journal.yml:1: 'models' must hold 'name: value' lines, not ['a']; write such lines"),
        ("models:\n  a: {b: c}", "journal.yml:2: 'a' must be one line of text, not {'b': 'c'}; fix it there"),
        ("name: x\nname: y", "journal.yml:2: the key 'name' appears twice; remove one"),
        (b"name: \xff", "journal.yml:1: not UTF-8 text; save the file as UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(EntryError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("120 min", Amount(120, "min")),
        ("36 clips", Amount(36, "clips")),
        ("4.75", Amount(4.75, "")),
        (7, Amount(7, "")),
    ],
)
def test_an_amount_is_a_number_and_a_unit(text: object, amount: Amount) -> None:
    assert parse_amount(text) == amount


@pytest.mark.parametrize("text", ["", "min", "-3 min", "1,5 min", "3 min 20 s", None])
def test_what_is_no_amount_is_an_error(text: object) -> None:
    with pytest.raises(ValueError, match="is not an amount such as '120 min'"):
        parse_amount(text)


def test_times_convert_and_other_units_do_not() -> None:
    assert Amount(90, "s").to("min") == 1.5
    assert Amount(2, "h").to("s") == 7200
    assert Amount(3, "clips").to("clips") == 3
    with pytest.raises(ValueError, match="clips can't be converted to min"):
        Amount(3, "clips").to("min")


def test_a_wrong_journal_yml_is_one_line_and_exit_code_3(space: Space) -> None:
    space.write("journal.yml", "name: x\ngoals: 5\n")
    done = space.run("status", check=3)
    assert done.err == "journal.yml:2: 'goals' must hold 'name: value' lines, not 5; write such lines\n"


def test_outside_a_workspace_the_error_says_how_to_make_one(space: Space) -> None:
    (space.root / "journal.yml").unlink()
    assert "journal init" in space.run("status", check=2).err


def test_a_command_works_from_a_folder_below_the_workspace(space: Space) -> None:
    space.write("data/words.txt", "one two")
    space.entry("  count:\n    uses: text.count\n    source: data/words.txt\n")
    below = Space(space.root / "data")
    assert "words 2" in below.run("day", "133", check=0).out
    assert "words: **2**" in (space.root / "entries/2024-05-13-day-133.md").read_text()
    assert not (below.root / ".journal").exists()


def test_a_workspace_path_may_have_spaces_and_letters_of_any_language(tmp_path: Path) -> None:
    from conftest import make_space

    space = make_space(tmp_path / "mein Tägebuch 日記 #1 %20")
    space.write("data/wörter zwei.txt", "eins zwei drei")
    path = space.entry("  zähl: 1\n".replace("zähl: 1", "count: {uses: text.count, source: data/wörter zwei.txt}"))
    space.run("day", "133", check=0)
    assert "words: **3**" in path.read_text()
    assert "mein T" not in path.read_text() + (path.with_suffix("") / "count/report.json").read_text()
