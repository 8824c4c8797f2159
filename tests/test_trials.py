"""Verdicts on pictures, beside the entry; and all tries at a prompt, over days and models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Space, entry_name
from hypothesis import given
from hypothesis import strategies as st
from journal_tasks.diffusion.verdicts import give_verdict
from PIL import Image

from journal.api.rate import Rate
from journal.api.report import Report
from journal.api.report_file import write_report
from journal.record import Record
from journal.text.workspace import find_workspace

pytestmark = pytest.mark.slow

PICTURES = '''"""Pictures of one colour, which a judge likes or not."""
from journal import Context, Report, task


@task("toy.pictures")
def pictures(ctx: Context, prompt: str, seeds: int = 2, model: str = "m", right: list[bool] | None = None) -> Report:
    """Draw a picture for each seed."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    report, shown = Report(), []
    for seed in range(seeds):
        path = ctx.out / f"{'-'.join(prompt.split())}-{seed}.png"
        note = PngInfo()
        note.add_text("by", str(ctx.day))
        Image.new("RGB", (2, 2), (seed, len(prompt), len(model))).save(path, pnginfo=note)
        shown.append((path, f"{prompt}, seed {seed}"))
        judged = right[seed] if right else None
        report.trial(prompt, path, model=model, seed=seed, settings="10 steps", right=judged, seen="a cat")
    return report.gallery(shown, columns=2).metric("pictures", seeds)
'''


@pytest.fixture
def drawn(space: Space) -> Space:
    """A day with two pictures."""
    space.write("plugins/pictures.py", PICTURES)
    space.entry("  odd: {uses: toy.pictures, prompt: a horse, right: [true, false]}\n", "<!-- journal:odd -->\n")
    space.run("day", "133", check=0)
    return space


def picture(seed: int, day: int = 133, prompt: str = "a-horse") -> str:
    return f"entries/{entry_name(day)}/odd/{prompt}-{seed}.png"


def verdicts_file(day: int = 133) -> str:
    return f"entries/{entry_name(day)}.verdicts.yml"


def test_a_verdict_lands_beside_the_entry_and_with_the_next_run_in_it(drawn: Space) -> None:
    said = drawn.run("verdict", "failed", picture(1), "--word", "two heads", check=0).out
    assert "journal day 133" in said
    drawn.run("verdict", "kept", picture(0), check=0)
    done = drawn.run("day", "133", check=0)
    assert "0 ran, 1 up to date" in done.out
    text = (drawn.root / f"entries/{entry_name(133)}.md").read_text()
    assert "a horse, seed 0 – kept</td>" in text
    assert "a horse, seed 1 – failed&#58; two heads</td>" in text
    assert "nothing changed" in drawn.run("day", "133", check=0).out


def test_status_tells_of_a_verdict_that_waits_to_be_shown(drawn: Space) -> None:
    assert "verdict" not in drawn.run("status", check=0).out
    drawn.run("verdict", "kept", picture(0), check=0)
    said = "    odd: the entry does not show its verdicts yet; to show them: journal day 133\n"
    assert said in drawn.run("status", check=0).out
    drawn.run("day", "133", check=0)
    assert drawn.run("status", check=0).out == "day 133  1 up to date\n"


def test_the_last_verdict_on_a_picture_counts(drawn: Space) -> None:
    drawn.run("verdict", "failed", picture(0), check=0)
    drawn.run("verdict", "kept", picture(0), "--word", "on second thoughts", check=0)
    tries = json.loads(drawn.run("history", "a horse", "--json", check=0).out)["tries"]
    assert [(one["verdict"], one["word"]) for one in tries] == [("kept", "on second thoughts"), (None, "")]


def test_a_verdict_is_on_the_picture_that_was_looked_at_and_on_no_later_one(drawn: Space) -> None:
    drawn.run("verdict", "failed", picture(0), "--word", "two heads", check=0)
    before = (drawn.root / picture(0)).read_bytes()
    drawn.entry("  odd: {uses: toy.pictures, prompt: a horse, model: better}\n", "<!-- journal:odd -->\n")
    drawn.run("day", "133", check=0)
    assert (drawn.root / picture(0)).read_bytes() != before
    assert "two heads" not in (drawn.root / f"entries/{entry_name(133)}.md").read_text()
    tries = json.loads(drawn.run("history", "a horse", "--json", check=0).out)["tries"]
    gone = [one for one in tries if not one["there"]]
    assert [(one["model"], one["seed"], one["verdict"]) for one in gone] == [("m", 0, "failed")]
    assert len(tries) == 3


def test_a_verdict_typed_by_hand_counts_and_no_byte_of_the_file_changes(drawn: Space) -> None:
    mine = "# mine\nverdicts:\n- {picture: odd/a-horse-1.png, verdict: failed, word: 'no: legs'} # sic"
    drawn.write(verdicts_file(), mine)
    drawn.run("verdict", "kept", picture(0), check=0)
    assert (drawn.root / verdicts_file()).read_text().startswith(f"{mine}\n")
    out = drawn.run("history", "a horse", check=0).out
    assert "failed: no: legs" in out
    assert "1 of 2 with a verdict kept" in out


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("verdicts:\n- picture: odd/a.png\n  verdict: good\n", 3, "verdict is 'good'; write kept or failed"),
        ("verdicts:\n- picture: odd/a.png\n", 2, "verdict is None; write kept or failed"),
        ("verdicts:\n- verdict: kept\n", 1, "names no picture"),
        ("verdicts:\n- picture: odd/a.png\n  verdict: kept\n  wrod: x\n", 4, "unknown key 'wrod'; did you mean 'word'"),
        ("verdict: []\n", 1, "unknown key 'verdict'; did you mean 'verdicts'"),
        ("verdicts: 3\n", 1, "verdicts must be a list"),
        ("verdicts:\n- picture: odd/a.png\n  verdict: kept\n  seed: one\n", 4, "seed is 'one'; write a whole number"),
        ("verdicts: [\n", 1, "the [ here is never closed"),
    ],
)
def test_a_wrong_verdict_is_told_with_its_line_and_nothing_is_written(
    drawn: Space, text: str, line: int, said: str
) -> None:
    drawn.write(verdicts_file(), text)
    for arguments in (("history", "--asked"), ("verdict", "kept", picture(0)), ("day", "133")):
        error = drawn.run(*arguments, check=3).err
        assert error.startswith(f"{verdicts_file()}:{line}: ")
        assert said in error
    assert (drawn.root / verdicts_file()).read_text() == text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["good", picture(0)], "'good' is no verdict; say kept or failed"),
        (["kept", picture(7)], "no such picture"),
        (["kept", picture(0), "journal.yml"], "stands beside no entry"),
        (["kept", f"entries/{entry_name(133)}.md"], "stands beside no entry"),
        (["kept", f"entries/{entry_name(133)}/odd/report.json"], "is no picture that a step's report shows"),
    ],
)
def test_a_verdict_that_can_not_be_given_is_said_and_none_is_written(
    drawn: Space, arguments: list[str], said: str
) -> None:
    assert said in drawn.run("verdict", *arguments, check=2).err
    assert not (drawn.root / verdicts_file()).exists()


@given(word=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_word_is_read_back_as_it_was_given(word: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("words")
    (folder / "journal.yml").write_text("name: A journal\nday-1: 2024-01-02\n")
    (folder / "entries/2024-05-13-day-133/odd").mkdir(parents=True)
    step = folder / "entries/2024-05-13-day-133/odd"
    (step / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    write_report(Report().image(step / "a.png", alt="a"), step)
    (entry := folder / "entries/2024-05-13-day-133.md").write_text("---\ntitle: A day\n---\n")
    record = Record(find_workspace(folder))
    for _ in range(2):
        assert give_verdict([step / "a.png"], "kept", word, record, print) == [133]
    assert [one.word for one in record.verdicts(entry)] == [" ".join(word.split())] * 2


@pytest.mark.parametrize("text", ["verdicts: []\n", "verdicts: [\n]\n", "{verdicts: []}\n"])
def test_a_file_whose_list_can_not_go_on_is_left_as_it_is(drawn: Space, text: str) -> None:
    drawn.write(verdicts_file(), text)
    assert "verdicts can't be appended" in drawn.run("verdict", "kept", picture(0), check=3).err
    assert (drawn.root / verdicts_file()).read_text() == text


def test_tries_are_listed_over_days_and_models_with_the_rate(drawn: Space) -> None:
    drawn.entry("  odd: {uses: toy.pictures, prompt: A  Horse, model: other, right: [true, true]}\n", day=134)
    drawn.entry("  odd: {uses: toy.pictures, prompt: a cat}\n", day=135)
    for day in ("134", "135"):
        drawn.run("day", day, check=0)
    out = drawn.run("history", "a horse", check=0).out
    assert out.splitlines()[0] == "a horse: 4 tries, 2 days, 2 models"
    assert "day 133, m, 10 steps" in out
    assert "day 134, other, 10 steps" in out
    assert "3 of 4 judged right (75 %; 95 % interval 30 to 95 %)" in out
    every = drawn.run("history", "--asked", check=0).out.splitlines()
    assert [line.split(":")[0] for line in every] == ["a horse", "a cat"]


def test_a_prompt_that_was_never_tried_names_the_nearest(drawn: Space) -> None:
    assert "did you mean 'a horse'?" in drawn.run("history", "a hose", check=2).err


def test_a_journal_without_pictures_says_so(space: Space) -> None:
    assert "nothing was asked yet" in space.run("history", "--asked", check=0).out


@pytest.mark.parametrize(
    ("good", "tries", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombe(good: int, tries: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I, method 3 (score without continuity correction)."""
    assert Rate(good, tries).interval() == pytest.approx((low, high), abs=5e-5)


def test_verdicts_are_no_entries_and_stay_out_of_the_blog(drawn: Space) -> None:
    drawn.run("verdict", "kept", picture(0), check=0)
    drawn.run("init", check=0)
    drawn.run("build", check=0)
    assert not [path for path in Path(drawn.root / "build").rglob("*") if "verdicts" in path.name]


def tries(space: Space, prompt: str = "a horse") -> dict[str, Any]:
    return json.loads(space.run("history", prompt, "--json", check=0).out)  # type: ignore[no-any-return]


def test_two_verdicts_on_one_picture_are_one_try(drawn: Space) -> None:
    drawn.run("verdict", "failed", picture(0), check=0)
    path = drawn.root / verdicts_file()
    path.write_text(path.read_text() + "  - picture: odd/a-horse-0.png\n    verdict: kept\n")
    assert len(tries(drawn)["tries"]) == 2
    assert tries(drawn)["rates"]["kept"]["tries"] == 1


def test_a_try_whose_picture_was_deleted_is_still_one(drawn: Space) -> None:
    drawn.run("verdict", "failed", picture(0), check=0)
    (drawn.root / picture(0)).unlink()
    assert [(one["verdict"], one["there"]) for one in tries(drawn)["tries"]] == [("failed", False), (None, True)]


def test_a_verdict_is_on_pixels_whatever_else_the_file_says(drawn: Space) -> None:
    drawn.run("verdict", "kept", picture(0), check=0)
    with Image.open(drawn.root / picture(0)) as opened:
        opened.copy().save(drawn.root / picture(0))
    assert [one["verdict"] for one in tries(drawn)["tries"]] == ["kept", None]


def test_the_same_picture_on_two_days_counts_once_in_the_rate(drawn: Space) -> None:
    drawn.entry("  odd: {uses: toy.pictures, prompt: a horse, right: [true, false]}\n", day=134)
    drawn.run("day", "134", check=0)
    found = tries(drawn)
    assert len(found["tries"]) == 4
    assert (found["rates"]["right"]["good"], found["rates"]["right"]["tries"]) == (1, 2)


def test_verdicts_given_at_once_are_all_kept(drawn: Space) -> None:
    command = [sys.executable, "-m", "journal", "verdict", "kept"]
    given = [
        subprocess.Popen([*command, picture(seed)], cwd=drawn.root, stdout=subprocess.DEVNULL) for seed in (0, 1) * 3
    ]
    assert [one.wait() for one in given] == [0] * 6
    assert (drawn.root / verdicts_file()).read_text().count("picture:") == 6


def test_a_prompt_of_any_signs_counts_on_when_its_picture_is_gone(space: Space) -> None:
    prompt = "a dog\nridden\u3000by \U0001f468\u200d\U0001f467"
    space.write("plugins/pictures.py", PICTURES)
    space.entry(f"  odd: {{uses: toy.pictures, prompt: {json.dumps(prompt, ensure_ascii=False)}, seeds: 1}}\n")
    space.run("day", "133", check=0)
    made = next((space.root / "entries").glob("*/odd/*.png"))
    space.run("verdict", "failed", str(made), check=0)
    shutil.rmtree(made.parent)
    assert [one["prompt"] for one in tries(space, prompt)["tries"]] == [prompt]


def test_a_picture_in_a_folder_is_not_taken_for_its_namesake(space: Space) -> None:
    space.write("plugins/nested.py", NESTED)
    space.entry("  odd: {uses: toy.nested}\n")
    space.run("day", "133", check=0)
    space.run("verdict", "kept", f"entries/{entry_name(133)}/odd/sub/a.png", check=0)
    assert [one["verdict"] for one in tries(space, "outer")["tries"]] == [None]
    assert [one["verdict"] for one in tries(space, "inner")["tries"]] == ["kept"]


NESTED = '''"""Two pictures of one name."""
from journal import Context, Report, task


@task("toy.nested")
def nested(ctx: Context) -> Report:
    """Draw a picture, and another in a folder."""
    from PIL import Image

    (ctx.out / "sub").mkdir()
    for colour, name in enumerate(("a.png", "sub/a.png")):
        Image.new("RGB", (2, 2), (colour, 0, 0)).save(ctx.out / name)
    report = Report().trial("outer", ctx.out / "a.png", model="m").trial("inner", ctx.out / "sub/a.png", model="m")
    return report.metric("pictures", 2)
'''


def test_a_verdict_on_a_picture_that_is_nowhere_is_said(drawn: Space) -> None:
    drawn.write(verdicts_file(), "verdicts:\n- {picture: odd/a-hrose-1.png, verdict: failed}\n")
    said = drawn.run("history", "--asked", check=0).err
    assert (
        f"{verdicts_file()}: no picture 'odd/a-hrose-1.png' for this verdict; did you mean 'odd/a-horse-1.png'?" in said
    )


def test_a_damaged_file_of_verdicts_is_said_before_any_step_runs(drawn: Space) -> None:
    drawn.entry("  odd: {uses: toy.pictures, prompt: a horse, seeds: 3}\n")
    drawn.write(verdicts_file(), ":\n")
    assert "started" not in drawn.run("day", "133", check=3).out


def test_an_edited_block_is_merged_also_where_the_store_is_lost_and_a_verdict_came(drawn: Space) -> None:
    entry = drawn.root / f"entries/{entry_name(133)}.md"
    entry.write_text(entry.read_text().replace("- pictures: **2**", "- pictures of mine: **2**"))
    shutil.rmtree(drawn.root / ".journal")
    drawn.run("verdict", "kept", picture(0), check=0)
    drawn.run("day", "133", check=0)
    assert "pictures of mine" in entry.read_text()
    assert "seed 0 – kept" in entry.read_text()
