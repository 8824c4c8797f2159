"""A diffusers pipeline on this machine: loaded safely, with the scheduler and the size that were asked for."""

from __future__ import annotations

import inspect
import json
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import Any

from journal import Model, TaskError, nearest

from .memory_budget import parameters_of
from .strict_loading import load_networks

SCHEDULERS = {
    "euler": "EulerDiscreteScheduler",
    "dpm++2m": "DPMSolverMultistepScheduler",
    "ddim": "DDIMScheduler",
    "lcm": "LCMScheduler",
}
STEPS, GUIDANCE = "num_inference_steps", "guidance_scale"  # as diffusers names them
_SMALL = 500_000_000  # parameters up to which a GPU computes in full precision too


def load_pipeline(model: Model) -> Any:
    """Load a pipeline folder with diffusers, safetensors only; raises TaskError where it is none."""
    path = model.path
    if path is None:
        raise TaskError(f"model '{model.source}' is a server; give hf:NAME or a pipeline folder")
    if path.is_file():
        raise TaskError(f"model '{model.name}' is a single file; give a folder in the layout of from_pretrained")
    if not (path / "model_index.json").is_file():
        raise TaskError(f"model '{model.name}' is no pipeline folder: it has no model_index.json")
    if not any(path.rglob("*.safetensors")):
        raise TaskError(f"model '{model.name}' has no safetensors weights; convert it, pickles are not loaded")
    return _load(path, model.digest)


def choose_scheduler(pipeline: Any, name: str) -> str:
    """Put a scheduler into a pipeline by its short name; "default" is the folder's own. Returns its class.

    Raises TaskError for an unknown name, and where the model's noise is not of the kind that the scheduler takes away.
    """
    import diffusers

    own = pipeline.journal_scheduler
    if name == "default":
        pipeline.scheduler = own.__class__.from_config(own.config)
        return type(own).__name__
    if name not in SCHEDULERS:
        raise TaskError(f"unknown scheduler '{name}'{nearest(name, [*SCHEDULERS, 'default'])}")
    if name == "lcm" and not _is_consistent(pipeline):
        raise TaskError("this model was not distilled for LCM; leave the scheduler out, or take 'dpm++2m' or 'euler'")
    kind = getattr(diffusers, SCHEDULERS[name])
    if "FlowMatch" in type(own).__name__:
        raise TaskError(f"this model is a flow model ({type(own).__name__}); leave the scheduler at 'default'")
    pipeline.scheduler = kind.from_config(own.config)
    return SCHEDULERS[name]


def _is_consistent(pipeline: Any) -> bool:
    """Return whether a model is a latent consistency model: its folder says so, or it is given the guidance scale."""
    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    guidance_width = getattr(getattr(network, "config", None), "time_cond_proj_dim", None)
    return "LCM" in type(pipeline.journal_scheduler).__name__ or guidance_width is not None


def set_safety(pipeline: Any, *, keep: bool) -> str:
    """Turn a pipeline's safety checker off where the entry says so; returns "on", "off", or "" where there is none."""
    if not hasattr(pipeline, "journal_checker"):
        pipeline.journal_checker = getattr(pipeline, "safety_checker", None)
    if pipeline.journal_checker is None:
        return ""
    pipeline.safety_checker = pipeline.journal_checker if keep else None
    return "on" if keep else "off"


def image_to_image(pipeline: Any) -> Any:
    """Return the pipeline of the same networks that starts from a picture; raises TaskError where there is none."""
    from diffusers import AutoPipelineForImage2Image

    try:
        made = AutoPipelineForImage2Image.from_pipe(pipeline)
    except ValueError as error:
        raise TaskError(f"{type(pipeline).__name__} can't start from a picture; leave 'start' out") from error
    made.set_progress_bar_config(disable=True)
    return made


def picture_size(pipeline: Any, width: int, height: int) -> tuple[int, int]:
    """Return width and height in pixels, the model's own for 0; raises TaskError for a size that it can't make."""
    factor = int(getattr(pipeline, "vae_scale_factor", 8))
    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    own: Any = getattr(getattr(network, "config", None), "sample_size", None)
    own = own or getattr(pipeline, "default_sample_size", 64)
    natural_height, natural_width = (own, own) if isinstance(own, int) else (int(own[0]), int(own[1]))
    step = factor * _halvings(network) * (2 if hasattr(pipeline, "_pack_latents") else 1)
    for name, value in (("width", width), ("height", height)):
        if value % step:
            lower, upper = value // step * step, -(-value // step) * step
            near = f"{lower} or {upper}" if lower else str(upper)
            raise TaskError(f"{name} {value} is no multiple of {step}, which this model needs; give {near}")
    return width or natural_width * factor, height or natural_height * factor


def own_settings(pipeline: Any, folder: Path) -> tuple[int, float]:
    """Return a model's own steps and guidance scale: its folder's sampling.json says them, or its class's defaults do.

    ``pipeline`` is the one that samples, which may be that for image-to-image. Raises TaskError where sampling.json
    says no such numbers.
    """
    known = inspect.signature(pipeline.__call__).parameters
    defaults = {name: known[name].default for name in (STEPS, GUIDANCE) if name in known}
    numbers = {name: value for name, value in defaults.items() if isinstance(value, int | float)}
    own = {STEPS: 50, GUIDANCE: 1.0} | numbers | _read_settings(folder / "sampling.json")
    return int(own[STEPS]), float(own[GUIDANCE])


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        steps, guidance = settings[STEPS], settings[GUIDANCE]
        if not (isinstance(steps, int) and 1 <= steps <= 1000 and 0 <= guidance < inf):
            raise ValueError
    except (ValueError, TypeError, KeyError) as error:
        wanted = f"{STEPS} from 1 to 1000 and {GUIDANCE} from 0"
        raise TaskError(f"{path.name} of model '{path.parent.name}' must say {wanted}") from error
    return {STEPS: steps, GUIDANCE: guidance}


def _halvings(network: Any) -> int:
    """Return by what the latents' sides must divide: a U-Net halves them once less than it has levels."""
    levels = getattr(getattr(network, "config", None), "block_out_channels", None)
    if levels:
        return int(2 ** (len(levels) - 1))
    return int(getattr(getattr(network, "config", None), "patch_size", None) or 1)


@lru_cache(maxsize=1)
def _load(path: Path, digest: str) -> Any:
    """Load a folder once in a process; the digest makes changed weights another folder."""
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging
    from transformers.utils import logging as of_transformers

    for talkative in (logging, of_transformers):
        talkative.set_verbosity_error()
        talkative.disable_progress_bar()
    try:
        networks = load_networks(path)
        pipeline = DiffusionPipeline.from_pretrained(str(path), use_safetensors=True, local_files_only=True, **networks)
    except (OSError, ValueError, KeyError, AttributeError, ImportError, RuntimeError) as error:
        cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        cause = cause.replace(f"{path.parent}/", "").partition(" If you want to instead")[0]
        raise TaskError(f"model '{path.name}' can't be loaded as a diffusers pipeline: {cause}") from error
    pipeline.set_progress_bar_config(disable=True)
    pipeline.journal_scheduler = pipeline.scheduler
    return _placed(pipeline)


def _placed(pipeline: Any) -> Any:
    """Put a pipeline where it computes: on a GPU, part by part where the GPU is small, else on the CPU."""
    import torch

    size = parameters_of(pipeline)
    if not torch.cuda.is_available():
        return pipeline.to("cpu", torch.float32)
    pipeline.to(dtype=torch.float32 if size <= _SMALL else torch.float16)
    if size * 2 * 1.5 > torch.cuda.mem_get_info()[0]:
        pipeline.enable_model_cpu_offload()
        if hasattr(pipeline, "vae") and hasattr(pipeline.vae, "enable_tiling"):
            pipeline.vae.enable_tiling()
        return pipeline
    return pipeline.to("cuda")
