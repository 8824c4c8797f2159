"""Verdicts on pictures, beside the entry; and all tries at a prompt, over days and models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Space, entry_name
from hypothesis import given
from hypothesis import strategies as st

from journal.attempts import Rate
from journal.verdicts import give_verdict, read_verdicts
from journal.workspace import find_workspace

PICTURES = '''"""Pictures of one colour, which a judge likes or not."""
from journal import Context, Report, task


@task("toy.pictures")
def pictures(ctx: Context, prompt: str, seeds: int = 2, model: str = "m", right: list[bool] | None = None) -> Report:
    """Draw a picture for each seed."""
    from PIL import Image

    report, shown = Report(), []
    for seed in range(seeds):
        path = ctx.out / f"{prompt.replace(' ', '-')}-{seed}.png"
        Image.new("RGB", (2, 2), (seed, len(prompt), len(model))).save(path)
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


def test_the_last_verdict_on_a_picture_counts(drawn: Space) -> None:
    drawn.run("verdict", "failed", picture(0), check=0)
    drawn.run("verdict", "kept", picture(0), "--word", "on second thoughts", check=0)
    tries = json.loads(drawn.run("attempts", "a horse", "--json", check=0).out)["tries"]
    assert [(one["verdict"], one["word"]) for one in tries] == [("kept", "on second thoughts"), (None, "")]


def test_a_verdict_is_on_the_picture_that_was_looked_at_and_on_no_later_one(drawn: Space) -> None:
    drawn.run("verdict", "failed", picture(0), "--word", "two heads", check=0)
    before = (drawn.root / picture(0)).read_bytes()
    drawn.entry("  odd: {uses: toy.pictures, prompt: a horse, model: better}\n", "<!-- journal:odd -->\n")
    drawn.run("day", "133", check=0)
    assert (drawn.root / picture(0)).read_bytes() != before
    assert "two heads" not in (drawn.root / f"entries/{entry_name(133)}.md").read_text()
    tries = json.loads(drawn.run("attempts", "a horse", "--json", check=0).out)["tries"]
    gone = [one for one in tries if not one["there"]]
    assert [(one["model"], one["seed"], one["verdict"]) for one in gone] == [("m", 0, "failed")]
    assert len(tries) == 3


def test_a_verdict_typed_by_hand_counts_and_no_byte_of_the_file_changes(drawn: Space) -> None:
    mine = "# mine\nverdicts:\n- {picture: odd/a-horse-1.png, verdict: failed, word: 'no: legs'} # sic"
    drawn.write(verdicts_file(), mine)
    drawn.run("verdict", "kept", picture(0), check=0)
    assert (drawn.root / verdicts_file()).read_text().startswith(f"{mine}\n")
    out = drawn.run("attempts", "a horse", check=0).out
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
        ("verdicts: 3\n", 1, "verdicts is a list"),
        ("verdicts: [\n", 2, "not valid YAML"),
    ],
)
def test_a_wrong_verdict_is_told_with_its_line_and_nothing_is_written(
    drawn: Space, text: str, line: int, said: str
) -> None:
    drawn.write(verdicts_file(), text)
    for arguments in (("attempts",), ("verdict", "kept", picture(0)), ("day", "133")):
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
    ],
)
def test_a_verdict_that_can_not_be_given_is_said_and_none_is_written(
    drawn: Space, arguments: list[str], said: str
) -> None:
    assert said in drawn.run("verdict", *arguments, check=2).err
    assert not (drawn.root / verdicts_file()).exists()


@given(word=st.text(max_size=40))
def test_any_word_is_read_back_as_it_was_given(word: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("words")
    (folder / "journal.yml").write_text("name: A journal\nday-1: 2024-01-02\n")
    (folder / "entries/2024-05-13-day-133/odd").mkdir(parents=True)
    (folder / "entries/2024-05-13-day-133/odd/a.png").write_bytes(b"a picture")
    (entry := folder / "entries/2024-05-13-day-133.md").write_text("---\ntitle: A day\n---\n")
    workspace = find_workspace(folder)
    for _ in range(2):
        assert give_verdict([folder / "entries/2024-05-13-day-133/odd/a.png"], "kept", word, workspace) == [133]
    printable = "".join(sign for sign in " ".join(word.split()) if sign.isprintable())
    assert [one.word for one in read_verdicts(entry, workspace)] == [printable] * 2


@pytest.mark.parametrize("text", ["verdicts: []\n", "verdicts: [\n]\n", "{verdicts: []}\n"])
def test_a_file_whose_list_can_not_go_on_is_left_as_it_is(drawn: Space, text: str) -> None:
    drawn.write(verdicts_file(), text)
    assert "nothing can be added at its end" in drawn.run("verdict", "kept", picture(0), check=3).err
    assert (drawn.root / verdicts_file()).read_text() == text


def test_tries_are_listed_over_days_and_models_with_the_rate(drawn: Space) -> None:
    drawn.entry("  odd: {uses: toy.pictures, prompt: A  Horse, model: other, right: [true, true]}\n", day=134)
    drawn.entry("  odd: {uses: toy.pictures, prompt: a cat}\n", day=135)
    for day in ("134", "135"):
        drawn.run("day", day, check=0)
    out = drawn.run("attempts", "a horse", check=0).out
    assert out.splitlines()[0] == "a horse: 4 tries, 2 days, 2 models"
    assert "day 133, m, 10 steps" in out
    assert "day 134, other, 10 steps" in out
    assert "3 of 4 judged right (75 %; 95 % interval 30 to 95 %)" in out
    every = drawn.run("attempts", check=0).out.splitlines()
    assert [line.split(":")[0] for line in every] == ["a horse", "a cat"]


def test_a_prompt_that_was_never_tried_names_the_nearest(drawn: Space) -> None:
    assert "did you mean 'a horse'?" in drawn.run("attempts", "a hose", check=2).err


def test_a_journal_without_pictures_says_so(space: Space) -> None:
    assert "no tries yet" in space.run("attempts", check=0).out


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
