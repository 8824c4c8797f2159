"""Jobs built from steps that wait: their values, the header of their report, and what they may read and write."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from journal.api.kept_files import Limits
from journal.api.models import model_path
from journal.api.report_file import ReportHeader
from journal.files import file_stat, restore_folder
from journal.layout import LAST_DAY, answers_in
from journal.plan import PlannedStep
from journal.plan.inputs import paths_in
from journal.plan.parts import PartKind, Parts, dump_parts
from journal.plan.references import references_in
from journal.plan.registry import TaskSource
from journal.plan.task_cache import digest_of
from journal.run.job import Job
from journal.run.ready_queue import Waiting
from journal.run.steps import Run
from journal.text.workspace import Workspace


def build_job(run: Run, waiting: Waiting, work: Path) -> Job:
    """Return the job of a step that waits, with its folder below ``work``."""
    planned, ready = waiting.planned, waiting.ready
    source = planned.known_source
    parts = ready.fingerprint.parts
    header = ReportHeader(
        task=source.name,
        parameters=_display_parameters(planned, ready.inputs.values, run.workspace),
        fingerprint=ready.fingerprint.digest,
        depends_on=dump_parts(parts),
        made=_made(source, run),
    )
    known, code = run.cache, run.cache.code(source)
    answers = _answers(run, planned)
    name, root = f"day-{run.entry.day}-{planned.id}", run.workspace.root
    return Job(
        source=source,
        values=ready.inputs.values,
        header=header,
        out=work / name,
        log=run.store.logs / f"{name}.log",
        root=root,
        day=run.entry.day,
        date=run.entry.date,
        models=dict(run.workspace.models),
        servers=dict(run.workspace.servers),
        threads=max(1, int(waiting.claims["cpu"])),
        gpus=waiting.gpus,
        code=tuple(path for path in code.files if path.is_relative_to(root)),
        cache_dir=None if run.options.force else run.store.folder / "kept",
        answers=answers,
        answers_begin=answers.stat().st_size if run.is_forced(planned) and answers.exists() else 0,
        cache_key=digest_of(code.digest, header.made),
        code_digest=code.digest,
        known_code={str(path): (file_stat(path), known.code_digest(path)) for path in code.files},
        libraries=code.libraries,
        is_versioned=known.signature(source).version is not None,
        inputs=(*paths_in(dict(ready.inputs.values)), *_model_paths(parts, run.workspace)),
        declared_models=frozenset(part.name for part in parts if part.kind == PartKind.MODEL),
        limits=Limits(run.workspace.largest_artifact, run.workspace.largest_text),
        guarded=(run.store.folder, run.workspace.entries),
    )


def _answers(run: Run, planned: PlannedStep) -> Path:
    """Return where a step's answers are kept: beside its entry, or in the store for ad-hoc runs and replays."""
    entry, is_own = run.entry, run.store.folder == run.workspace.state
    if entry.day == LAST_DAY or not is_own:
        return run.store.folder / "answers" / f"{entry.path.stem}-{planned.id}.jsonl"
    folder = entry.artifacts / planned.id
    restore_folder(folder)
    return answers_in(folder)


def _made(source: TaskSource, run: Run) -> dict[str, Any]:
    """Return the versions of Python and of the libraries that a task declares or its code imports, and the machine."""
    installed, known = run.cache.installed, run.cache
    names = {*known.signature(source).libraries, *installed.distributions(known.code(source).libraries)}
    return {
        "python": platform.python_version(),
        "libraries": {name: installed.version(name) for name in sorted(names)},
        "machine": machine_kind(),
    }


@cache
def machine_kind() -> dict[str, str]:
    """Return what kind of machine this is, by what may round numbers otherwise; nothing that names this very one."""
    return {"system": f"{platform.system()} {platform.machine()}", "processor": _processor()}


def _processor() -> str:
    """Return the processor's model, which Python tells on few systems."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor()


def _model_paths(parts: Parts, workspace: Workspace) -> list[Path]:
    """Return where the models are that a step names, but for those that are fetched."""
    paths = (
        model_path(part.name, workspace.models, workspace.root, workspace.servers)
        for part in parts
        if part.kind == PartKind.MODEL
    )
    return [path for path in paths if path]


def _display_parameters(planned: PlannedStep, values: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Return the parameters for the report: references as written, files relative to the workspace."""
    written = planned.step.parameters
    shown = {
        name: written[name] if references_in(written.get(name)) else _with_display_paths(value, workspace)
        for name, value in values.items()
    }
    return json.loads(json.dumps(shown, default=str))  # type: ignore[no-any-return]


def _with_display_paths(value: Any, workspace: Workspace) -> Any:
    if isinstance(value, Path):
        return workspace.display_path(value)
    if isinstance(value, Mapping):
        return {name: _with_display_paths(part, workspace) for name, part in value.items()}
    return [_with_display_paths(part, workspace) for part in value] if isinstance(value, list | tuple) else value
