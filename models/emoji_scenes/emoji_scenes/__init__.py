"""A small text-to-image model of emoji scenes: its weights, its scenes and captions, and its judge."""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
"""The pipeline folder, as diffusers loads it."""
