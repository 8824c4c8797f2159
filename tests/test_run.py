"""The runner: processes, order, room, retries, timeouts, interrupts, logs, fan-out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Space, environment

TASKS = '''"""Tasks that show how they were run."""
import os
import sys
import time
from functools import lru_cache, partial
from pathlib import Path
from journal import Context, Report, task


def _note(ctx, text):
    with open(ctx.root / "notes.txt", "a") as notes:
        notes.write(text + "\\n")


@task("r.spin")
def spin(ctx: Context, seconds: float = 1.0, name: str = "") -> Report:
    """Keep a core busy for so much time of its own."""
    _note(ctx, f"begin {name}")
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass
    _note(ctx, f"end {name}")
    return Report().metric("spun", seconds).output("spun", seconds)


@task("r.big", resources={"cpu": 2})
def big(ctx: Context) -> Report:
    """Take both cores."""
    _note(ctx, "begin big")
    time.sleep(0.3)
    _note(ctx, "end big")
    return Report().metric("threads", ctx.jobs).text(os.environ["OMP_NUM_THREADS"])


@task("r.meet")
def meet(ctx: Context, name: str) -> Report:
    """Wait until four steps are at it at once; one after the other they would wait for ever."""
    _note(ctx, f"here {name}")
    end = time.monotonic() + 60
    while len((ctx.root / "notes.txt").read_text().splitlines()) < 4:
        assert time.monotonic() < end, "the others did not come"
        time.sleep(0.05)
    return Report().metric("met", 4)


@task("r.scanner", resources={"scanner": 1})
def scan(ctx: Context, name: str) -> Report:
    """Use something of which there is one."""
    _note(ctx, "begin scan")
    time.sleep(0.2)
    _note(ctx, "end scan")
    return Report().metric("scanned", 1)


@task("r.memory", resources={"memory": 1e6})
def hungry(ctx: Context, name: str) -> Report:
    """Want more memory than there is, so that one runs at a time."""
    _note(ctx, "begin hungry")
    time.sleep(0.2)
    _note(ctx, "end hungry")
    return Report().metric("ran", 1)


@task("r.flaky")
def flaky(ctx: Context, fails: int = 1) -> Report:
    """Fail so many times, then succeed."""
    tries = ctx.root / "tries.txt"
    count = len(tries.read_text()) if tries.exists() else 0
    tries.write_text("x" * (count + 1))
    if count < fails:
        print("try", count, "went wrong")
        raise OSError("the line is busy")
    return Report().metric("tries", count + 1)


@task("r.messy")
def messy(ctx: Context) -> Report:
    """Leave the process in another state."""
    os.environ["LEFT_BEHIND"] = "1"
    os.chdir("/")
    return Report().metric("pid", os.getpid(), visible=False).output("done", 1)


@task("r.clean")
def clean(ctx: Context) -> Report:
    """Tell what a step before it left behind."""
    return Report().text(f"{os.environ.get('LEFT_BEHIND', 'nothing')} {Path.cwd() == Path('/')}")


@task("r.exit")
def leave() -> Report:
    """End the process."""
    sys.exit(3)


@task("r.hard-exit")
def leave_at_once() -> Report:
    """End the process with no word."""
    os._exit(7)


@task("r.memory-error")
def run_out() -> Report:
    """Run out of memory."""
    raise MemoryError


@task("r.nothing")
def nothing() -> Report:
    """Return no report."""
    return 5


@lru_cache
def load(model):
    """Load a model, once in a process."""
    return os.getpid(), time.time()


@task("r.load")
def use(ctx: Context, name: str, model: str = "m") -> Report:
    """Use a model."""
    loaded = load(model)
    return Report().text(f"loaded {loaded}")


def square(number):
    time.sleep(0.15)
    return number * number, os.getpid()


def scaled(number, by):
    return number * by


def break_at(number):
    if number == 5:
        raise ValueError("five is too many")
    return number


def die_at(number, ctx_root):
    marker = Path(ctx_root) / "died.txt"
    if not marker.exists() and os.getpid() != int((Path(ctx_root) / "caller.txt").read_text()):
        marker.write_text("once")
        os._exit(9)
    time.sleep(0.4)
    return number


@task("r.map")
def fan(ctx: Context, kind: str = "square", count: int = 12) -> Report:
    """Work on items."""
    if kind == "square":
        found = ctx.map(square, range(count))
        report = Report().metric("processes", len({pid for _, pid in found}))
        return report.output("squares", [number for number, _ in found])
    if kind == "partial":
        return Report().text(str(ctx.map(partial(scaled, by=3), range(count))))
    if kind == "local":
        return Report().text(str(ctx.map(lambda number: number + 1, range(count))))
    if kind == "broken":
        return Report().text(str(ctx.map(break_at, range(count))))
    (ctx.root / "caller.txt").write_text(str(os.getpid()))
    return Report().text(str(ctx.map(partial(die_at, ctx_root=str(ctx.root)), range(count))))
'''


@pytest.fixture
def bench(space: Space) -> Space:
    space.write("plugins/runs.py", TASKS)
    return space


def _notes(space: Space) -> list[str]:
    return (space.root / "notes.txt").read_text().split("\n")[:-1]


def _body(space: Space) -> str:
    return (space.root / "entries/2024-05-13-day-133.md").read_text().split("---\n", 2)[2]


def _steps(done) -> dict[str, dict]:
    return {one["step"]: one for one in json.loads(done.out)["steps"]}


def test_steps_run_in_the_order_of_their_references_and_of_after(bench: Space) -> None:
    bench.entry(
        "  last:\n    uses: r.spin\n    seconds: ${first.spun}\n    name: last\n"
        "  between:\n    uses: r.spin\n    seconds: 0\n    name: between\n    after: first\n"
        "  first:\n    uses: r.spin\n    seconds: 0.1\n    name: first\n"
    )
    bench.run("day", "133", check=0)
    notes = _notes(bench)
    assert notes.index("end first") < notes.index("begin last")
    assert notes.index("end first") < notes.index("begin between")


def test_a_big_step_waits_for_room_and_small_ones_cannot_keep_it_from_running(bench: Space) -> None:
    small = "".join(f"  s{i}:\n    uses: r.spin\n    seconds: 0.1\n    name: s{i}\n" for i in range(4))
    rest = "".join(f"  t{i}:\n    uses: r.spin\n    seconds: 0.1\n    name: t{i}\n" for i in range(4))
    bench.entry(f"{small}  big:\n    uses: r.big\n{rest}")
    bench.run("day", "133", "--jobs", "2", check=0)
    notes = _notes(bench)
    begin, end = notes.index("begin big"), notes.index("end big")
    assert end == begin + 1, "nothing else runs while it has both cores"
    assert begin < notes.index("begin t0")
    assert "threads: **2**" in _body(bench)
    assert "\n2\n" in _body(bench)


@pytest.mark.parametrize("task", ["r.scanner", "r.memory"])
def test_steps_that_claim_all_of_a_resource_run_one_at_a_time(bench: Space, task: str) -> None:
    bench.entry("".join(f"  s{i}:\n    uses: {task}\n    name: n{i}\n" for i in range(3)))
    bench.run("day", "133", "--jobs", "3", check=0)
    kinds = [note.split()[0] for note in _notes(bench)]
    assert kinds == ["begin", "end"] * 3


def test_independent_steps_run_at_the_same_time(bench: Space) -> None:
    bench.entry("".join(f"  s{i}:\n    uses: r.meet\n    name: n{i}\n" for i in range(4)))
    bench.run("day", "133", "--jobs", "4", check=0)


def test_a_crash_a_hang_and_an_error_take_down_that_step_only(bench: Space) -> None:
    bench.entry(
        "  crash:\n    uses: toy.crash\n  fault:\n    uses: toy.fault\n  hang:\n    uses: toy.sleep\n    timeout: 1 s\n"
        "  exit:\n    uses: r.exit\n  gone:\n    uses: r.hard-exit\n  memory:\n    uses: r.memory-error\n"
        "  none:\n    uses: r.nothing\n  good:\n    uses: text.write\n"
        "  needs:\n    uses: text.write\n    text: ${crash.text}\n"
    )
    done = bench.run("day", "133", "--json", check=1)
    steps = _steps(done)
    assert "crashed (SIGABRT)" in steps["crash"]["message"]
    assert steps["fault"]["message"] == "KeyError: 'missing'"
    assert "timeout of 1 s" in steps["hang"]["message"]
    assert steps["exit"]["message"] == "SystemExit: 3"
    assert "exited with code 7" in steps["gone"]["message"]
    assert "ran out of memory" in steps["memory"]["message"]
    assert "must return a Report" in steps["none"]["message"]
    assert steps["good"]["outcome"] == "done"
    assert (steps["needs"]["outcome"], steps["needs"]["message"]) == ("skipped", "not run because crash failed")


def test_the_end_of_a_failed_steps_log_is_shown_and_all_of_it_is_kept(bench: Space) -> None:
    bench.entry("  fault:\n    uses: toy.fault\n")
    done = bench.run("day", "133", check=1)
    assert "printed before the fault" in done.out
    log = bench.root / ".journal/logs/day-133-fault.log"
    assert "(full log: .journal/logs/day-133-fault.log)" in done.out
    assert "KeyError" in log.read_text()


def test_a_step_is_taken_again_as_often_as_retries_says(bench: Space) -> None:
    bench.entry("  flaky:\n    uses: r.flaky\n    fails: 2\n    retries: 2\n")
    done = bench.run("day", "133", check=0)
    assert "the line is busy; retrying, 1 more after this" in done.out
    assert "tries: **3**" in _body(bench)
    outcomes = [one["outcome"] for one in json.loads(bench.run("history", "--json").out)]
    assert outcomes == ["done", "failed", "failed"]


def test_the_last_good_result_stays_when_a_step_fails(bench: Space) -> None:
    path = bench.entry("  sometimes:\n    uses: text.count\n    source: a.txt\n")
    bench.write("a.txt", "one two three")
    bench.run("day", "133", check=0)
    (bench.root / "a.txt").write_bytes(b"\xff\xfe\xff")
    bench.run("day", "133", check=1)
    assert "words: **3**" in path.read_text()
    assert "failed" in path.read_text()
    bench.write("a.txt", "one")
    bench.run("day", "133", check=0)
    assert "failed" not in path.read_text()


def test_a_step_leaves_nothing_behind_for_the_next_one(bench: Space) -> None:
    bench.entry("  messy:\n    uses: r.messy\n  clean:\n    uses: r.clean\n    after: messy\n")
    bench.run("day", "133", "--jobs", "1", check=0)
    assert "nothing False" in _body(bench)


def test_nothing_that_a_step_loads_is_kept_for_the_steps_that_follow(bench: Space) -> None:
    bench.entry("".join(f"  s{i}:\n    uses: r.load\n    name: n{i}\n" for i in range(5)))
    bench.run("day", "133", "--jobs", "1", check=0)
    loaded = [line for line in _body(bench).splitlines() if line.startswith("loaded")]
    assert len(loaded) == 5
    assert len(set(loaded)) == 5


def test_a_worker_that_died_while_idle_is_replaced(bench: Space) -> None:
    bench.write(
        "plugins/later.py",
        "import os, threading, time\nfrom journal import Report, task\n"
        '@task("r.later")\ndef later() -> Report:\n    """End the process a little after the step."""\n'
        "    threading.Timer(0.2, os._exit, (1,)).start()\n    return Report().output('n', 1)\n",
    )
    bench.entry(
        "  later:\n    uses: r.later\n  sleep:\n    uses: toy.sleep\n    seconds: 1.5\n"
        "  then:\n    uses: text.write\n    after: sleep\n  two:\n    uses: text.write\n    text: x\n    after: sleep\n"
    )
    bench.run("day", "133", "--jobs", "2", check=0)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("partial", str([number * 3 for number in range(12)])),
        ("local", str(list(range(1, 13)))),
        ("dying", str(list(range(12)))),
    ],
)
def test_items_come_back_in_order_also_when_a_helper_dies(bench: Space, kind: str, shown: str) -> None:
    bench.entry(f"  fan:\n    uses: r.map\n    kind: {kind}\n")
    bench.run("day", "133", "--jobs", "3", check=0)
    assert shown in _body(bench)
    assert (bench.root / "died.txt").exists() == (kind == "dying")


def test_items_spread_over_the_runs_workers(bench: Space) -> None:
    bench.entry("  fan:\n    uses: r.map\n    count: 30\n")
    bench.run("day", "133", "--jobs", "2", check=0)
    assert "processes: **2**" in _body(bench)


def test_an_error_in_an_item_is_the_steps_error(bench: Space) -> None:
    bench.entry("  fan:\n    uses: r.map\n    kind: broken\n  good:\n    uses: text.write\n")
    steps = _steps(bench.run("day", "133", "--jobs", "2", "--json", check=1))
    assert steps["fan"]["message"] == "ValueError: five is too many"
    assert steps["good"]["outcome"] == "done"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_an_interrupt_keeps_what_was_finished_and_leaves_no_process(bench: Space, number: int) -> None:
    path = bench.entry("  quick:\n    uses: text.write\n  slow:\n    uses: toy.sleep\n    seconds: 60\n")
    command = [sys.executable, "-m", "journal", "day", "133", "--jobs", "2"]
    with subprocess.Popen(
        command, cwd=bench.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if "✓ quick" in line:
                break
        children = _children(run.pid)
        run.send_signal(number)
        _, err = run.communicate(timeout=20)
    assert run.returncode == 130
    assert err.strip() == "interrupted; finished steps are kept, and the next run carries on"
    assert not any(_is_alive(child) for child in children)
    assert "letters" in path.read_text()
    assert "up to date" in bench.run("day", "133", "--dry-run").out


def test_the_workers_end_with_a_run_that_was_killed(bench: Space) -> None:
    bench.entry("  slow:\n    uses: r.spin\n    seconds: 60\n    name: slow\n")
    command = [sys.executable, "-m", "journal", "day", "133"]
    with subprocess.Popen(command, cwd=bench.root, stdout=subprocess.DEVNULL, env=environment()) as run:
        _wait_for(lambda: (bench.root / "notes.txt").exists())
        children = _children(run.pid)
        run.kill()
    assert children
    _wait_for(lambda: not any(_is_alive(child) for child in children))


def test_the_second_run_waits_and_says_for_whom(bench: Space) -> None:
    bench.entry("  slow:\n    uses: toy.sleep\n    seconds: 3\n")
    bench.entry("  other:\n    uses: text.write\n", day=134)
    command = [sys.executable, "-m", "journal", "day"]
    with subprocess.Popen(
        [*command, "133"], cwd=bench.root, stdout=subprocess.PIPE, text=True, env=environment()
    ) as first:
        assert first.stdout is not None
        for line in first.stdout:
            if "started" in line:
                break
        second = bench.run("day", "134", check=0)
        first.communicate(timeout=20)
    assert f"waiting for journal day 133 (process {first.pid}), which is using this workspace" in second.out
    assert first.returncode == 0
    assert "slow" not in second.out


def test_progress_is_told_in_plain_lines_where_output_is_no_terminal(bench: Space) -> None:
    bench.entry("  slow:\n    uses: toy.sleep\n    seconds: 1\n")
    lines = bench.run("day", "133", check=0).out.splitlines()
    assert [line.strip() for line in lines if "%" in line] == [
        "slow: 25 % sleeping",
        "slow: 50 % sleeping",
        "slow: 75 % sleeping",
    ]
    assert not any("\x1b" in line for line in lines)


def test_a_forced_run_runs_all_and_with_only_that_step(bench: Space) -> None:
    bench.entry("  one:\n    uses: text.write\n  two:\n    uses: text.write\n    text: ${one.text}\n")
    bench.run("day", "133", check=0)
    assert "2 ran" in bench.run("day", "133", "--force", check=0).out
    assert "1 ran, 1 up to date" in bench.run("day", "133", "--force", "--only", "two", check=0).out
    done = bench.run("day", "133", "--only", "tow", check=2)
    assert done.err == "day 133 has no step 'tow'; did you mean 'two'?\n"


def test_a_place_to_run_that_is_none_is_a_usage_error(bench: Space) -> None:
    bench.entry("  one:\n    uses: text.write\n")
    done = bench.run("day", "133", "--on", "moon", check=2)
    assert "steps can't run on 'moon'; use dask, local" in done.err


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _wait_for(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_this_system_has_the_process_files_that_the_tests_read() -> None:
    assert _is_alive(os.getpid())


def test_a_result_that_is_made_again_by_force_is_shown_though_its_fingerprint_is_the_same(space: Space) -> None:
    space.write("plugins/reads.py", READS)
    space.write("number.txt", "1")
    entry = space.entry("  odd: {uses: toy.reads}\n")
    space.run("day", "133", check=0)
    space.write("number.txt", "2")
    assert "rewritten" in space.run("day", "133", "--force", check=0).out
    assert "number: **2**" in entry.read_text()


READS = '''"""A task that reads what no fingerprint knows of."""
from journal import Context, Report, task


@task("toy.reads")
def reads(ctx: Context) -> Report:
    """Read a number behind the fingerprint's back."""
    return Report().metric("number", int((ctx.root / "number.txt").read_text()))
'''
