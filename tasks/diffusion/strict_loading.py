"""The networks of a pipeline, each loaded so that a tensor which is missing, strange or of another shape is an error.

Libraries fill what is missing with random numbers, and warn at most: the pictures would be others each time.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from ..weights import check_weights


def load_networks(folder: Path) -> dict[str, Any]:
    """Return the networks of a pipeline folder by their names in model_index.json; the rest is left to diffusers.

    Raises ``TaskError`` that names the tensors where one's weights are not those of its configuration.
    """
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    found = {}
    for name, value in index.items():
        kind = _network_class(value) if isinstance(value, list) and len(value) == 2 and all(value) else None
        if kind is not None and (folder / name).is_dir():
            # transformers then lists what has another shape; diffusers says it in its error
            listed = {"ignore_mismatched_sizes": True} if kind.__module__.startswith("transformers.") else {}
            network, told = kind.from_pretrained(
                folder / name, use_safetensors=True, local_files_only=True, output_loading_info=True, **listed
            )
            check_weights(f"{folder.name}/{name}", told)
            found[name] = network
    return found


def _network_class(value: list[str]) -> Any:
    """Return the class of a network, None for schedulers, tokenizers and what is not known here."""
    import torch

    library, name = value
    for module in (library, f"diffusers.pipelines.{library}", "diffusers"):
        try:
            kind = getattr(import_module(module), name, None)
        except ImportError:
            continue
        if isinstance(kind, type):
            return kind if issubclass(kind, torch.nn.Module) and hasattr(kind, "from_pretrained") else None
    return None
