"""Training the autoencoder's decoder; its encoder is fixed, principal components of patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emoji_scenes.training import networks
from emoji_scenes.training.loss_log import LossLog
from emoji_scenes.training.optimizer import autocast, optimizer_step, set_learning_rate, warmup_then_decay
from emoji_scenes.training.patch_pca import SCALING_FACTOR, PatchPca, load_patch_pca, scaled_pictures
from emoji_scenes.training.threads import Threads

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderTiny

    from emoji_scenes.training.patch_pca import Floats
    from emoji_scenes.training.settings import Settings


def train_decoder(settings: Settings) -> None:
    """Train the autoencoder's decoder on latents of its fixed encoder, and keep it in the folder of the run."""
    import torch

    torch.manual_seed(settings.seed)
    pca = load_patch_pca()
    vae = networks.make_autoencoder(pca).to(settings.device)
    vae.encoder.requires_grad_(False)
    if settings.resume and (settings.out / "vae").exists():
        vae.load_state_dict(load_autoencoder(settings).state_dict())
    optimizer = torch.optim.AdamW(vae.decoder.parameters(), lr=0.0, betas=(0.9, 0.99), weight_decay=1e-3)
    threads = Threads()
    with LossLog(settings.out / "decoder-loss.csv", keep=settings.resume) as log:
        for step in range(log.last, settings.decoder_steps):
            share = warmup_then_decay(step, settings.decoder_steps, warmup_steps=100, start=log.last)
            set_learning_rate(optimizer, settings.decoder_rate * share)
            first = step * settings.decoder_batch
            pictures = scaled_pictures(range(first, first + settings.decoder_batch))
            loss = _decoder_loss(vae, pca, pictures, settings.device)
            optimizer_step(loss, optimizer, vae.decoder.parameters())
            threads.adapt()
            log.add(step + 1, loss.item())
            if (step + 1) % settings.save_every == 0:
                vae.save_pretrained(settings.out / "vae")
    vae.save_pretrained(settings.out / "vae")


def _decoder_loss(vae: AutoencoderTiny, pca: PatchPca, pictures: Floats, device: str) -> torch.Tensor:
    """Error of the decoded pictures; a little noise on the latents makes the decoder forgive a denoiser's rest."""
    import torch

    latents = torch.from_numpy(pca.encode(pictures)).to(device)
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

    vae: AutoencoderTiny = AutoencoderTiny.from_pretrained(settings.out / "vae")
    return vae
