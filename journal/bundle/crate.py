"""A bundle's contents as an RO-Crate: ``ro-crate-metadata.json``, which other programs read.

Source: RO-Crate 1.1 (https://w3id.org/ro/crate/1.1); a step is a CreateAction, as its section on provenance has it.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from journal.api.models import content_digest
from journal.api.report_file import StepReport
from journal.bundle.archive import BundleError
from journal.bundle.contents import Contents, models_of
from journal.layout import day_of_step

METADATA = "ro-crate-metadata.json"
_VERSION = "https://w3id.org/ro/crate/1.1"
_MOST_BYTES = 64_000_000


def describe_crate(contents: Contents) -> bytes:
    """Return the metadata of a bundle's contents: the files, the steps that made them, and what is left out."""
    entry = contents.entry
    files = [_file(name, content, contents) for name, content in sorted(contents.files.items())]
    left_out = [
        {
            "@id": f"#left-out/{quote(one.name)}",
            "@type": "CreativeWork",
            "name": one.name,
            "description": f"left out: {one.reason}",
            **({"sha256": one.digest} if one.digest else {}),
        }
        for _, one in sorted(contents.left_out.items())
    ]
    models = [
        {"@id": f"#model/{quote(name)}", "@type": "SoftwareApplication", "name": name, "identifier": state}
        for name, state in sorted(models_of(contents.reports).items())
    ]
    steps = [_step(report, contents) for report in contents.reports]
    tasks = [
        {"@id": f"#task/{name}", "@type": "SoftwareApplication", "name": name}
        for name in sorted({report.task for report in contents.reports})
    ]
    licence = {
        "@id": "#licences",
        "@type": "CreativeWork",
        "name": "Each file's own licence",
        "description": "What the note beside the data says, such as ORIGIN.md or LICENSE; the rest is its author's.",
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Day {entry.day}: {entry.title}",
        "description": f"Day {entry.day}, its results, and what it takes to make them again",
        "datePublished": entry.date.isoformat(),
        "identifier": str(entry.day),
        "license": {"@id": licence["@id"]},
        "hasPart": [_id(one) for one in files],
        "mentions": [_id(one) for one in (*steps, *models, *left_out)],
    }
    about = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": _VERSION},
        "about": {"@id": "./"},
    }
    data = {
        "@context": [f"{_VERSION}/context", {"sha256": "https://schema.org/sha256"}],
        "@graph": [about, root, *files, *steps, *tasks, *models, *left_out, licence],
    }
    return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


class Crate:
    """A bundle's metadata, read from its folder."""

    def __init__(self, folder: Path, shown: str) -> None:
        """Raises ``BundleError``, with ``shown`` for the bundle, where they are not as they are written here."""
        try:
            path = folder / METADATA
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError("it is too large")
            graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
            known = {str(one["@id"]): one for one in graph}
            self.day = int(known["./"]["identifier"])
            self.digests = {
                unquote(str(one["@id"])): str(known[one["@id"]]["sha256"]) for one in known["./"]["hasPart"]
            }
            self.left_out = {
                str(one["name"]): str(one["description"]).removeprefix("left out: ")
                for name, one in known.items()
                if name.startswith("#left-out/")
            }
            self.reads = {
                str(one["name"]): [unquote(str(part["@id"])).removeprefix("#left-out/") for part in one["object"]]
                for name, one in known.items()
                if name.startswith("#step/")
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            said = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
            raise BundleError(
                f"{shown}: has no {METADATA} of a bundle ({said}); give one made by journal bundle"
            ) from error


def _file(name: str, content: bytes | Path, contents: Contents) -> dict[str, Any]:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_code = name in contents.code
    return {
        "@id": quote(name),
        "@type": ["File", "SoftwareSourceCode"] if is_code else "File",
        "name": name,
        "contentSize": str(len(content) if isinstance(content, bytes) else content.stat().st_size),
        "encodingFormat": kind,
        "sha256": hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else content_digest(content),
    }


def _step(report: StepReport, contents: Contents) -> dict[str, Any]:
    """Return a step as the action that made its files of others."""
    below = f"entries/{report.folder.parent.name}/{report.step}/"
    read = [*_references(contents.inputs.get(report.step, []), contents)]
    return {
        "@id": f"#step/{report.step}",
        "@type": "CreateAction",
        "name": report.step,
        "description": f"{day_of_step(report.folder)}.{report.step} ({report.task}): {report.headline}",
        "instrument": {"@id": f"#task/{report.task}"},
        "object": read,
        "result": [{"@id": quote(name)} for name in sorted(contents.files) if name.startswith(below)],
    }


def _references(names: list[str], contents: Contents) -> Iterator[dict[str, str]]:
    for name in sorted({*names}):
        yield {"@id": quote(name) if name in contents.files else f"#left-out/{quote(name)}"}


def _id(one: dict[str, Any]) -> dict[str, str]:
    return {"@id": one["@id"]}
