"""Extras: a library that is missing is one line with the command that brings it, wherever it is missed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import Space

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
    assert "NOT extra audio: " in examined and "pip install 'journal-in-public[audio]'" in examined
    assert re.search(rf"NOT model m .*{re.escape(brings)}", examined)
    fetched = without_libraries.run("models", "--fetch", "h", check=1).err
    assert "pip install 'journal-in-public[llm]'" in fetched


def test_extras_are_read_from_the_distribution_itself() -> None:
    assert {"soundfile", "pydub"} <= set(extras()["audio"])
    assert install_line_for("imageio_ffmpeg") == "pip install 'journal-in-public[audio]'"
    assert install_line_for("some_package") == "pip install some-package"
