"""What sampling takes of the machine: how many pictures at a time fit into free memory, and how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from journal import TaskError, cpu_count, free_ram_gb

MAX_BATCH = 8
"""A larger batch is hardly quicker; an interruption costs more pictures, and one more seed a whole batch's time."""
MAX_THREADS = 8
_SHARE = 0.5
"""Of the free memory, what a batch may take: others want some too."""
_LIVE = 6
"""Feature maps of the widest layer that decoding holds at a time."""
_LARGE = 500_000_000
"""Parameters from which on a single picture keeps a machine busy, so that a batch brings little."""


def fitting_batch(pipeline: Any, width: int, height: int) -> int:
    """Return how many pictures of a size in pixels to sample at a time, 1 to 8; raises TaskError where not one fits."""
    import torch

    on_gpu, needed = torch.cuda.is_available(), picture_bytes(pipeline, width, height)
    free = torch.cuda.mem_get_info()[0] if on_gpu else 1e9 * free_ram_gb()
    if needed > free and not on_gpu:  # a GPU says so itself, and a batch is then made smaller
        size = f"{width} × {height} takes about {needed / 1e9:.0f} GB, and {free / 1e9:.0f} GB are free"
        raise TaskError(f"one picture of {size}; ask for a smaller one")
    return 1 if parameters_of(pipeline) > _LARGE else max(1, min(MAX_BATCH, int(_SHARE * free / needed)))


def picture_bytes(pipeline: Any, width: int, height: int) -> int:
    """Estimate the memory that one more picture takes: decoding it, where feature maps are as large as the picture."""
    vae = getattr(pipeline, "vae", None)
    widths = getattr(getattr(vae, "config", None), "decoder_block_out_channels", None)
    widths = widths or getattr(getattr(vae, "config", None), "block_out_channels", None) or (128, 256)
    channels = max(widths[:2])
    size = getattr(getattr(pipeline, "dtype", None), "itemsize", 4)
    return int(width * height * channels * size * _LIVE)


def parameters_of(pipeline: Any) -> int:
    """Return the number of parameters of a pipeline's networks."""
    import torch

    parts = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    return sum(parameter.numel() for part in parts for parameter in part.parameters())


@contextmanager
def steady_threads() -> Iterator[None]:
    """Compute with as many threads whatever runs beside: sums are split by threads, and round as they are split."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(MAX_THREADS, cpu_count()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Say whether PyTorch failed for lack of memory, on a GPU or on a CPU, whose errors have no class of their own."""
    import torch

    # the latter two are oneDNN's
    messages = ("allocate memory", "could not create a primitive", "could not create a memory")
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in messages)


def free_cached_memory() -> None:
    """Give memory that PyTorch holds for later back to the GPU, for a smaller try."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
