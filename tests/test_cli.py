"""The commands as a user types them: exit codes, one line for each error, output for other programs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import Space, entry_name, environment

JOURNAL = [sys.executable, "-m", "journal"]


def test_journal_alone_prints_its_help(space: Space) -> None:
    done = space.run(check=0)
    assert done.out.startswith("Usage: journal") and "\n  day " in done.out
    assert done.err == ""


def test_the_version_is_printed(space: Space) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", space.run("--version", check=0).out)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nonsense", "no command 'nonsense'"),
        ("day", "Missing argument 'DAY'"),
        ("day 133 --bad", "No such option"),
        ("day 133 --jobs -1", "--jobs"),
        ("day 133 --jobs many", "--jobs"),
        ("day x", "'x' is not a day; give a number such as 133, a range such as 130..140, or today"),
        ("day 133..", "'' is not a day"),
        ("day -1", "-1"),
        (f"day {'9' * 5000}", "is not a day; give a number"),
        ("day 7", "no entry for day 7 in entries/; create one with: journal new 7"),
        ("day 140..150", "no entries for days 140..150; create one with: journal new"),
        ("day 150..130", "no entries for days 150..130"),
        ("day 133 --edits lose", "--edits is 'lose'; use merge, keep or drop"),
        ("day 133 --only nothing", "day 133 has no step 'nothing'"),
        ("new 133", "day 133 already has an entry: entries/2024-05-13-day-133.md"),
        ("new 99999999", "day 99999999 is too large"),
        ("task text.cont", "unknown task 'text.cont'; did you mean 'text.count'?"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(space: Space, command: str, words: str) -> None:
    space.entry("  a: {uses: text.write}\n")
    done = space.run(*command.split(), check=2)
    assert words in done.err
    assert done.err.count("\n") == 1


def test_each_exit_code_means_what_the_readme_says(space: Space) -> None:
    path = space.entry("  a: {uses: text.write}\n")
    space.run("day", "133", check=0)
    assert space.run("day", "133", "--only", "b").code == 2
    path.write_text(
        path.read_text().replace("letters: **5**", "five letters").replace("text.write}", "text.write, text: ab}")
    )
    assert space.run("day", "133").code == 4
    space.entry("  a: {uses: toy.fail}\n")
    assert space.run("day", "133").code == 1
    space.entry("  a: {uses: toy.fial}\n")
    assert space.run("day", "133").code == 3


def test_of_several_days_the_worst_code_counts_and_all_of_them_run(space: Space) -> None:
    space.entry("  a: {uses: toy.fail}\n", day=131)
    space.entry("  a: {uses: toy.fial}\n", day=132)
    path = space.entry("  a: {uses: text.write}\n", day=133)
    space.run("day", "131..140", check=3)
    assert "letters: **5**" in path.read_text()


def test_a_broken_entry_in_a_range_does_not_stop_the_days_after_it(space: Space) -> None:
    space.write(f"entries/{entry_name(132)}.md", "---\ntitle: [\n---\n")
    path = space.entry("  a: {uses: text.write}\n", day=133)
    done = space.run("day", "132..133", check=3)
    assert "the [ here is never closed" in done.err
    assert "letters: **5**" in path.read_text()


def test_today_is_the_day_that_day_1_says(space: Space) -> None:
    first = date.today() - timedelta(days=2)
    space.write("journal.yml", f"day-1: {first}\n")
    space.write(f"entries/{date.today()}-day-3.md", "---\ntitle: Now\n---\n")
    assert "day 3: Now" in space.run("day", "today", check=0).out
    space.write("journal.yml", "name: x\n")
    assert (
        "'today' needs the date of day 1; add 'day-1: 2024-01-02' to journal.yml"
        in space.run("day", "today", check=2).err
    )


def test_a_fresh_folder_becomes_a_workspace_with_a_blog(tmp_path: Path) -> None:
    Space(tmp_path).run("init", "mine", check=0)
    mine = Space(tmp_path / "mine")
    assert mine.run("new", "--title", 'A "second": day', check=0).out.startswith("made entries/")
    assert "nothing to run" in mine.run("day", "2", check=0).out
    mine.run("build", "--drafts", check=0)  # what is still the template's is a draft
    page = (mine.root / "build/site/day/2/index.html").read_text()
    assert "(Day 2) A &quot;second&quot;: day" in page or '(Day 2) A "second": day' in page
    before = {path: path.read_bytes() for path in mine.root.glob("*.yml")}
    assert mine.run("init", ".", check=0).out == ""
    assert {path: path.read_bytes() for path in mine.root.glob("*.yml")} == before


def test_a_new_entry_is_the_day_after_the_last_from_the_template_of_the_workspace(space: Space) -> None:
    space.entry()
    space.write("template.md", "---\nday: {{DAY}}\ndate: {{DATE}}\ntitle: {{TITLE}}\n---\nMy own, {{DAY}}.\n")
    space.run("new", check=0)
    text = (space.root / "entries" / f"{entry_name(134)}.md").read_text()
    assert text == '---\nday: 134\ndate: 2024-05-14\ntitle: "Day 134"\n---\nMy own, 134.\n'


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_init_where_no_folder_can_be_says_so(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("x")
    done = Space(tmp_path).run("init", folder, check=2)
    assert "can't be created" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["day 133 --json", "day 133 --dry-run --json", "day 132..133 --json", "status --json", "stats --json"]
)
def test_json_stands_alone_on_stdout(space: Space, command: str) -> None:
    space.write("plugins/loud.py", "print('hello from a plugin')\n" + (space.root / "plugins/toys.py").read_text())
    (space.root / "plugins/toys.py").unlink()
    space.entry("  a: {uses: text.write}\n", day=132)
    space.entry("  a: {uses: text.write}\n  b: {uses: toy.fail}\n  c: {uses: toy.total, seconds: 90}\n")
    assert json.loads(space.run(*command.split()).out), "and says something"


def test_json_of_a_day_tells_each_step_and_the_exit_code(space: Space) -> None:
    space.entry("  a: {uses: text.write}\n  b: {uses: toy.fail}\n")
    told = json.loads(space.run("day", "133", "--json", check=1).out)
    assert (told["day"], told["exit_code"]) == (133, 1)
    assert [(step["step"], step["outcome"]) for step in told["steps"]] == [("a", "done"), ("b", "failed")]


def test_json_of_the_ledgers_tells_totals(space: Space) -> None:
    space.entry("  a: {uses: toy.total, seconds: 90}\n")
    space.run("day", "133", check=0)
    (ledger,) = json.loads(space.run("stats", "--json", check=0).out)["ledgers"]
    assert (ledger["name"], ledger["total"], ledger["unit"], ledger["goal"]) == ("glaswegian", 1.5, "min", 120)


@pytest.mark.parametrize("command", ["status", "task", "day 133", "stats", "--help"])
def test_a_reader_that_goes_away_gets_no_complaint(space: Space, command: str) -> None:
    for day in range(100, 134):
        space.entry("  a: {uses: text.write}\n", day=day)
    with subprocess.Popen(
        [*JOURNAL, *command.split()], cwd=space.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""


def test_ctrl_c_ends_with_130_and_keeps_what_was_finished(space: Space) -> None:
    path = space.entry("  a: {uses: text.write}\n  b: {uses: toy.sleep, after: a}\n")
    with subprocess.Popen(
        [*JOURNAL, "day", "133"],
        cwd=space.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout and process.stderr
        for line in process.stdout:
            if "b: started" in line:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=45) == 130  # the step would have slept for a minute
        assert process.stderr.read() == "interrupted; finished steps are kept, and the next run carries on\n"
    assert "letters: **5**" in path.read_text()


def test_results_that_cannot_be_kept_are_one_line(space: Space) -> None:
    space.entry("  a: {uses: text.write}\n")
    space.write(".journal", "a file where a folder should be")
    done = space.run("day", "133", check=1)
    assert done.err.startswith(".journal: results can't be stored there") and done.err.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_workspace_that_is_read_only_is_one_line(space: Space) -> None:
    space.entry("  a: {uses: text.write}\n")
    space.root.chmod(0o555)
    try:
        done = space.run("day", "133", check=1)
    finally:
        space.root.chmod(0o755)
    assert done.err.count("\n") == 1 and "Permission denied" in done.err


def test_a_traceback_is_shown_with_debug_only(space: Space) -> None:
    done = subprocess.run(
        [*JOURNAL, "--debug", "day", "7"],
        cwd=space.root,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 2 and "Traceback" in done.stderr


def test_only_runs_a_step_and_what_it_needs(space: Space) -> None:
    path = space.entry(
        "  a: {uses: text.write}\n  b: {uses: text.count, source: '${a.path}'}\n  c: {uses: text.write}\n"
    )
    space.run("day", "133", "--only", "b", check=0)
    text = path.read_text()
    assert "journal:a" in text and "journal:b" in text and "journal:c" not in text


def test_a_dry_run_runs_and_writes_nothing(space: Space) -> None:
    path = space.entry("  a: {uses: text.write}\n")
    before = path.read_bytes()
    assert "would run" in space.run("day", "133", "--dry-run", check=0).out
    assert path.read_bytes() == before
    assert not path.with_suffix("").exists()


def test_a_marker_that_no_step_answers_to_is_said(space: Space) -> None:
    space.entry("  count: {uses: text.write}\n", "Words.\n\n<!-- journal:cuont -->\n")
    done = space.run("day", "133", check=0)
    assert done.err.strip() == "entries/2024-05-13-day-133.md:9: marker 'cuont' names no step; did you mean 'count'?"
