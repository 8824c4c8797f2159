"""Tasks of the field: audio."""
