"""Results kept under another fingerprint than they were made under, since by a rule or by their author they stand."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from journal.api.report_file import artifact_digests, rewrite_header
from journal.layout import ANSWERS
from journal.plan.former import former_seen, is_of_former_rule
from journal.plan.parts import PartKind, dump_parts, load_parts
from journal.plan.seen import result_name
from journal.plan.steps import PlannedStep
from journal.run.steps import Ready, Run


def keep_as(run: Run, planned: PlannedStep, ready: Ready, work: Path) -> Path:
    """Put a copy of a result into the store under a step's fingerprint of now, and return its folder."""
    if ready.keeps is None or planned.source is None:
        raise ValueError("there is no result to keep")
    found = run.record.step(ready.keeps)
    former = load_parts(found.depends_on)
    if is_of_former_rule(former):
        seen = former_seen(former, planned.source, run.cache, run.surroundings)
    else:
        seen = {part: run.surroundings.state(part) or "" for part in load_parts(found.seen)}
    header: dict[str, Any] = {
        "fingerprint": ready.fingerprint.digest,
        "depends_on": dump_parts(ready.fingerprint.parts),
        "seen": dump_parts(seen),
        "artifacts": found.data.get("artifacts") or artifact_digests(ready.keeps),
        "made": found.data.get("made") or {"libraries": _libraries(former)},
        **_acceptance(run, planned, ready),
    }
    work.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ready.keeps, work, ignore=shutil.ignore_patterns(ANSWERS))  # which are of no one result
    rewrite_header(work, header)
    return run.store.keep(work, result_name(ready.fingerprint.digest, dump_parts(seen)))


def _libraries(former: Mapping[Any, str]) -> dict[str, str]:
    return {part.name: version for part, version in former.items() if part.kind == PartKind.LIBRARY}


def _acceptance(run: Run, planned: PlannedStep, ready: Ready) -> dict[str, Any]:
    """Return what the report says of a result that its author accepted: why, and what had changed."""
    if planned.id not in run.options.accept:
        return {}
    return {"accepted": {"reason": run.options.accept[planned.id], "changed": list(ready.reasons)}}
