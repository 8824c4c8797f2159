"""Extras: a library that is missing is one line with the command that brings it, wherever it is missed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import Space
from terminals import at_terminal

from journal.extras import extras, install_line_for

ROOT = Path(__file__).parents[1]


@pytest.fixture
def without_libraries(space: Space, monkeypatch: pytest.MonkeyPatch) -> Space:
    """A workspace in which Python finds none of the extras' libraries."""
    missing = sorted(
        {module for modules in extras().values() for module in modules} - {"numpy"}
    )  # matplotlib brings it
    blocked = "\n".join(f"sys.modules[{module!r}] = None" for module in missing)
    space.write("blocked/sitecustomize.py", f"import sys\n{blocked}\n")
    monkeypatch.setenv("PYTHONPATH", f"{space.root}/blocked{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    space.write("grades.csv", (ROOT / "data/grades.csv").read_text())
    space.write("pairs.jsonl", '{"prompt": "a", "completion": "b"}\n' * 20)
    space.write(
        "journal.yml",
        "day-1: 2024-01-02\nmodels: {m: 'package:emoji_scenes/weights', h: 'hf:a/b', default-llm: 'hf:a/b'}\n",
    )
    return space


def test_day_says_what_to_install_and_shows_no_traceback(without_libraries: Space) -> None:
    path = without_libraries.entry("  f: {uses: factor.analysis, data: grades.csv, factors: 1}\n")
    done = without_libraries.run("day", "133", check=1)
    (line,) = [line for line in done.out.splitlines() if line.startswith("✗")]
    assert re.search(r"scipy.*; pip install 'journal-in-public\[factor\]'$", line)
    assert "line " not in done.out
    assert "This step failed" in path.read_text()


def test_run_says_what_to_install(without_libraries: Space) -> None:
    done = without_libraries.run("run", "factor.analysis", "data=grades.csv", "factors=1", check=1)
    assert "pip install 'journal-in-public[factor]'" in done.out
    done = without_libraries.run("run", "llm.lora", "data=pairs.jsonl", check=1)
    assert "pip install 'journal-in-public[llm]'" in done.out
    done = without_libraries.run("run", "llm.prompt", "prompt=hi", "model=hf:a/b", check=1)
    assert "pip install 'journal-in-public[llm]'" in done.out


def test_models_and_doctor_say_what_to_install(without_libraries: Space) -> None:
    brings = "pip install 'journal-in-public[emoji-scenes]'"
    assert re.search(rf"m +missing .*{re.escape(brings)}", without_libraries.run("models", check=0).out)
    examined = without_libraries.run("doctor", check=1).out
    assert (
        " -  extra audio: " in examined and "no step here needs it; pip install 'journal-in-public[audio]'" in examined
    )
    assert re.search(rf"NOT model m .*{re.escape(brings)}", examined)
    assert "-m pip install 'journal-in-public[emoji-scenes]'" in examined.splitlines()[-1]
    fetched = without_libraries.run("models", "--fetch", "h", check=1).err
    assert "pip install 'journal-in-public[llm]'" in fetched


def test_doctor_names_one_command_for_all_that_the_steps_need(without_libraries: Space) -> None:
    without_libraries.write("journal.yml", "day-1: 2024-01-02\nrun: {on: dask}\n")
    without_libraries.entry(
        "  f: {uses: factor.analysis, data: grades.csv}\n  a: {uses: audio.clip, recordings: x.wav}\n"
    )
    done = without_libraries.run("doctor", check=1)
    assert "NOT extra factor: " in done.out and "NOT extra dask: " in done.out and " -  extra llm: " in done.out
    assert done.out.splitlines()[-1].endswith("pip install 'journal-in-public[audio,factor,dask]'")
    said = json.loads(without_libraries.run("doctor", "--json", check=1).out)
    assert said["install"][1:] == ["-m", "pip", "install", "journal-in-public[audio,factor,dask]"]
    assert {one["state"] for one in said["findings"]} == {"ok", "missing", "unused"}


def test_what_no_step_needs_is_no_fault(without_libraries: Space) -> None:
    without_libraries.write("journal.yml", "day-1: 2024-01-02\n")
    done = without_libraries.run("doctor", check=0)
    assert "NOT" not in done.out and "to install" not in done.out


METADATA = """Metadata-Version: 2.1
Name: journal-in-public
Version: 0.1.0
Provides-Extra: tiny
Requires-Dist: tinylib; extra == "tiny"
"""
ENTRY_POINTS = "[journal.tasks]\ntiny.run = brings.tiny:run\n"
TASK = 'from journal import Report, task\n\n@task("tiny.run")\ndef run() -> Report:\n    return Report()\n'


def test_at_a_terminal_it_installs_what_is_missing(space: Space, tmp_path: Path) -> None:
    """With the real pip, from a folder of wheels, into a folder of its own."""
    shown = tmp_path / "shown"
    for name, text in {
        "journal_in_public-0.1.0.dist-info/METADATA": METADATA,
        "journal_in_public-0.1.0.dist-info/entry_points.txt": ENTRY_POINTS,
        "brings/__init__.py": "",
        "brings/tiny.py": TASK,
    }.items():
        (shown / name).parent.mkdir(parents=True, exist_ok=True)
        (shown / name).write_text(text)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with ZipFile(wheels / "tinylib-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinylib.py", "")
        wheel.writestr("tinylib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinylib\nVersion: 1.0\n")
        wheel.writestr("tinylib-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tinylib-1.0.dist-info/RECORD", "")
    space.entry("  t: {uses: tiny.run}\n")
    where = {
        "PYTHONPATH": f"{shown}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_PREFIX": str(tmp_path / "prefix"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }  # fmt: skip
    said = at_terminal(space, "doctor", typed="n\n", **where)
    assert "NOT extra tiny: tinylib missing; steps here need it" in said and "run it now? [y/N]" in said
    assert not (tmp_path / "prefix").exists()
    at_terminal(space, "doctor", typed="y\n", **where)
    assert list((tmp_path / "prefix").rglob("tinylib.py"))


def test_extras_are_read_from_the_distribution_itself() -> None:
    assert {"soundfile", "pydub"} <= set(extras()["audio"])
    assert install_line_for("imageio_ffmpeg") == "pip install 'journal-in-public[audio]'"
    assert install_line_for("some_package") == "pip install some-package"
