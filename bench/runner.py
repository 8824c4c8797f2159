"""Time the runner beside DVC, doit and Snakemake on the same steps, in one go, and print the ratios.

    python bench/runner.py                  # 7 stages, 1,000 steps, both cores
    python bench/runner.py --counts 1000 10000

The others are installed into a virtual environment of their own, build/bench-venv. Times are the best of several
turns, taken in turn, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
VENV = BUILD / "bench-venv"
PLUGIN = '''"""Steps that cost nothing, and steps that cost a core."""
from journal import Context, File, Report, task


@task("bench.trivial")
def trivial(ctx: Context, number: int, source: File) -> Report:
    """Write a number to a file."""
    (ctx.out / "number.txt").write_text(f"{number} {len(source.read_text())}")
    return Report().metric("number", number)


@task("bench.spin")
def spin(number: int, turns: int) -> Report:
    """Keep a core busy."""
    total = 0
    for turn in range(turns):
        total += turn * turn % 7
    return Report().metric("total", total)
'''
DODO = """DOIT_CONFIG = {{"backend": "sqlite3"}}


def write(number, targets):
    with open("source.txt") as source, open(targets[0], "w") as file:
        file.write(f"{{number}} {{len(source.read())}}")


def task_steps():
    for number in range({count}):
        target = f"out/{{number}}.txt"
        yield {{"name": str(number), "actions": [(write, [number])], "file_dep": ["source.txt"], "targets": [target]}}
"""
SNAKEFILE = """rule all:
    input: expand("out/{{number}}.txt", number=range({count}))

rule step:
    input: "source.txt"
    output: "out/{{number}}.txt"
    shell: "echo {{wildcards.number}} $(wc -c < {{input}}) > {{output}}"
"""


@dataclass(frozen=True)
class Contender:
    """A program with a project of so many steps."""

    name: str
    command: Sequence[str]
    folder: Path
    state: tuple[str, ...]
    """What to remove for a first run."""
    finish: Callable[[], None] | None = None
    """Makes what a first run would have made, where that was stopped at the limit."""

    def run(self, limit_s: float | None = None) -> float:
        """Return the seconds that the command took; infinity where it was stopped at the limit."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            self.command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, env=_compiled(),
        )  # fmt: skip
        try:
            said, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return math.inf
        if process.returncode:
            raise SystemExit(f"{self.name} failed:\n{said[-2000:]}")
        return time.perf_counter() - begun

    def forget(self) -> None:
        for pattern in self.state:
            for path in self.folder.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        (self.folder / "out").mkdir(exist_ok=True)


def main() -> None:
    """Print a table for each question."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--counts", type=int, nargs="*", default=[1000], help="numbers of trivial steps")
    parser.add_argument("--days", type=int, default=366, help="days of the year that is up to date")
    parser.add_argument("--turns", type=int, default=5, help="turns of which the best counts")
    parser.add_argument("--stages", type=int, default=7, help="stages of the day that is up to date")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a first run is stopped")
    arguments = parser.parse_args()
    _install()
    folder = BUILD / "bench-runner"
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, best of {arguments.turns}")
    _help(arguments.turns)
    _day_up_to_date(folder / "day", arguments.stages, arguments.turns)
    _real_day(folder / "real", arguments.turns)
    if arguments.days:
        _year(folder / "year", arguments.days, arguments.turns, arguments.limit)
    for count in arguments.counts:
        turns = arguments.turns if count <= 1000 else 2
        _many_steps(folder / str(count), count, turns, arguments.limit)
    _both_cores(folder / "cores", max(2, arguments.turns // 2))


def _install() -> None:
    if not (VENV / "bin" / "dvc").exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([VENV / "bin" / "pip", "install", "--quiet", "dvc", "doit", "snakemake"], check=True)


def _compiled() -> dict[str, str]:
    """Return an environment in which Python keeps what it compiled, as it does for a package that pip installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"JOURNAL_TRUST": "1"}  # its plugin is made here


def _help(turns: int) -> None:
    journal = Contender("journal --help", _journal("--help"), ROOT, ())
    bare = Contender("python -c pass", [sys.executable, "-c", "pass"], ROOT, ())
    _table("help", _best([journal, bare], turns, Contender.run))


def _day_up_to_date(folder: Path, stages: int, turns: int) -> None:
    contenders = [_journal_project(folder, stages), _dvc_project(folder, stages), _doit_project(folder, stages)]
    for one in contenders:
        one.run()
    _table(f"a day of {stages} steps, up to date", _best(contenders, turns, Contender.run))


def _real_day(folder: Path, turns: int) -> None:
    """Time the day that ships with the repository, where its steps are up to date; on a copy."""
    if not (ROOT / ".journal" / "results").is_dir():
        return
    for name in ("entries", ".journal", "data", "plugins"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "journal.yml", folder)
    told = subprocess.run(_journal("day", "133", "--dry-run"), cwd=folder, capture_output=True, text=True, check=False)
    lines = told.stdout.splitlines()
    if told.returncode or not all("up to date" in line for line in lines):
        print("\nday 133 itself is not up to date here, so it is not timed")
        return
    journal = Contender("journal", _journal("day", "133"), folder, ())
    journal.run()
    contenders = [journal, _dvc_project(folder / "dvc", len(lines))]
    contenders[1].run()
    _table(f"day 133 itself, {len(lines)} steps, up to date", _best(contenders, turns, Contender.run))


def _year(folder: Path, days: int, turns: int, limit_s: float) -> None:
    """Time a year of days that are up to date: the listing of all, and a run of all; doit and DVC do it as one."""
    journal = _journal_project(folder, 7, days)
    doit = _doit_project(folder, 7 * days)
    status = Contender("journal status", _journal("status"), journal.folder, ())
    every = Contender(f"journal day 1..{days}", _journal("day", f"1..{days}"), journal.folder, ())
    for one in (every, doit, every, status):
        one.run()
    contenders = [status, every, doit]
    _table(f"{days} days of 7 steps, up to date", _best(contenders, turns, Contender.run))
    dvc = _dvc_project(folder, 7 * days)
    for number in range(7 * days):
        (dvc.folder / "out" / f"{number}.txt").write_text("6")
    try:
        commit = [*dvc.command[:1], "commit", "--force", "--quiet"]
        subprocess.run(commit, cwd=dvc.folder, check=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        print(f"  DVC did not take {7 * days} stages for its own within {limit_s:.0f} s")
        return
    _table("the same by DVC", _best([dvc], 1, lambda one: one.run(limit_s)))


def _many_steps(folder: Path, count: int, turns: int, limit_s: float) -> None:
    contenders = [_journal_project(folder, count), _doit_project(folder, count), _snakemake_project(folder, count)]

    def first(one: Contender) -> float:
        one.forget()
        seconds = one.run(limit_s)
        if seconds == math.inf and one.finish:
            done = len(list((one.folder / "out").iterdir()))
            print(f"\n{one.name} was stopped after {limit_s:.0f} s, with {done} of {count} steps done")
            one.finish()
        return seconds

    times = _best(contenders, 1, first)
    _table(f"{count} trivial steps, first run", times)
    each = [f"{name} {1000 * seconds / count:.1f} ms" for name, seconds in times.items() if seconds < math.inf]
    print(f"  overhead a step: {', '.join(each)}")
    _table(f"{count} trivial steps, up to date", _best(contenders, turns, Contender.run))


def _both_cores(folder: Path, turns: int) -> None:
    """Compare one job with two on steps that only compute, beside what the machine gives bare processes then."""
    steps = "".join(f"  s{n}:\n    uses: bench.spin\n    number: {n}\n    turns: 20000000\n" for n in range(8))
    _write_workspace(folder, steps)
    one = Contender("1 job", _journal("day", "133", "--force", "--jobs", "1"), folder, ())
    two = Contender("2 jobs", _journal("day", "133", "--force", "--jobs", "2"), folder, ())
    times = _best([one, two], turns, Contender.run)
    _table("8 steps that keep a core busy", times)
    print(f"  both cores: {times['1 job'] / times['2 jobs']:.2f} x; two bare processes: {_bare_speedup():.2f} x")


def _bare_speedup() -> float:
    """Return how much faster two processes are side by side than one after the other."""
    command = [sys.executable, "-c", "total = 0\nfor turn in range(60000000): total += turn * turn % 7"]
    begun = time.perf_counter()
    for _ in range(2):
        subprocess.run(command, check=True)
    between = time.perf_counter()
    for process in [subprocess.Popen(command) for _ in range(2)]:
        process.wait()
    return (between - begun) / (time.perf_counter() - between)


def _best(contenders: Sequence[Contender], turns: int, run: Callable[[Contender], float]) -> dict[str, float]:
    found: dict[str, list[float]] = {one.name: [] for one in contenders}
    for _ in range(turns):
        for one in contenders:
            found[one.name].append(run(one))
    return {name: min(seconds) for name, seconds in found.items()}


def _table(title: str, times: dict[str, float]) -> None:
    print(f"\n{title}")
    first = next(iter(times.values()))
    for name, seconds in times.items():
        told = (
            f"{seconds:8.3f} s   {seconds / first:6.2f} x the first" if seconds < math.inf else "stopped at the limit"
        )
        print(f"  {name:<16} {told}")


def _journal(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "journal", *arguments]


def _journal_project(folder: Path, count: int, days: int = 1) -> Contender:
    place = folder / "journal"
    steps = "".join(
        f"  s{n}:\n    uses: bench.trivial\n    number: {n}\n    source: source.txt\n" for n in range(count)
    )
    _write_workspace(place, steps, days)
    return Contender("journal", _journal("day", "133"), place, (".journal", "entries/2024-05-13-day-133", "out"))


def _write_workspace(place: Path, steps: str, days: int = 1) -> None:
    (place / "entries").mkdir(parents=True)
    (place / "plugins").mkdir()
    (place / "plugins" / "bench.py").write_text(PLUGIN)
    (place / "journal.yml").write_text("name: Bench\nday-1: 2024-01-02\n")
    (place / "source.txt").write_text("source")
    for number in range(1, days + 1) if days > 1 else (133,):
        when = date(2024, 1, 1) + timedelta(days=number)
        text = f"---\ntitle: Bench\ntasks:\n{steps}---\nWords of day {number}.\n"
        (place / "entries" / f"{when}-day-{number}.md").write_text(text)


def _doit_project(folder: Path, count: int) -> Contender:
    place = folder / "doit"
    (place / "out").mkdir(parents=True)
    (place / "source.txt").write_text("source")
    (place / "dodo.py").write_text(DODO.format(count=count))
    return Contender("doit", [str(VENV / "bin" / "doit")], place, (".doit.db*", "out"))


def _snakemake_project(folder: Path, count: int) -> Contender:
    place = folder / "snakemake"
    (place / "out").mkdir(parents=True)
    (place / "source.txt").write_text("source")
    (place / "Snakefile").write_text(SNAKEFILE.format(count=count))
    command = [str(VENV / "bin" / "snakemake"), "--cores", "2", "--quiet", "all"]

    def finish() -> None:
        """Write the files and have Snakemake take them for its own."""
        shutil.rmtree(place / ".snakemake")
        for number in range(count):
            (place / "out" / f"{number}.txt").write_text(f"{number} 6\n")
        subprocess.run([*command[:1], "--touch", *command[1:]], cwd=place, capture_output=True, check=True)

    return Contender("snakemake", command, place, (".snakemake", "out"), finish)


def _dvc_project(folder: Path, count: int) -> Contender:
    place = folder / "dvc"
    (place / "out").mkdir(parents=True)
    (place / "source.txt").write_text("source")
    code = "import sys; open(sys.argv[1], 'w').write(str(len(open('source.txt').read())))"
    stages = "".join(
        f'  s{n}:\n    cmd: {sys.executable} -c "{code}" out/{n}.txt\n    deps: [source.txt]\n    outs: [out/{n}.txt]\n'
        for n in range(count)
    )
    (place / "dvc.yaml").write_text(f"stages:\n{stages}")
    dvc = str(VENV / "bin" / "dvc")
    subprocess.run([dvc, "init", "--no-scm", "--quiet"], cwd=place, check=True)
    subprocess.run([dvc, "config", "core.analytics", "false"], cwd=place, check=True)
    return Contender("dvc repro", [dvc, "repro"], place, ("dvc.lock", ".dvc/cache", "out"))


if __name__ == "__main__":
    main()
