"""``journal serve --run``: what is saved is brought up to date behind the author, and what takes long is offered."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Space, environment
from test_blog import SITE, free_port

from journal.blog import runner as runner_module
from journal.blog.runner import DayRunner

pytestmark = pytest.mark.slow


def until(holds: Callable[[], object], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def runner(space: Space, told: list[str]) -> Iterator[DayRunner]:
    made = DayRunner(space.root, told.append)
    yield made
    made.close()


def text_of(path: Path) -> str:
    return path.read_text()


def test_saving_an_entry_runs_its_stale_steps_and_writes_its_values(
    space: Space, runner: DayRunner, told: list[str]
) -> None:
    path = space.entry("  a: {uses: toy.total, seconds: 90}\n", "It took <!--= a.seconds -->?<!--/=--> in all.\n")
    runner.saved([str(path)])
    assert until(lambda: "-->90" in text_of(path) and "<!-- /journal:a" in text_of(path))
    assert until(lambda: any(line.startswith("day 133: ✓ a") for line in told))
    path.write_text(text_of(path).replace("seconds: 90}", "seconds: 120}"))
    runner.saved([str(path)])
    assert until(lambda: "-->120" in text_of(path))


def test_what_a_run_writes_itself_starts_no_other(space: Space, runner: DayRunner, told: list[str]) -> None:
    path = space.entry("  a: {uses: toy.total, seconds: 90}\n")
    runner.saved([str(path)])
    assert until(lambda: told)
    assert until(lambda: not runner._waiting and runner._running is None)
    time.sleep(0.3)  # until the run has been noted
    assert runner._days_of([str(path)]) == []
    assert runner._days_of([str(path.with_name("notes.txt"))]) == []


def test_a_run_that_is_overtaken_is_stopped_and_begun_again(space: Space, runner: DayRunner, told: list[str]) -> None:
    path = space.entry("  a: {uses: toy.sleep, seconds: 50}\n")
    runner.saved([str(path)])
    assert until(
        lambda: (runner._running is not None and (space.root / ".journal" / "run").exists()) or runner._running
    )
    time.sleep(1)
    path.write_text(text_of(path).replace("seconds: 50", "seconds: 0.1"))
    runner.saved([str(path)])
    assert until(lambda: "slept" in text_of(path), 20)
    assert re.search(r"0\.1", text_of(path))


def test_what_took_long_is_offered_and_the_rest_is_run(
    space: Space, runner: DayRunner, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "SLOW_S", 1.0)
    path = space.entry("  long: {uses: toy.sleep, seconds: 1.5}\n  short: {uses: toy.total, seconds: 5}\n")
    space.run("day", "133", check=0)
    path.write_text(text_of(path).replace("seconds: 1.5", "seconds: 1.6").replace("seconds: 5}", "seconds: 6}"))
    runner.saved([str(path)])
    assert until(lambda: any("long is out of date" in line and "journal day 133 --only long" in line for line in told))
    assert until(lambda: any(line.startswith("day 133: ✓ short") for line in told))
    assert not any("✓ long" in line for line in told)


def test_a_manual_step_is_left(space: Space, runner: DayRunner, told: list[str]) -> None:
    path = space.entry("  a: {uses: toy.total, seconds: 90}\n  b: {uses: toy.fail, when: manual}\n")
    runner.saved([str(path)])
    assert until(lambda: any("✓ a" in line for line in told))
    assert not any(" b " in line for line in told)


def test_a_broken_entry_stops_nothing(space: Space, runner: DayRunner, told: list[str]) -> None:
    broken = space.entry("  a: {uses: [}\n")
    whole = space.entry("  a: {uses: toy.total, seconds: 90}\n", day=134)
    runner.saved([str(broken), str(whole)])
    assert until(lambda: any("day 134: ✓ a" in line for line in told))


def test_the_server_shows_the_page_with_the_new_result(space: Space) -> None:
    from urllib.request import urlopen

    space.write("site/mkdocs.yml", SITE)
    path = space.entry("  a: {uses: toy.total, seconds: 90}\n")
    port = free_port()
    command = [sys.executable, "-u", "-m", "journal", "serve", "--run", "--port", str(port)]
    with subprocess.Popen(command, cwd=space.root, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert "serving the blog" in server.stdout.readline()
            time.sleep(1.5)
            path.write_text(text_of(path).replace("Words of mine.", "Other words."))
            assert until(lambda: "journal:a" in text_of(path))

            def page() -> str:
                with urlopen(f"http://127.0.0.1:{port}/day/133/") as answer:
                    return str(answer.read().decode())

            assert until(lambda: "glaswegian: 1.50 of 120 min" in page() and "Other words." in page())
        finally:
            server.send_signal(2)
            assert server.wait(timeout=15) == 0
