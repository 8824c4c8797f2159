"""What the page says is what was computed: nothing poisoned, nothing lost, and a word where something is unusual."""

# ruff: noqa: E501  # a program a line
from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Done, Space, environment

from journal.api.report_file import rewrite_header
from journal.plan.fingerprint import Fingerprint
from journal.plan.parts import dump_parts, load_parts

pytestmark = pytest.mark.slow

TASKS = '''"""Tasks that try what they should not."""
import os
import random
import subprocess
import threading
import time
from pathlib import Path
from journal.api.report_file import rewrite_header
from journal.plan.fingerprint import Fingerprint
from journal.plan.parts import dump_parts, load_parts
from journal import Context, File, Report, task

state = []


@task("u.slow")
def slow(ctx: Context, source: File, seconds: float = 1.0) -> Report:
    """Read a file, and take a while."""
    text = source.read_text()
    (ctx.root / "begun").write_text("1")
    time.sleep(seconds)
    return Report().metric("letters", len(text)).text(text)


@task("u.slow-undeclared")
def slow_undeclared(ctx: Context, seconds: float = 1.0) -> Report:
    """Read a file without declaring it, and take a while."""
    text = (ctx.root / "data/in.txt").read_text()
    (ctx.root / "begun").write_text("1")
    time.sleep(seconds)
    return Report().text(text)


@task("u.append")
def append(source: File) -> Report:
    """Append to what is an input."""
    with open(source, "a") as file:
        file.write("more")
    return Report().metric("n", 1)


@task("u.append-by-shell")
def append_by_shell(source: File) -> Report:
    """Have another program append to what is an input."""
    subprocess.run(["sh", "-c", f"echo more >> {source}"], check=True)
    return Report().metric("n", 1)


@task("u.remove")
def remove(source: File) -> Report:
    """Remove what is an input."""
    Path(source).unlink()
    return Report().metric("n", 1)


@task("u.elsewhere")
def elsewhere(ctx: Context) -> Report:
    """Write beside an entry."""
    (ctx.root / "entries" / "mine.txt").write_text("x")
    return Report().metric("n", 1)


@task("u.mess")
def mess() -> Report:
    """Leave everything in disorder."""
    import colorsys

    state.append(1)
    os.environ["MESS"] = "1"
    os.umask(0o777)
    os.chdir("/")
    colorsys.rgb_to_hls = None
    random.seed(1)
    threading.Thread(target=time.sleep, args=(60,)).start()
    return Report().metric("n", len(state))


@task("u.tidy")
def tidy(ctx: Context) -> Report:
    """Tell what there is of a disorder."""
    import colorsys

    umask = os.umask(0o022)
    found = [len(state), os.environ.get("MESS"), umask, Path.cwd() == ctx.root, colorsys.rgb_to_hls is None]
    return Report().text(f"{found} {threading.active_count()}")


@task("u.number")
def number(ctx: Context) -> Report:
    """Show a number that stands in a file."""
    value = float((ctx.root / "data/number.txt").read_text())
    return Report().metric("minutes", value, "min", digits=2).table([{"who": "a", "share": value}])


@task("u.kept")
def kept(ctx: Context, n: int = 1) -> Report:
    """Make a file that the repository does not carry."""
    (ctx.out / "made").mkdir()
    (ctx.out / "made/small.txt").write_text("small")
    (ctx.out / "made/heavy.bin").write_text("heavy" * n)
    (ctx.root / "count").open("a").write("x")
    return Report().metric("n", n).output("folder", ctx.out / "made")


@task("u.weigh")
def weigh(folder: File, by: int = 1) -> Report:
    """Weigh what another step made."""
    return Report().metric("weight", sum(path.stat().st_size for path in folder.iterdir()) * by)
'''


@pytest.fixture
def place(space: Space) -> Space:
    space.write("plugins/tries.py", TASKS)
    space.write("data/in.txt", "before\n")
    space.write("data/number.txt", "0.8")
    return space


def _step(name: str, uses: str, **values: object) -> str:
    return f"  {name}:\n    uses: {uses}\n" + "".join(f"    {key}: {value}\n" for key, value in values.items())


def _begin(place: Space, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "journal", *arguments]
    return subprocess.Popen(command, cwd=place.root, stdout=subprocess.PIPE, text=True, env=environment())


def _wait_for(path: Path, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not come"
        time.sleep(0.02)


def _outcomes(done: Done) -> dict[str, str]:
    return {one["step"]: one["outcome"] for one in json.loads(done.out)["steps"]}


def _report(place: Space, step: str, day: str = "2024-05-13-day-133") -> dict[str, object]:
    return dict(json.loads((place.root / f"entries/{day}/{step}/report.json").read_text()))


# no poisoning


@pytest.mark.parametrize("uses", ["u.slow", "u.slow-undeclared"])
def test_an_input_that_changes_in_mid_run_is_not_kept_under_the_old_name(place: Space, uses: str) -> None:
    path = place.entry(_step("slow", uses, **({"source": "data/in.txt"} if uses == "u.slow" else {})))
    run = _begin(place, "day", "133")
    _wait_for(place.root / "begun")
    place.write("data/in.txt", "after!\n")
    said = run.communicate(timeout=60)[0]
    assert run.returncode == 0
    assert "changed while it ran: data/in.txt" in said
    assert "after!" in path.read_text()
    assert "before" not in path.read_text()
    place.write("data/in.txt", "before\n")
    assert _outcomes(place.run("day", "133", "--dry-run", "--json", check=0)) == {"slow": "would run"}


def test_an_input_changed_and_set_back_in_mid_run_is_read_again(place: Space) -> None:
    place.entry(_step("slow", "u.slow", source="data/in.txt"))
    run = _begin(place, "day", "133")
    _wait_for(place.root / "begun")
    place.write("data/in.txt", "after!\n")
    place.write("data/in.txt", "before\n")
    assert "changed while it ran" in run.communicate(timeout=60)[0]


def test_an_input_that_keeps_changing_fails_its_step(place: Space) -> None:
    place.entry(_step("slow", "u.slow", source="data/in.txt"))
    run = _begin(place, "day", "133")
    while run.poll() is None:
        place.write("data/in.txt", f"{time.monotonic()}\n")
        time.sleep(0.1)
    assert run.returncode == 1
    assert "data/in.txt keeps changing while it runs" in run.communicate()[0]


def test_code_that_changes_in_mid_run_is_run_again(place: Space) -> None:
    place.entry(_step("slow", "u.slow", source="data/in.txt"))
    run = _begin(place, "day", "133")
    _wait_for(place.root / "begun")
    place.write("plugins/tries.py", TASKS.replace("len(text)", "len(text) * 100"))
    said = run.communicate(timeout=60)[0]
    assert "changed while it ran: plugins/tries.py" in said
    assert "letters 700" in said


@pytest.mark.parametrize("uses", ["u.append", "u.remove"])
def test_a_step_can_change_neither_a_result_nor_an_input(place: Space, uses: str) -> None:
    place.entry(
        _step("make", "text.write")
        + _step("bad", uses, source="${make.path}")
        + _step("worse", uses, source="data/in.txt")
    )
    done = place.run("day", "133", check=1)
    assert "opened .journal/results/" in done.out
    assert "opened data/in.txt for writing, which is an input or a result" in done.out
    assert (place.root / "data/in.txt").read_text() == "before\n"
    assert _outcomes(place.run("day", "133", "--dry-run", "--json", check=0))["make"] == "current"


def test_a_result_that_another_program_changes_is_made_whole(place: Space) -> None:
    place.entry(_step("make", "text.write") + _step("bad", "u.append-by-shell", source="${make.path}"))
    done = place.run("day", "133", check=1)
    assert "which it may only read" in done.out
    assert not (place.root / "entries/2024-05-13-day-133/make/text.txt").exists()
    place.run("day", "133", "--only", "make", check=0)
    assert (place.root / "entries/2024-05-13-day-133/make/text.txt").read_text() == "hello"
    kept = list((place.root / ".journal/results").glob("*/*/text.txt"))
    assert [path.read_text() for path in kept] == ["hello"]


def test_a_step_writes_nothing_beside_an_entry(place: Space) -> None:
    place.entry(_step("bad", "u.elsewhere"))
    assert "opened entries/mine.txt for writing" in place.run("day", "133", check=1).out
    assert not (place.root / "entries/mine.txt").exists()


# no leaking


def test_nothing_that_one_step_does_reaches_the_next(place: Space) -> None:
    path = place.entry(_step("mess", "u.mess") + _step("tidy", "u.tidy", after="mess"))
    place.run("day", "133", "--jobs", "1", check=0)
    assert "[0, None, 18, True, False] 2" in path.read_text()


# what is said


def test_what_is_read_without_being_declared_is_told_and_named_afterwards(place: Space) -> None:
    place.entry(_step("number", "u.number"))
    said = place.run("day", "133", check=0).out
    assert "it read data/number.txt, which it does not declare; it counts from now on" in said
    assert "file data/number.txt" in place.run("why", "133.number", check=0).out


def test_numbers_that_move_are_told_old_and_new(place: Space) -> None:
    place.entry(_step("number", "u.number"))
    place.run("day", "133", check=0)
    place.write("data/number.txt", "0.97")
    said = place.run("day", "133", check=0).out
    assert "minutes 0.80 min → 0.97 min" in said
    assert "a share 0.800 → 0.970" in said


def test_the_programs_that_a_step_starts_are_named_as_not_observed(place: Space) -> None:
    place.entry(_step("bad", "u.append-by-shell", source="data/in.txt"))
    place.write(
        "plugins/more.py",
        TASKS.split("@task")[0]
        + '@task("v.true")\ndef run() -> Report:\n    """Run."""\n    subprocess.run(["true"])\n    return Report().metric("n", 1)\n',
    )
    place.entry(_step("true", "v.true"))
    place.run("day", "133", check=0)
    assert "reads of true not observed" in place.run("why", "133.true", check=0).out


# what stands


def test_an_accepted_result_stands_with_its_reason(place: Space) -> None:
    path = place.entry(_step("write", "text.write") + _step("number", "u.number"))
    place.run("day", "133", check=0)
    before = path.read_text()
    place.write("data/number.txt", "0.97")
    said = place.run("day", "133", "--accept", "number=rounded anew", check=0)
    assert "number       u.number           up to date" in said.out
    assert path.read_text() == before
    assert _report(place, "number")["accepted"] == {
        "reason": "rounded anew",
        "changed": ["file data/number.txt changed"],
    }
    assert set(_outcomes(place.run("day", "133", "--dry-run", "--json", check=0)).values()) == {"current"}
    place.write("data/number.txt", "0.98")
    assert _outcomes(place.run("day", "133", "--dry-run", "--json", check=0))["number"] == "would run"


def test_what_can_not_be_accepted_is_said(place: Space) -> None:
    place.entry(_step("number", "u.number"))
    assert (
        "has no result that could be accepted; run it first"
        in place.run("day", "133", "--accept", "number", check=1).out
    )
    assert (
        "day 133 has no step 'numbr'; did you mean 'number'?"
        in place.run("day", "133", "--accept", "numbr", check=2).err
    )


def test_a_result_of_an_earlier_version_is_taken_over_with_a_word(place: Space) -> None:
    """Reports as the version before this rule wrote them, with its digest of the code, made by its own function."""
    from journal.plan.former_code import read_code
    from journal.plan.registry import TaskSource

    path = place.entry(_step("count", "text.count", source="data/in.txt") + _step("write", "text.write", text="x"))
    place.run("day", "133", check=0)
    plugin = place.root / "plugins/toys.py"
    for step, name in (("count", "count_words"), ("write", "write")):
        file = path.with_suffix("") / step / "report.json"
        data = json.loads(file.read_text())
        for key in ("seen", "made", "checksum", "artifacts"):
            data.pop(key)
        source = TaskSource(data["task"], str(plugin), name, "toys")
        data["depends_on"][f"code {data['task']}"] = read_code(source, place.root)
        data["fingerprint"] = "0" * 64
        file.write_text(json.dumps(data))
    shutil.rmtree(place.root / ".journal")
    said = place.run("day", "133", "--dry-run", check=0).out
    assert said.count("taken over from an earlier version of journal") == 2
    text = path.read_text()
    assert "started" not in place.run("day", "133", check=0).out
    assert path.read_text() == text
    assert "taken over" not in place.run("day", "133", "--dry-run", check=0).out
    place.write("plugins/toys.py", plugin.read_text().replace("len(source.read_text().split())", "1"))
    assert _outcomes(place.run("day", "133", "--dry-run", "--json", check=0)) == {
        "count": "would run",
        "write": "would run",
    }


# results travel


def _clone(place: Space, to: Path, *left_out: str) -> Space:
    shutil.copytree(place.root, to, ignore=shutil.ignore_patterns(".journal", "__pycache__", *left_out))
    return replace(place, root=to)


def test_a_clone_is_up_to_date_at_once(place: Space, tmp_path: Path) -> None:
    place.entry(
        _step("make", "text.write") + _step("count", "text.count", source="${make.path}") + _step("n", "u.number")
    )
    place.run("day", "133", check=0)
    clone = _clone(place, tmp_path / "clone")
    said = clone.run("day", "133", check=0).out
    assert "all 3 steps are up to date; nothing changed" in said
    assert "day 133  3 up to date" in clone.run("status", check=0).out


def test_a_clone_runs_what_has_changed_and_says_why(place: Space, tmp_path: Path) -> None:
    place.entry(_step("make", "text.write") + _step("n", "u.number"))
    place.run("day", "133", check=0)
    clone = _clone(place, tmp_path / "clone")
    clone.write("data/number.txt", "0.9")
    steps = json.loads(clone.run("day", "133", "--dry-run", "--json", check=0).out)["steps"]
    assert {one["step"]: one["reasons"] for one in steps} == {"make": [], "n": ["file data/number.txt changed"]}


def test_a_file_that_the_repository_leaves_out_is_named_and_made_again_only_when_needed(
    place: Space, tmp_path: Path
) -> None:
    place.entry(_step("kept", "u.kept", n=2) + _step("weigh", "u.weigh", folder="${kept.folder}"))
    place.run("day", "133", check=0)
    clone = _clone(place, tmp_path / "clone", "heavy.bin")
    assert "2 up to date" in clone.run("status", check=0).out
    assert "kept: made/heavy.bin is not here; it is made again when a step needs it" in clone.run("status").out
    assert "all 2 steps are up to date" in clone.run("day", "133", check=0).out
    assert (clone.root / "count").read_text() == "x"
    clone.entry(_step("kept", "u.kept", n=2) + _step("weigh", "u.weigh", folder="${kept.folder}", by=10))
    done = clone.run("day", "133", check=0)
    assert "kept: started (a step needs files of it that are not here)" in done.out
    assert "weight 150" in done.out
    assert (clone.root / "count").read_text() == "xx"
    assert (clone.root / "entries/2024-05-13-day-133/kept/made/heavy.bin").exists()


def test_a_number_changed_in_a_report_makes_it_no_result(place: Space, tmp_path: Path) -> None:
    place.entry(_step("n", "u.number"))
    place.run("day", "133", check=0)
    clone = _clone(place, tmp_path / "clone")
    report = clone.root / "entries/2024-05-13-day-133/n/report.json"
    report.write_text(report.read_text().replace("0.8", "0.9"))
    assert _outcomes(clone.run("day", "133", "--dry-run", "--json", check=0)) == {"n": "would run"}


# a store that knows when it is damaged

DAMAGES = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:2]),
    "swapped": lambda path: path.write_text("HELLO"),
    "removed": lambda path: path.unlink(),
    "a folder in its place": lambda path: (path.unlink(), path.mkdir()),
    "a broken link": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("where", ["store", "both"])
def test_a_damaged_file_is_noticed_and_mended_and_never_copied_over_a_good_one(
    place: Space, damage: str, where: str
) -> None:
    place.entry(_step("make", "text.write") + _step("count", "text.count", source="${make.path}"))
    place.run("day", "133", check=0)
    stored = next((place.root / ".journal/results").glob("*/*/text.txt"))
    beside = place.root / "entries/2024-05-13-day-133/make/text.txt"
    time.sleep(0.2)
    place.run("day", "133", check=0)
    DAMAGES[damage](stored)
    if where == "both":
        DAMAGES[damage](beside)
    done = place.run("day", "133", check=0)
    assert ("1 ran" in done.out) == (where == "both")
    assert beside.read_text() == "hello"
    assert next((place.root / ".journal/results").glob("*/*/text.txt")).read_text() == "hello"
    assert place.run("day", "133", check=0).out.endswith("nothing changed\n")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"headline": 3}', "\x00\x01"])
def test_a_damaged_report_in_the_store_is_no_result(place: Space, text: str) -> None:
    path = place.entry(_step("make", "text.write"))
    place.run("day", "133", check=0)
    before = path.read_text()
    for report in (place.root / ".journal/results").glob("*/*/report.json"):
        report.write_text(text)
    place.run("day", "133", check=0)
    assert path.read_text() == before
    assert place.run("status", check=0).out.startswith("day 133  1 up to date")


def test_signals_end_what_a_step_has_started(place: Space) -> None:
    place.write(
        "plugins/more.py",
        TASKS.split("@task")[0]
        + '@task("v.start")\ndef run(ctx: Context) -> Report:\n    """Run."""\n    child = subprocess.Popen(["sleep", "300"])\n    (ctx.root / "child").write_text(str(child.pid))\n    time.sleep(300)\n    return Report().metric("n", 1)\n',
    )
    place.entry(_step("start", "v.start"))
    run = _begin(place, "day", "133")
    _wait_for(place.root / "child")
    time.sleep(0.2)
    child = int((place.root / "child").read_text())
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=30)
    end = time.monotonic() + 5
    while Path(f"/proc/{child}/stat").exists() and Path(f"/proc/{child}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < end, "it is still there"
        time.sleep(0.05)


# values whole


def test_a_type_whose_content_can_not_be_seen_is_refused_when_the_task_is_loaded(place: Space) -> None:
    place.write(
        "plugins/typed.py",
        "from journal import Report, task\n\n\nclass Opaque:\n    def __init__(self, n):\n        self.n = n\n\n\n"
        '@task("w.opaque")\ndef run(n: Opaque = Opaque(1)) -> Report:\n    """Run."""\n    return Report().metric("n", n.n)\n',
    )
    place.entry(_step("bad", "w.opaque"))
    said = place.run("day", "133", check=3).err
    assert "parameter 'n' has the type Opaque, whose content can't be part of a fingerprint" in said


# code of a workspace that is not trusted


def _foreign(place: Space, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JOURNAL_TRUST")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    place.write(
        "plugins/evil.py",
        "from pathlib import Path\nPath(__file__).with_name('ran').write_text('x')\nfrom journal import Report, task\n\n\n"
        '@task("evil.run")\ndef run() -> Report:\n    """Run."""\n    return Report().metric("n", 1)\n',
    )


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["task"],
        ["task", "evil.run"],
        ["doctor"],
        ["day", "133"],
        ["day", "133", "--dry-run"],
        ["build"],
        ["run", "evil.run"],
    ],
)
def test_no_code_of_a_foreign_workspace_runs_before_its_user_says_so(
    place: Space, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    place.entry(_step("evil", "evil.run"))
    place.write("site/hook.py", "from pathlib import Path\nPath(__file__).with_name('ran').write_text('x')\n")
    place.write("site/mkdocs.yml", "site_name: x\ntheme: {name: mkdocs}\nhooks: [hook.py]\n")
    _foreign(place, monkeypatch, tmp_path)
    done = place.run(*command)
    assert not list(place.root.rglob("ran"))
    assert "not trusted; look at it, then say so once with: journal trust" in done.out + done.err
    place.run("trust", check=0)
    assert "not trusted" not in place.run(*command).err
    assert list(place.root.rglob("ran"))


def test_trust_is_by_place_and_can_be_given_for_once(
    place: Space, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.entry(_step("evil", "evil.run"))
    _foreign(place, monkeypatch, tmp_path)
    place.run("--trust", "day", "133", check=0)
    assert "not trusted" in place.run("day", "133", "--force").err
    place.run("trust", check=0)
    clone = _clone(place, tmp_path / "clone")
    assert "not trusted" in clone.run("day", "133").err
    assert "not trusted" not in place.run("day", "133", check=0).err


def test_a_workspace_that_is_made_here_is_trusted(
    space: Space, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JOURNAL_TRUST")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = replace(space, root=tmp_path / "made")
    made.root.mkdir()
    made.run("init", check=0)
    made.write("plugins/own.py", (space.root / "plugins/toys.py").read_text())
    made.entry(_step("write", "text.write"))
    made.run("day", "133", check=0)


def test_steps_are_sent_to_no_address_of_a_foreign_workspace(
    place: Space, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = place.write("data/table.csv", "a,b\n1,2\n2,4\n3,5\n")
    place.write("journal.yml", "name: A\nday-1: 2024-01-02\nrun: {on: 'tcp://127.0.0.1:9'}\n")
    place.entry(_step("factors", "factor.analysis", data=f"data/{data.name}", factors=1))
    _foreign(place, monkeypatch, tmp_path)
    assert (
        "journal.yml sends steps to tcp://127.0.0.1:9, and this workspace is not trusted" in place.run("day", "133").err
    )


# limits


def test_what_is_larger_than_the_limits_fails_its_step_alone(place: Space) -> None:
    place.write("journal.yml", "name: A\nday-1: 2024-01-02\nlimits: {artifact: 1 kB, text: 1 kB}\n")
    path = place.entry(
        _step("file", "text.write", times=300)
        + _step("quote", "text.join", sources="data/long.txt")
        + _step("fine", "text.write", times=20)
    )
    place.write("data/long.txt", "word " * 300)
    done = place.run("day", "133", check=1)
    assert "the task made text.txt, of 1.5 kB; the limit is 1 kB (journal.yml, limits: artifact)" in done.out
    assert "the report has a quote of 1.5 kB; the limit is 1 kB (journal.yml, limits: text)" in done.out
    assert "letters: **100**" in path.read_text()


def test_limits_that_are_no_sizes_are_told_with_their_line(place: Space) -> None:
    place.write("journal.yml", "name: A\nday-1: 2024-01-02\nlimits:\n  artifact: much\n")
    assert "journal.yml:4: artifact is 'much'; write a size" in place.run("status", check=3).err


def test_a_mistyped_command_gets_the_nearest(space: Space) -> None:
    assert space.run("biuld", check=2).err == "no command 'biuld'; did you mean 'build'?\n"


# past pages


def test_totals_that_a_block_shows_are_inputs_of_it(place: Space) -> None:
    place.write("site/mkdocs.yml", "site_name: x\ntheme: {name: mkdocs}\n")
    first = place.entry(_step("total", "toy.total", seconds=48), day=1)
    second = place.entry(_step("total", "toy.total", seconds=60), day=2)
    place.run("day", "1..2", check=0)
    assert "1.80 of 120 min" in second.read_text()
    first.write_text(first.read_text().replace("seconds: 48", "seconds: 54"))
    place.run("day", "1", check=0)
    said = place.run("status", check=0).out
    assert "total: total of glaswegian changed, 1.80 → 1.90" in said
    assert (
        "block 'total': total of glaswegian changed, 1.80 → 1.90; journal day 2 writes it again"
        in place.run("build").err
    )
    done = place.run("day", "1..2", "--stale", check=0).out
    assert "0 ran, 1 up to date, 0 failed" in done
    assert "day 1:" not in done
    assert "1.90 of 120 min" in second.read_text()
    assert "changed" not in place.run("status", check=0).out


def test_status_can_read_every_byte(place: Space) -> None:
    place.entry(_step("count", "text.count", source="data/in.txt"))
    place.run("day", "133", check=0)
    time.sleep(0.2)
    assert "1 up to date" in place.run("status", "--verify", check=0).out
    place.write("data/in.txt", "two words\n")
    assert "1 stale" in place.run("status", "--verify", check=0).out


VERSIONED = '''"""A task with a version."""
from journal import File, Report, task


@task("v.scale", version=1)
def scale(number: float, factor: float = 2.0{more}) -> Report:
    """Scale a number."""
    return Report().metric("scaled", number * factor)
'''


def test_a_default_counts_as_nothing_whether_it_is_written_or_not(place: Space) -> None:
    place.write("plugins/v.py", VERSIONED.replace("{more}", ""))
    place.entry(_step("a", "v.scale", number="3"))
    place.run("day", "133", check=0)
    place.entry(_step("a", "v.scale", number="3", factor="2"))
    assert "up to date" in place.run("day", "133", "--dry-run", check=0).out
    place.entry(_step("a", "v.scale", number="3", factor="2.5"))
    assert "would run: parameter factor 2.0 → 2.5" in place.run("day", "133", "--dry-run", check=0).out


def test_a_result_that_was_recorded_with_its_defaults_is_taken_over(place: Space) -> None:
    """As an earlier version did; so a parameter that a task has lately has made results stale."""
    place.write("plugins/v.py", VERSIONED.replace("{more}", ""))
    place.entry(_step("a", "v.scale", number="3"))
    place.run("day", "133", check=0)
    folder = place.root / "entries/2024-05-13-day-133/a"
    declared = json.loads((folder / "report.json").read_text())["depends_on"]
    for factor, expected in (("2.0", "up to date"), ("2.5", "would run")):
        shutil.rmtree(place.root / ".journal")
        parts = load_parts({**declared, "parameter factor": factor})
        rewrite_header(folder, {"depends_on": dump_parts(parts), "fingerprint": Fingerprint.of(parts).digest})
        assert expected in place.run("day", "133", "--dry-run", check=0).out


def test_a_default_that_changed_makes_results_of_own_code_stale(place: Space) -> None:
    own = VERSIONED.replace(", version=1", "").replace("{more}", "")
    place.write("plugins/v.py", own)
    place.entry(_step("a", "v.scale", number="3"))
    place.run("day", "133", check=0)
    place.write("plugins/v.py", own.replace("= 2.0", "= 3.0"))
    assert "would run" in place.run("day", "133", "--dry-run", check=0).out
