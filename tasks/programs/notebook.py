"""Run a Jupyter notebook, and show the tables, pictures and text of its cells."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from journal import Context, Field, File, Files, Report, TaskError, task

from .cell_outputs import show_output, steady, without_colours
from .scratch import fill, take
from .showing import show_file

if TYPE_CHECKING:
    from nbformat import NotebookNode

_LONGEST = 300
_NOT_FOUND = ("FileNotFoundError", "ModuleNotFoundError")
_TAG, _INJECTED = "parameters", "injected-parameters"
"""The tags of papermill, which name the cell of defaults and the one that replaces them."""


@task("notebook.run", version=1, libraries=["nbclient", "ipykernel"], runs_programs=True)
def run(
    ctx: Context,
    notebook: Annotated[
        File,
        Field(
            description="an .ipynb file; the copy that ran is kept, the file itself is not changed",
            examples=["notebooks/survey.ipynb"],
        ),
    ],
    files: Annotated[
        Files | None, Field(description="modules and data that it reads; it runs in a folder with these alone")
    ] = None,
    parameters: Annotated[
        dict[str, Any], Field(description="variables that replace those of the cell tagged 'parameters'")
    ] = {},  # noqa: B006  # never changed
    results: Annotated[
        tuple[str, ...], Field(description="files that it makes, or globs; each is shown by its suffix")
    ] = (),
    prose: Annotated[bool, Field(description="show the notebook's own text cells, too")] = False,
) -> Report:
    """Run a Jupyter notebook from top to bottom in a kernel of its own, and show what its cells put out."""
    read = _read(notebook)
    _set(read, parameters)
    report = Report()
    with tempfile.TemporaryDirectory(prefix="journal-") as folder:
        scratch = Path(folder)
        fill(scratch, ctx.root, files or [])
        _execute(read, scratch)
        made = take(scratch, ctx.out, results, "the notebook")
        kept = ctx.out / notebook.name
        if kept.exists():
            raise TaskError(f"results: {kept.name} is what the copy that ran is called; give the file another name")
        _write(read, kept, str(scratch))
        for number, cell in enumerate(read.cells, 1):
            if cell.cell_type == "markdown" and prose:
                report.text(cell.source)
            for place, output in enumerate(cell.get("outputs", []), 1):
                show_output(report, output, ctx.out, f"cell-{number}" + (f"-{place}" if place > 1 else ""))
    for file in made:
        show_file(report, file, ctx.out)
    cells = sum(cell.cell_type == "code" for cell in read.cells)
    report.file(kept, title="the notebook as it ran").output("notebook", kept)
    return report.headline(f"{cells} cells of {notebook.name}")


def _read(path: Path) -> NotebookNode:
    """Return a notebook of the newest format. Raises ``TaskError`` where the file holds none."""
    import nbformat

    try:
        read: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(read)
    except Exception as error:  # a file can be wrong in any way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TaskError(f"{path.name}: is no notebook ({reason[:_LONGEST]})") from error
    return read


def _set(notebook: NotebookNode, parameters: Mapping[str, Any]) -> None:
    """Put a cell with the parameters' values after the cell of defaults, or first."""
    if not parameters:
        return
    if wrong := next((name for name in parameters if not str(name).isidentifier()), None):
        raise TaskError(f"parameters: '{wrong}' is no name of a variable")
    language = str(notebook.metadata.get("kernelspec", {}).get("language", "python"))
    if language != "python":
        raise TaskError(f"parameters: can be set in notebooks of Python alone; this one is in {language}")
    from nbformat.v4 import new_code_cell

    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    cell = new_code_cell(source, metadata={"tags": [_INJECTED]})  # type: ignore[no-untyped-call]
    notebook.cells = [one for one in notebook.cells if _INJECTED not in one.metadata.get("tags", [])]
    tagged = [place for place, one in enumerate(notebook.cells) if _TAG in one.metadata.get("tags", [])]
    notebook.cells.insert(tagged[0] + 1 if tagged else 0, cell)


def _execute(notebook: NotebookNode, scratch: Path) -> None:
    """Run all cells in order. Raises ``TaskError`` with the cell and its error."""
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    client = NotebookClient(notebook, timeout=None, record_timing=False, resources={"metadata": {"path": str(scratch)}})
    try:
        client.execute()
    except CellExecutionError as error:
        where = without_colours(error.traceback).splitlines()
        sys.stderr.write(
            "\n".join(line for line in where if not re.search("^-{9,}|Traceback .most recent", line.strip()))
        )
        mend = "; what it reads has to stand in files:" if error.ename in _NOT_FOUND else ""
        raise TaskError(_explain(notebook, error.ename, error.evalue, str(scratch)) + mend) from error
    except DeadKernelError as error:
        raise TaskError(f"the kernel ended in {_last_cell(notebook)}; it may have run out of memory") from error
    except NoSuchKernel as error:
        raise TaskError(
            f"no kernel '{error.name}' is installed; install it, or choose another in the notebook"
        ) from error


def _explain(notebook: NotebookNode, name: str, value: str, scratch: str) -> str:
    """Return the error with the first line of its cell, which is how a reader finds it: numbers change as cells do."""
    lines = f"{name}: {value.replace(scratch, '.')[:_LONGEST]}"
    for cell in notebook.cells:
        if any(output.get("output_type") == "error" for output in cell.get("outputs", [])):
            return f"in the cell that begins with '{cell.source.strip().splitlines()[0][:60]}': {lines}"
    return lines


def _last_cell(notebook: NotebookNode) -> str:
    ran = [number for number, cell in enumerate(notebook.cells, 1) if cell.get("execution_count")]
    return f"cell {ran[-1] + 1}" if ran and ran[-1] < len(notebook.cells) else "its first cell"


def _write(notebook: NotebookNode, path: Path, scratch: str) -> None:
    """Write the notebook as it ran, in the same bytes for the same outputs."""
    import nbformat

    for number, cell in enumerate(notebook.cells):
        cell.id = hashlib.sha256(f"{number} {cell.source}".encode()).hexdigest()[:8]
        for output in cell.get("outputs", []):
            _make_steady(output, scratch)
    written = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    path.write_text(written, encoding="utf-8")


def _make_steady(output: Any, scratch: str) -> None:
    """Take out of an output what differs from run to run: the folder that it ran in, and addresses in memory."""
    if "text" in output:
        output["text"] = steady(output["text"].replace(scratch, "."))
    for kind, text in output.get("data", {}).items():
        if isinstance(text, str) and kind.startswith("text/"):
            output["data"][kind] = steady(text.replace(scratch, "."))
