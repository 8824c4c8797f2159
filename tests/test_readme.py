"""README says what the program does: its commands, its tree, its paths."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from test_architecture import ORDER

from journal.extras import extras

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def commands() -> set[str]:
    done = subprocess.run([sys.executable, "-m", "journal", "--help"], capture_output=True, text=True, check=True)
    listed = done.stdout.split("Write:")[1]
    return set(re.findall(r"^  (\w+)  ", listed, re.MULTILINE))


def test_every_command_stands_in_the_readme_and_no_other() -> None:
    table = re.findall(r"^\| `journal (\w+)", README, re.MULTILINE)
    assert set(table) == commands()


def test_every_option_that_the_readme_names_is_there() -> None:
    command = [sys.executable, "-m", "journal", "day", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    row = next(line for line in README.splitlines() if line.startswith("| `journal day"))
    options = set(re.findall(r"--[a-z-]+", row))
    assert options
    assert all(option in done.stdout for option in options)


def test_every_path_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert all((ROOT / link).exists() for link in links if "://" not in link)


def test_every_module_of_the_core_stands_in_the_tree() -> None:
    tree = README.split("## What is where")[1].split("## Words")[0]
    modules = {
        path.stem for path in (ROOT / "journal").iterdir() if path.name[0] not in "_." and path.suffix in ("", ".py")
    }
    assert {name for name in modules if not re.search(rf"\b{name}\b", tree)} == set()


def test_the_tree_names_the_packages_in_the_order_of_their_imports() -> None:
    tree = README.split("## What is where")[1].split("## Words")[0].split("journal/ ")[1].split("tasks/ ")[0]
    places = [re.search(rf"\b{name}\b", tree) for name in ORDER]
    positions = [place.start() for place in places if place]
    assert len(positions) == len(ORDER) and positions == sorted(positions)


def test_the_page_on_architecture_names_the_packages_in_the_order_of_their_imports() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    assert re.findall(r"^\| `(\w+)/?` \|", page, re.MULTILINE) == ORDER


def test_every_extra_has_its_line_to_install_it() -> None:
    named = set(re.findall(r"journal-in-public\[(\w+)\]", README))
    assert named == set(extras()) - {"emoji-scenes"}


def test_the_plugin_is_of_eight_lines() -> None:
    """Blank lines aside: docstring, import, decorator, function, docstring, return."""
    plugin = README.split("```python\n")[1].split("```")[0]
    assert len(plugin.splitlines()) <= 8
