"""How a step ended: its result in the store and a word on it, or its failure with the end of its log."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from journal.api.report_file import read_data, read_headline, redact_report, rewrite_header
from journal.api.task import brief
from journal.errors import one_line
from journal.layout import has_report
from journal.plan.parts import Parts, load_parts
from journal.plan.seen import result_name, undeclared
from journal.run.in_hand import InHand
from journal.run.messages import Ended, Failed, Finished
from journal.run.moved import moved_numbers
from journal.run.result import StepResult
from journal.run.steps import Run
from journal.store import StepRun
from journal.store.history import Outcome
from journal.text.secrets import Redactor

LOG_LINES = 12
_MOST_REDACTED_BYTES = 50_000_000
_SPOILT = (FileNotFoundError, NotADirectoryError, PermissionError, UnicodeError)
_LINE, _TAIL_BYTES, _MOST_NAMED = 300, 100_000, 4


def settle_result(in_hand: InHand, ended: Ended, run: Run) -> StepResult:
    """Put a result into the store, and return how the step ended."""
    planned, ready = in_hand.planned, in_hand.waiting.ready
    seconds = time.time() - in_hand.started
    if isinstance(ended, Finished) and not has_report(in_hand.job.out):
        ended = Failed("its executor called it finished, but there is no result; run it again, or with --on local")
    redactor = Redactor.of(os.environ)
    _redact_log(in_hand.job.log, redactor)
    if isinstance(ended, Finished):
        try:
            folder = _keep(in_hand, ended, run, redactor)
        except _SPOILT as error:  # the step, or what it left running, changed its folder in the meantime
            ended = Failed(
                f"its result can't be kept: {type(error).__name__}: {error}".replace(f"{in_hand.job.out}{os.sep}", "")
            )
    if isinstance(ended, Finished):
        before = run.last_good(planned)
        notes = (*_notes(load_parts(ended.seen)), *moved_numbers(before, folder, run.record))
        headline = read_headline(folder) or ""
        return StepResult(planned, Outcome.DONE, folder, ready.reasons, "", headline, seconds, notes=notes)
    last, log = run.last_good(planned), in_hand.job.log
    shown = run.workspace.display_path(log)
    message = redactor.clean(one_line(ended.message))
    return StepResult(planned, Outcome.FAILED, last, ready.reasons, message, "", seconds, _tail(log), shown)


def _keep(in_hand: InHand, ended: Finished, run: Run, redactor: Redactor) -> Path:
    """Put a step's folder into the store, without the keys that it may hold, and return where it is now."""
    redact_report(in_hand.job.out, redactor)
    for name, path in ended.outside.items():
        run.store.note("outside", name, path)
    _keep_first_made(in_hand.job.out, run, in_hand)
    return run.store.keep(in_hand.job.out, result_name(in_hand.waiting.ready.fingerprint.digest, ended.seen))


def _redact_log(log: Path, redactor: Redactor) -> None:
    """Write a log again without the keys in it."""
    with suppress(OSError):
        if log.stat().st_size <= _MOST_REDACTED_BYTES:
            text = log.read_text(encoding="utf-8", errors="surrogateescape")
            if redactor.finds(text):
                log.write_text(redactor.clean(text), encoding="utf-8", errors="surrogateescape")
        else:
            log.write_bytes(redactor.clean(log.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace")).encode())


def _keep_first_made(folder: Path, run: Run, in_hand: InHand) -> None:
    """Have a result that is as an earlier one say where that was made, unless versions of libraries differ."""
    now = read_data(folder)
    for found in run.earlier(in_hand.planned):
        then = found.data
        versions = [{**(one.get("made") or {}), "machine": None} for one in (then, now)]
        is_same = all(then.get(name) == now.get(name) for name in {*then, *now} - {"made", "checksum"})
        if is_same and versions[0] == versions[1] and (then.get("made") or {}).get("machine"):
            rewrite_header(folder, {"made": then["made"]})
            return


def step_run_of(in_hand: InHand, result: StepResult, run: Run, executor: str, number: int) -> StepRun:
    """Return what the history keeps of a step's run; the peak of memory is added by who knows it."""
    fingerprint = in_hand.waiting.ready.fingerprint
    return StepRun(
        day=run.entry.day,
        step=in_hand.planned.id,
        task=in_hand.planned.step.uses,
        fingerprint=result.folder.name if result.outcome == Outcome.DONE and result.folder else fingerprint.digest,
        parts=fingerprint.parts,
        reason="; ".join(in_hand.waiting.ready.reasons),
        outcome=result.outcome,
        message=result.message,
        started=in_hand.started,
        seconds=result.seconds,
        executor=executor,
        run=number,
    )


def _notes(seen: Parts) -> tuple[str, ...]:
    """Return a line on what the step read without declaring it."""
    names = undeclared(seen)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    said = f"it read {', '.join(names[:_MOST_NAMED])}{more}, which it does not declare; it counts from now on"
    return (said,) if names else ()


def _tail(log: Path) -> tuple[str, ...]:
    """Return the last lines of a log, each as long as a terminal wants it; the log itself may be of any size."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ()
    lines = (line for line in text.replace("\r", "\n").splitlines() if line.strip())
    return tuple(brief(line, _LINE) for line in lines)[-LOG_LINES:]
