"""Training the text encoder and the denoiser, which learn together."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoji_scenes.captions import write_caption
from emoji_scenes.scenes import ALONE, make_scene
from emoji_scenes.training import networks
from emoji_scenes.training.auxiliary_head import AuxiliaryHead
from emoji_scenes.training.loss_log import LossLog
from emoji_scenes.training.optimizer import autocast, optimizer_step, set_learning_rate, warmup_then_decay
from emoji_scenes.training.patch_pca import load_patch_pca, scaled_pictures
from emoji_scenes.training.settings import TRAINING_SCENES
from emoji_scenes.training.threads import Threads

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderTiny

    from emoji_scenes.training.settings import Settings

CAPTION_DROP_RATE = 0.1
AUXILIARY_WEIGHT = 0.05
EMA_DECAY = 0.9995
ALONE_FIRST_STEPS = 3_000
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


class Diffusion:
    """The two networks that are trained together, their moving average, and how far they got."""

    def __init__(self, settings: Settings) -> None:
        import torch
        from diffusers import DDIMScheduler
        from diffusers.models.attention_processor import AttnProcessor

        torch.manual_seed(settings.seed)
        self.settings, self.pca = settings, load_patch_pca()
        self.tokenizer = networks.make_tokenizer(settings.out / "tokenizer")
        text_encoder, unet = networks.make_text_encoder(self.tokenizer), networks.make_unet()
        self.networks = torch.nn.ModuleDict({"text_encoder": text_encoder, "unet": unet}).to(settings.device)
        if settings.start:
            self._start_from(Path(settings.start))
        self.auxiliary_head = AuxiliaryHead().to(settings.device)
        self.average = {name: weight.detach().clone() for name, weight in self.networks.state_dict().items()}
        if settings.device == "cpu":  # the fused attention's backward pass takes half of a step there
            unet.set_attn_processor(AttnProcessor())
            text_encoder.set_attn_implementation("eager")
        self.optimizer = torch.optim.AdamW(self._weights(), lr=0.0, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.schedule = DDIMScheduler(**networks.SCHEDULE)
        self.rng = random.Random(settings.seed)
        self.step = settings.start_step
        if settings.resume:
            self._load()

    def _start_from(self, folder: Path) -> None:
        """Take the weights of a pipeline folder; what only training needs (Adam's moments) begins anew."""
        from safetensors.torch import load_file

        for name, file in (("text_encoder", "model"), ("unet", "diffusion_pytorch_model")):
            weights = load_file(folder / name / f"{file}.safetensors")
            self.networks[name].load_state_dict({key: value.float() for key, value in weights.items()})

    def _weights(self) -> list[torch.nn.Parameter]:
        return [*self.networks.parameters(), *self.auxiliary_head.parameters()]

    def train_text_encoder(self) -> None:
        """Train the text encoder alone to tell relation and roles, which a denoiser would teach it slowly."""
        import torch

        encoder = self.networks["text_encoder"]
        weights, steps = [*encoder.parameters(), *self.auxiliary_head.parameters()], self.settings.text_encoder_steps
        optimizer = torch.optim.AdamW(weights, lr=0.0, weight_decay=0.01)
        threads = Threads()
        with LossLog(self.settings.out / "text-encoder-loss.csv", keep=False) as log:
            for step in range(steps):
                set_learning_rate(optimizer, 1e-3 * warmup_then_decay(step, steps, warmup_steps=100))
                seeds = [self.rng.randrange(TRAINING_SCENES) for _ in range(64)]
                texts = [write_caption(make_scene(seed), self.rng) for seed in seeds]
                tokens = self.tokenize(texts).to(self.settings.device)
                with autocast(self.settings.device):
                    loss = self.auxiliary_head.loss(encoder(tokens)[0], tokens, seeds, texts)
                optimizer_step(loss, optimizer, weights)
                threads.adapt()
                log.add(step + 1, float(loss.item()))
        self.average.update({name: weight.detach().clone() for name, weight in self.networks.state_dict().items()})

    def train(self) -> None:
        """Train up to the given step, saving as it goes."""
        import torch

        unet: Any = torch.compile(self.networks["unet"]) if self.settings.compile else self.networks["unet"]
        threads = Threads()
        with LossLog(self.settings.out / "denoiser-loss.csv", keep=self.settings.resume) as log:
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
        clean = torch.from_numpy(self.pca.encode(scaled_pictures(seeds))).to(self.settings.device)
        times = self._draw_times()
        noise = torch.randn_like(clean)
        noisy = self.schedule.add_noise(clean, noise, times)
        target = self.schedule.get_velocity(clean, noise, times)
        texts = self._draw_texts(seeds)
        tokens = self.tokenize(texts).to(self.settings.device)
        with autocast(self.settings.device):
            words = self.networks["text_encoder"](tokens)[0]
            predicted = unet(noisy, times, words).sample
            auxiliary_loss = self.auxiliary_head.loss(words, tokens, seeds, texts)
        loss = (predicted.float() - target).square().mean()
        share = warmup_then_decay(self.step, self.settings.steps, warmup_steps=300, start=self.settings.start_step)
        set_learning_rate(self.optimizer, self.settings.learning_rate * share)
        optimizer_step(loss + AUXILIARY_WEIGHT * auxiliary_loss, self.optimizer, self._weights())
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
        length = networks.TEXT_TOKENS
        ids: torch.Tensor = self.tokenizer(
            texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
        ).input_ids
        return ids

    def _update_average(self) -> None:
        import torch

        taken = self.step - self.settings.start_step
        decay = min(EMA_DECAY, (1 + taken) / (10 + taken))
        with torch.no_grad():
            for name, weight in self.networks.state_dict().items():
                self.average[name].lerp_(weight, 1 - decay) if weight.is_floating_point() else None

    def save(self) -> None:
        """Write all that a resumed run needs, and a sheet of samples to look at."""
        import torch

        state = {
            "networks": self.networks.state_dict(),
            "auxiliary_head": self.auxiliary_head.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "torch_rng": torch.get_rng_state(),
        }
        partial = self.settings.out / "checkpoint.part"
        torch.save(state, partial)
        partial.replace(self.settings.out / "checkpoint.pt")
        self._draw_samples()

    def _load(self) -> None:
        import torch

        path = self.settings.out / "checkpoint.pt"
        if not path.exists():
            return
        state = torch.load(path, map_location=self.settings.device, weights_only=True)
        self.networks.load_state_dict(state["networks"])
        self.auxiliary_head.load_state_dict(state["auxiliary_head"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.optimizer.param_groups[0]["fused"] = True
        self.average, self.step = state["average"], state["step"]
        self.rng = random.Random(f"{self.settings.seed} {self.step}")
        torch.set_rng_state(state["torch_rng"].cpu())

    def pipeline(self, vae: AutoencoderTiny) -> Any:
        """Return the pipeline of the averaged weights."""
        import torch

        with torch.random.fork_rng():
            text_encoder, unet = networks.make_text_encoder(self.tokenizer), networks.make_unet()
        averaged = torch.nn.ModuleDict({"text_encoder": text_encoder, "unet": unet})
        averaged.load_state_dict(self.average)
        return networks.make_pipeline(vae, text_encoder, self.tokenizer, unet).to(self.settings.device)

    def _draw_samples(self) -> None:
        import numpy as np
        import torch
        from PIL import Image

        with torch.random.fork_rng():
            pipeline = self.pipeline(networks.make_autoencoder(self.pca))
        pipeline.set_progress_bar_config(disable=True)
        generators = [torch.Generator("cpu").manual_seed(seed) for seed in range(3) for _ in SAMPLE_PROMPTS]
        latents = pipeline(
            list(SAMPLE_PROMPTS) * 3, 64, 64, 20, guidance_scale=3.0, generator=generators, output_type="latent"
        ).images
        pictures = self.pca.decode(latents.cpu().numpy()).reshape(3, -1, 64, 64, 3)
        sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in pictures])
        levels = (127.5 * (sheet.clip(-1, 1) + 1)).astype(np.uint8)
        Image.fromarray(levels).save(self.settings.out / f"samples-{self.step:05d}.png")
