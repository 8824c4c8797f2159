"""GGUF files, which transformers reads slowly, turned once into folders that it loads in under a second."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any

from journal import TaskError, user_cache_dir

from ..weights import check_weights


def convert_gguf(path: Path, digest: str) -> Path:
    """Return the safetensors folder of a GGUF file, made on first use and kept in the user's cache."""
    folder = user_cache_dir() / "converted" / digest
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.with_name(f"{digest}.lock")):
        if not folder.exists():
            _write_whole(path, folder)
    return folder


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Let other processes wait: the first use takes a quarter of a minute. A killed process leaves no lock."""
    with lock.open("w") as stream:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _write_whole(path: Path, folder: Path) -> None:
    """Write beside the folder and rename, so that a folder which exists is whole."""
    partial = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        _write_folder(path, partial)
        partial.rename(folder)
    except OSError:
        if not folder.exists():  # else another process was first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_folder(path: Path, folder: Path) -> None:
    network, tokenizer = _read_gguf(path)
    _without_quantization(network).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _read_gguf(path: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name, "local_files_only": True}
    try:
        with redirect_stderr(StringIO()):  # it draws a progress bar that no setting turns off
            network, told = AutoModelForCausalLM.from_pretrained(
                **place, dtype=torch.float32, output_loading_info=True, ignore_mismatched_sizes=True
            )
            check_weights(path.name, told)
            return network, AutoTokenizer.from_pretrained(**place)
    except TaskError:
        raise
    except Exception as error:  # transformers and gguf raise a dozen unrelated kinds for a file they can't read
        cause = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TaskError(f"{path.name} can't be read as a GGUF language model: {cause}") from error


def _without_quantization(network: Any) -> Any:
    """Put the weights under a configuration that says nothing of GGUF: transformers won't save the other."""
    import torch
    from transformers import AutoModelForCausalLM

    config = network.config
    config.__dict__.pop("quantization_config", None)
    with torch.device("meta"):
        plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(network.state_dict(), assign=True)
    plain.tie_weights()
    plain.generation_config = network.generation_config
    return plain
