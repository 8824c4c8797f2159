"""The guide: each command in it runs and says what the page shows."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
from transcripts import Command, Shell, agrees, make_commands, parts_of, write_file

from journal.cli import app

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md") if "```console\n$ " in path.read_text(encoding="utf-8"))
NEEDS = {"cluster.md": "distributed", "data-set.md": "soundfile", "year-from-blogger.md": "markdownify"}
IN_CHECKOUT = ("cluster.md", "data-set.md")
"""Pages whose commands are to be given in a checkout."""
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in [*DOCS.glob("*.md"), ROOT / "README.md"]}
INDENTED = [
    (name, line.strip()) for name, text in TEXTS.items() for line in re.findall("^    (journal .*)", text, re.M)
]
"""Commands of reference pages, which show no output."""
ELSEWHERE = {
    "journal serve": "test_blog_site.py: it runs until it is stopped",
    "journal publish": "test_blog_publish.py, and publishing.md here: it asks",
    "journal import": "test_importing.py, and year-from-blogger.md here: a blog of yours",
    "journal task new": "first-task.md here",
    "journal verdict": "test_trials.py: it takes pictures whose weights are another's",
    "journal dataset glaswegian OUT --push": "test_audio_hub.py: it asks a hub",
    "journal why": "test_task_diffusion_sample.py: it draws a picture again",
}
"""Those that can't be given in a copy of this checkout, and the tests that give them."""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "here").mkdir()
    shell = Shell(tmp_path / "here", make_commands(tmp_path / "bin"))
    yield shell
    shell.close()


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_shows_is_what_its_commands_say(name: str, shell: Shell) -> None:
    if name in NEEDS and find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    if name in IN_CHECKOUT:
        copy_checkout(shell.folder)
    for part in parts_of((DOCS / name).read_text(encoding="utf-8")):
        if isinstance(part, Command):
            said = shell.run(part.line)
            assert part.line.endswith("&") or agrees(part.shown, said), (
                f"$ {part.line}\n{said}\n--- shown:\n{part.shown}"
            )
        else:
            write_file(shell.folder, *part)


def copy_checkout(folder: Path) -> None:
    for name in ("data", "entries", "examples", "site"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".journal", "build"))
    shutil.copy(ROOT / "journal.yml", folder)


def test_the_commands_of_reference_pages_can_be_given_in_this_checkout(shell: Shell) -> None:
    copy_checkout(shell.folder)
    settings = (shell.folder / "journal.yml").read_text()
    write_file(shell.folder, "journal.yml", f"{settings}speakers: speakers.yml\n")
    write_file(
        shell.folder, "speakers.yml", "jessie: {gender: female, accent: Scots, consent: signed, licence: CC0-1.0}\n"
    )
    given = [line for _, line in INDENTED if not line.startswith(tuple(ELSEWHERE))]
    assert len(given) >= 8
    for line in given:
        shell.run(line)


def test_every_command_that_a_page_names_is_there_with_its_options() -> None:
    group = typer.main.get_command(app)
    found = [
        (name, line)
        for name, text in TEXTS.items()
        for line in [*re.findall(r"`(journal [^`]+)`", text), *re.findall(r"^(?:    |\$ )(journal .*)", text, re.M)]
    ]
    assert len(found) > 100
    for name, line in found:
        words = shlex.split(line.replace("...", ""), comments=True)
        if words[1].startswith("-") or words[1] == "days":  # the example of a command from a package
            continue
        command = group.get_command(typer.Context(group), words[1])  # type: ignore[attr-defined]
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        assert not [word for word in words if word.startswith("--") and word.split("=")[0] not in known], (
            f"{name}: {line}"
        )
