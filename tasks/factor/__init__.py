"""Tasks of the field: factor."""
