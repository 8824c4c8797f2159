"""Run a command in any language, and show what it printed and made."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from journal import Context, Field, Files, Report, TaskError, task

from .scratch import fill, take
from .showing import add_table, show_file

_LONGEST = 300


@task("shell.run", version=1, runs_programs=True)
def run(
    ctx: Context,
    command: Annotated[
        str,
        Field(
            min_length=1, description="what sh runs, in one line or many; it stops at a failure", examples=["echo aye"]
        ),
    ],
    files: Annotated[
        Files | None, Field(description="scripts and data that it reads; it runs in a folder with these alone")
    ] = None,
    results: Annotated[
        tuple[str, ...], Field(description="files that it makes there, or globs; each is shown by its suffix")
    ] = (),
    printed: Annotated[
        Literal["text", "table", "markdown", "nothing"], Field(description="what its standard output is shown as")
    ] = "text",
) -> Report:
    """Run a command, such as a script in R, and show its output and the files that it makes."""
    with tempfile.TemporaryDirectory(prefix="journal-") as folder:
        scratch = Path(folder)
        fill(scratch, ctx.root, files or [])
        said = _run(command, scratch)
        report = Report()
        for file in take(scratch, ctx.out, results, "the command"):
            show_file(report, file, ctx.out)
    _add_printed(report, said, printed)
    report.part("how", "The command", folded=True).quote(command.strip("\n"))
    return report.output("printed", said)


def _run(command: str, scratch: Path) -> str:
    """Run a command and return what it printed; what it says of errors goes to the step's log, too."""
    done = subprocess.run(
        ["sh", "-ec", command], cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    errors = done.stderr.decode("utf-8", "replace")
    sys.stderr.write(errors)
    said = done.stdout.decode("utf-8", "replace").replace("\r\n", "\n").replace(str(scratch), ".")
    if done.returncode:
        sys.stderr.write(said)
        lines = [line.strip() for line in errors.replace(str(scratch), ".").splitlines() if line.strip()]
        how = f"ended with code {done.returncode}" if done.returncode > 0 else f"was ended by signal {-done.returncode}"
        mend = "; what it reads has to stand in files:" if "No such file" in errors else ""
        raise TaskError(
            f"the command {how}{': ' + lines[-1][:_LONGEST] if lines else ' and said nothing of why'}{mend}"
        )
    return said


def _add_printed(report: Report, said: str, printed: str) -> None:
    if not said.strip() or printed == "nothing":
        return
    if printed == "table":
        add_table(report, said, "", "what the command printed")
    elif printed == "markdown":
        report.text(said)
    else:
        report.quote(said.rstrip("\n"))
