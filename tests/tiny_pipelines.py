"""Pipeline folders of several classes with very small networks of random weights: how they are driven, not what they
draw.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

LETTERS = [letter + end for end in ("", "</w>") for letter in "abcdefghijklmnopqrstuvwxyz"]


def make_stable_diffusion(folder: Path, *, checker: Any = None, consistent: bool = False) -> Path:
    """Stable Diffusion, 16 x 16 pixels; ``consistent``: told the guidance scale, as latent consistency models are."""
    from diffusers import LCMScheduler, StableDiffusionPipeline
    from transformers import CLIPImageProcessor, CLIPTextModel

    scheduler = LCMScheduler() if consistent else ddim()
    StableDiffusionPipeline(
        vae=autoencoder(), text_encoder=CLIPTextModel(clip_text()), tokenizer=clip_tokenizer(),
        unet=unet(time_cond_proj_dim=8 if consistent else None), scheduler=scheduler, safety_checker=checker,
        feature_extractor=CLIPImageProcessor(size=30, crop_size=30) if checker else None,
        requires_safety_checker=checker is not None,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def make_stable_diffusion_xl(folder: Path) -> Path:
    """SDXL: two text encoders, and the picture's size told to the network."""
    import torch
    from diffusers import StableDiffusionXLPipeline
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(0)
    network = unet(
        cross_attention_dim=32, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=64,
    )  # fmt: skip
    StableDiffusionXLPipeline(
        vae=autoencoder(), text_encoder=CLIPTextModel(clip_text()),
        text_encoder_2=CLIPTextModelWithProjection(clip_text()), tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(), unet=network, scheduler=ddim(), add_watermarker=False,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def make_flux(folder: Path) -> Path:
    """Flux: a transformer on packed latents, a flow-matching scheduler, CLIP and T5."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
    from transformers import CLIPTextModel, T5Config, T5EncoderModel

    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=16, pooled_projection_dim=16, axes_dims_rope=(4, 4, 8),
    )  # fmt: skip
    t5 = T5Config(vocab_size=len(LETTERS) + 3, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=autoencoder(shift_factor=0.1, use_quant_conv=False),
        text_encoder=CLIPTextModel(clip_text()), tokenizer=clip_tokenizer(), text_encoder_2=T5EncoderModel(t5),
        tokenizer_2=t5_tokenizer(), transformer=transformer,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def unet(**more: Any) -> Any:
    import torch
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    settings = {
        "sample_size": 8, "block_out_channels": (16, 16), "layers_per_block": 1, "norm_num_groups": 4,
        "cross_attention_dim": 16, "attention_head_dim": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    }  # fmt: skip
    return UNet2DConditionModel(**{**settings, **more})


def autoencoder(**more: Any) -> Any:
    import torch
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    settings = {
        "block_out_channels": (8, 8), "norm_num_groups": 4, "latent_channels": 4, "sample_size": 16,
        "down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2,
    }  # fmt: skip
    return AutoencoderKL(**{**settings, **more})


def ddim() -> Any:
    from diffusers import DDIMScheduler

    return DDIMScheduler(steps_offset=1, clip_sample=False)


def clip_text() -> Any:
    import torch
    from transformers import CLIPTextConfig

    torch.manual_seed(0)
    return CLIPTextConfig(
        vocab_size=len(LETTERS) + 2, hidden_size=16, intermediate_size=16, projection_dim=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=40, eos_token_id=1, bos_token_id=0, pad_token_id=1,
    )  # fmt: skip


def clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    vocabulary |= {letter: number for number, letter in enumerate(LETTERS, 2)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=40)


def t5_tokenizer() -> Any:
    from transformers import T5Tokenizer

    pieces = ["<pad>", "</s>", "<unk>", *(f"▁{letter[0]}" if len(letter) > 1 else letter for letter in LETTERS)]
    return T5Tokenizer(vocab=[(piece, 0.0) for piece in pieces], extra_ids=0, model_max_length=40)


def safety_checker(*, strict: bool) -> Any:
    """A checker that takes every picture away, or none: no likeness reaches -2, none gets to 2."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    torch.manual_seed(0)
    vision = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
        "image_size": 30, "patch_size": 15, "projection_dim": 16,
    }  # fmt: skip
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=16))
    with torch.no_grad():
        for name in ("concept_embeds_weights", "special_care_embeds_weights"):
            getattr(checker, name).fill_(-2.0 if strict else 2.0)
    return checker
