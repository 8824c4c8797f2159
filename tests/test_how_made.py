"""The box at the end of a day's page: how its results were made, and the zip that makes them again."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from conftest import Space

from journal.api.report_file import rewrite_header

pytestmark = pytest.mark.slow
SITE = (Path(__file__).parents[1] / "site" / "mkdocs.yml").read_text()


@pytest.fixture
def counted(space: Space) -> Space:
    space.write("data/words.txt", "one two three\n")
    space.write("data/ORIGIN.md", "Written for a test; CC0.\n")
    space.entry("  count:\n    uses: text.count\n    source: data/words.txt\n")
    space.run("day", "133", check=0)
    return space


def rows(space: Space, day: int = 133) -> dict[str, str]:
    """Build, and return what the box on a day's page says."""
    space.write("site/mkdocs.yml", SITE)
    space.run("build", check=0)
    page = (space.root / f"build/site/day/{day}/index.html").read_text()
    box = page.partition('<details class="made">')[2].partition("</details>")[0]
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", box)
    link = re.search(r'href="([^"]*\.zip)"', box)
    return {unescape(name): unescape(words) for name, words in found} | ({"link": link[1]} if link else {})


def site(space: Space) -> dict[str, bytes]:
    root = space.root / "build" / "site"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def report(space: Space, day: str = "*133") -> Path:
    return next((space.root / "entries").glob(f"{day}/*/report.json"))


def test_the_box_says_what_is_known_of_a_days_results(counted: Space) -> None:
    found = rows(counted)
    made = json.loads(report(counted).read_text())["made"]
    assert found["Inputs"] == "1 file and 0 models, known by their content"
    assert found["Code"] == "text.count, by its content"
    assert found["Seeds"] == "set: 0"
    assert found["Environment"].startswith(f"Python {made['python']}, ")
    assert found["Environment"].endswith("not locked")
    assert found["Made on"] == ", ".join(made["machine"].values())
    assert found["Made again"] == "not yet"
    assert "link" not in found


def test_a_day_without_results_has_no_box(space: Space) -> None:
    space.entry()
    assert rows(space) == {}


def test_a_replay_stands_in_the_box_with_its_machine_and_what_moved(counted: Space) -> None:
    rows(counted)
    counted.run("day", "133", "--replay", check=0)
    log = next((counted.root / "entries").glob("*.replays.json"))
    last = json.loads(log.read_text())[-1]
    machine = ", ".join(last["machine"].values())
    assert rows(counted)["Made again"] == f"{last['when'][:10]} on {machine}: 1 step came out the same"
    last["steps"]["count"]["result"] = "moved"
    log.write_text(json.dumps([last]))
    assert rows(counted)["Made again"].endswith(": moved: count")
    log.write_text("[{")
    assert rows(counted)["Made again"] == "not yet"


def test_the_page_links_to_the_zip_while_that_holds_the_day_as_it_is(counted: Space) -> None:
    rows(counted)
    counted.run("bundle", "133", check=0)
    found = rows(counted)
    assert found["link"] == "day-133.zip"
    assert found["Environment"].endswith("locked in the zip")
    zipped = counted.root / "build/bundles/day-133.zip"
    assert site(counted)["day/133/day-133.zip"] == zipped.read_bytes()
    counted.entry("  count:\n    uses: text.count\n    source: data/words.txt\n", body="Other words.\n")
    counted.run("day", "133", check=0)
    assert "link" not in rows(counted)
    assert "day/133/day-133.zip" not in site(counted)


def test_a_zip_that_locks_other_versions_than_the_results_were_made_with_says_so(counted: Space) -> None:
    """As where the results were made on one machine and the zip on another."""
    folder = report(counted).parent
    made = json.loads(report(counted).read_text())["made"]
    rewrite_header(folder, {"made": {**made, "libraries": {"pydantic": "1.0"}}})
    counted.run("bundle", "133", check=0)
    assert rows(counted)["Environment"].endswith("1 library; the zip locks other versions")


def test_a_damaged_zip_is_not_linked_to(counted: Space) -> None:
    counted.write("build/bundles/day-133.zip", "no zip")
    assert "link" not in rows(counted)


def test_a_day_says_where_it_was_made_with_others_than_the_day_before(counted: Space) -> None:
    counted.entry("  count:\n    uses: text.count\n    source: data/words.txt\n", day=132)
    counted.run("day", "132", check=0)
    assert "Other than the day before" not in rows(counted)
    before = report(counted, "*132")
    made = json.loads(before.read_text())["made"]
    rewrite_header(before.parent, {"made": {**made, "python": "3.9.1"}})
    assert rows(counted)["Other than the day before"] == f"Python 3.9.1 → {made['python']}"


def test_a_build_after_each_change_equals_a_clean_one(counted: Space) -> None:
    counted.entry("  count:\n    uses: text.count\n    source: data/words.txt\n", day=132)
    counted.run("day", "132", check=0)
    rows(counted)
    steps = [("bundle", "133"), ("day", "133", "--replay"), ("bundle", "132"), ("day", "132", "--replay")]
    for step in steps:
        counted.run(*step, check=0)
        rows(counted)
        incremental = site(counted)
        for path in (counted.root / "build").iterdir():
            if path.name != "bundles":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        rows(counted)
        assert site(counted) == incremental


def test_what_became_private_after_a_zip_was_made_keeps_it_from_being_published(counted: Space) -> None:
    counted.run("bundle", "133", check=0)
    rows(counted)
    assert "three" not in counted.run("check", "--publish").out
    counted.write("journal.yml", "name: A journal\nday-1: 2024-01-02\nprivate: [two three]\n")
    done = counted.run("check", "--publish", check=1)
    assert "build/bundles/day-133.zip: data/words.txt" in done.out


SAY = """from journal import Context, File, Report, task


@task("toy.say")
def say(recording: File, speaker: str = "") -> Report:
    \"\"\"Count the bytes of a recording.\"\"\"
    return Report().metric("bytes", len(recording.read_bytes()))
"""


def test_a_consent_withdrawn_after_a_zip_was_made_keeps_it_from_being_published(space: Space) -> None:
    space.write("plugins/say.py", SAY)
    space.write("journal.yml", "name: A journal\nday-1: 2024-01-02\nspeakers: data/speakers.yml\n")
    space.write("data/speakers.yml", "Ailsa: {consent: written 2024-05-01, licence: CC0-1.0}\n")
    space.write("data/hello.wav", "not heard here")
    space.entry("  say: {uses: toy.say, recording: data/hello.wav, speaker: Ailsa}\n")
    space.run("day", "133", check=0)
    space.run("bundle", "133", "--allow", "licence", check=0)
    assert rows(space)["link"] == "day-133.zip"
    assert "voice" not in space.run("check", "--publish").out
    space.write("data/speakers.yml", "Ailsa: {consent: no, licence: CC0-1.0}\n")
    assert "the voice of Ailsa in 'say'" in space.run("check", "--publish", check=1).out
