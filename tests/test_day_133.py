"""The whole of Day 133 on the real models, from its entry to its page."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import Done, Space

from journal import Composite
from journal.api.numbers import load_cell

ROOT = Path(__file__).parents[1]
NAME = "2024-05-13-day-133"
STEPS = ["clips", "factors", "ask", "phrasebook", "ask-again", "horse"]

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Space, Done]:
    """The day, run once from an entry without results; what the command printed."""
    space = Space(tmp_path_factory.mktemp("day") / "workspace")
    for name in ("data", "site"):
        shutil.copytree(ROOT / name, space.root / name)
    shutil.copy(ROOT / "journal.yml", space.root)
    space.write(f"entries/{NAME}.md", empty_blocks((ROOT / "entries" / f"{NAME}.md").read_text()))
    done = space.run("day", "133", timeout=1200)
    assert done.code == 0, done.out + done.err
    space.run("build", check=0)
    return space, done


def empty_blocks(text: str) -> str:
    return re.sub(r"(<!-- journal:([\w-]+) -->\n).*?<!-- /journal:\2 \w+ -->\n", r"\1", text, flags=re.DOTALL)


def report(day: tuple[Space, Done], step: str) -> dict[str, Any]:
    text = (day[0].root / "entries" / NAME / step / "report.json").read_text()
    return json.loads(text)  # type: ignore[no-any-return]


def metrics(day: tuple[Space, Done], step: str) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in report(day, step)["items"] if item["kind"] == "metric"}


def table(day: tuple[Space, Done], step: str, title: str) -> dict[str, list[Any]]:
    found = next(i for i in report(day, step)["items"] if i["kind"] == "table" and i["title"].startswith(title))
    return {row[0]: row[1:] for row in found["rows"]}


def entry(day: tuple[Space, Done]) -> str:
    return (day[0].root / "entries" / f"{NAME}.md").read_text()


def page(day: tuple[Space, Done]) -> str:
    return (day[0].root / "build/site/day/133/index.html").read_text()


class Text(HTMLParser):
    """The text of a page, in the order of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_step_ran_and_said_so_in_a_line_with_its_headline(day: tuple[Space, Done]) -> None:
    lines = [line for line in day[1].out.splitlines() if line.startswith("✓ ")]
    assert sorted(line.split()[1] for line in lines) == sorted(STEPS)
    assert any("36 clips, 0.81 min" in line for line in lines)


def test_one_clip_was_cut_for_each_expression(day: tuple[Space, Done]) -> None:
    """Four recordings of three phrases, each said three times (data/scottish-phrases/boundaries.csv)."""
    assert metrics(day, "clips")["clips"] == 36
    folder = day[0].root / "entries" / NAME / "clips" / "clips"
    assert len(list(folder.glob("*.flac"))) == 36
    assert (folder / "greetings-01.flac").is_file()


def test_the_running_total_goes_toward_the_goal(day: tuple[Space, Done]) -> None:
    assert re.search(r"glaswegian: 0\.81 of 120 min \(0\.7 %\)", entry(day))
    assert day[0].run("stats", check=0).out.startswith("glaswegian: 0.81 of 120 min (0.7 %)")


def test_the_standardised_run_has_the_textbook_values(day: tuple[Space, Done]) -> None:
    """TaskCache for the grades of the day before anything ran."""
    loadings = table(day, "factors", "Loadings")
    assert loadings["Finance"][:2] == pytest.approx([0.02987, 0.99951], abs=5e-6)
    values = metrics(day, "factors")
    assert [values[f"eigenvalue {n}"] for n in (1, 2, 3)] == pytest.approx([1.98146, 1.00831, 0.01023], abs=5e-6)
    shares = table(day, "factors", "Share")
    assert shares["Finance"][:3] == pytest.approx([0.0892, 99.90, 99.99], abs=5e-3)


@pytest.mark.parametrize(
    "said", ["1.98146", "1.00831", "0.01023", "0.02987", "0.99951", "0.0892 %", "99.90 %", "99.99 %"]
)
def test_the_textbook_values_stand_in_the_entry_and_in_the_page(day: tuple[Space, Done], said: str) -> None:
    assert said in entry(day)
    assert said in Text(page(day)).text


def test_squared_loadings_of_a_factor_sum_to_its_eigenvalue(day: tuple[Space, Done]) -> None:
    *variables, (name, *_) = table(day, "factors", "Loadings").items()
    assert name == "eigenvalue (sum of squares)"
    values = metrics(day, "factors")
    for factor in (0, 1):
        assert sum(row[factor] ** 2 for _, row in variables) == pytest.approx(values[f"eigenvalue {factor + 1}"])


def test_the_model_answered_by_each_strategy_and_said_how_sure_it_was(day: tuple[Space, Done]) -> None:
    quotes = [item for item in report(day, "ask")["items"] if item["kind"] == "quote"]
    for strategy in ("Zero-shot", "Few-shot", "Chain-of-thought"):
        assert any(item["title"].startswith(strategy) and item["text"].strip() for item in quotes)
    tables = [item for item in report(day, "ask")["items"] if item["kind"] == "table"]
    assert len(tables) == 3
    for item in tables:
        shares = [row[1] for row in item["rows"]]
        assert shares == sorted(shares, reverse=True)
        assert 0 < sum(shares) <= 100


def test_the_adapter_was_learnt_and_changes_the_answer(day: tuple[Space, Done]) -> None:
    values = metrics(day, "phrasebook")
    assert values["held-out perplexity after"] < 0.1 * values["held-out perplexity before"]
    folder = day[0].root / "entries" / NAME / "phrasebook" / "adapter"
    assert {path.name for path in folder.iterdir()} >= {"adapter_config.json", "adapter_model.safetensors"}
    scores = table(day, "phrasebook", "The 40 held-out pairs")
    found = {name: load_cell(row[0]) for name, row in scores.items()}
    cells = {name: cell.numbers for name, cell in found.items() if isinstance(cell, Composite)}
    best = max(numbers["chrF"].value for name, numbers in cells.items() if name != "with the adapter")
    assert cells["with the adapter"]["low"].value > best


def test_both_ways_of_horse_and_astronaut_were_drawn(day: tuple[Space, Done]) -> None:
    folder = day[0].root / "entries" / NAME / "horse"
    assert len(list(folder.glob("a-horse-riding-an-astronaut-*.png"))) == 4
    assert len(list(folder.glob("an-astronaut-riding-a-horse-*.png"))) == 4


def test_the_pictures_are_no_noise(day: tuple[Space, Done]) -> None:
    """Neighbouring pixels of a drawing are alike; of noise they differ by a third of the range."""
    import numpy as np
    from PIL import Image

    for path in (day[0].root / "entries" / NAME / "horse").glob("a*-*-[0-9].png"):
        pixels = np.asarray(Image.open(path).convert("L"), dtype=float) / 255
        assert np.abs(np.diff(pixels, axis=1)).mean() < 0.1


def test_the_page_is_titled_as_the_author_titles_his(day: tuple[Space, Done]) -> None:
    assert "<h1>" in page(day)
    assert "(Day 133) Gathering data for the Scottish dataset project + Factor analysis" in Text(page(day)).text


def test_the_page_holds_players_plots_and_pictures_that_are_there(day: tuple[Space, Done]) -> None:
    folder = day[0].root / "build/site/day/133"
    players = re.findall(r'<audio[^>]*src="([^"]+)"', page(day))
    pictures = re.findall(r'<img[^>]*src="([^"]+)"', page(day))
    assert len(players) >= 12
    assert len(pictures) >= 8
    assert page(day).count("<svg") >= 4
    assert all((folder / link).is_file() for link in players + pictures if "://" not in link)


def test_running_again_changes_nothing_and_says_so(day: tuple[Space, Done]) -> None:
    before = {path: path.read_bytes() for path in (day[0].root / "entries").rglob("*") if path.is_file()}
    done = day[0].run("day", "133", check=0)
    assert "all 6 steps are up to date; nothing changed" in done.out
    assert before == {path: path.read_bytes() for path in (day[0].root / "entries").rglob("*") if path.is_file()}


def test_no_typed_number_of_the_entry_differs_from_its_reports(day: tuple[Space, Done]) -> None:
    assert day[0].run("check", "133", check=0).out.strip() == "no typed number differs"


def test_nothing_of_this_machine_stands_in_the_entry_or_its_artifacts(day: tuple[Space, Done]) -> None:
    import socket

    for path in (day[0].root / "entries").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert str(day[0].root).encode() not in content, path.name
            assert str(Path.home()).encode() + b"/" not in content, path.name
            assert socket.gethostname().encode() not in content or len(socket.gethostname()) < 5


def test_a_clone_of_the_repository_is_up_to_date_at_once(tmp_path: Path) -> None:
    """The reports beside the entry carry all that is needed; only the adapter's weights are not in the repository."""
    space = Space(tmp_path / "workspace")
    for name in ("data", "entries", "models"):
        shutil.copytree(ROOT / name, space.root / name, ignore=shutil.ignore_patterns("*.safetensors"))
    shutil.copy(ROOT / "journal.yml", space.root)
    said = space.run("status", check=0).out
    assert "day 133  6 up to date" in said
    assert "phrasebook: adapter/adapter_model.safetensors is not here; it is made again when a step needs it" in said
