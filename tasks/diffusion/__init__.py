"""Tasks of the field: diffusion."""
