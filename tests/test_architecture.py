"""The structure: one direction, and nothing heavy before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Space, environment

ROOT = Path(__file__).parents[1]
ORDER = [
    *["errors", "document", "workspace", "models", "report", "task", "entry", "registry", "plan", "fingerprint"],
    *["store", "run", "verdicts", "ledger", "render", "splice", "day"],
    *[
        "why",
        "attempts",
        "check",
        "status",
        "tasklist",
        "doctor",
        "skeleton",
        "trying",
        "importing",
        "blog",
        "console",
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


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_core_imports_no_task(path: Path) -> None:
    assert not any(name.split(".")[0] == "tasks" for name in _imports(path))


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
    assert not loaded & {*HEAVY, "importlib.metadata", "rich", "journal.render", "journal.run.process"}
