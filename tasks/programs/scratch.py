"""The folder that a program runs in: copies of the files that its step declares, and nothing else."""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from journal import TaskError


def fill(scratch: Path, root: Path, files: Iterable[Path]) -> None:
    """Copy files and folders to the places that they have in the workspace.

    A program that reads a relative path which its step does not declare so finds nothing, rather than something that
    may change without a word; and what it writes to a file that it was given changes the copy alone. A file from
    outside the workspace, or of another step, comes by its name.
    """
    for file in files:
        is_ours = file.is_relative_to(root) and not file.is_relative_to(root / ".journal")
        place = file.relative_to(root) if is_ours else Path(file.name)
        target = scratch / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.is_dir():
            shutil.copytree(file, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(file, target)
            target.chmod(file.stat().st_mode | 0o600)


def take(scratch: Path, out: Path, results: Sequence[str], said: str) -> list[Path]:
    """Copy the results, given as names or globs, to ``out``, and return them there, in the order of their names.

    Raises ``TaskError`` for one that the program did not make, or that lies outside the folder.
    """
    taken: list[Path] = []
    for pattern in results:
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise TaskError(f"results: {pattern} is outside the folder that the program runs in; name it within")
        found = sorted(Path(path) for path in glob.glob(str(scratch / pattern), recursive=True))  # noqa: PTH207
        files = [path for path in found if path.is_file()]
        if not files:
            raise TaskError(f"results: {said} made no {pattern}; it made {_named(scratch)}")
        for path in files:
            target = out / path.relative_to(scratch)
            target.parent.mkdir(parents=True, exist_ok=True)
            taken.append(Path(shutil.copyfile(path, target)))
    return list(dict.fromkeys(taken))


def _named(scratch: Path) -> str:
    names = sorted(path.relative_to(scratch).as_posix() for path in scratch.rglob("*") if path.is_file())
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "") if names else "no file"
