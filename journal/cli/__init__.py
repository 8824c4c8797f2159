"""The command line: a module for each group of commands."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer

from journal.cli import bundle, explain, look, media, publish, run, write
from journal.cli.group import Commands, add_commands
from journal.cli.opening import say
from journal.cli.values import spare_checks
from journal.errors import JournalError

app = typer.Typer(
    name="journal",
    cls=Commands,
    help="Run the steps of dated entries, put the results between their sentences, and publish the entries as a blog.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_ClickError: Any = typer.BadParameter.__mro__[2]  # Typer carries its own copy of click and exports no base class
_INTERRUPTED = 130


def _print_version(asked: bool) -> None:
    from journal import __version__

    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Let the workspace's own code run, this time; as JOURNAL_TRUST=1 does.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take the options shared by all commands."""
    if trust:
        os.environ["JOURNAL_TRUST"] = "1"


add_commands(
    app,
    {
        "init": write.init,
        "new": write.new,
        "import": write.import_,
        "media": media.media,
        "day": run.day,
        "run": run.run,
        "trust": run.trust,
        "gc": run.gc,
        "models": run.models,
        "status": look.status,
        "why": look.why,
        "check": look.check,
        "stats": look.stats,
        "history": look.history,
        "build": publish.build,
        "serve": publish.serve,
        "publish": publish.publish,
        "bundle": bundle.bundle,
        "task": explain.task,
        "doctor": explain.doctor,
    },
)


def main() -> None:
    """Run the command line, turning every error into lines and an exit code; with ``--json``, also into an object."""
    debug = "--debug" in sys.argv[1:]
    arguments = [word for word in sys.argv[1:] if word != "--debug"] or ["--help"]
    try:
        command = spare_checks(typer.main.get_command(app))
        code = command(arguments, standalone_mode=False, prog_name="journal")
        if code == _INTERRUPTED:  # Typer turns Ctrl-C into this code
            raise KeyboardInterrupt
    except (Exception, KeyboardInterrupt) as error:
        message, code = _told(error)
        say(message, code, debug)
        if "--json" in arguments:
            typer.echo(json.dumps({"error": message, "exit_code": code}, indent=1, ensure_ascii=False))
    sys.exit(code)


def _told(error: BaseException) -> tuple[str, int]:
    """Return what is said of an error, and the exit code."""
    if isinstance(error, JournalError):
        return str(error), error.exit_code
    if isinstance(error, _ClickError):
        return error.format_message(), 2
    if isinstance(error, typer.Abort | KeyboardInterrupt):
        return "interrupted; finished steps are kept, and the next run carries on", _INTERRUPTED
    # a bug in journal: also one line, without a traceback unless asked for
    return f"internal error in journal: {type(error).__name__}: {error}; --debug shows where", 1
