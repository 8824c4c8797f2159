"""The structure: one direction, and nothing heavy before it is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from conftest import Space, environment

import journal
from journal.doors import own_code

ROOT = Path(__file__).parents[1]
ORDER = [
    *["errors", "files", "layout", "extras", "doors", "trust"],
    *[
        "text",
        "api",
        "record",
        "plan",
        "store",
        "run",
        "render",
        "day",
        "testing",
        "ask",
        "media",
        "blog",
        "bundle",
        "start",
        "importing",
        "cli",
    ],
]
HEAVY = ["torch", "transformers", "diffusers", "peft", "matplotlib", "pandas", "scipy", "numpy", "mkdocs", "pydantic"]


def _module_of(path: Path) -> str:
    return path.relative_to(ROOT / "journal").parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


SOURCES = [p for p in sorted((ROOT / "journal").rglob("*.py")) if p.name not in ("__main__.py",)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_imports_only_from_those_before_it(path: Path) -> None:
    module = _module_of(path)
    if module == "__init__":
        return
    for name in _imports(path):
        if name.startswith("journal."):
            imported = name.split(".")[1]
            assert imported == module or ORDER.index(imported) < ORDER.index(module), f"{module} imports {imported}"


def test_modules_import_each_other_in_no_circle() -> None:
    names = {_name_of(path): path for path in SOURCES}
    graph = {name: {one for one in _names_imported(path, names) if one != name} for name, path in names.items()}
    assert list(TopologicalSorter(graph).static_order())


def _name_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def _names_imported(path: Path, names: dict[str, Path]) -> set[str]:
    """Return the modules that a module imports as it is imported itself: neither in functions nor for types alone."""
    found = set[str]()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module in names:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & set(names)
            found |= submodules or {node.module}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_core_imports_no_task(path: Path) -> None:
    assert not any(name.split(".")[0] in ("tasks", "journal_tasks", "emoji_scenes") for name in _imports(path))


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").rglob("*.py")), ids=lambda path: path.name)
def test_tasks_import_from_the_public_names_of_journal_alone(path: Path) -> None:
    assert not [name for name in _imports(path) if name.startswith("journal.")]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_where_results_lie_beside_an_entry_is_known_to_one_module(path: Path) -> None:
    if path.name == "layout.py":
        return
    literals = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    code = re.sub(r"\"\"\".*?\"\"\"", "", path.read_text(), flags=re.DOTALL)
    assert "report.json" not in [text for text in literals if isinstance(text, str)]
    assert 'with_suffix("")' not in code and "verdicts.yml" not in code


def test_each_public_name_is_listed_once_and_can_be_imported() -> None:
    assert sorted(journal.__all__) == sorted({*journal.__all__}) == sorted(journal._PLACE_OF)
    assert all(getattr(journal, name) is not None for name in journal.__all__)


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; sys.argv = ['journal', '--help']\nimport journal.cli\n"
    code += "try:\n journal.cli.main()\nexcept SystemExit:\n pass\n"
    check = f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout


def test_listing_the_tasks_of_the_project_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from journal.plan.registry import *\n"
        "registry = read_registry(Path('plugins'))\n"
        "[load_task(registry.find(name)) for name in registry.names()]\n"
    )
    heavy = [name for name in HEAVY if name not in ("numpy", "pydantic")]
    check = f"print('LOADED', [name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout


def test_a_day_that_is_up_to_date_loads_no_heavy_library(space: Space) -> None:
    space.entry("  one:\n    uses: text.write\n    times: 2\n")
    space.run("day", "133", check=0)
    command = [sys.executable, "-X", "importtime", "-m", "journal", "day", "133"]
    done = subprocess.run(command, cwd=space.root, capture_output=True, text=True, check=True, env=environment())
    assert "nothing changed" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "journal.day" in loaded
    heavy = {*HEAVY, "importlib.metadata", "rich", "journal.render", "journal.run.process"}
    assert sorted(loaded & heavy) == []


def test_what_is_kept_between_commands_is_kept_for_this_very_code() -> None:
    """Any edit of the core makes notes void: blocks are rendered again, codes and parameters are read again."""
    for path in SOURCES:
        assert f"'{path.relative_to(ROOT / 'journal').as_posix()}'" in own_code()
