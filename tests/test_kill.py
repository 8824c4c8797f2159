"""Kills and disks that fail: nothing is lost, nothing is half, no flag and no stale lock."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Space, environment

pytestmark = pytest.mark.slow
TASKS = '''"""Steps that leave a trace of every time they are run."""
import time
from journal import Context, Files, Report, task


@task("k.make")
def make(ctx: Context, name: str, seconds: float = 0.3) -> Report:
    """Write two files, slowly."""
    with open(ctx.root / "notes.txt", "a") as notes:
        notes.write(name + "\\n")
    for part in "ab":
        time.sleep(seconds / 2)
        (ctx.out / f"{part}.txt").write_text(name * 2000)
    return Report().metric("letters", len(name)).file(ctx.out / "a.txt").output("b", ctx.out / "b.txt")


@task("k.join")
def join(ctx: Context, sources: Files, name: str = "join") -> Report:
    """Join files."""
    with open(ctx.root / "notes.txt", "a") as notes:
        notes.write(name + "\\n")
    (ctx.out / "joined.txt").write_text("".join(one.read_text() for one in sources))
    return Report().metric("files", len(sources)).output("joined", ctx.out / "joined.txt")
'''
STEPS = [f"m{number}" for number in range(10)]
ENTRY = "".join(f"  {step}:\n    uses: k.make\n    name: {step}\n" for step in STEPS) + "".join(
    f"  j{number}:\n    uses: k.join\n    name: j{number}\n    sources: ['${{m{number}.b}}', '${{m{number + 5}.b}}']\n"
    for number in range(5)
)
BODY = "Words.\n\n<!-- journal:m3 -->\n<!-- /journal:m3 -->\n\nMore words.\n"
BLOCK = re.compile(r"\n?<!-- journal:(\w+) -->\n.*?<!-- /journal:\1.*?-->\n", re.DOTALL)
KILLS = 10
WRITES = 14


def _workspace(root: Path) -> Space:
    space = Space(root)
    space.write("journal.yml", "name: A journal\nday-1: 2024-01-02\n")
    space.write("plugins/kills.py", TASKS)
    space.entry(ENTRY, BODY)
    return space


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Space:
    """What an undisturbed run leaves."""
    space = _workspace(tmp_path_factory.mktemp("undisturbed") / "workspace")
    began = time.monotonic()
    space.run("day", "133", "--jobs", "2", check=0)
    space.write("duration.txt", str(time.monotonic() - began))
    return space


def _left(space: Space) -> dict[str, bytes]:
    """Return the entry and all artifacts."""
    files = [path for path in (space.root / "entries").rglob("*") if path.is_file()]
    return {path.relative_to(space.root).as_posix(): path.read_bytes() for path in files}


def test_a_run_killed_at_any_moment_is_carried_on_and_repeats_at_most_what_was_in_flight(
    undisturbed: Space, tmp_path: Path
) -> None:
    space, moments = _workspace(tmp_path / "workspace"), random.Random(133)
    command = [sys.executable, "-m", "journal", "day", "133", "--jobs", "2"]
    before = (space.root / "entries/2024-05-13-day-133.md").read_bytes()
    after = _left(undisturbed)["entries/2024-05-13-day-133.md"]
    duration, killed = float((undisturbed.root / "duration.txt").read_text()), 0
    for _ in range(KILLS):
        run = subprocess.Popen(
            command, cwd=space.root, stdout=subprocess.DEVNULL, env=environment(), start_new_session=True
        )
        time.sleep(moments.uniform(0.1, 0.6) * duration)
        killed += run.poll() is None
        os.killpg(run.pid, signal.SIGKILL) if run.poll() is None else None
        run.wait()
        assert (space.root / "entries/2024-05-13-day-133.md").read_bytes() in (before, after)
    done = space.run("day", "133", "--jobs", "2", check=0)
    assert "waiting" not in done.out
    assert done.err == ""
    assert _left(space) == _left(undisturbed)
    ran = (space.root / "notes.txt").read_text().split()
    assert set(ran) == {*STEPS, *(f"j{number}" for number in range(5))}
    assert len(ran) <= len(set(ran)) + 2 * killed
    assert killed >= 2, "the moments were too late to kill anything"
    assert "nothing changed" in space.run("day", "133", check=0).out


def test_a_kill_leaves_nothing_that_the_next_run_does_not_clear(undisturbed: Space, tmp_path: Path) -> None:
    space = _workspace(tmp_path / "workspace")
    run = subprocess.Popen(
        [sys.executable, "-m", "journal", "day", "133"],
        cwd=space.root, stdout=subprocess.DEVNULL, env=environment(), start_new_session=True,
    )  # fmt: skip
    while not (space.root / "notes.txt").exists():
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    (space.root / "entries" / "2024-05-13-day-133").mkdir(exist_ok=True)
    (space.root / "entries/2024-05-13-day-133/.m1.part").mkdir()
    space.run("day", "133", check=0)
    assert list((space.root / ".journal/work").iterdir()) == []
    assert _left(space) == _left(undisturbed)


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
static long count = 0;
static int fails(void) {
  const char *at = getenv("FAIL_AT"), *only = getenv("FAIL_ONCE"), *tally = getenv("FAIL_TALLY");
  count++;
  if (tally) {
    int fd = (int)(long)((int (*)(const char *, int, int))dlsym(RTLD_NEXT, "open"))(tally, O_CREAT | O_WRONLY, 0644);
    if (fd >= 0) {
      char text[32];
      int n = snprintf(text, 32, "%ld", count);
      ((ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite"))(fd, text, n, 0);
      close(fd);
    }
  }
  if (!at || (only ? count != atol(at) : count < atol(at))) return 0;
  errno = only ? EIO : ENOSPC;
  return 1;
}
static int ours(const char *path) { return path && strstr(path, "/workspace/") && !strstr(path, "/notes.txt"); }
static int oursfd(int fd) {
  char link[64], path[4096];
  snprintf(link, 64, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, 4095);
  if (n < 0) return 0;
  path[n] = 0;
  return ours(path);
}
#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))
ssize_t write(int fd, const void *b, size_t n) {
  return oursfd(fd) && fails() ? -1 : REAL("write", ssize_t(*)(int, const void *, size_t))(fd, b, n);
}
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) {
  return oursfd(fd) && fails() ? -1 : REAL("pwrite", ssize_t(*)(int, const void *, size_t, off_t))(fd, b, n, o);
}
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) {
  return oursfd(fd) && fails() ? -1 : REAL("pwrite64", ssize_t(*)(int, const void *, size_t, off64_t))(fd, b, n, o);
}
ssize_t sendfile(int out, int in, off_t *o, size_t n) {
  return oursfd(out) && fails() ? -1 : REAL("sendfile", ssize_t(*)(int, int, off_t *, size_t))(out, in, o, n);
}
ssize_t sendfile64(int out, int in, off64_t *o, size_t n) {
  return oursfd(out) && fails() ? -1 : REAL("sendfile64", ssize_t(*)(int, int, off64_t *, size_t))(out, in, o, n);
}
int fsync(int fd) { return oursfd(fd) && fails() ? -1 : REAL("fsync", int (*)(int))(fd); }
int fdatasync(int fd) { return oursfd(fd) && fails() ? -1 : REAL("fdatasync", int (*)(int))(fd); }
int rename(const char *a, const char *b) {
  return ours(b) && fails() ? -1 : REAL("rename", int (*)(const char *, const char *))(a, b);
}
int mkdir(const char *a, mode_t m) {
  return ours(a) && fails() ? -1 : REAL("mkdir", int (*)(const char *, mode_t))(a, m);
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes writes below a workspace fail."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and Linux")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-w", "-o", folder / "shim.so", folder / "shim.c", "-ldl"], check=True
    )
    return folder / "shim.so"


def _run_with_failing_disk(space: Space, shim: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "journal", "day", "133", "--jobs", "2"],
        cwd=space.root, capture_output=True, text=True, check=False, timeout=120,
        env={**environment(), "LD_PRELOAD": str(shim), **settings},
    )  # fmt: skip


@pytest.fixture(scope="module")
def writes(shim: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How often an undisturbed run's command writes."""
    space = _small(tmp_path_factory.mktemp("tally") / "workspace")
    tally = tmp_path_factory.mktemp("tally") / "count"
    done = _run_with_failing_disk(space, shim, FAIL_TALLY=str(tally))
    assert done.returncode == 0, done.stderr
    return int(tally.read_text())


def _blocks(entry: Path) -> list[str]:
    return [match[0] for match in BLOCK.finditer(entry.read_text())]


def _without_blocks(text: str) -> list[str]:
    return BLOCK.sub("", text).split()


def _small(root: Path) -> Space:
    space = _workspace(root)
    space.entry(
        "".join(f"  {step}:\n    uses: k.make\n    seconds: 0\n    name: {step}\n" for step in STEPS[:3])
        + "  join:\n    uses: k.join\n    sources: ['${m0.b}', '${m1.b}']\n",
        BODY,
    )
    return space


@pytest.fixture(scope="module")
def small_undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Space:
    space = _small(tmp_path_factory.mktemp("small") / "workspace")
    space.run("day", "133", check=0)
    return space


@pytest.mark.parametrize("number", range(WRITES))
def test_a_disk_that_is_full_or_fails_leaves_old_or_new_and_a_clear_line(
    number: int, shim: Path, writes: int, small_undisturbed: Space, tmp_path: Path
) -> None:
    space = _small(tmp_path / "workspace")
    entry = space.root / "entries/2024-05-13-day-133.md"
    before, after = entry.read_text(), (small_undisturbed.root / "entries/2024-05-13-day-133.md").read_text()
    at = 1 + number * writes // WRITES + random.Random(number).randrange(max(1, writes // WRITES))
    once = {"FAIL_ONCE": "1"} if number % 2 else {}
    done = _run_with_failing_disk(space, shim, FAIL_AT=str(at), **once)
    said = done.stdout + done.stderr
    assert done.returncode in (0, 1), said
    assert "Traceback" not in said
    assert "internal error in journal" not in said
    assert len(done.stderr.splitlines()) <= 1, done.stderr
    if done.returncode:
        assert any(word in said for word in ("full", "space", "Input/output error", "I/O error")), said
    assert _without_blocks(entry.read_text()) == _without_blocks(before)
    assert all(block in after or "This step failed" in block or "\n\n" not in block for block in _blocks(entry))
    again = space.run("day", "133", check=0)
    assert "Traceback" not in again.err
    assert _left(space) == _left(small_undisturbed)
