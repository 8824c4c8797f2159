"""The networks of the emoji-scenes model: their sizes, their tokenizer, and the pipeline folder they are saved as."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoji_scenes import captions, scenes
from emoji_scenes.training.patch_pca import CHANNELS, PATCH_PX, SCALING_FACTOR, SIDE, PatchPca

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

TEXT_WIDTH, TEXT_TOKENS = 128, 32
START, END = "<|startoftext|>", "<|endoftext|>"
SCHEDULE: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
    "timestep_spacing": "trailing",
    "steps_offset": 1,
}

SAMPLING = {"num_inference_steps": 8, "guidance_scale": 3.0}
"""What the model card's tables found to be enough."""

# DPM++ has no such setting; a DDIM made from its configuration would cut the latents off at 1 without it.
FOR_OTHER_SCHEDULERS = {"clip_sample": False}


def make_autoencoder(pca: PatchPca) -> AutoencoderTiny:
    """Return an autoencoder, 64x64x3 to 8x8x32: the encoder is principal components, the decoder untrained."""
    from diffusers import AutoencoderTiny

    width = 64
    vae: AutoencoderTiny = AutoencoderTiny(
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        latent_channels=CHANNELS,
        num_encoder_blocks=(0, 0, 0, 0),
        num_decoder_blocks=(3, 2, 1, 0),
        scaling_factor=SCALING_FACTOR,
    )
    _set_encoder(vae.encoder.layers, pca)
    return vae


def _set_encoder(layers: Any, pca: PatchPca) -> None:
    """Write principal components as strided convolutions: each stacks 2x2 neighbours, the last of them projects.

    A kernel of a stride-2 convolution with padding 1 reads the pixels 2i-1, 2i, 2i+1: taps 1 and 2 are the 2x2 cell.
    The encoder is given pixels in 0..1, twice as steep as -1..1.
    """
    import torch

    project = torch.from_numpy(pca.components * pca.scale / SCALING_FACTOR)
    offset = torch.from_numpy(pca.mean) @ project
    patches = project.reshape(PATCH_PX, PATCH_PX, 3, CHANNELS)
    with torch.no_grad():
        for layer in layers:
            layer.weight.zero_()
        for colour in range(3):
            layers[0].weight[colour, colour, 1, 1] = 1
        layers[0].bias.zero_()
        for depth, inputs in ((1, 3), (2, 12)):
            for place in range(4):
                rows = torch.arange(inputs)
                layers[depth].weight[place * inputs + rows, rows, 1 + place // 2, 1 + place % 2] = 1
        for place, channel in itertools.product(range(4), range(48)):
            row, column, colour = _pixel_of(place, channel)
            layers[3].weight[:CHANNELS, channel, 1 + place // 2, 1 + place % 2] = 2 * patches[row, column, colour]
        layers[4].weight[range(CHANNELS), range(CHANNELS), 1, 1] = 1
        layers[4].bias.copy_(-offset - project.sum(dim=0))


def _pixel_of(place: int, channel: int) -> tuple[int, int, int]:
    """Return row, column and colour, in an 8x8 patch, of a channel of one of its four 4x4 cells."""
    outer, inner, colour = place, channel // 12, channel % 3
    innermost = channel % 12 // 3
    row = outer // 2 * 4 + inner // 2 * 2 + innermost // 2
    column = outer % 2 * 4 + inner % 2 * 2 + innermost % 2
    return row, column, colour


def make_unet() -> UNet2DConditionModel:
    """Return an untrained denoiser, with attention to the caption at 8x8 and at 4x4."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=SIDE,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(128, 128),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=4,
        addition_embed_type="text",  # the pooled caption joins the time embedding, as a class label would
        addition_embed_type_num_heads=4,
        use_linear_projection=True,
    )


def make_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """Return an untrained text encoder for a tokenizer."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=TEXT_TOKENS,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def make_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write vocab.json and merges.txt (a token for each caption word, bytes for others) and return the tokenizer."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    pieces, merges = _learn_merges()
    vocabulary = {piece: number for number, piece in enumerate([*pieces, START, END])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=TEXT_TOKENS)
    return tokenizer


def _learn_merges() -> tuple[list[str], list[tuple[str, str]]]:
    """Return CLIP's byte alphabet with all learnt pieces, and byte-pair merges that make each word one token."""
    from tokenizers.pre_tokenizers import ByteLevel

    alphabet = sorted(ByteLevel.alphabet())
    words = [[*word[:-1], word[-1] + "</w>"] for word in caption_words()]
    merges: list[tuple[str, str]] = []
    while pair := _commonest_pair(words):
        merges.append(pair)
        words = [_merged(word, pair) for word in words]
    return [*alphabet, *(letter + "</w>" for letter in alphabet), *map("".join, merges)], merges


def _commonest_pair(words: list[list[str]]) -> tuple[str, str] | None:
    counts: dict[tuple[str, str], int] = {}
    for word in words:
        for pair in itertools.pairwise(word):
            counts[pair] = counts.get(pair, 0) + 1
    return max(counts, key=lambda pair: (counts[pair], pair)) if counts else None


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    for piece in word:
        if merged and (merged[-1], piece) == pair:
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def caption_words() -> list[str]:
    """Return every word that a training caption can contain, in order."""
    wordings = [wording for group in captions.WORDINGS.values() for wording in group]
    texts = [*wordings, *captions.NEXT_TO, *captions.BACKGROUND_WORDINGS, *captions.OPENINGS]
    words = {word for text in texts for word in text.replace("'s", " 's").split() if "{" not in word}
    return sorted(words | {*scenes.THINGS, *scenes.BACKGROUNDS} | {"a", "an", "the", "small", "big"})


def make_pipeline(
    vae: AutoencoderTiny, text_encoder: CLIPTextModel, tokenizer: CLIPTokenizer, unet: UNet2DConditionModel
) -> StableDiffusionPipeline:
    """Return the pipeline of the networks, with DPM++ 2M as the scheduler."""
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DPMSolverMultistepScheduler.from_config({**SCHEDULE, **FOR_OTHER_SCHEDULERS}),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
