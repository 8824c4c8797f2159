"""A past day run again and compared with what is recorded."""

from __future__ import annotations

import json
import shutil

import pytest
from conftest import Space

from journal.api.report_file import rewrite_header

pytestmark = pytest.mark.slow

DRAW = '''"""A task whose result another library would change."""
from typing import Annotated
from PIL import Image
import lib.numbers
from journal import Context, Field, Report, task


@task("toy.draw", version=1)
def draw(ctx: Context, shade: Annotated[int, Field(ge=0, le=255)] = 100) -> Report:
    """Draw a grey picture, and say how grey it is."""
    value = lib.numbers.value(shade)
    Image.new("L", (16, 16), round(value)).save(ctx.out / "grey.png")
    (ctx.out / "values.csv").write_text(f"name,value\\nshade,{value:.6f}\\n")
    report = Report().metric("shade", value).image(ctx.out / "grey.png", alt="grey")
    return report.file(ctx.out / "values.csv").text("Grey, as asked.")
'''


@pytest.fixture
def drawn(space: Space) -> Space:
    """A day whose one step draws, done and written."""
    space.write("plugins/draw.py", DRAW)
    space.write("lib/__init__.py", "")
    space.write("lib/numbers.py", "def value(shade):\n    return float(shade)\n")
    space.entry("  grey:\n    uses: toy.draw\n")
    space.run("day", "133", check=0)
    return space


def replay(space: Space) -> dict[str, object]:
    done = space.run("day", "133", "--replay", "--json")
    return json.loads(done.out)["133"]["grey"]  # type: ignore[no-any-return]


def numbers_are(space: Space, expression: str) -> None:
    space.write("lib/numbers.py", f"def value(shade):\n    return {expression}\n")


def test_the_same_again_is_identical_and_changes_nothing_but_the_log(drawn: Space) -> None:
    before = {path: path.read_bytes() for path in (drawn.root / "entries").rglob("*") if path.is_file()}
    done = drawn.run("day", "133", "--replay", check=0)
    assert "= grey" in done.out
    assert "identical" in done.out
    assert "moved" not in done.out
    after = {path: path.read_bytes() for path in (drawn.root / "entries").rglob("*") if path.is_file()}
    log = next(path for path in after if path.name.endswith(".replays.json"))
    assert [one["steps"]["grey"]["result"] for one in json.loads(after.pop(log))] == ["identical"]
    assert after == before


def test_the_last_digit_is_within_tolerance(drawn: Space) -> None:
    """1e-10 of the number is below the tolerance of 1e-9, and no digit that is written shows it."""
    numbers_are(drawn, "shade * (1 + 1e-10)")
    found = replay(drawn)
    assert found["result"] == "within tolerance"
    assert found["otherwise"] == ["code of lib/numbers.py changed"]


def test_another_number_another_picture_and_what_changed_are_named(drawn: Space) -> None:
    """The mean of squares of one step of 255 is 48.1 dB: more than the eye sees, and more than the tolerance."""
    numbers_are(drawn, "shade + 1.0")
    done = drawn.run("day", "133", "--replay", check=1)
    assert "grey.png: moved, " in done.out
    assert "values.csv: moved, 1 of its numbers differ, the first 100.000000 → 101.000000" in done.out
    assert "shade: moved, 100 → 101" in done.out
    assert "otherwise than then: code of lib/numbers.py changed" in done.out


def test_a_replay_leaves_the_day_as_it_stood(drawn: Space) -> None:
    drawn.run("day", "133", "--replay", check=0)
    assert "up to date; nothing changed" in drawn.run("day", "133", check=0).out


def test_a_step_that_fails_now_has_moved(drawn: Space) -> None:
    numbers_are(drawn, "1 / 0")
    done = drawn.run("day", "133", "--replay", check=1)
    assert "✗ grey         failed: ZeroDivisionError" in done.out


def test_a_day_without_results_has_nothing_to_compare(space: Space) -> None:
    space.entry("  note:\n    uses: text.write\n")
    done = space.run("day", "133", "--replay", check=2)
    assert "day 133 has no result that could be compared; run it first" in done.err


def test_each_replay_is_added_to_the_log_and_a_damaged_log_is_kept(drawn: Space) -> None:
    drawn.run("day", "133", "--replay", check=0)
    drawn.run("day", "133", "--replay", check=0)
    log = next((drawn.root / "entries").glob("*.replays.json"))
    assert len(json.loads(log.read_text())) == 2
    log.write_text("[{")
    done = drawn.run("day", "133", "--replay", check=1)
    assert f"{log.name}: can't be read" in done.err
    assert log.read_text() == "[{"


def test_days_are_chosen_at_random_where_a_sample_is_wanted(space: Space) -> None:
    for day in (131, 132, 133):
        space.entry("  note:\n    uses: text.write\n", day=day)
        space.run("day", str(day), check=0)
    done = space.run("day", "131..133", "--replay", "--sample", "2", check=0)
    assert done.out.count("run again in a scratch place") == 2
    assert "2 of 2 days came out the same" in done.out


def test_the_same_result_names_the_machine_that_made_it_first(drawn: Space) -> None:
    """As a clone on another machine is: the report says another processor, and its store is gone."""
    folder = next((drawn.root / "entries").glob("*/grey"))
    made = json.loads((folder / "report.json").read_text())["made"]
    rewrite_header(folder, {"made": {**made, "machine": {"system": "Linux", "processor": "another"}}})
    shutil.rmtree(drawn.root / ".journal")
    before = (folder / "report.json").read_bytes()
    drawn.run("day", "133", "--force", check=0)
    assert (folder / "report.json").read_bytes() == before
