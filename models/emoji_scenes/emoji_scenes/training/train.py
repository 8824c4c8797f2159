"""Train the emoji-scenes model from its drawings: `python -m emoji_scenes.training.train OUT`."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from emoji_scenes.training import networks
from emoji_scenes.training.decoder import load_autoencoder, train_decoder
from emoji_scenes.training.diffusion import Diffusion
from emoji_scenes.training.settings import Settings

PARTS = ("all", "diffusion", "decoder", "export")
HELP = {
    "part": "which to train, or export: write what is trained as a pipeline folder",
    "resume": "go on where the run in this folder stopped",
    "start": "a pipeline folder whose weights to begin with",
    "start_step": "how many steps those weights have learnt already",
    "compile": "compile the denoiser first",
    "device": "auto takes a GPU where there is one",
}


def main() -> None:
    """Train the text encoder with the denoiser, then the decoder, then write the pipeline folder (or one --part)."""
    settings = read_settings()
    settings.out.mkdir(parents=True, exist_ok=True)
    if settings.part in ("all", "diffusion"):
        diffusion = Diffusion(settings)
        if diffusion.step == 0 and not settings.start:
            diffusion.train_text_encoder()
        diffusion.train()
    if settings.part in ("all", "decoder"):
        train_decoder(settings)
    if settings.part in ("all", "export"):
        export(settings)


def read_settings() -> Settings:
    """Return the settings of the command line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("out", type=Path, help="folder for checkpoints and loss curves; the pipeline is OUT/pipeline")
    for field in fields(Settings)[1:]:
        _add_option(parser, field.name, field.default)
    chosen = vars(parser.parse_args())
    return Settings(**{**chosen, "device": pick_device(chosen["device"])})


def _add_option(parser: argparse.ArgumentParser, name: str, default: Any) -> None:
    flag, told = "--" + name.replace("_", "-"), HELP.get(name, "")
    if isinstance(default, bool):
        parser.add_argument(flag, action="store_true", help=told)
        return
    told = f"{told} (default: {'none' if default == '' else default})".lstrip()
    parser.add_argument(flag, type=type(default), default=default, choices=PARTS if name == "part" else None, help=told)


def pick_device(name: str) -> str:
    """Return the device for a name; `auto` is a GPU where there is one."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def export(settings: Settings) -> None:
    """Write the pipeline folder: averaged weights, half precision, safetensors only."""
    import torch

    pipeline = Diffusion(replace(settings, resume=True)).pipeline(load_autoencoder(settings))
    pipeline.to(dtype=torch.float16).save_pretrained(settings.pipeline, safe_serialization=True)
    sampling = json.dumps(networks.SAMPLING, indent=2) + "\n"
    (settings.pipeline / "sampling.json").write_text(sampling, encoding="utf-8")
    _tidy(settings.pipeline)


def _tidy(folder: Path) -> None:
    """Take out of the settings where the parts came from and what is derived again; let everybody read the files."""
    for path in folder.rglob("*"):
        if path.suffix == ".json":
            settings = json.loads(path.read_text(encoding="utf-8"))
            dropped = {"_name_or_path", "block_out_channels"} if path.parent.name == "vae" else {"_name_or_path"}
            kept = {name: value for name, value in settings.items() if name not in dropped}
            path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if path.is_file():
            path.chmod(0o644)


if __name__ == "__main__":
    main()
