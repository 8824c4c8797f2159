"""The gallery of examples: each task keeps the contract, its day runs, and its entry shows what it gives."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Space

from journal.testing import Checked, check_task

EXAMPLES = Path(__file__).parents[1] / "examples"
DAYS = {day: next(EXAMPLES.glob(f"entries/*-day-{day}.md")) for day in range(1, 9)}


@pytest.fixture
def gallery(tmp_path: Path) -> Space:
    """A copy of the gallery, without what its tasks have made."""
    root = tmp_path / "gallery"
    shutil.copytree(EXAMPLES, root, ignore=shutil.ignore_patterns(".journal", "build", "__pycache__", "*-day-?"))
    return Space(root)


@pytest.fixture
def parrot(gallery: Space) -> Iterator[Space]:
    """The gallery, with the server of its last day on a free port."""
    command = [sys.executable, str(EXAMPLES / "parrot.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().split()[-1]
        settings = gallery.root / "journal.yml"
        settings.write_text(settings.read_text().replace(":8765/", f":{port}/"))
        yield gallery
        server.terminate()


def check(space: Space, name: str, **parameters: object) -> Checked:
    return check_task(name, space.root, **parameters)


def test_a_figure(gallery: Space) -> None:
    checked = check(gallery, "growth.curve", rate=0.07)
    assert checked.metrics["times"] == pytest.approx(1.07**30)
    assert "<svg" in (checked.folder / "growth.svg").read_text()


def test_a_table(gallery: Space) -> None:
    """Means and spreads by hand: reading 61, 74, 58, 83, 69; sums 48, 55, 71, 66, 60."""
    block = check(gallery, "marks.summary", data="data/marks.csv").block
    assert "| reading | 5 | 69.0 | 10.1 |" in block and "| sums | 5 | 60.0 | 9.0 |" in block


def test_a_sound(gallery: Space) -> None:
    checked = check(gallery, "tone.make", pitch_hz=440, seconds=0.25)
    assert (checked.folder / "tone.wav").stat().st_size == 44 + 2 * 4000  # a header, and 16,000 samples a second


def test_a_total(gallery: Space) -> None:
    total = check(gallery, "pages.read", book="Emma *", pages=40).report.totals[0]
    assert (total.ledger, total.value, total.unit) == ("reading", 40, "pages")
    gallery.run("day", "4", check=0)
    assert "65.00 of 600 pages" in gallery.run("stats", "reading", check=0).out


def test_an_output_for_another_step(gallery: Space) -> None:
    listed = check(gallery, "words.list", source="data/story.txt").report.outputs["words"]
    words = listed.relative_to(gallery.root).as_posix()
    shutil.copy(listed, gallery.root / "listed.txt")  # the next check makes that folder anew
    assert words == "build/run/list/words.txt"
    assert "| the | 3 |" in check(gallery, "words.common", words="listed.txt").block


def test_many_items_at_once(gallery: Space) -> None:
    """There are 2,262 primes below 20,000 (OEIS A000720)."""
    assert check(gallery, "primes.count", below=20_000).metrics == {"primes": 2262}


def test_a_model(gallery: Space) -> None:
    checked = check(gallery, "mood.judge", sentences=["A sunny day!", "All is lost."])
    assert checked.metrics == {"glad": 1}
    assert "| A sunny day! | 1 |" in checked.block


def test_a_model_that_changes_makes_its_step_run_again(gallery: Space) -> None:
    gallery.run("day", "7", check=0)
    gallery.write("models/mood/weights.json", '{"rain": 5}')
    assert "model mood" in gallery.run("day", "7", "--dry-run", check=0).out


def test_a_server(parrot: Space) -> None:
    assert "You said&#58; Hello" in check(parrot, "reply.ask", question="Hello").block


def test_a_server_that_is_gone_is_told_in_a_line(parrot: Space) -> None:
    settings = parrot.root / "journal.yml"
    settings.write_text(re.sub(r":\d+/v1", ":9/v1", settings.read_text()))
    assert "is the server running?" in parrot.run("run", "reply.ask", "question=Hello", check=1).out


def test_each_day_gives_again_what_its_entry_shows(parrot: Space) -> None:
    """But for the port of the server, the entries are as they were made."""
    parrot.run("day", "1..8", "--force", check=0)
    for day, entry in DAYS.items():
        assert (parrot.root / "entries" / entry.name).read_text() == entry.read_text(), f"day {day}"


def test_a_clone_of_the_gallery_is_up_to_date(tmp_path: Path) -> None:
    """The last day too, whose server nobody has started."""
    root = tmp_path / "clone"
    shutil.copytree(EXAMPLES, root, ignore=shutil.ignore_patterns(".journal", "build", "__pycache__"))
    said = Space(root).run("day", "1..8", check=0).out
    assert "started" not in said and said.count("up to date") >= 8


def test_each_file_of_plugins_stands_in_the_gallerys_list() -> None:
    listed = re.findall(r"\]\(plugins/(\w+\.py)\)", (EXAMPLES / "README.md").read_text())
    assert listed == [re.findall(r"uses: (\w+)\.", entry.read_text())[0] + ".py" for entry in DAYS.values()]
    assert sorted(listed) == sorted(path.name for path in EXAMPLES.glob("plugins/*.py"))
