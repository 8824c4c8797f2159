"""The wheel: everything that an installed journal needs is in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    copy, parts = folder / "source", ("journal/", "tasks/", "pyproject", "setup.py", "README", "LICENSE", "THIRD-PARTY")
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in (name for name in names if name.startswith(parts) and (ROOT / name).is_file()):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([*command, str(copy)], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The wheel, unpacked into a folder as pip installs it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.parent / "site-packages")
    return wheel.parent / "site-packages"


def journal(installed: Path, folder: Path, *arguments: str, safe_path: bool = True) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, *(["-P"] if safe_path else []), "-m", "journal", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installed_journal_makes_a_workspace_and_its_blog(installed: Path, tmp_path: Path) -> None:
    journal(installed, tmp_path, "init", "mine")
    journal(installed, tmp_path / "mine", "build")
    assert (tmp_path / "mine/build/site/index.html").is_file()
    assert (tmp_path / "mine/build/site/assets/journal.css").is_file()


def test_the_wheel_puts_two_packages_on_the_top_level_and_nothing_else(installed: Path) -> None:
    names = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert names == {"journal", "journal_tasks"}


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 2_500_000  # half of it draws diagrams, a third is code; 17.7 MB with a model in it


def test_files_of_the_users_own_hide_no_built_in_task(installed: Path, tmp_path: Path) -> None:
    journal(installed, tmp_path, "init", "mine")
    for name in ("tasks.py", "site.py", "models.py"):
        (tmp_path / "mine" / name).write_text("raise SystemExit('the wrong module')\n")
    listed = journal(installed, tmp_path / "mine", "task", safe_path=False)
    assert "Cut one clip" in listed and "can't be imported" not in listed


def test_the_plugin_in_readme_is_right_to_a_strict_type_checker(installed: Path, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    (plugin,) = [code for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "@task" in code]
    (tmp_path / "count.py").write_text(plugin)
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--cache-dir",
        str(tmp_path / "cache"),
        "count.py",
    ]
    environment = {**os.environ, "MYPYPATH": str(installed)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (installed / "journal/py.typed").exists()
