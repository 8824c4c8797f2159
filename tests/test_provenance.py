"""``journal why FILE``: a file is known by its content, wherever it was copied, and an edited copy as one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Space

pytestmark = pytest.mark.slow

MAKE = '''"""Files of several kinds, and a step that uses one."""
import wave
import numpy as np
from PIL import Image
from journal import Context, File, Report, task


@task("toy.make")
def make(ctx: Context, source: File, seeds: int = 1) -> Report:
    """Make a picture, a sound and a table of noise."""
    noise = np.random.default_rng(seeds)
    Image.fromarray(noise.integers(0, 255, (32, 48, 3), dtype=np.uint8)).resize((96, 64)).save(ctx.out / "a.png")
    with wave.open(str(ctx.out / "a.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(noise.integers(-9000, 9000, 8000, dtype=np.int16).tobytes())
    (ctx.out / "a.csv").write_text(f"n\\n{seeds}\\n")
    return Report().metric("n", seeds).file(ctx.out / "a.csv").output("table", ctx.out / "a.csv")


@task("toy.use")
def use(ctx: Context, table: File) -> Report:
    """Copy a table."""
    (ctx.out / "b.csv").write_text(table.read_text() + "more\\n")
    return Report().metric("n", 1).file(ctx.out / "b.csv")
'''


@pytest.fixture
def made(space: Space) -> Space:
    """A workspace with one day of three steps, run."""
    space.write("plugins/make.py", MAKE)
    space.write("data/source.txt", "words\n")
    space.entry(
        "  one: {uses: toy.make, source: data/source.txt}\n  two: {uses: toy.make, source: data/source.txt, seeds: 2}\n"
        "  use: {uses: toy.use, table: '${two.table}'}\n"
    )
    space.run("day", "133", check=0)
    return space


def made_file(space: Space, name: str) -> Path:
    return next((space.root / "entries").glob(f"*/{name}"))


@pytest.mark.parametrize("name", ["one/a.png", "two/a.png", "two/a.wav", "one/a.csv", "use/b.csv"])
def test_a_copy_is_known_whatever_it_is_called(made: Space, name: str, tmp_path: Path) -> None:
    shutil.copy(made_file(made, name), tmp_path / "elsewhere.bin")
    said = made.run("why", str(tmp_path / "elsewhere.bin"), check=0).out
    assert said.splitlines()[0].endswith(f"/{name}, made by 133.{name.partition('/')[0]} (toy.{_task(name)})")


def _task(name: str) -> str:
    return "use" if name.startswith("use") else "make"


def test_what_it_came_from_is_told_down_to_the_data(made: Space) -> None:
    said = made.run("why", str(made_file(made, "use/b.csv")), check=0).out.split("came from\n")[1]
    lines = said.splitlines()
    assert lines[0] == "  two.table"
    assert lines[1].startswith("    input data/source.txt, sha256 ")


def test_an_input_is_told_as_one(made: Space) -> None:
    said = made.run("why", "data/source.txt", check=0).out
    assert said.splitlines() == [f"an input, data/source.txt, of 133.{step} (toy.make)" for step in ("one", "two")]


def test_an_edited_picture_is_known_and_how_much_of_it_differs(made: Space, tmp_path: Path) -> None:
    """A square of 24 × 16 of 96 × 64 pixels: a sixteenth, 6.2 %."""
    from PIL import Image

    picture = Image.open(made_file(made, "two/a.png")).convert("RGB")
    picture.paste((255, 0, 255), (0, 0, 24, 16))
    picture.save(tmp_path / "x.png")
    said = made.run("why", str(tmp_path / "x.png"), check=0).out
    assert "two/a.png, made by 133.two" in said
    assert said.startswith("an edited copy of ")
    assert "6.2 % of its pixels differ" in said
    picture.resize((48, 32)).save(tmp_path / "y.jpg")
    assert (
        "two/a.png, made by 133.two (toy.make): 96 × 64 pixels → 48 × 32"
        in made.run("why", str(tmp_path / "y.jpg")).out
    )


def test_an_edited_sound_is_known(made: Space, tmp_path: Path) -> None:
    import soundfile

    samples, rate = soundfile.read(made_file(made, "one/a.wav"))
    soundfile.write(tmp_path / "x.flac", 0.5 * samples[1000:], rate)
    said = made.run("why", str(tmp_path / "x.flac"), check=0).out
    assert "one/a.wav, made by 133.one (toy.make): 1.00 s → 0.88 s" in said


def test_what_no_step_made_is_said(made: Space, tmp_path: Path) -> None:
    from PIL import Image

    Image.linear_gradient("L").resize((96, 64)).save(tmp_path / "other.png")
    for path in (tmp_path / "other.png", made.root / "journal.yml"):
        done = made.run("why", str(path), check=2)
        assert "no step whose report is here made this file, or one like it" in done.err
    assert "there is no such file" in made.run("why", "nowhere.png", check=2).err


def test_a_file_is_run_again_as_what_made_it(made: Space, tmp_path: Path) -> None:
    shutil.copy(made_file(made, "two/a.csv"), tmp_path / "dropped.bin")
    done = made.run("run", str(tmp_path / "dropped.bin"), check=0)
    assert "uses: toy.make" in done.out
    assert "seeds: 2" in done.out
    again = made.root / "build/run/make/a.csv"
    assert again.read_bytes() == made_file(made, "two/a.csv").read_bytes()
    made.run("run", str(tmp_path / "dropped.bin"), "seeds=3", check=0)
    assert again.read_text() == "n\n3\n"


def test_a_file_made_of_another_step_is_run_with_that_steps_day(made: Space) -> None:
    done = made.run("run", str(made_file(made, "use/b.csv")), check=0)
    assert "${day-133.two.table}" in done.out


def test_a_file_that_no_step_made_is_not_run(made: Space) -> None:
    done = made.run("run", "data/source.txt", check=2)
    assert "data/source.txt: it holds no recipe, and no step whose report is here made it" in done.err
    assert len(done.err.splitlines()) == 1
