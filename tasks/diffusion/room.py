"""How many pictures are sampled at a time: what fits into the memory that is free now."""

from __future__ import annotations

from typing import Any

MOST = 32
"""Beyond this a larger batch is no quicker, and an interruption costs more pictures."""
_SHARE = 0.5
"""Of the free memory, what a batch may take: others want some too."""
_LIVE = 6
"""Feature maps of the widest layer that decoding holds at a time."""
_LARGE = 500_000_000
"""Parameters from which on a single picture keeps every core busy, so that a batch on a CPU brings nothing."""


def fitting_batch(pipeline: Any, width: int, height: int) -> int:
    """Return how many pictures of a size in pixels to sample at a time, 1 to 32."""
    import torch

    on_gpu = torch.cuda.is_available()
    if not on_gpu and parameters_of(pipeline) > _LARGE:
        return 1
    free = torch.cuda.mem_get_info()[0] if on_gpu else free_memory()
    return max(1, min(MOST, int(_SHARE * free / picture_bytes(pipeline, width, height))))


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


def free_memory() -> int:
    """Return the bytes of main memory that programs can have without pushing out others."""
    import psutil

    return int(psutil.virtual_memory().available)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Say whether PyTorch failed for lack of memory, on a GPU or on a CPU, whose error has no class of its own."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


def free_what_is_cached() -> None:
    """Give memory that PyTorch holds for later back to the GPU, for a smaller try."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
