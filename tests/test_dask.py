"""Steps on Dask: a real scheduler and real workers on loopback, with a shared folder and without."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Space, environment

pytest.importorskip("distributed")

pytestmark = pytest.mark.slow
TASKS = '''"""Tasks for clusters."""
import os
import time
from functools import partial
from pathlib import Path
from aid import upper
from journal import Context, File, Files, Report, task


@task("d.make")
def make(ctx: Context, name: str, source: File | None = None) -> Report:
    """Write files, from another file if there is one."""
    text = source.read_text() if source else name
    (ctx.out / "sub").mkdir()
    (ctx.out / "sub" / "text.txt").write_text(upper(text))
    (ctx.out / "all.txt").write_text(name + text)
    ctx.progress(1, 2, "half")
    print("made", name)
    return Report().metric("letters", len(text)).file(ctx.out / "all.txt").output("folder", ctx.out / "sub")


@task("d.join")
def join(folders: Files) -> Report:
    """Join what folders hold."""
    texts = [path.read_text() for folder in folders for path in sorted(folder.iterdir())]
    return Report().quote(" ".join(texts)).output("text", " ".join(texts))


def worker():
    """Return the Dask worker: the parent of the process that this one was forked from."""
    return int(Path(f"/proc/{os.getppid()}/stat").read_text().rsplit(")")[1].split()[1])


@task("d.where")
def where(ctx: Context, beacon: str, name: str = "", seconds: float = 0.0) -> Report:
    """Tell in a file which Dask worker this is, and take a while."""
    with open(beacon, "a") as file:
        file.write(f"{worker()}\\n")
    time.sleep(seconds)
    return Report().text(f"there {name}")


@task("d.scan", resources={"scanner": 1})
def scan(beacon: str, name: str) -> Report:
    """Need a worker with a scanner."""
    with open(beacon, "a") as file:
        file.write(f"{worker()}\\n")
    return Report().text(name)


@task("d.rare", resources={"telescope": 2})
def rare() -> Report:
    """Need what nobody has."""
    return Report()


def square(number):
    time.sleep(0.2)
    return number * number, worker()


@task("d.map")
def fan(ctx: Context, count: int = 10) -> Report:
    """Square numbers on all workers."""
    found = ctx.map(square, range(count))
    return Report().text(str([number for number, _ in found])).metric("workers", len({pid for _, pid in found}))


def shout(job, prefix):
    source, target = job
    print("shouted", target.name)
    target.write_text(prefix.read_text() + upper(source.read_text()))
    time.sleep(0.2)
    return target, worker()


def measure(name, folder, kept):
    (folder / name).write_text((folder / name).read_text() + "!")
    return {"size": len((folder / name).read_text()), "kept": kept / name}


@task("d.files")
def work_on_files(ctx: Context, sources: Files, prefix: File) -> Report:
    """Have items read the step's files, write below its folder, and read again what others wrote."""
    (ctx.out / "sub").mkdir()
    jobs = [(source, ctx.out / "sub" / source.name) for source in sources]
    shouted = ctx.map(partial(shout, prefix=prefix), jobs)
    assert [path for path, _ in shouted] == [target for _, target in jobs]
    names = [path.name for path, _ in shouted]
    found = ctx.map(partial(measure, folder=ctx.out / "sub", kept=ctx.out), names)
    report = Report().metric("processes", len({pid for _, pid in shouted}))
    for one in found:
        assert one["kept"].parent == ctx.out
        report.metric(one["kept"].name, one["size"]).file(ctx.out / "sub" / one["kept"].name)
    return report.output("folder", ctx.out / "sub")


@task("d.fail")
def fail() -> Report:
    """Fail with a word in the log."""
    print("printed on the worker")
    raise ValueError("it broke")
'''
STEPS = """  one:
    uses: d.make
    name: first
    source: data/in.txt
  two:
    uses: d.make
    name: second
  both:
    uses: d.join
    folders: ['${one.folder}', '${two.folder}']
  last:
    uses: d.make
    name: ${both.text}
"""
HIDE = '''"""Take a folder out of sight, as a machine without it would have it."""
import os
import sys

hidden = os.environ["HIDDEN"]


def look(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith(hidden):
        raise FileNotFoundError(2, "No such file or directory", str(arguments[0]))


sys.addaudithook(look)
'''


@dataclass
class Cluster:
    """A scheduler's address and the folder of its files."""

    address: str
    folder: Path


@contextmanager
def _cluster(folder: Path, *workers: tuple[str, ...], **settings: str) -> Iterator[Cluster]:
    """Start ``dask scheduler`` and a ``dask worker`` for each tuple of options."""
    file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    common = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True, "cwd": folder}
    started = [
        subprocess.Popen(
            [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)],
            env=environment(), **common,
        )
    ]  # fmt: skip
    try:
        _wait_for(file.exists)
        for number, options in enumerate(workers):
            place = folder / f"worker-{number}"
            place.mkdir()
            command = [*dask, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard", *options]
            command += ["--local-directory", str(place), "--host", "127.0.0.1"]
            started.append(subprocess.Popen(command, env={**environment(), **settings}, **common))
        address = json.loads(file.read_text())["address"]
        _wait_for(lambda: _worker_count(address) == len(workers))
        yield Cluster(address, folder)
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _far_cluster(place: Space, tmp_path: Path, *before: Path) -> Iterator[Cluster]:
    """Two workers that don't see the workspace; they import from the folders ``before`` first."""
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(HIDE)
    path = os.pathsep.join([*map(str, before), str(tmp_path / "hide"), os.environ.get("PYTHONPATH", "")])
    (tmp_path / "cluster").mkdir()
    with _cluster(tmp_path / "cluster", (), (), HIDDEN=str(place.root), PYTHONPATH=path) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers that see the workspace; one of them has a scanner."""
    with _cluster(tmp_path_factory.mktemp("cluster"), (), ("--resources", "scanner=1")) as cluster:
        yield cluster


@pytest.fixture
def place(space: Space) -> Space:
    space.write("plugins/clusters.py", TASKS)
    space.write("aid.py", "def upper(text):\n    return text.upper()\n")
    space.write("data/in.txt", "text of a file")
    return space


def _worker_count(address: str) -> int:
    code = (
        "import sys, distributed\nclient = distributed.Client(sys.argv[1], timeout=20)\n"
        "print(len(client.scheduler_info(n_workers=-1)['workers']))"
    )
    done = subprocess.run([sys.executable, "-c", code, address], capture_output=True, text=True, check=True)
    return int(done.stdout)


def _left(space: Space) -> dict[str, bytes]:
    files = [path for path in (space.root / "entries").rglob("*") if path.is_file()]
    return {path.relative_to(space.root).as_posix(): path.read_bytes() for path in files}


def _local_twin(space: Space, root: Path) -> dict[str, bytes]:
    """Return what a local run of the same workspace leaves."""
    twin = Space(root)
    shutil.copytree(space.root, root)
    twin.run("day", "133", "--on", "local", check=0)
    return _left(twin)


def test_a_cluster_started_here_gives_the_local_runs_results(place: Space, tmp_path: Path) -> None:
    place.entry(STEPS)
    expected = _local_twin(place, tmp_path / "twin")
    done = place.run("day", "133", "--on", "dask", check=0)
    assert "4 ran" in done.out
    assert _left(place) == expected
    told = json.loads(place.run("history", "--json").out)
    assert {one["place"] for one in told} == {"dask"}
    assert all(one["peak_gb"] > 0 for one in told)
    assert "nothing changed" in place.run("day", "133", "--on", "dask", check=0).out


def test_an_address_in_the_workspace_file_is_where_steps_run(place: Space, cluster: Cluster, tmp_path: Path) -> None:
    place.entry(STEPS)
    expected = _local_twin(place, tmp_path / "twin")
    with (place.root / "journal.yml").open("a") as file:
        file.write(f"run:\n  on: {cluster.address}\n")
    place.run("day", "133", check=0)
    assert _left(place) == expected
    assert {one["place"] for one in json.loads(place.run("history", "--json").out)} == {"dask"}


def test_items_are_taken_by_all_workers(place: Space, cluster: Cluster) -> None:
    path = place.entry("  fan:\n    uses: d.map\n    count: 16\n")
    place.run("day", "133", "--on", cluster.address, check=0)
    assert str([number * number for number in range(16)]) in path.read_text()
    assert "workers: **2**" in path.read_text()


def test_resources_reach_the_workers(place: Space, cluster: Cluster, tmp_path: Path) -> None:
    scans = "".join(f"  s{i}:\n    uses: d.scan\n    name: n{i}\n    beacon: {tmp_path / 'scans'}\n" for i in range(4))
    place.entry(f"{scans}  rare:\n    uses: d.rare\n")
    done = place.run("day", "133", "--on", cluster.address, check=1)
    assert len(set((tmp_path / "scans").read_text().split())) == 1, "one of the two workers has a scanner"
    assert "no Dask worker offers telescope=2; start one with: dask worker --resources 'telescope=2'" in done.out


def test_a_run_leaves_no_process_on_the_workers(place: Space, cluster: Cluster, tmp_path: Path) -> None:
    beacon = tmp_path / "beacon"
    steps = "".join(f"  w{i}:\n    uses: d.where\n    beacon: {beacon}\n    name: n{i}\n" for i in range(4))
    place.entry(f"{steps}  fan:\n    uses: d.map\n")
    place.run("day", "133", "--on", cluster.address, check=0)
    _wait_for(lambda: not any(_children(int(worker)) for worker in beacon.read_text().split()), seconds=5)


def test_a_failed_step_brings_its_log_home(place: Space, cluster: Cluster) -> None:
    place.entry("  fail:\n    uses: d.fail\n  slow:\n    uses: toy.sleep\n    seconds: 30\n    timeout: 1 s\n")
    done = place.run("day", "133", "--on", cluster.address, check=1)
    assert "ValueError: it broke" in done.out
    assert "printed on the worker" in done.out
    assert "exceeded its timeout of 1 s" in done.out


def test_a_worker_killed_in_mid_step_is_replaced_and_its_step_taken_once_more(
    place: Space, cluster: Cluster, tmp_path: Path
) -> None:
    beacon = tmp_path / "beacon"
    path = place.entry(f"  where:\n    uses: d.where\n    beacon: {beacon}\n    seconds: 4\n")
    command = [sys.executable, "-m", "journal", "day", "133", "--on", cluster.address]
    with subprocess.Popen(command, cwd=place.root, stdout=subprocess.PIPE, text=True, env=environment()) as run:
        _wait_for(lambda: beacon.exists() and beacon.read_text().endswith("\n"))
        os.kill(int(beacon.read_text()), signal.SIGKILL)
        out, _ = run.communicate(timeout=60)
    assert run.returncode == 0, out
    assert len(beacon.read_text().split()) == 2
    assert "there" in path.read_text()
    _wait_for(lambda: _worker_count(cluster.address) == 2)


def test_an_interrupt_ends_what_the_cluster_is_at(place: Space, cluster: Cluster, tmp_path: Path) -> None:
    beacon = tmp_path / "beacon"
    place.entry(f"  where:\n    uses: d.where\n    beacon: {beacon}\n    seconds: 60\n")
    command = [sys.executable, "-m", "journal", "day", "133", "--on", cluster.address]
    with subprocess.Popen(command, cwd=place.root, stdout=subprocess.DEVNULL, env=environment()) as run:
        _wait_for(lambda: beacon.exists() and beacon.read_text().endswith("\n"))
        worker = int(beacon.read_text())
        assert _children(worker)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=30)
    assert run.returncode == 130
    _wait_for(lambda: not _children(worker))


def test_files_travel_both_ways_where_no_folder_is_shared(place: Space, tmp_path: Path) -> None:
    place.entry(f"{STEPS}  fan:\n    uses: d.map\n    count: 3\n")
    place.run("day", "133", "--only", "fan", "--dry-run", check=0)
    expected = _local_twin(place, tmp_path / "twin")
    with _far_cluster(place, tmp_path) as cluster:
        done = place.run("day", "133", "--on", cluster.address, check=0)
    assert "5 ran" in done.out
    left = _left(place)
    differing = {name for name in {*left, *expected} if left.get(name) != expected.get(name)}
    assert differing <= {"entries/2024-05-13-day-133.md", "entries/2024-05-13-day-133/fan/report.json"}, (
        "all but the number of processes that took the items is the same"
    )
    assert "made first" in (place.root / ".journal/logs/day-133-one.log").read_text()
    assert not list(cluster.folder.glob("worker-*/**/in.txt"))


def test_the_files_of_items_travel_both_ways_where_no_folder_is_shared(place: Space, tmp_path: Path) -> None:
    for number in range(6):
        place.write(f"data/many/{number}.txt", f"text {number}")
    place.entry("  files:\n    uses: d.files\n    sources: data/many/*.txt\n    prefix: data/in.txt\n")
    expected = _local_twin(place, tmp_path / "twin")
    with _far_cluster(place, tmp_path) as cluster:
        place.run("day", "133", "--on", cluster.address, check=0)
    folder = "entries/2024-05-13-day-133"
    left, made = _left(place), f"{folder}/files/sub/3.txt"
    assert left[made].decode() == "text of a fileTEXT 3!"
    differing = {name for name in {*left, *expected} if left.get(name) != expected.get(name)}
    assert differing <= {f"{folder}.md", f"{folder}/files/report.json"}, "the number of processes is another"
    metrics = json.loads(left[f"{folder}/files/report.json"])["items"]
    assert next(one["value"] for one in metrics if one.get("name") == "processes") >= 2, "both workers took items"
    assert "shouted 5.txt" in (place.root / ".journal/logs/day-133-files.log").read_text()
    assert not list(cluster.folder.glob("worker-*/**/*.txt"))


def _install(folder: Path, half: str = "number / 2", toylib: str = "1.0") -> Path:
    """Put a package with a task into a folder, as pip would, and a library that it uses."""
    where = Space(folder)
    where.write("toypack/__init__.py", "")
    where.write("toypack/parts.py", f"def half(number):\n    return {half}\n")
    where.write(
        "toypack/tasks.py",
        "from journal import Report, task\nfrom toypack.parts import half\n\n\n"
        '@task("pack.half", libraries=["toylib"])\ndef halve(number: float) -> Report:\n'
        '    """Halve a number."""\n    return Report().metric("half", half(number))\n',
    )
    for name, version in (("toypack", "2.0"), ("toylib", toylib)):
        where.write(
            f"{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
    where.write("toypack-2.0.dist-info/entry_points.txt", "[journal.tasks]\npack.half = toypack.tasks:halve\n")
    return folder


def _older_journal(folder: Path) -> Path:
    import journal

    shutil.copytree(Path(journal.__file__).parent, folder / "journal", ignore=shutil.ignore_patterns("assets"))
    init = folder / "journal/extras.py"
    init.write_text(init.read_text().replace(journal.__version__, "0.0.9"))
    return folder


OTHERS = {
    "another function": (
        lambda folder: _install(folder, half="number * 0.5"),
        "the worker has different code for 'pack.half'; install the same version of the package toypack there",
    ),
    "no package": (
        lambda folder: folder,
        "the worker has no code for 'pack.half'; install the same version of the package toypack there",
    ),
    "another library": (
        lambda folder: _install(folder, toylib="1.1"),
        "the worker has toylib 1.1, not 1.0; install that version there",
    ),
    "another journal": (
        lambda folder: _older_journal(_install(folder)),
        "the worker has journal 0.0.9, not 0.1.0; install that version there",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_worker_with_other_code_refuses_the_step_and_says_what_to_do(
    name: str, place: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, message = OTHERS[name]
    place.entry("  half:\n    uses: pack.half\n    number: 5\n")
    with _far_cluster(place, tmp_path, make(tmp_path / "there")) as cluster:
        here = _install(tmp_path / "here")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")]))
        done = place.run("day", "133", "--on", cluster.address, "--json", check=1)
        assert [one["message"] for one in json.loads(done.out)["steps"]] == [message]
        assert "refused by tcp://127.0.0.1:" in (place.root / ".journal/logs/day-133-half.log").read_text()
        assert "127.0.0.1" not in (place.root / "entries/2024-05-13-day-133.md").read_text()
    place.run("day", "133", "--on", "local", check=0)


def test_no_scheduler_is_a_usage_error_with_what_to_do(place: Space) -> None:
    place.entry("  one:\n    uses: text.write\n")
    done = place.run("day", "133", "--on", "tcp://127.0.0.1:9", check=2)
    assert done.err.strip() == "no Dask scheduler answers at tcp://127.0.0.1:9; start one with: dask scheduler"


def _children(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task")
    return [child for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def _wait_for(condition, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def test_a_linked_file_travels_as_what_it_links_to(tmp_path: Path) -> None:
    from journal.run.packed_job import pack_places, unpack_places

    (tmp_path / "far.txt").write_text("words")
    for name in ("home", "away"):
        (tmp_path / name).mkdir()
    (tmp_path / "home" / "near.txt").symlink_to(tmp_path / "far.txt")
    archive = pack_places([("workspace", "near.txt")], {"workspace": tmp_path / "home", "out": tmp_path / "home"})
    folders = unpack_places([archive], tmp_path / "away")
    assert (folders["workspace"] / "near.txt").read_text() == "words"
