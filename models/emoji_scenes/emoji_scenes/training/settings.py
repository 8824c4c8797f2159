"""What a training run of emoji scenes depends on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TRAINING_SCENES = 10_000_000  # seeds below this; the judge's are above


@dataclass(frozen=True)
class Settings:
    """What a training run depends on, and the folder it writes to."""

    out: Path
    """For checkpoints, loss curves and samples."""
    device: str = "auto"
    seed: int = 0
    part: str = "all"
    decoder_steps: int = 10_000
    decoder_batch: int = 16
    decoder_rate: float = 2e-3
    steps: int = 17_000
    batch: int = 64
    learning_rate: float = 1.5e-3
    save_every: int = 500
    text_encoder_steps: int = 1200
    compile: bool = False
    resume: bool = False
    start: str = ""
    """A pipeline folder whose weights to begin with, instead of untrained ones."""
    start_step: int = 0
    """How many steps those weights have learnt already."""

    @property
    def pipeline(self) -> Path:
        """The folder of the trained pipeline."""
        return self.out / "pipeline"
