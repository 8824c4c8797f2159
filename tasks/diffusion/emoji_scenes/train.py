"""Train the emoji-scenes model from its drawings: `python -m tasks.diffusion.emoji_scenes.train`."""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.diffusion.emoji_scenes import network
from tasks.diffusion.emoji_scenes.latents import SCALING_FACTOR, PatchBasis, keep_basis, scaled_pictures
from tasks.diffusion.emoji_scenes.reading import Reading
from tasks.diffusion.emoji_scenes.scenes import ALONE, make_scene, write_caption
from tasks.diffusion.emoji_scenes.threads import Threads

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderTiny

    from tasks.diffusion.emoji_scenes.latents import Floats

WEIGHTS = Path(__file__).parent / "weights"
BASIS = "basis.safetensors"
CAPTION_DROP_RATE = 0.1
READING_WEIGHT = 0.05
TRAINING_SCENES = 10_000_000  # seeds below this; the judge's are above
EMA_DECAY = 0.9995
ALONE_FIRST_STEPS = 3_000
FALL = 0.3
"""The last part of the steps, in which the learning rate falls to 0: a run can be prolonged until that begins."""
SAMPLE_PROMPTS = (
    "a horse riding an astronaut",
    "an astronaut riding a horse",
    "a cat riding a robot on a blue background",
    "a robot riding a cat on a blue background",
    "a moon above a house on a black background",
    "a tree left of a rocket on a white background",
    "a big dog on a pink background",
    "an apple below a fish",
)


@dataclass(frozen=True)
class Settings:
    """What a training run depends on."""

    work: Path
    out: Path = WEIGHTS
    device: str = "auto"
    seed: int = 0
    part: str = "all"
    decoder_steps: int = 6_000
    decoder_batch: int = 16
    decoder_rate: float = 2e-3
    steps: int = 12_000
    batch: int = 64
    learning_rate: float = 1.5e-3
    save_every: int = 500
    reading_steps: int = 1200
    compile: bool = False
    resume: bool = False


def main() -> None:
    """Train the text encoder with the denoiser, then the decoder, then write the pipeline folder (or one --part)."""
    settings = read_settings()
    settings.work.mkdir(parents=True, exist_ok=True)
    if settings.part in ("all", "diffusion"):
        diffusion = Diffusion(settings)
        if diffusion.step == 0:
            diffusion.learn_to_read()
        diffusion.train()
    if settings.part in ("all", "decoder"):
        train_decoder(settings)
    if settings.part in ("all", "export"):
        Diffusion(replace(settings, resume=True)).export(settings.out)


def read_settings() -> Settings:
    """Return the settings of the command line."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    defaults = Settings(work=Path.home() / ".cache" / "journal-training" / "emoji-scenes")
    for name, default in vars(defaults).items():
        flag = "--" + name.replace("_", "-")
        if isinstance(default, bool):
            parser.add_argument(flag, action="store_true")
        else:
            parser.add_argument(flag, type=type(default), default=default, help="default: %(default)s")
    chosen = vars(parser.parse_args())
    return Settings(**{**chosen, "device": pick_device(chosen["device"])})


def pick_device(name: str) -> str:
    """Return the device for a name; `auto` is a GPU where there is one."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def autocast(device: str) -> contextlib.AbstractContextManager[Any]:
    """Compute in bfloat16 where that is safe."""
    import torch

    return torch.autocast(device.partition(":")[0], torch.bfloat16)


# --- the decoder ---


def train_decoder(settings: Settings) -> None:
    """Train the autoencoder's decoder on latents of its fixed encoder, and keep it in the work folder."""
    import torch

    torch.manual_seed(settings.seed)
    basis = keep_basis(settings.work / BASIS)
    vae = network.make_autoencoder(basis).to(settings.device)
    vae.encoder.requires_grad_(False)
    if settings.resume and (settings.work / "vae").exists():
        vae.load_state_dict(load_autoencoder(settings).state_dict())
    optimizer = torch.optim.AdamW(vae.decoder.parameters(), lr=0.0, betas=(0.9, 0.99), weight_decay=1e-3)
    threads = Threads()
    with LossLog(settings.work / "decoder-loss.csv", keep=settings.resume) as log:
        for step in range(settings.decoder_steps):
            _set_rate(optimizer, settings.decoder_rate * _warm_then_fall(step, settings.decoder_steps, warm_steps=100))
            first = step * settings.decoder_batch
            pictures = scaled_pictures(range(first, first + settings.decoder_batch))
            loss = _decoder_loss(vae, basis, pictures, settings.device)
            _descend(loss, optimizer, vae.decoder.parameters())
            threads.adapt()
            log.add(step + 1, loss.item())
            if (step + 1) % settings.save_every == 0:
                vae.save_pretrained(settings.work / "vae")
    vae.save_pretrained(settings.work / "vae")


def _decoder_loss(vae: AutoencoderTiny, basis: PatchBasis, pictures: Floats, device: str) -> torch.Tensor:
    """Error of the decoded pictures; a little noise on the latents makes the decoder forgive a denoiser's rest."""
    import torch

    latents = torch.from_numpy(basis.encode(pictures)).to(device)
    noisy = latents + 0.05 * torch.rand(len(latents), 1, 1, 1, device=device) * torch.randn_like(latents)
    pixels = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2)
    with autocast(device):
        decoded = vae.decode(noisy / SCALING_FACTOR).sample
    error = decoded.float() - pixels
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    loss: torch.Tensor = error.abs().mean() + 0.5 * edges + error.square().mean()
    return loss


def load_autoencoder(settings: Settings) -> AutoencoderTiny:
    """Return the autoencoder as far as it is trained."""
    from diffusers import AutoencoderTiny

    vae: AutoencoderTiny = AutoencoderTiny.from_pretrained(settings.work / "vae")
    return vae


# --- the text encoder and the denoiser ---


class Diffusion:
    """The two networks that are trained together, their moving average, and how far they got."""

    def __init__(self, settings: Settings) -> None:
        import torch
        from diffusers import DDIMScheduler
        from diffusers.models.attention_processor import AttnProcessor

        torch.manual_seed(settings.seed)
        self.settings, self.basis = settings, keep_basis(settings.work / BASIS)
        self.tokenizer = network.make_tokenizer(settings.work / "tokenizer")
        text_encoder, unet = network.make_text_encoder(self.tokenizer), network.make_unet()
        self.networks = torch.nn.ModuleDict({"text_encoder": text_encoder, "unet": unet}).to(settings.device)
        self.reading = Reading().to(settings.device)
        self.average = {name: weight.detach().clone() for name, weight in self.networks.state_dict().items()}
        if settings.device == "cpu":  # the fused attention's backward pass takes half of a step there
            unet.set_attn_processor(AttnProcessor())
            text_encoder.set_attn_implementation("eager")
        self.optimizer = torch.optim.AdamW(self._weights(), lr=0.0, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.schedule = DDIMScheduler(**network.SCHEDULE)
        self.rng = random.Random(settings.seed)
        self.step = 0
        if settings.resume:
            self._load()

    def _weights(self) -> list[torch.nn.Parameter]:
        return [*self.networks.parameters(), *self.reading.parameters()]

    def learn_to_read(self) -> None:
        """Train the text encoder alone to tell relation and roles, which a denoiser would teach it slowly."""
        import torch

        encoder = self.networks["text_encoder"]
        optimizer = torch.optim.AdamW([*encoder.parameters(), *self.reading.parameters()], lr=0.0, weight_decay=0.01)
        threads = Threads()
        with LossLog(self.settings.work / "reading-loss.csv", keep=False) as log:
            for step in range(self.settings.reading_steps):
                _set_rate(optimizer, 1e-3 * _warm_then_fall(step, self.settings.reading_steps, warm_steps=100))
                seeds = [self.rng.randrange(TRAINING_SCENES) for _ in range(64)]
                texts = [write_caption(make_scene(seed), self.rng) for seed in seeds]
                tokens = self.tokenize(texts).to(self.settings.device)
                with autocast(self.settings.device):
                    loss = self.reading.loss(encoder(tokens)[0], tokens, seeds, texts)
                _descend(loss, optimizer, [*encoder.parameters(), *self.reading.parameters()])
                threads.adapt()
                log.add(step + 1, float(loss.item()))
        self.average.update({name: weight.detach().clone() for name, weight in self.networks.state_dict().items()})

    def train(self) -> None:
        """Train up to the given step, saving as it goes."""
        import torch

        unet: Any = torch.compile(self.networks["unet"]) if self.settings.compile else self.networks["unet"]
        threads = Threads()
        with LossLog(self.settings.work / "loss.csv", keep=self.settings.resume) as log:
            while self.step < self.settings.steps:
                loss = self._train_step(unet)
                threads.adapt()
                log.add(self.step, loss)
                if self.step % self.settings.save_every == 0:
                    self.save()
        self.save()

    def _train_step(self, unet: Any) -> float:
        import torch

        seeds = [self._draw_seed() for _ in range(self.settings.batch)]
        clean = torch.from_numpy(self.basis.encode(scaled_pictures(seeds))).to(self.settings.device)
        times = self._draw_times()
        noise = torch.randn_like(clean)
        noisy = self.schedule.add_noise(clean, noise, times)
        target = self.schedule.get_velocity(clean, noise, times)
        texts = self._draw_texts(seeds)
        tokens = self.tokenize(texts).to(self.settings.device)
        with autocast(self.settings.device):
            words = self.networks["text_encoder"](tokens)[0]
            predicted = unet(noisy, times, words).sample
            reading_loss = self.reading.loss(words, tokens, seeds, texts)
        loss = (predicted.float() - target).square().mean()
        _set_rate(
            self.optimizer,
            self.settings.learning_rate * _warm_then_fall(self.step, self.settings.steps, warm_steps=300),
        )
        _descend(loss + READING_WEIGHT * reading_loss, self.optimizer, self._weights())
        self.step += 1
        self._update_average()
        return float(loss.item())

    def _draw_seed(self) -> int:
        """Return the seed of a scene; early on, half of the scenes show one thing, so that words are learnt first."""
        seed = self.rng.randrange(TRAINING_SCENES)
        if self.rng.random() < 0.5 * (1 - self.step / ALONE_FIRST_STEPS):
            while make_scene(seed).relation != ALONE:
                seed = self.rng.randrange(TRAINING_SCENES)
        return seed

    def _draw_times(self) -> torch.Tensor:
        """Return one timestep a scene, spread evenly over the schedule so that the loss varies less."""
        import torch

        count = self.settings.batch
        spread = (torch.arange(count) + torch.rand(count)) / count
        return (spread * 1000).long().clamp(max=999).to(self.settings.device)

    def _draw_texts(self, seeds: list[int]) -> list[str]:
        texts = [write_caption(make_scene(seed), self.rng) for seed in seeds]
        return ["" if self.rng.random() < CAPTION_DROP_RATE else text for text in texts]

    def tokenize(self, texts: list[str]) -> torch.Tensor:
        """Return token ids as the pipeline makes them, shape (n, 32)."""
        length = network.TEXT_TOKENS
        ids: torch.Tensor = self.tokenizer(
            texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
        ).input_ids
        return ids

    def _update_average(self) -> None:
        import torch

        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, weight in self.networks.state_dict().items():
                self.average[name].lerp_(weight, 1 - decay) if weight.is_floating_point() else None

    def save(self) -> None:
        """Write all that a resumed run needs, and a sheet of samples to look at."""
        import torch

        state = {
            "networks": self.networks.state_dict(),
            "reading": self.reading.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "torch_rng": torch.get_rng_state(),
        }
        partial = self.settings.work / "checkpoint.part"
        torch.save(state, partial)
        partial.replace(self.settings.work / "checkpoint.pt")
        self._draw_samples()

    def _load(self) -> None:
        import torch

        path = self.settings.work / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.settings.device, weights_only=True)
        self.networks.load_state_dict(state["networks"])
        self.reading.load_state_dict(state["reading"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.optimizer.param_groups[0]["fused"] = True
        self.average, self.step = state["average"], state["step"]
        self.rng = random.Random(f"{self.settings.seed} {self.step}")
        torch.set_rng_state(state["torch_rng"].cpu())

    def pipeline(self, vae: AutoencoderTiny) -> Any:
        """Return the pipeline of the averaged weights."""
        import torch

        with torch.random.fork_rng():
            text_encoder, unet = network.make_text_encoder(self.tokenizer), network.make_unet()
        averaged = torch.nn.ModuleDict({"text_encoder": text_encoder, "unet": unet})
        averaged.load_state_dict(self.average)
        return network.make_pipeline(vae, text_encoder, self.tokenizer, unet).to(self.settings.device)

    def _draw_samples(self) -> None:
        import numpy as np
        import torch
        from PIL import Image

        with torch.random.fork_rng():
            pipeline = self.pipeline(network.make_autoencoder(self.basis))
        pipeline.set_progress_bar_config(disable=True)
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in range(3) for _ in SAMPLE_PROMPTS]
        latents = pipeline(
            list(SAMPLE_PROMPTS) * 3, 64, 64, 20, guidance_scale=3.0, generator=generators, output_type="latent"
        ).images
        pictures = self.basis.decode(latents.cpu().numpy()).reshape(3, -1, 64, 64, 3)
        sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in pictures])
        levels = (127.5 * (sheet.clip(-1, 1) + 1)).astype(np.uint8)
        Image.fromarray(levels).save(self.settings.work / f"samples-{self.step:05d}.png")

    def export(self, folder: Path) -> None:
        """Write the pipeline folder: averaged weights, half precision, safetensors only."""
        import torch

        vae = load_autoencoder(self.settings)
        self.pipeline(vae).to(dtype=torch.float16).save_pretrained(folder, safe_serialization=True)
        _tidy(folder)


# --- shared by both ---


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


class LossLog:
    """A CSV of the loss over steps, one line for the mean of each 50 steps."""

    def __init__(self, path: Path, *, keep: bool) -> None:
        self.file = path.open("a" if keep else "w", newline="")
        self.losses: list[float] = []

    def __enter__(self) -> LossLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, step: int, loss: float) -> None:
        self.losses.append(loss)
        if len(self.losses) == 50:
            csv.writer(self.file).writerow([step, f"{sum(self.losses) / 50:.5f}"])
            self.file.flush()
            self.losses.clear()


def _warm_then_fall(step: int, steps: int, warm_steps: int) -> float:
    """Return the share of the learning rate: up over the first steps, level, then down to 0 over the last ones."""
    return min(1.0, (step + 1) / warm_steps, (steps - step) / (FALL * steps))


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _descend(loss: torch.Tensor, optimizer: torch.optim.Optimizer, weights: Iterable[Any]) -> None:
    import torch

    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()


if __name__ == "__main__":
    main()
